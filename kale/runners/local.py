"""The local engine: every task of a plan in a process of its own, as soon as it can start."""

from __future__ import annotations

import os
import selectors
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kale.diagnostics import Diagnostic, diagnose
from kale.errors import Location, UsageError
from kale.ir import Files, Plan, Task
from kale.runners.cache.keeper import Keeper
from kale.runners.engines.child import Child
from kale.runners.failures.verdict import judge, unstartable
from kale.runners.launch import Launcher
from kale.runners.parameters import check_names
from kale.runners.result import RunInterrupted, RunResult, StepError, StepResult
from kale.runners.run_directory import (
    create_run_directory,
    in_use,
    read_json,
    write_json,
)
from kale.runners.schedule import Schedule
from kale.runners.signals import SignalPipe, caught_signals
from kale.runners.view.progress import Observer, Silent, headline
from kale.runners.view.report import write_report

_NO_PARAMETERS: Mapping[str, Any] = MappingProxyType({})
_SILENT = Silent()


def run(
    plan: Plan,
    *,
    runtime: Files,
    run_dir: Path,
    cwd: Path,
    parameters: Mapping[str, Any] = _NO_PARAMETERS,
    jobs: int | None = None,
    observer: Observer = _SILENT,
) -> RunResult:
    """Run all tasks of ``plan`` on this machine and wait for them.

    ``runtime`` is the ``kale_runtime`` package, ``run_dir`` a folder that is empty or not there yet
    and will hold all that the run leaves (see :mod:`kale.runners.run_directory`), ``cwd`` the
    folder of the author's notebook, in which the steps run. ``parameters`` are the
    values that differ from the notebook's. At most ``jobs`` steps run at the same time,
    by default as many as this process may use processors. A step that fails keeps its
    descendants from running and nobody else; its failure is in the result, not raised.

    Raises:
        UsageError: ``run_dir`` cannot be used (KALE504), a parameter does not exist (KALE501),
            ``jobs`` is less than 1 (KALE506).
        RunInterrupted: SIGINT, SIGTERM or SIGHUP came; steps and kernels are gone by then.
    """
    jobs = _processors() if jobs is None else jobs
    if jobs < 1:
        raise UsageError(
            "KALE506",
            f"{jobs} steps at the same time cannot run anything",
            hint="give 1 or more, or leave the option out",
        )
    check_names(plan.pipeline, parameters)
    directory = create_run_directory(run_dir)
    scratch = Path(tempfile.mkdtemp(prefix="kale-run-"))
    try:
        launcher = Launcher(plan, directory, scratch, cwd.absolute(), parameters)
        launcher.write_runtime(runtime)
        with in_use(directory.root), caught_signals() as signals:
            return _Run(launcher, jobs, observer, signals).to_its_end()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(slots=True)
class _Running:
    """A step in flight: its ``attempt`` from 1, when it ``started``, why it was stopped."""

    task: Task
    started: float
    attempt: int = 0
    deadline: float | None = None
    stopped: str | None = None


