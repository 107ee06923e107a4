"""What the user sees while a run goes on: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Protocol, TextIO

from kale.ir import Plan
from kale.runners.result import RunResult, StepResult


class Observer(Protocol):
    """Who is told of a run as it goes on, always from the thread that called it.

    Each step that is not skipped is started once and finished once; skipped ones are finished only.
    ``run_finished`` is the last call and comes in any case, with ``None`` if the run broke down.
    """

    def run_started(self, plan: Plan) -> None:
        """The first step is about to start."""
        ...

    def step_started(self, step: str) -> None:
        """A step begins."""
        ...

    def step_progressed(self, step: str, cell: int, of: int) -> None:
        """Cell ``cell`` of the ``of`` cells of the step's notebook begins."""
        ...

    def step_retried(self, step: str, attempt: int, reason: str) -> None:
        """A step failed for ``reason`` and begins its ``attempt``-th attempt, from 2."""
        ...

    def step_finished(self, result: StepResult) -> None:
        """A step ended, or will not run."""
        ...

    def run_finished(self, result: RunResult | None) -> None:
        """All processes are gone and the run's files are written."""
        ...


class Silent:
    """Sees everything and says nothing."""

    def run_started(self, plan: Plan) -> None:
        """Say nothing."""

    def step_started(self, step: str) -> None:
        """Say nothing."""

    def step_progressed(self, step: str, cell: int, of: int) -> None:
        """Say nothing."""

    def step_retried(self, step: str, attempt: int, reason: str) -> None:
        """Say nothing."""

    def step_finished(self, result: StepResult) -> None:
        """Say nothing."""

    def run_finished(self, result: RunResult | None) -> None:
        """Say nothing."""


class PlainLines(Silent):
    """One line as a step starts and one as it ends, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._width = 0

    def run_started(self, plan: Plan) -> None:
        """Note how wide the names are."""
        self._width = max((len(task.name) for task in plan.tasks), default=0)

    def step_started(self, step: str) -> None:
        """Say so."""
        self._say(step, "started")

    def step_retried(self, step: str, attempt: int, reason: str) -> None:
        """Say so, and why."""
        self._say(step, f"failed, attempt {attempt} begins: {reason}")

    def step_finished(self, result: StepResult) -> None:
        """Say how it ended."""
        self._say(result.name, outcome(result))

    def _say(self, step: str, text: str) -> None:
        print(f"{step:<{self._width}}  {text}", file=self._stream, flush=True)


def outcome(result: StepResult) -> str:
    """How a step ended, in a few words on one line."""
    if result.status == "skipped":
        reason = f"{', '.join(result.blocked_by)} failed" if result.blocked_by else "interrupted"
        return f"skipped: {reason}"
    if result.error is None:
        return f"succeeded in {seconds_text(result.seconds)}"
    if (result.error.type, result.error.message) == ("KeyboardInterrupt", "interrupted"):
        return f"interrupted after {seconds_text(result.seconds)}"
    return f"failed after {seconds_text(result.seconds)}: {headline(result)}"


def headline(result: StepResult) -> str:
    """The failure of a step on one line; empty when there is none."""
    if result.error is None:
        return ""
    first = result.error.message.strip().partition("\n")[0]
    return f"{result.error.type}: {first}" if first else result.error.type


def seconds_text(seconds: float) -> str:
    """A duration as people write it: ``1.4 s``, ``3 min 02 s``, ``1 h 05 min``."""
    if seconds < 60:
        # 59.96 is not 60.0 seconds.
        return f"{int(seconds * 10) / 10} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min"


def choose_observer(stream: TextIO, environ: Mapping[str, str] | None = None) -> Observer:
    """The live table if ``stream`` is a terminal that can show it, plain lines if not.

    ``CI`` and ``TERM=dumb`` ask for lines; ``NO_COLOR`` leaves the table and takes its colours.
    ``FORCE_COLOR`` is about colours alone: a log file is no place for a moving cursor.
    """
    settings: Mapping[str, Any] = os.environ if environ is None else environ
    live = stream.isatty() and settings.get("TERM") not in {"dumb", "unknown"}
    if settings.get("CI"):
        live = False
    if not live:
        return PlainLines(stream)
    from kale.runners.view.live_table import LiveTable

    return LiveTable(stream)
