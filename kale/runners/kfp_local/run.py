"""Run a compiled package through KFP's local runner, and tell it as the local engine does."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kale.errors import Location, RunError
from kale.ir import Plan, Task
from kale.runners.expansion import Expansion, instance_name
from kale.runners.kfp_local.arguments import task_arguments
from kale.runners.kfp_local.instances import decided_by, index_keys, of_what, skipped
from kale.runners.kfp_local.pod_failure import pod_failure
from kale.runners.kfp_local.unmet import RunnerName, check_runnable, unmet
from kale.runners.logged import Logged, pod_logged, run_metrics
from kale.runners.parameters import check_names
from kale.runners.result import RunInterrupted, RunResult, StepError, StepResult
from kale.runners.run_directory import (
    RunDirectory,
    create_run_directory,
    in_use,
    read_json,
    write_json,
)
from kale.runners.signals import SignalPipe, caught_signals
from kale.runners.view.progress import Observer, Silent, headline
from kale.runners.view.report import write_report

#: What :attr:`StepResult.engine` says.
ENGINE = "kfp-local"

#: What runs in the process of its own.
ORCHESTRATION = "kale.runners.kfp_local.orchestration"

#: Where a step that reports metrics leaves them, below the folder of its outputs.
_METRICS = Path("metrics", "metrics.json")

#: Seconds until a process that was asked to end is killed; its own patience is shorter.
_KILL_AFTER = 6.0

_NO_PARAMETERS: Mapping[str, Any] = MappingProxyType({})
_SILENT = Silent()
_NOTHING_LOGGED = Logged()


def run_kfp_local(
    plan: Plan,
    package: bytes | Path,
    *,
    run_dir: Path,
    cwd: Path,
    parameters: Mapping[str, Any] = _NO_PARAMETERS,
    observer: Observer = _SILENT,
) -> RunResult:
    """Have KFP's own local runner run ``package``, the compiled package of ``plan``, and wait.

    Each task runs in a container if Docker is there, with its Python package and a daemon that
    answers; else in a process of this Python, in the folder ``cwd``. One runs at a time, in a loop
    one item after the other, and the first that fails ends the run, as KFP has it, where nothing
    stands in a loop, a branch or a handler. ``run_dir``, ``parameters`` and ``observer`` are those
    of :func:`kale.runners.local.run`. What the package asks for and the runner does not do is in
    the result's diagnostics (KALE511).

    Raises:
        UsageError: ``run_dir`` cannot be used (KALE504), a parameter does not exist (KALE501), the
            package ``kfp`` is not installed (KALE512), a step is a container (KALE765).
        RunError: KFP failed, and not because a step did (KALE512).
        RunInterrupted: SIGINT, SIGTERM or SIGHUP came; all processes are gone by then.
    """
    check_runnable(plan)
    check_names(plan.pipeline, parameters)
    directory = create_run_directory(run_dir)
    scratch = Path(tempfile.mkdtemp(prefix="kale-kfp-"))
    try:
        compiled = directory.root / "package.yaml"
        compiled.write_bytes(package if isinstance(package, bytes) else package.read_bytes())
        job = {
            "package": str(compiled),
            "root": str(directory.root / "kfp"),
            "scratch": str(scratch),
            "logs": {task.name: str(directory.log(task.name)) for task in plan.tasks},
            "indices": index_keys(plan),
            "cwd": str(cwd.absolute()),
            "arguments": task_arguments(plan, parameters),
        }
        with in_use(directory.root), caught_signals() as signals:
            return _Run(plan, directory, observer, signals).to_its_end(job)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class _Run:
    """One run, from its first step to its result."""

    def __init__(
        self, plan: Plan, directory: RunDirectory, observer: Observer, signals: SignalPipe
    ) -> None:
        self._plan, self._directory = plan, directory
        self._steps = {task.name for task in plan.tasks}
        self._expansion = Expansion(plan)
        self._broken: str | None = None
        self._observer, self._signals = observer, signals
        self._log = directory.root / "kfp.log"
        self._results: dict[str, StepResult] = {}
        self._running: str | None = None
        self._attempts: dict[str, int] = {}
        self._failed: dict[str, StepError] = {}
        self._started: dict[str, float] = {}
        self._metrics: dict[str, Any] = {}
        self._runner: RunnerName = "subprocess"
        self._done: dict[str, Any] | None = None
        self._interrupts = 0
        self._kill_at: float | None = None

    def to_its_end(self, job: Mapping[str, Any]) -> RunResult:
        """Run all, write the run's files, and say how it went; raises as the module's function."""
        self._began = time.monotonic()
        result: RunResult | None = None
        self._observer.run_started(self._plan)
        try:
            status = self._orchestrate(job)
            self._see_how_kfp_ended(status)
            result = self._finish(time.monotonic() - self._began)
        finally:
            self._observer.run_finished(result)
        if result.interrupted:
            raise RunInterrupted(result)
        return result

    # -------------------------------------------------------------------- waiting

    def _orchestrate(self, job: Mapping[str, Any]) -> int:
        """Run KFP in its process, until that is gone; its exit status."""
        events, theirs = os.pipe()
        job_file = self._directory.root / "kfp.json"
        with open(events, "rb", buffering=0) as pipe:  # noqa: PTH123 - a descriptor
            try:
                write_json(job_file, {**job, "events": theirs, "parent": os.getpid()})
                with self._log.open("wb") as log:
                    process = subprocess.Popen(  # noqa: S603 - our own module
                        [sys.executable, "-P", "-W", "ignore", "-m", ORCHESTRATION, str(job_file)],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        env={**os.environ, "PYTHONIOENCODING": "utf-8:backslashreplace"},
                        pass_fds=[theirs],
                        # Out of reach of the terminal's Ctrl-C: the run stops its steps itself.
                        start_new_session=True,
                    )
            finally:
                os.close(theirs)
            try:
                self._listen(process, pipe.fileno())
            finally:
                # Only something unforeseen leaves it running here.
                if process.poll() is None and self._done is None:
                    process.send_signal(signal.SIGTERM)
                status = process.wait()
        return status

    def _listen(self, process: subprocess.Popen[bytes], pipe: int) -> None:
        buffer = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._signals, selectors.EVENT_READ)
            selector.register(pipe, selectors.EVENT_READ)
            while True:
                ready = selector.select(None if self._kill_at is None else 0.1)
                if any(key.fd == pipe for key, _ in ready):
                    chunk = os.read(pipe, 65536)
                    *lines, buffer = (buffer + chunk).split(b"\n")
                    for line in lines:
                        self._hear(json.loads(line))
                    if not chunk:
                        return
                if count := self._signals.count():
                    self._interrupts += count
                    self._kill_at = self._kill_at or time.monotonic() + _KILL_AFTER
                    process.send_signal(signal.SIGTERM)
                if self._kill_at is not None and time.monotonic() >= self._kill_at:
                    process.kill()

    def _hear(self, event: dict[str, Any]) -> None:
        match event:
            case {"began": step} | {"ended": step} if step not in self._steps:
                # The task that hands on the runtime, which is no step of the author's.
                self._broken = None if event.get("succeeded", True) else step
            case {"runner": name}:
                self._runner = name
            case {"began": step, "index": index}:
                self._begin(instance_name(step, tuple(index)))
            case {"ended": step, "index": index, "succeeded": True, "output": path}:
                output, task = Path(path), self._plan.task(step)
                name = instance_name(step, tuple(index))
                recorded, own = read_json(output.parent / _METRICS), task.metrics
                self._metrics.update({n: recorded.pop(n) for n in own if n in recorded})
                self._end(name, None, pod_logged(output.parent, recorded))
                for open_step, into in decided_by(self._expansion, name, read_json(output)).items():
                    self._observer.step_grown(open_step, into)
            case {"ended": step, "index": index}:
                # KFP may try again; whether it did is known when something else begins.
                self._running = None
                task, name = self._plan.task(step), instance_name(step, tuple(index))
                self._failed[name] = pod_failure(self._directory.log(name), task, self._at(task))
            case _:
                self._done = event

    def _begin(self, step: str) -> None:
        self._running = step
        self._attempts[step] = attempt = self._attempts.get(step, 0) + 1
        if attempt == 1:
            self._started[step] = time.monotonic()
            self._observer.step_started(step)
        else:
            reason = headline(StepResult(step, "failed", error=self._failed.pop(step)))
            self._observer.step_retried(step, attempt, reason)

    def _at(self, task: Task) -> Location:
        return Location(self._plan.pipeline.path, step=task.name)

    # --------------------------------------------------------------------- ending

    def _end(self, step: str, error: StepError | None, logged: Logged = _NOTHING_LOGGED) -> None:
        """Note how a step ended."""
        self._running = None
        log, started = self._directory.log(step), self._started[step]
        self._note(
            StepResult(
                step,
                "succeeded" if error is None else "failed",
                log=log if log.exists() else None,
                seconds=time.monotonic() - started,
                attempts=self._attempts[step],
                error=error,
                engine=ENGINE,
                started=started - self._began,
                logged=logged,
                **of_what(self._expansion[step]),
            )
        )

    def _note(self, result: StepResult) -> None:
        self._results[result.name] = result
        self._observer.step_finished(result)

    def _see_how_kfp_ended(self, status: int) -> None:
        """Note what KFP's end means for the steps; raises as the module's function."""
        for step, error in self._failed.items():
            self._end(step, error)
        if self._interrupts:
            if self._running is not None:
                at = self._at(self._expansion[self._running].task)
                self._end(self._running, StepError("KeyboardInterrupt", "interrupted", at))
            return
        if self._done is None or self._done["done"] is not None or self._broken:
            how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
            why = f"its process {how}" if self._done is None else self._done["done"]
            why = why or f"its task {self._broken} did not end well"
            raise RunError(
                "KALE512",
                f"KFP's local runner failed: {why}",
                at=Location(self._plan.pipeline.path, step=self._running),
                hint=f"see {self._log}, or leave `--engine kfp-local` out",
            )

    def _finish(self, seconds: float) -> RunResult:
        """Gather the result and write the run's files."""
        for name in self._expansion.names:
            if name not in self._results:
                # The first failure ends a run of KFP's, for steps that do not depend on it too.
                self._note(skipped(self._expansion[name], tuple(self._failed)))
        steps = tuple(self._results[name] for name in self._expansion.names)
        well = (s.status == "succeeded" or self._expansion[s.name].left_out for s in steps)
        pipeline, metrics = self._plan.pipeline, {**run_metrics(steps), **self._metrics}
        result = RunResult(
            pipeline.name,
            "succeeded" if all(well) else "failed",
            self._directory.root,
            steps,
            metrics,
            (
                *self._plan.diagnostics,
                *pipeline.suppression.keep(unmet(self._plan, self._runner)),
            ),
            seconds,
            bool(self._interrupts),
        )
        write_json(self._directory.metrics, metrics)
        write_json(self._directory.result, result.as_json())
        write_report(self._plan, result)
        return result