class _Run:
    """One run, from its first step to its result."""

    def __init__(
        self, launcher: Launcher, jobs: int, observer: Observer, signals: SignalPipe
    ) -> None:
        self._launcher, self._jobs = launcher, jobs
        self._plan, self._directory = launcher.plan, launcher.directory
        self._observer, self._signals = observer, signals
        self._schedule = Schedule({task.name: task.after for task in self._plan.tasks})
        self._tasks = {task.name: task for task in self._plan.tasks}
        self._children: dict[Child, _Running] = {}
        self._results: dict[str, StepResult] = {}
        self._notices: dict[str, Diagnostic] = {}
        self._keeper = Keeper(self._directory.root)
        self._selector = selectors.DefaultSelector()
        self._launched = 0
        self._interrupts = 0

    def to_its_end(self) -> RunResult:
        """Run all, write the run's files, and say how it went; raises as :func:`run` does."""
        began = time.monotonic()
        result: RunResult | None = None
        self._observer.run_started(self._plan)
        try:
            with self._selector:
                self._selector.register(self._signals, selectors.EVENT_READ)
                self._start_ready()
                while self._children:
                    self._wait()
                    self._start_ready()
            result = self._finish(time.monotonic() - began)
        finally:
            # Only something unforeseen leaves children here.
            for child in self._children:
                child.kill()
                child.close()
            self._observer.run_finished(result)
        if result.interrupted:
            raise RunInterrupted(result)
        return result

    # ------------------------------------------------------------------- starting

    def _start_ready(self) -> None:
        """Start what can start."""
        while not self._interrupts and len(self._children) < self._jobs:
            name = self._schedule.take()
            if name is None:
                return
            self._observer.step_started(name)
            self._launch(_Running(self._tasks[name], time.monotonic()))

    def _launch(self, running: _Running) -> None:
        """Begin an attempt at a step."""
        running.attempt += 1
        self._launched += 1
        try:
            child = self._launcher.launch(running.task, self._launched)
        except (OSError, ValueError) as error:
            self._end(running, unstartable(error, self._at(running.task)))
            return
        timeout = running.task.options.timeout
        running.deadline = None if timeout is None else time.monotonic() + timeout
        self._children[child] = running
        self._selector.register(child, selectors.EVENT_READ)

    def _at(self, task: Task) -> Location:
        return Location(self._plan.pipeline.path, step=task.name)

    # -------------------------------------------------------------------- waiting

    def _wait(self) -> None:
        """Wait for the next thing to happen, and see to it."""
        for key, _ in self._selector.select(self._patience()):
            if isinstance(key.fileobj, Child):
                self._hear(key.fileobj)
        if count := self._signals.count():
            self._interrupt(count)
        now = time.monotonic()
        for child, running in self._children.items():
            if running.deadline is not None and now >= running.deadline and not running.stopped:
                running.stopped = "timeout"
                child.stop()
            child.enforce()

    def _patience(self) -> float | None:
        """Seconds until something is due that no descriptor tells of."""
        dues = [
            running.deadline if child.kill_at is None else child.kill_at
            for child, running in self._children.items()
        ]
        known = [due for due in dues if due is not None]
        return max(min(known) - time.monotonic(), 0.01) if known else None

    def _interrupt(self, count: int) -> None:
        """Stop all steps at the first signal, kill them at the second."""
        self._interrupts += count
        for child, running in self._children.items():
            running.stopped = running.stopped or "interrupted"
            child.stop()
            if self._interrupts > 1:
                child.kill()

    def _hear(self, child: Child) -> None:
        gone, progress = child.read()
        running = self._children[child]
        for cell, of in progress:
            self._observer.step_progressed(running.task.name, cell, of)
        if not gone:
            return
        self._selector.unregister(child)
        del self._children[child]
        status = child.close()
        task = running.task
        self._note_kernel((child.done or {}).get("kernel"))
        notebook = self._directory.executed_notebook(task.name)
        error = judge(child.done, status, running.stopped, notebook, self._at(task), task.options)
        attempts = 1 + (task.options.retries or 0)
        if error is not None and running.attempt < attempts and not self._interrupts:
            running.stopped = None
            reason = headline(StepResult(task.name, "failed", error=error))
            self._observer.step_retried(task.name, running.attempt + 1, reason)
            self._launch(running)
        else:
            self._end(running, error)

    def _note_kernel(self, used: str | None) -> None:
        wanted = self._plan.pipeline.kernel
        if used is None or used == wanted:
            return
        self._notices["kernel"] = diagnose(
            "KALE505",
            f"kernel `{wanted}` is not installed here; the steps ran in `{used}`",
            at=Location(self._plan.pipeline.path),
            hint="install it, or choose another kernel in the notebook",
        )

    # --------------------------------------------------------------------- ending

    def _end(self, running: _Running, error: StepError | None) -> None:
        """Note how a step ended, and what will not run for it."""
        name = running.task.name
        notebook, log = self._directory.executed_notebook(name), self._directory.log(name)
        self._note(
            StepResult(
                name,
                "succeeded" if error is None else "failed",
                notebook if notebook.exists() else None,
                log if log.exists() else None,
                time.monotonic() - running.started,
                running.attempt,
                error,
            )
        )
        if error is None:
            self._keeper.keep(name)
            self._schedule.succeed(name)
            return
        for skipped in self._schedule.fail(name):
            blockers = self._schedule.blocked_by(skipped)
            self._note(StepResult(skipped, "skipped", blocked_by=blockers))

    def _note(self, result: StepResult) -> None:
        self._results[result.name] = result
        self._observer.step_finished(result)

    def _finish(self, seconds: float) -> RunResult:
        """Gather the result and write the run's files."""
        if note := self._keeper.finish(lambda: bool(self._interrupts or self._signals.count())):
            self._notices["store"] = replace(note, at=Location(self._plan.pipeline.path))
        for name in self._tasks:
            if name not in self._results:
                self._note(StepResult(name, "skipped"))
        steps = tuple(self._results[name] for name in self._tasks)
        metrics: dict[str, Any] = {}
        for task in self._plan.tasks:
            if task.metrics and self._results[task.name].status == "succeeded":
                metrics.update(read_json(self._directory.metrics_of(task.name)))
        suppression = self._plan.pipeline.suppression
        result = RunResult(
            self._plan.pipeline.name,
            "succeeded" if all(step.status == "succeeded" for step in steps) else "failed",
            self._directory.root,
            steps,
            metrics,
            (*self._plan.diagnostics, *suppression.keep(self._notices.values())),
            seconds,
            bool(self._interrupts),
        )
        write_json(self._directory.metrics, metrics)
        write_json(self._directory.result, result.as_json())
        write_report(self._plan, result)
        return result
