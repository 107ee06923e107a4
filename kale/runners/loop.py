"""One run, from its first step to its result: who starts when, is heard, stopped, tried again."""

from __future__ import annotations

import heapq
import selectors
import time
from collections.abc import Mapping
from typing import Any

from kale.errors import Location, RunError
from kale.ir import Task
from kale.runners.engines.child import Child
from kale.runners.failures.failure_text import retry_reason
from kale.runners.failures.memory import oom_kills
from kale.runners.failures.verdict import judge, unstartable
from kale.runners.frontier import Frontier
from kale.runners.in_flight import Pause, Running
from kale.runners.launch import Launcher
from kale.runners.ledger import Ledger
from kale.runners.logs import LogTail
from kale.runners.options import RunOptions
from kale.runners.prepared import Prepared
from kale.runners.result import StepError
from kale.runners.signals import SignalPipe
from kale.runners.view.progress import Observer

#: The longest pause between two attempts, in seconds.
LONGEST_PAUSE = 60.0

#: How often a run looks at what its steps print, in seconds, if somebody wants to see it.
_LOOK = 0.2


class Loop:
    """Runs the steps of a plan; all of it happens in the thread that calls it."""

    def __init__(
        self,
        launcher: Launcher,
        ledger: Ledger,
        options: RunOptions,
        jobs: int,
        observer: Observer,
        signals: SignalPipe,
    ) -> None:
        self._launcher, self._ledger, self._options = launcher, ledger, options
        self._jobs, self._observer, self._signals = jobs, observer, signals
        self._plan = launcher.plan
        self._oom = oom_kills()
        self._frontier = Frontier(ledger, observer)
        self._children: dict[Child, Running] = {}
        self._prepared = Prepared(launcher)
        self._pauses: list[Pause] = []
        self._selector = selectors.DefaultSelector()
        self._tail = LogTail(launcher.directory, observer.step_printed)
        self._interrupts = 0
        self._failed_fast: str | None = None
        self._closing = False

    def run(self) -> None:
        """Bring about all that is wanted; how each step ended is in the ledger."""
        try:
            with self._selector:
                self._selector.register(self._signals, selectors.EVENT_READ)
                self._frontier.begin()
                self._work()
                if self._failed_fast is not None and not self._interrupts:
                    self._closing = True
                    self._frontier.only_exit_steps()
                    self._work()
        finally:
            self._prepared.drop()
            # Only something unforeseen leaves children here.
            for child in self._children:
                child.kill()
                child.close()
        for result in self._ledger.left_over():
            self._observer.step_finished(result)

    def _work(self) -> None:
        """Start what can start until nothing is left."""
        self._start()
        while self._children or self._pauses:
            self._wait()
            self._start()

    def interrupted(self) -> bool:
        """Whether a signal has come; also one after the last step."""
        self._interrupts += self._signals.count()
        return bool(self._interrupts)

    # ------------------------------------------------------------------- starting

    @property
    def _ending(self) -> bool:
        return bool(self._interrupts) or (self._failed_fast is not None and not self._closing)

    def _start(self) -> None:
        """Start what can start, and prepare what comes next."""
        while not self._ending and len(self._children) < self._jobs:
            if self._pauses and self._pauses[0].due <= time.monotonic():
                self._launch(heapq.heappop(self._pauses).running)
                continue
            task = self._frontier.take()
            if task is None:
                break
            if (taken := self._ledger.recall(task, self._prepared.drop)) is not None:
                self._observer.step_finished(taken)
                self._frontier.succeeded(task)
                # A run of many steps that all are known must hear Ctrl-C too.
                self._hear_signals()
                continue
            self._observer.step_started(task.name)
            self._frontier.begun(task)
            self._launch(Running(task, self._ledger.seconds))
        self._prepare()

    def _prepare(self) -> None:
        """Have the next step's interpreter ready by the time that its producers are done."""
        if not self._ending and self._children:
            task = self._frontier.next_after({r.task.name for r in self._children.values()})
            if task is not None:
                self._prepared.prepare(task)

    def _launch(self, running: Running) -> None:
        """Begin an attempt at a step."""
        running.attempt += 1
        task = running.task
        if running.attempt > 1:
            self._ledger.renew(task)
        child = self._prepared.take(task)
        if child is None:
            try:
                child = self._launcher.launch(task)
            except (OSError, ValueError) as error:
                self._end(running, unstartable(error, self._at(task)), None)
                return
        self._children[child] = running
        self._selector.register(child, selectors.EVENT_READ)
        self._ledger.known.pages.prepare()

    def _at(self, task: Task) -> Location:
        return Location(self._plan.pipeline.path, step=task.name)

    # -------------------------------------------------------------------- waiting

    def _wait(self) -> None:
        """Wait for the next thing to happen, and see to it."""
        for key, _ in self._selector.select(self._patience()):
            if isinstance(key.fileobj, Child):
                self._hear(key.fileobj)
        if self._observer.shows_output:
            for running in self._children.values():
                self._tail.look(running.task.name)
        self._hear_signals()
        now = time.monotonic()
        for child, running in self._children.items():
            if running.deadline is not None and now >= running.deadline and not running.stopped:
                self._stop(child, running, "timeout")
            child.enforce()

    def _patience(self) -> float | None:
        """Seconds until something is due that no descriptor tells of."""
        dues = [
            running.deadline if child.kill_at is None else child.kill_at
            for child, running in self._children.items()
        ]
        known = [due for due in dues if due is not None]
        if self._pauses and len(self._children) < self._jobs:
            known.append(self._pauses[0].due)
        left = max(min(known) - time.monotonic(), 0.01) if known else None
        if self._observer.shows_output and self._children:
            return _LOOK if left is None else min(left, _LOOK)
        return left

    def _stop(self, child: Child, running: Running, why: str) -> None:
        running.stopped = running.stopped or why
        child.stop()

    def _hear_signals(self) -> None:
        """Stop all steps at the first signal, kill them at the second."""
        count = self._signals.count()
        if not count:
            return
        self._interrupts += count
        self._give_up_pauses("interrupted")
        for child, running in self._children.items():
            self._stop(child, running, "interrupted")
            if self._interrupts > 1:
                child.kill()

    def _hear(self, child: Child) -> None:
        gone, progress = child.read()
        running = self._children[child]
        timeout = running.task.options.timeout
        if progress and timeout is not None and running.deadline is None:
            # An interpreter that is slow to start takes nothing of the author's time.
            running.deadline = time.monotonic() + timeout
        for cell, of in progress:
            running.cell = cell
            self._observer.step_progressed(running.task.name, cell, of)
        if not gone:
            return
        self._selector.unregister(child)
        del self._children[child]
        status = child.close()
        task = running.task
        if self._observer.shows_output:
            self._tail.look(task.name)
        error = judge(
            child.done,
            status,
            running.stopped,
            self._launcher.directory.executed_notebook(task.name),
            self._at(task),
            task.options,
            directory=self._launcher.directory,
            begun=running.cell,
            oom_before=self._oom,
        ) or self._undecided(task)
        if error is not None and self._may_retry(running):
            self._pause(running, error)
        else:
            self._end(running, error, child.done)

    def _undecided(self, task: Task) -> StepError | None:
        """What is wrong with what a step has told of loops and conditions."""
        try:
            self._ledger.decisions(task)
        except RunError as error:
            return StepError("RunError", error.message, self._at(task), hint=error.hint)
        return None

    # --------------------------------------------------------------------- ending

    def _may_retry(self, running: Running) -> bool:
        attempts = 1 + (running.task.options.retries or 0)
        return running.attempt < attempts and not self._ending

    def _pause(self, running: Running, error: StepError) -> None:
        """Try a step again, after the pause it asks for, or twice that of the time before."""
        running.stopped = running.deadline = running.cell = None
        self._observer.step_retried(running.task.name, running.attempt + 1, retry_reason(error))
        pause: float | None = running.task.options.retry_pause
        if pause is None:
            pause = min(self._options.retry_pause * 2 ** (running.attempt - 1), LONGEST_PAUSE)
        heapq.heappush(self._pauses, Pause(time.monotonic() + pause, running))
        running.error = error

    def _give_up_pauses(self, why: str) -> None:
        for pause in self._pauses:
            pause.running.stopped = why
            self._end(pause.running, pause.running.error, None)
        self._pauses.clear()

    def _end(
        self, running: Running, error: StepError | None, done: Mapping[str, Any] | None
    ) -> None:
        """Note how a step ended, and what will not run for it."""
        task = running.task
        stopped = f"stopped, since `{self._failed_fast}` failed"
        result = self._ledger.ended(
            task,
            error,
            done,
            started=running.started,
            attempts=running.attempt,
            stopped=stopped if error is not None and running.stopped == "fail-fast" else "",
        )
        self._observer.step_finished(result)
        if result.status == "succeeded":
            self._frontier.succeeded(task)
            return
        for name in self._frontier.failed(task):
            self._prepared.drop(name)
        quits = self._options.fail_fast and not self._ending and not self._closing
        if quits and result.status == "failed":
            self._failed_fast = task.name
            self._give_up_pauses("fail-fast")
            for child, other in self._children.items():
                self._stop(child, other, "fail-fast")
