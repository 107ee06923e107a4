"""The bars of a run: when each step was at work."""

from __future__ import annotations

import itertools

import pytest

from kale.runners import StepResult
from kale.runners.view.timeline import MOST_ROWS, timeline_of


def ran(name: str, started: float, seconds: float) -> StepResult:
    return StepResult(name, "succeeded", attempts=1, started=started, seconds=seconds)


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([], id="nothing ran"),
        pytest.param([ran("a", 0, 1)], id="one step says nothing"),
        pytest.param([ran("a", 0, 1), ran("b", 0, 1)], id="nobody noted when they began"),
        pytest.param([StepResult("a", "skipped"), ran("b", 1, 1)], id="a step that did not run"),
        pytest.param([ran("a", 0, 0), ran("b", 0, 0)], id="no time at all"),
    ],
)
def test_without_anything_to_tell_there_is_none(steps):
    assert timeline_of(steps) is None


def test_bars_are_parts_of_the_whole_in_the_order_of_their_beginnings():
    line = timeline_of([ran("b", 2, 8), ran("a", 0, 5)])
    assert line.named
    bars = [(bar.step.name, bar.left, bar.width) for row in line.rows for bar in row]
    assert bars == [("a", 0, 50), ("b", 20, 80)]


def test_many_bars_share_rows_without_touching():
    # Two at a time, one after the other.
    steps = [ran(f"s{n}", n / 2, 1) for n in range(MOST_ROWS * 4)]
    line = timeline_of(steps)
    assert not line.named
    assert len(line.rows) == 2
    assert sum(map(len, line.rows)) == len(steps)
    for row in line.rows:
        for before, after in itertools.pairwise(row):
            assert before.left + before.width <= after.left + 1e-6


@pytest.mark.parametrize(
    ("seconds", "first", "last"),
    [
        (0.05, "0 s", "0.04 s"),
        (7.9, "0 s", "7 s"),
        (100, "0 s", "1 min 30 s"),
        (3600, "0 s", "50 min"),
        (3 * 3600, "0 s", "2 h 30 min"),
        (86400 * 30, "0 s", "672 h"),
    ],
)
def test_the_axis_has_a_few_round_times(seconds, first, last):
    line = timeline_of([ran("a", 0, seconds / 2), ran("b", seconds / 2, seconds / 2)])
    assert line.marks[0] == (0, first)
    assert line.marks[-1][1] == last
    assert 3 <= len(line.marks) <= 9
