"""Which steps are shown when there is no room for all."""

from __future__ import annotations

import pytest

from kale.runners.view.step_states import StepStates

NAMES = [f"s{number}" for number in range(12)]


def states(**by_name: str) -> StepStates:
    found = StepStates(NAMES)
    for name, state in by_name.items():
        found.change(name, state=state)
    return found


@pytest.mark.parametrize(
    ("changes", "room", "shown"),
    [
        pytest.param({}, 0, [], id="no room"),
        pytest.param({}, 2, ["s0", "s1"], id="what comes first, before anything began"),
        pytest.param({}, 20, NAMES, id="all, where there is room"),
        pytest.param({"s5": "running", "s9": "failed"}, 1, ["s5"], id="running before failed"),
        pytest.param({"s5": "running", "s9": "failed"}, 2, ["s5", "s9"], id="in their order"),
        pytest.param(
            {"s3": "succeeded", "s1": "succeeded", "s2": "running", "s8": "failed"},
            5,
            ["s0", "s1", "s2", "s4", "s8"],
            id="one that ended last, two to come",
        ),
        pytest.param(
            dict.fromkeys(NAMES, "succeeded"), 3, NAMES[-3:], id="what ended last, at the end"
        ),
        pytest.param(
            dict.fromkeys(NAMES[:11], "cached") | {"s11": "running"},
            3,
            ["s9", "s10", "s11"],
            id="cached ones are not in the way",
        ),
    ],
)
def test_the_most_telling_steps(changes, room, shown):
    assert states(**changes).most_telling(room) == shown


def test_counts_follow_the_changes():
    found = states(s0="running", s1="running", s2="failed")
    found.change("s0", state="succeeded", cell=4)
    found.change("s1", cell=2, of=5)
    counts = found.counts()
    assert (counts["succeeded"], counts["running"], counts["failed"]) == (1, 1, 1)
    assert sum(counts.values()) == len(found) == len(NAMES)
    assert (found["s1"].cell, found["s1"].of) == (2, 5)
    assert [found.is_done(name) for name in ("s0", "s1", "s2", "s3")] == [True, False, False, False]
