"""When each step of a run was at work, as bars in percent of the whole run."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass

from kale.runners.result import StepResult

#: With more steps than this, bars that do not overlap share a row.
MOST_ROWS = 40

#: Where the axis bears its last mark at most, in parts of the whole.
_LAST_MARK = 0.95


@dataclass(frozen=True, slots=True)
class Bar:
    """A step at work: where the bar begins and how long it is, in percent of the run."""

    step: StepResult
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Rows of bars that do not overlap, and the marks of the axis as (percent, text).

    ``named`` says that each row holds one step.
    """

    rows: tuple[tuple[Bar, ...], ...]
    marks: tuple[tuple[float, str], ...]
    named: bool


def timeline_of(steps: Iterable[StepResult]) -> Timeline | None:
    """The timeline of the steps that ran; ``None`` if that would show nothing."""
    ran = sorted((s for s in steps if s.attempts and not s.cached), key=lambda s: s.started)
    whole = max((step.started + step.seconds for step in ran), default=0.0)
    if len(ran) < 2 or whole <= 0 or not any(step.started for step in ran):
        return None
    bars = [Bar(s, 100 * s.started / whole, 100 * s.seconds / whole) for s in ran]
    named = len(ran) <= MOST_ROWS
    rows = [[bar] for bar in bars] if named else _packed(bars)
    return Timeline(tuple(map(tuple, rows)), tuple(_marks(whole)), named)


def _packed(bars: Iterable[Bar]) -> list[list[Bar]]:
    """Bars, which come by their beginnings, in as few rows as can be."""
    rows: list[list[Bar]] = []
    free: list[tuple[float, int]] = []
    for bar in bars:
        # Rounding must not open another row.
        if free and free[0][0] <= bar.left + 1e-6:
            number = heapq.heappop(free)[1]
        else:
            number = len(rows)
            rows.append([])
        rows[number].append(bar)
        heapq.heappush(free, (bar.left + bar.width, number))
    return rows


def _marks(whole: float) -> Iterable[tuple[float, str]]:
    """A few round times of the axis, none so near to its end that there is no room for it."""
    round_times = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900]
    round_times += [1800, *(3600 * hours for hours in (1, 2, 4, 6, 12, 24))]
    days = 86400 * math.ceil(whole / (8 * 86400))
    period = next((time for time in round_times if whole / time <= 8), days)
    for number in range(int(whole / period) + 1):
        at = number * period
        if at < _LAST_MARK * whole:
            yield 100 * at / whole, _round_time(at)


def _round_time(seconds: float) -> str:
    """A round time in its fewest words: ``0.5 s``, ``2 min``, ``1 h 30 min``."""
    if seconds < 60:
        return f"{seconds:g} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)
