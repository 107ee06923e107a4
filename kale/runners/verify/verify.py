"""A notebook run top to bottom and as a pipeline, and the two compared."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale.ir import AnalyzedPipeline, Files, Plan
from kale.runners.local import run
from kale.runners.options import RunOptions
from kale.runners.result import RunResult
from kale.runners.run_directory import RunDirectory, default_run_dir, in_use
from kale.runners.verify.instrument import ActiveCell, snapshot_modules, watched_plan
from kale.runners.verify.program import Program, program_of
from kale.runners.verify.verdict import WRONG, Verification

#: How often the notebook is run again before a difference counts: a set of two words has
#: one of two orders in each run.
REPEAT = 3

_DEFAULTS = RunOptions()

#: How the notebook itself runs, whatever runs the pipeline's steps: as its author runs it.
_WHOLE = RunOptions(jobs=1, engine="kernel", use_cache=False)

#: What the folders of verifications are called, and the seconds in which one gets its lock.
_SCRATCH = "verify-"
_ABOUT_TO = 60

#: What a copy of the notebook's folder does without.
_NOT_COPIED = shutil.ignore_patterns(".kale", ".git", "__pycache__", ".ipynb_checkpoints")


def verify(
    analyzed: AnalyzedPipeline,
    plan: Plan,
    cells: Sequence[ActiveCell],
    *,
    runtime: Files,
    cwd: Path,
    parameters: Mapping[str, Any],
    options: RunOptions = _DEFAULTS,
    repeat: int = REPEAT,
    copy: bool = False,
    strict: bool = False,
    tell: Callable[[str], None] | None = None,
) -> Verification:
    """Run a notebook in one kernel and as a pipeline, and compare all that can be compared.

    ``cells`` are the notebook's active cells, in its order; ``runtime``, ``cwd`` and ``parameters``
    are as for :func:`kale.runners.run`, and so are ``jobs`` and ``engine`` of ``options``, for the
    pipeline; no step is taken from an earlier run. The notebook runs first, the pipeline after it,
    and then, while anything differs, the notebook again, at most ``repeat`` times, to tell what
    differs from one run of the notebook to the next. All run in ``cwd``, or with ``copy`` each in
    a copy of it. ``tell`` is called with what is going on. Nothing stays on disk but what the
    notebook writes itself.

    Raises:
        UsageError: as for :func:`kale.runners.run`; nothing has run then.
        RunInterrupted: a signal came; kernels and files are gone.
    """
    began = time.monotonic()
    tell = tell or (lambda _: None)
    with _scratch(cwd) as scratch:
        bench = _Bench(
            plan, {**runtime, **snapshot_modules()}, cwd, parameters, options, copy, scratch
        )
        program = program_of(analyzed, plan, cells)
        tell(program.doing)
        wholes = [bench.run_whole(program)]
        tell("running it as a pipeline")
        result, directory, folder = bench.run_pipeline()
        compare = program.comparison(result, directory, folder)
        checks = compare(wholes)
        while (
            any(c.verdict in WRONG and c.kind != "step" for c in checks) and len(wholes) <= repeat
        ):
            tell(f"running {program.name} again, to see what differs by itself ({len(wholes)})")
            wholes.append(bench.run_whole(program))
            checks = compare(wholes)
    return Verification(
        plan.pipeline.name,
        plan.pipeline.path,
        tuple(checks),
        len(wholes),
        time.monotonic() - began,
        strict,
        result.diagnostics,
    )


@contextmanager
def _scratch(cwd: Path) -> Iterator[Path]:
    """A folder for all that the runs leave, beside the notebook where that can be written."""
    root = cwd / ".kale"
    try:
        root.mkdir(exist_ok=True)
        ignore = root / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        _sweep(root)
        folder = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=root))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix=f"kale-{_SCRATCH}"))
    try:
        with in_use(folder):
            yield folder.absolute()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(root: Path) -> None:
    """Remove what verifications that were killed have left: folders that nobody uses."""
    for left in root.glob(f"{_SCRATCH}*"):
        # One that is in use is locked, or about to be, and says so by an error.
        with suppress(OSError):
            if time.time() - left.stat().st_mtime < _ABOUT_TO:
                continue
            descriptor = os.open(left, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left)
            finally:
                os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Bench:
    """What all runs of one verification have in common."""

    plan: Plan
    runtime: Files
    cwd: Path
    parameters: Mapping[str, Any]
    options: RunOptions
    copy: bool
    scratch: Path

    def run_whole(self, program: Program) -> Any:
        """Run the program in one kernel; what the run has left."""
        folder = self._folder()
        # A run of its own hash seed orders sets in its own way, unless the user has fixed it.
        fixed = "PYTHONHASHSEED" in os.environ
        env = {} if fixed else {"PYTHONHASHSEED": str(int.from_bytes(os.urandom(3)))}
        plan = program.plan(self.plan, self.parameters, folder, env)
        result, directory = self._run(plan, {}, folder, _WHOLE)
        return program.read(directory, folder, result.steps[0].error)

    def run_pipeline(self) -> tuple[RunResult, RunDirectory, Path]:
        """Run the pipeline; its snapshots are in the folder that is returned."""
        folder = self._folder()
        plan = watched_plan(self.plan, folder)
        options = RunOptions(self.options.jobs, self.options.engine, use_cache=False)
        return *self._run(plan, self.parameters, folder, options), folder

    def _folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="run-", dir=self.scratch))

    def _run(
        self, plan: Plan, parameters: Mapping[str, Any], folder: Path, options: RunOptions
    ) -> tuple[RunResult, RunDirectory]:
        cwd = self.cwd
        if self.copy:
            cwd = folder / "copy"
            shutil.copytree(self.cwd, cwd, symlinks=True, ignore=_NOT_COPIED)
        # A directory of the form that keeps a store of its own, which goes with it.
        directory = default_run_dir(folder, plan.pipeline.name)
        result = run(
            plan,
            runtime=self.runtime,
            run_dir=directory,
            cwd=cwd,
            parameters=parameters,
            options=options,
        )
        return result, RunDirectory(directory)
