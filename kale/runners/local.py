"""The local engine: a plan, run on this machine, each step as soon as it can start."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kale.diagnostics import Diagnostic
from kale.errors import UsageError
from kale.ir import Files, Plan
from kale.runners.cache.keeper import Keeper
from kale.runners.cache.recall import Recall
from kale.runners.cache.step_keys import StepKeys
from kale.runners.conclusion import conclude
from kale.runners.journal import Journal
from kale.runners.launch import Launcher
from kale.runners.ledger import Knowledge, Ledger
from kale.runners.lending import lend_inputs
from kale.runners.loop import Loop
from kale.runners.only import run_for_only
from kale.runners.options import RunOptions
from kale.runners.parameters import check_names
from kale.runners.past_run import PastRun, read_run
from kale.runners.past_runs import EarlierSteps, past_runs
from kale.runners.result import RunInterrupted, RunResult
from kale.runners.run_directory import create_run_directory, in_use
from kale.runners.selection import select
from kale.runners.signals import caught_signals
from kale.runners.view.pages import Pages
from kale.runners.view.progress import Observer, Silent
from kale.runners.why import Reasons

_NO_PARAMETERS: Mapping[str, Any] = MappingProxyType({})
_SILENT = Silent()
_DEFAULTS = RunOptions()


def run(
    plan: Plan,
    *,
    runtime: Files,
    run_dir: Path,
    cwd: Path,
    parameters: Mapping[str, Any] = _NO_PARAMETERS,
    options: RunOptions = _DEFAULTS,
    observer: Observer = _SILENT,
) -> RunResult:
    """Run the tasks of ``plan`` on this machine and wait for them.

    ``runtime`` is the ``kale_runtime`` package, ``run_dir`` a folder that is empty or not there yet
    and will hold all that the run leaves (see :mod:`kale.runners.run_directory`), ``cwd`` the
    folder of the author's notebook, in which the steps run. ``parameters`` are the values that
    differ from the notebook's. A step that fails keeps its descendants from running and nobody
    else; its failure is in the result, not raised.

    Raises:
        UsageError: ``run_dir`` cannot be used (KALE504), a parameter does not exist (KALE501),
            ``jobs`` is less than 1 (KALE506), steps cannot be chosen like this (KALE509, KALE510),
            the run to resume is none (KALE508).
        RunInterrupted: SIGINT, SIGTERM or SIGHUP came; steps and kernels are gone by then.
    """
    jobs = _processors() if options.jobs is None else options.jobs
    if jobs < 1:
        raise UsageError(
            "KALE506",
            f"{jobs} steps at the same time cannot run anything",
            hint="give 1 or more, or leave the option out",
        )
    check_names(plan.pipeline, parameters)
    selection = select(plan, options)
    cwd = cwd.absolute()
    directory = create_run_directory(run_dir)
    with in_use(directory.root), _scratch_folder() as scratch, caught_signals() as signals:
        resumed = _resumed(options)
        keys = StepKeys(plan, directory=directory, cwd=cwd, parameters=parameters, runtime=runtime)
        notices: tuple[Diagnostic, ...] = ()
        if options.only is not None:
            lender = resumed or run_for_only(plan, options.only, past_runs(cwd, plan.pipeline.name))
            notices = lend_inputs(plan, options.only, lender, directory, keys)
        earlier = EarlierSteps(past_runs(cwd, plan.pipeline.name, besides=directory.root))
        known = Knowledge(
            keys=keys,
            recall=Recall(directory, keys),
            reasons=Reasons(plan, earlier, parameters),
            journal=Journal.create(directory, plan, parameters, options),
            keeper=Keeper(directory.root),
            pages=Pages(directory),
            resumed=resumed,
            use_cache=options.use_cache,
        )
        ledger = Ledger(plan, directory, selection, known)
        launcher = Launcher(
            plan, directory, scratch, cwd, parameters, engine=options.engine, watch=keys.probe
        )
        launcher.write_runtime(runtime)
        result = None
        observer.run_started(plan)
        try:
            with launcher:
                loop = Loop(launcher, ledger, options, jobs, observer, signals)
                loop.run()
            result = conclude(
                ledger, parameters=parameters, notices=notices, interrupted=loop.interrupted
            )
        finally:
            known.pages.close()
            observer.run_finished(result)
    if result.interrupted:
        raise RunInterrupted(result)
    return result


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    """A private folder with a short path, for sockets; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="kale-run-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _resumed(options: RunOptions) -> PastRun | None:
    """The run to go on from.

    Raises:
        UsageError: the folder holds none (KALE508).
    """
    if options.resume is None:
        return None
    found = read_run(options.resume)
    if found is None:
        raise UsageError(
            "KALE508",
            f"`{options.resume}` holds no run",
            hint="see `kale run NOTEBOOK --list` for the runs there are",
        )
    return found
