"""The local engine: a plan, run on this machine, each step as soon as it can start."""

from __future__ import annotations

import hashlib
import json
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
from kale.runners.expansion import Expansion
from kale.runners.history.journal import Journal
from kale.runners.history.past_run import PastRun
from kale.runners.history.past_runs import EarlierSteps, past_runs
from kale.runners.history.why import Reasons
from kale.runners.launch import Launcher
from kale.runners.ledger import Knowledge, Ledger
from kale.runners.lending import lend_inputs
from kale.runners.loop import Loop
from kale.runners.only import decided_by
from kale.runners.options import RunOptions
from kale.runners.origin import find_origin
from kale.runners.parameters import check_names
from kale.runners.result import RunInterrupted, RunResult
from kale.runners.run_directory import create_run_directory, default_run_dir, in_use
from kale.runners.selection import select
from kale.runners.signals import caught_signals
from kale.runners.view.pages import Pages
from kale.runners.view.progress import Observer, Silent

_NO_PARAMETERS: Mapping[str, Any] = MappingProxyType({})
_SILENT = Silent()
_DEFAULTS = RunOptions()


def run(
    plan: Plan,
    *,
    runtime: Files,
    cwd: Path,
    runtime_digest: str = "",
    run_dir: Path | None = None,
    parameters: Mapping[str, Any] = _NO_PARAMETERS,
    options: RunOptions = _DEFAULTS,
    origin: PastRun | None = None,
    observer: Observer = _SILENT,
) -> RunResult:
    """Run the tasks of ``plan`` on this machine and wait for them.

    ``runtime`` is the ``kale_runtime`` package, and ``runtime_digest`` text that is another one for
    another package: with it the files are not looked at where no step has to run. ``cwd`` is the
    folder of the author's notebook, in which the steps run, ``run_dir`` a folder that is empty or
    not there yet and will hold all that the run leaves (see :mod:`kale.runners.run_directory`);
    without it there is a new one where runs are by default. ``parameters`` are the values that
    differ from the notebook's. ``origin`` is the run to go on from: its steps that ended well are
    taken, also those that are not cached. A step that fails keeps its descendants from running and
    nobody else; its failure is in the result, not raised.

    Raises:
        UsageError: ``run_dir`` cannot be used (KALE504), a parameter does not exist (KALE501),
            ``jobs`` is less than 1 (KALE506), steps cannot be chosen like this (KALE509, KALE510).
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
    steps = Expansion(plan)
    plan, cwd, pipeline = steps.plan, cwd.absolute(), plan.pipeline
    selection = select(plan, options)
    if origin is None:
        origin = find_origin(plan, options, None)
    if options.only is not None and origin is not None:
        steps = decided_by(plan, origin)
    directory = create_run_directory(run_dir or default_run_dir(cwd, pipeline.name))
    notebook = Path(pipeline.path).name
    earlier = past_runs(cwd, pipeline.name, notebook=notebook, besides=directory.root)
    with in_use(directory.root), _scratch_folder() as scratch, caught_signals() as signals:
        keys = StepKeys(
            plan,
            directory=directory,
            cwd=cwd,
            parameters=parameters,
            runtime=runtime_digest or _digest(runtime),
        )
        notices: tuple[Diagnostic, ...] = ()
        if options.only is not None and origin is not None:
            notices = lend_inputs(plan, options.only, origin, directory, keys, parameters)
        known = Knowledge(
            keys=keys,
            recall=Recall(directory, keys),
            reasons=Reasons(plan, EarlierSteps(earlier), parameters),
            journal=Journal.create(directory, plan, parameters, options, steps.names),
            keeper=Keeper(directory.root),
            pages=Pages(directory),
            resumed=origin,
            use_cache=options.use_cache,
        )
        ledger = Ledger(steps, directory, selection, known)
        launcher = Launcher(
            plan,
            directory,
            scratch,
            cwd,
            parameters,
            runtime=runtime,
            engine=options.engine,
            watch=lambda task: keys.probe(task, [scratch]),
        )
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
            known.journal.close()
            observer.run_finished(result)
    if result.interrupted:
        raise RunInterrupted(result)
    return result


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _digest(files: Files) -> str:
    known = {str(path): content.hex() for path, content in files.items()}
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    """A private folder with a short path, for sockets; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="kale-run-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
