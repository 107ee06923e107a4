"""What the user sees while a run goes on: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TextIO

from kale.ir import Plan
from kale.printable import printable, printed_line
from kale.runners.result import RunResult, StepResult

#: Characters of a line that is not ended yet which are shown all the same.
_LONGEST_LINE = 10_000


class Observer(Protocol):
    """Who is told of a run as it goes on, always from the thread that called it.

    Each step that runs is started once and finished once; those skipped or taken from an earlier
    run are finished only. ``run_finished`` is the last call and comes in any case, with ``None``
    if the run broke down. ``step_printed`` need not be called unless ``shows_output``.
    """

    @property
    def shows_output(self) -> bool:
        """Whether ``step_printed`` has any effect."""
        ...

    def run_started(self, plan: Plan) -> None:
        """The first step is about to start."""
        ...

    def step_grown(self, step: str, into: Sequence[str]) -> None:
        """A step in a loop, of which nothing was said yet, has become several, one an item."""
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

    def step_printed(self, step: str, text: str) -> None:
        """A step that has not finished printed ``text``, which may begin or end within a line."""
        ...

    def step_finished(self, result: StepResult) -> None:
        """A step ended, or will not run."""
        ...

    def run_finished(self, result: RunResult | None) -> None:
        """All processes are gone and the run's files are written."""
        ...


class Silent:
    """Sees everything and says nothing."""

    @property
    def shows_output(self) -> bool:
        """Never."""
        return False

    def run_started(self, plan: Plan) -> None:
        """Say nothing."""

    def step_grown(self, step: str, into: Sequence[str]) -> None:
        """Say nothing."""

    def step_started(self, step: str) -> None:
        """Say nothing."""

    def step_progressed(self, step: str, cell: int, of: int) -> None:
        """Say nothing."""

    def step_retried(self, step: str, attempt: int, reason: str) -> None:
        """Say nothing."""

    def step_printed(self, step: str, text: str) -> None:
        """Say nothing."""

    def step_finished(self, result: StepResult) -> None:
        """Say nothing."""

    def run_finished(self, result: RunResult | None) -> None:
        """Say nothing."""


class PlainLines(Silent):
    """One line as a step starts and one as it ends, for logs and pipes.

    With ``show_output`` also each line that a step prints, behind the step's name and a bar.
    """

    def __init__(self, stream: TextIO, *, show_output: bool = False) -> None:
        self._stream = stream
        self._show_output = show_output
        self._width = 0
        self._unended: dict[str, str] = {}

    @property
    def shows_output(self) -> bool:
        """Whether it was asked to."""
        return self._show_output

    def run_started(self, plan: Plan) -> None:
        """Note how wide the names are."""
        self._width = max((len(task.name) for task in plan.tasks), default=0)

    def step_grown(self, step: str, into: Sequence[str]) -> None:  # noqa: ARG002 - Observer's
        """Make room for the names."""
        self._width = max([self._width, *map(len, into)])

    def step_started(self, step: str) -> None:
        """Say so."""
        self._say(step, "started")

    def step_retried(self, step: str, attempt: int, reason: str) -> None:
        """Say so, and why."""
        self._end_line(step)
        self._say(step, f"failed, attempt {attempt} begins: {reason}")

    def step_printed(self, step: str, text: str) -> None:
        """Say each line that is complete."""
        if not self._show_output:
            return
        *lines, rest = (self._unended.pop(step, "") + text).split("\n")
        for line in lines:
            self._say_printed(step, line)
        while len(rest) > _LONGEST_LINE:
            self._say_printed(step, rest[:_LONGEST_LINE])
            rest = rest[_LONGEST_LINE:]
        if rest:
            self._unended[step] = rest
        self._stream.flush()

    def step_finished(self, result: StepResult) -> None:
        """Say how it ended."""
        self._end_line(result.name)
        self._say(result.name, outcome(result))

    def _end_line(self, step: str) -> None:
        if rest := self._unended.pop(step, ""):
            self._say_printed(step, rest)

    def _say_printed(self, step: str, line: str) -> None:
        self._stream.write(f"{printable(step):<{self._width}} | {printed_line(line)}\n")

    def _say(self, step: str, text: str) -> None:
        line = f"{printable(step):<{self._width}}  {printable(text)}"
        print(line, file=self._stream, flush=True)


def outcome(result: StepResult) -> str:
    """How a step ended, in a few words on one line."""
    if result.status == "skipped":
        return f"skipped: {skip_reason(result)}"
    if result.cached:
        return "cached"
    if result.error is None:
        return f"succeeded in {seconds_text(result.seconds)}"
    if was_interrupted(result):
        return f"interrupted after {seconds_text(result.seconds)}"
    return f"failed after {seconds_text(result.seconds)}: {headline(result)}"


def was_interrupted(result: StepResult) -> bool:
    """Whether the step was running when the user stopped the run."""
    error = result.error
    return error is not None and (error.type, error.message) == ("KeyboardInterrupt", "interrupted")


def skip_reason(result: StepResult) -> str:
    """Why a skipped step did not run, in a few words on one line."""
    if result.blocked_by:
        return f"{', '.join(result.blocked_by)} failed"
    return result.why or "interrupted"


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


def choose_observer(
    stream: TextIO, environ: Mapping[str, str] | None = None, *, show_output: bool = False
) -> Observer:
    """The live view if ``stream`` is a terminal that can show it, plain lines if not.

    ``CI`` and ``TERM=dumb`` ask for lines; ``NO_COLOR`` leaves the view and takes its colours.
    ``FORCE_COLOR`` is about colours alone: a log file is no place for a moving cursor. What the
    steps print (``show_output``) and a moving picture do not go together: it has plain lines.
    """
    settings: Mapping[str, Any] = os.environ if environ is None else environ
    live = stream.isatty() and settings.get("TERM") not in {"dumb", "unknown"}
    draws = (getattr(stream, "encoding", None) or "utf-8").lower().startswith("utf")
    if settings.get("CI") or show_output or not live or not draws:
        return PlainLines(stream, show_output=show_output)
    from kale.runners.view.live_view import LiveView

    return LiveView(stream)
