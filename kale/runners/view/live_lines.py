"""The steps of a run as lines of a terminal: a line a step, level by level, with its arrows.

::

    titanic  ━━━━━━━━━━━━━━━━━━━━  3 of 6 · 2 running · 14.2 s
    ↺   load         0.0 s  cached
    ✓ ╭ clean        1.2 s                        ← load
    ⠹ ╰ features    12.8 s  ━━━━━━━━━━  7/12      ← load
    ·   train                                     ← clean, features
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from kale.printable import printable
from kale.runners.view.levels import Levels
from kale.runners.view.progress import headline, seconds_text, skip_reason, was_interrupted
from kale.runners.view.step_states import STATES, State, StepState, StepStates

#: Mark and style of a step in each state.
_MARKS: dict[State, tuple[str, str]] = {
    "waiting": ("·", "dim"),
    "running": ("", "cyan"),
    "succeeded": ("✓", "green"),
    "cached": ("↺", "blue"),
    "failed": ("✗", "bold red"),
    "skipped": ("-", "dim"),
}
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_SPINS_PER_SECOND = 8

#: Columns of the two bars, of a cell count such as `12/34`, and between what stands side by side.
_RUN_BAR, _STEP_BAR, _COUNT, _GAP = 20, 10, 5, 2
#: A terminal with less room than this for the arrows does without.
_LEAST_ARROWS = 12
#: Of a longer title this much must be seen, or it gives way to the bar, and then to the counts.
_LEAST_TITLE = 12


class LiveLines:
    """Draws the states of a run's steps; the cost depends on what is shown, not on all there is."""

    def __init__(self, title: str, levels: Levels, states: StepStates) -> None:
        self._title, self._levels, self._states = printable(title), levels, states
        self._widest = max((cell_len(printable(name)) for name in levels.order), default=0)
        self._level = {name: depth for depth, row in enumerate(levels.rows) for name in row}
        self._brackets = any(len(row) > 1 for row in levels.rows)

    def draw(self, width: int, height: int, seconds: float, *, ended: bool = False) -> list[Text]:
        """At most ``height`` lines of at most ``width`` columns; ``seconds`` is the run's age."""
        count = len(self._states)
        room = max(height - 1, 1)
        # What is not shown is counted in a line of its own.
        shown = self._states.most_telling(count if count <= room else max(room - 1, 1))
        states = [self._states[name] for name in shown]
        now = time.monotonic()
        times = [_time_of(state, now) for state in states]
        columns = _Columns(width, self._widest, self._brackets, max(map(len, times), default=0))
        if all(state.state != "running" for state in states):
            # No bars: what is said of steps that ended may be nothing at all.
            said = (_activity(state, columns).cell_len for state in states)
            columns.activity = max(said, default=0)
        lines = [self._head(width, seconds, ended)]
        for row, (name, state) in enumerate(zip(shown, states, strict=True)):
            bracket = self._bracket(shown, row) if self._brackets else None
            lines.append(self._line(name, state, times[row], bracket, columns, now))
        if count > len(shown):
            lines.append(self._hidden(count - len(shown), states))
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        return lines[:height]

    def _head(self, width: int, seconds: float, ended: bool) -> Text:
        counts = self._states.counts()
        done = counts["succeeded"] + counts["cached"] + counts["failed"] + counts["skipped"]
        total = len(self._states)
        words = [f"{done} of {total}"]
        words += [f"{counts[s]} {s}" for s in ("running", "cached", "failed") if counts[s]]
        words.append(seconds_text(seconds))
        if done == total and not ended:
            words.append("finishing")
        tail = " · ".join(words)
        spare = width - cell_len(tail) - 2 * _GAP
        bar = _bar(done, total, _RUN_BAR, "red" if counts["failed"] else "green")
        if spare - _RUN_BAR < min(cell_len(self._title), _LEAST_TITLE):
            bar, spare = Text(), spare + _GAP
        else:
            spare -= _RUN_BAR
            bar.append(" " * _GAP)
        if spare < min(cell_len(self._title), _LEAST_TITLE):
            return Text(tail, "dim")
        return Text.assemble((_cut(self._title, spare), "bold"), " " * _GAP, bar, (tail, "dim"))

    def _bracket(self, shown: Sequence[str], row: int) -> str:
        """What joins a step with those of its level above and below."""
        level = self._level[shown[row]]
        above = row > 0 and self._level[shown[row - 1]] == level
        below = row + 1 < len(shown) and self._level[shown[row + 1]] == level
        return {(False, True): "╭", (True, True): "│", (True, False): "╰"}.get((above, below), " ")

    def _line(
        self,
        name: str,
        state: StepState,
        time_text: str,
        bracket: str | None,
        columns: _Columns,
        now: float,
    ) -> Text:
        mark, style = _MARKS[state.state]
        if state.state == "running":
            mark = _SPINNER[int(now * _SPINS_PER_SECOND) % len(_SPINNER)]
        line = Text(no_wrap=True, end="")
        line.append(mark, style)
        line.append(f" {bracket} " if bracket is not None else " ", "dim")
        look = {"running": "bold", "failed": "bold red", "waiting": "dim", "skipped": "dim"}
        line.append(_padded(printable(name), columns.name), look.get(state.state, ""))
        if columns.time:
            line.append(" " * _GAP + time_text.rjust(columns.time), "dim")
        line.append(" " * _GAP)
        result = state.result
        if result is not None and state.state in {"failed", "skipped"}:
            return line.append(*_ending(state))
        activity = _activity(state, columns)
        arrows = self._arrows(name, state) if columns.arrows else Text()
        line.append_text(activity)
        if arrows and activity.cell_len <= columns.activity:
            gap = _GAP if columns.activity else 0
            line.append(" " * (columns.activity - activity.cell_len + gap))
            line.append_text(arrows)
        return line

    def _arrows(self, name: str, state: StepState) -> Text:
        """The steps that it waits for, or waited for: those that are not done stand out."""
        producers = self._levels.producers[name]
        arrows = Text()
        for position, producer in enumerate(producers):
            arrows.append("← " if position == 0 else ", ", "dim")
            waits = state.state == "waiting" and not self._states.is_done(producer)
            arrows.append(printable(producer), "" if waits else "dim")
        return arrows

    def _hidden(self, hidden: int, shown: Sequence[StepState]) -> Text:
        counts = dict(self._states.counts())
        for state in shown:
            counts[state.state] -= 1
        parts = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state] > 0)
        return Text(f"… {hidden} more: {parts}", "dim")


