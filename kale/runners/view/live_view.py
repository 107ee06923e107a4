"""The live view of a run on a terminal: drawn anew in place until the run ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

from rich.console import Console
from rich.text import Span, Text

from kale.ir import Plan
from kale.runners.result import RunResult, StepResult
from kale.runners.view.levels import levels_of
from kale.runners.view.live_lines import LiveLines
from kale.runners.view.progress import Silent
from kale.runners.view.step_states import State, StepStates

#: Seconds between two pictures.
_PERIOD = 1 / 8

#: Steps that the last picture, which stays on the screen, shows at most.
_MOST_AT_END = 60

_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_ERASE_LINE_END, _ERASE_BELOW = "\x1b[K", "\x1b[J"

#: What writing to a terminal that was closed raises; a closed file has a ValueError.
_TERMINAL_GONE = (OSError, ValueError)

#: All that decides how a line looks.
_Key = tuple[str, str, tuple[Span, ...]]


class LiveView(Silent):
    """Shows the steps as a graph by level; a thread of its own draws, so that nothing waits for it.

    A picture that is the same as the one before is not written.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._console = Console(file=stream, highlight=False)
        self._title, self._levels, self._states = "", levels_of({}), StepStates(())
        self._lines = LiveLines("", self._levels, self._states)
        self._began = 0.0
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._widths: list[int] = []
        self._picture = ""
        # Most lines stay as they are from one picture to the next.
        self._rendered: dict[_Key, str | None] = {}

    def run_started(self, plan: Plan) -> None:
        """Begin to draw."""
        self._levels = levels_of({task.name: task.after for task in plan.tasks})
        self._states = StepStates(self._levels.order)
        self._title = plan.pipeline.title or plan.pipeline.name
        self._lines = LiveLines(self._title, self._levels, self._states)
        self._began = time.monotonic()
        self._stream.write(_HIDE_CURSOR)
        self._thread = threading.Thread(target=self._keep_drawing, name="live view", daemon=True)
        self._thread.start()

    def step_grown(self, step: str, into: Sequence[str]) -> None:
        """Give each item of a loop a line."""
        self._levels = self._levels.grown(step, into)
        self._states = self._states.grown(step, into)
        # In one go: the thread that draws may be at it.
        self._lines = LiveLines(self._title, self._levels, self._states)

    def step_started(self, step: str) -> None:
        """Set the step's clock going."""
        self._states.change(step, state="running", started=time.monotonic())

    def step_progressed(self, step: str, cell: int, of: int) -> None:
        """Show how far it is."""
        self._states.change(step, cell=cell, of=of)

    def step_retried(self, step: str, attempt: int, reason: str) -> None:  # noqa: ARG002 - Observer's
        """Show which attempt it is."""
        self._states.change(step, attempt=attempt, cell=0)

    def step_finished(self, result: StepResult) -> None:
        """Show how it ended."""
        state: State = "cached" if result.cached else result.status
        self._states.change(result.name, state=state, result=result)

    def run_finished(self, result: RunResult | None) -> None:
        """Leave the last picture on the screen, with every step unless they are very many."""
        if self._thread is None:
            return
        self._ending.set()
        self._thread.join()
        self._thread = None
        height = max(_MOST_AT_END, self._console.height - 1)
        seconds = result.seconds if result is not None else time.monotonic() - self._began
        # A terminal that is gone has no use for the picture; the run has a result all the same.
        with suppress(*_TERMINAL_GONE):
            self._paint(self._lines.draw(self._width(), height, seconds, ended=True))
            self._stream.write(_SHOW_CURSOR)
            self._stream.flush()

    def refresh(self) -> None:
        """Draw a picture now."""
        height = max(self._console.height - 1, 2)
        self._paint(self._lines.draw(self._width(), height, time.monotonic() - self._began))

    def _keep_drawing(self) -> None:
        with suppress(*_TERMINAL_GONE):
            while not self._ending.is_set():
                self.refresh()
                self._ending.wait(_PERIOD)

    def _width(self) -> int:
        # Some terminals begin a new line as soon as the last column is filled.
        return max(self._console.width - 1, 1)

    def _paint(self, lines: list[Text]) -> None:
        """Put ``lines`` in the place of those painted last, in one piece."""
        rendered = {key: self._rendered.get(key) for key in map(_key, lines)}
        for line in lines:
            if rendered[_key(line)] is None:
                with self._console.capture() as capture:
                    self._console.print(line, no_wrap=True, overflow="crop", crop=True, end="")
                rendered[_key(line)] = capture.get().rstrip("\n")
        self._rendered = rendered
        picture = "".join(f"{rendered[_key(line)]}{_ERASE_LINE_END}\n" for line in lines)
        up = self._rows_painted()
        if picture == self._picture and up == len(self._widths):
            return
        back = f"\r\x1b[{up}A" if up else "\r"
        self._stream.write(f"{back}{picture}{_ERASE_BELOW}")
        self._stream.flush()
        self._picture, self._widths = picture, [line.cell_len for line in lines]

    def _rows_painted(self) -> int:
        """The rows that the last picture takes now: a terminal made narrower has wrapped it."""
        width = max(self._console.width, 1)
        rows = sum(max(-(-painted // width), 1) for painted in self._widths)
        # What has left the screen at the top is out of reach.
        return min(rows, max(self._console.height - 1, 0))


def _key(line: Text) -> _Key:
    return line.plain, str(line.style), tuple(line.spans)