class _Columns:
    """How wide each column is; on a narrow terminal the bars go first, then arrows, then times."""

    def __init__(self, width: int, name: int, brackets: bool, time: int) -> None:
        head = 4 if brackets else 2
        self.name = max(min(name, max(width // 3, 12), width - head), 1)
        self.time = time
        self.bar = _STEP_BAR
        self.activity = _STEP_BAR + 1 + _COUNT
        left = width - head - self.name - time - 2 * _GAP
        if left < self.activity + _GAP + _LEAST_ARROWS:
            self.bar, self.activity = 0, len("cached")
        self.arrows = left >= self.activity + _GAP + _LEAST_ARROWS
        if left < _COUNT:
            self.time = 0


def _activity(state: StepState, columns: _Columns) -> Text:
    """How far a running step is, or that its results were there already."""
    if state.state == "cached":
        return Text("cached", "dim")
    if state.state != "running":
        again = state.attempt > 1 and state.state == "succeeded"
        return Text(f"attempt {state.attempt}" if again else "", "dim")
    text = Text()
    if columns.bar:
        # The cell has begun; only those before it are done.
        text.append_text(_bar(max(state.cell - 1, 0), state.of, columns.bar, "cyan"))
        text.append(" ")
    text.append(f"{state.cell}/{state.of}" if state.of else "…", "dim")
    if state.attempt > 1:
        text.append(f" attempt {state.attempt}", "yellow")
    return text


def _ending(state: StepState) -> tuple[str, str]:
    """Why a step failed or did not run, and the style of these words."""
    result = state.result
    if result is None or result.status == "skipped":
        return ("" if result is None else printable(skip_reason(result)), "dim")
    if was_interrupted(result):
        return "interrupted", "yellow"
    again = f" (attempt {result.attempts})" if result.attempts > 1 else ""
    return printable(headline(result)) + again, "red"


def _time_of(state: StepState, now: float) -> str:
    if state.state == "running":
        return seconds_text(now - state.started)
    if state.result is None or not state.result.attempts:
        return ""
    return seconds_text(state.result.seconds)


def _bar(done: int, total: int, width: int, style: str) -> Text:
    filled = width * done // total if total else 0
    return Text.assemble(("━" * filled, style), ("─" * (width - filled), "dim"))


def _cut(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…"


def _padded(text: str, width: int) -> str:
    return set_cell_size(_cut(text, width), width)
