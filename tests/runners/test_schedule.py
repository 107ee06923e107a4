"""Which step starts when, and what a failure keeps from starting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kale.runners.schedule import Schedule

DIAMOND = {"load": (), "left": ("load",), "right": ("load",), "join": ("left", "right")}


def ready(schedule: Schedule) -> list[str]:
    return list(iter(schedule.take, None))


def test_nothing_to_run():
    assert ready(Schedule({})) == []


@pytest.mark.parametrize(
    ("after", "done", "expected"),
    [
        pytest.param(DIAMOND, ["load", "left"], [], id="a step waits for all its producers"),
        pytest.param(DIAMOND, [], ["load"], id="a step that waits for none is ready at once"),
        pytest.param(DIAMOND, ["load"], ["left", "right"], id="both branches are ready together"),
        pytest.param(DIAMOND, ["load", "right", "left"], ["join"], id="the last producer counts"),
        pytest.param({"b": (), "a": ()}, [], ["b", "a"], id="the plan's order, not the alphabet's"),
        pytest.param({"a": (), "b": ("a", "a")}, ["a"], ["b"], id="a producer named twice"),
    ],
)
def test_ready(after, done, expected):
    schedule = Schedule(after)
    found = ready(schedule)
    for name in done:
        schedule.succeed(name)
        found = ready(schedule)
    assert found == expected


@pytest.mark.parametrize(
    ("after", "failing", "skipped"),
    [
        pytest.param({"a": (), "b": ()}, "a", (), id="nobody waits for it"),
        pytest.param(DIAMOND, "load", ("left", "right", "join"), id="all descendants, in order"),
        pytest.param(DIAMOND, "left", ("join",), id="the other branch is left alone"),
    ],
)
def test_a_failure_skips_descendants_only(after, failing, skipped):
    schedule = Schedule(after)
    taken = ready(schedule)
    while failing not in taken:
        schedule.succeed(taken.pop(0))
        taken += ready(schedule)
    assert schedule.fail(failing) == skipped
    assert all(schedule.blocked_by(name) == (failing,) for name in skipped)


def test_a_step_below_two_failures_is_skipped_once_and_names_both():
    schedule = Schedule(DIAMOND)
    ready(schedule)
    schedule.succeed("load")
    ready(schedule)
    assert schedule.fail("right") == ("join",)
    assert schedule.fail("left") == ()
    assert schedule.blocked_by("join") == ("left", "right")
    assert ready(schedule) == []


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, tuple[str, ...]]:
    names = [f"s{number}" for number in range(draw(st.integers(0, 9)))]
    return {
        name: tuple(draw(st.sets(st.sampled_from(names[:rank])))) if rank else ()
        for rank, name in enumerate(names)
    }


@given(graphs(), st.sets(st.integers(0, 9)), st.randoms())
def test_every_step_ends_in_exactly_one_way(after, failing, random):
    schedule = Schedule(after)
    succeeded, failed, skipped, flying = set(), set(), set(), ready(schedule)
    while flying:
        name = flying.pop(random.randrange(len(flying)))
        assert succeeded >= set(after[name])
        if int(name[1:]) in failing:
            failed.add(name)
            skipped.update(schedule.fail(name))
        else:
            succeeded.add(name)
            schedule.succeed(name)
        flying += ready(schedule)
    assert sorted([*succeeded, *failed, *skipped]) == sorted(after)
    for name in skipped:
        assert set(schedule.blocked_by(name)) <= failed
        assert set(after[name]) & (failed | skipped)


def test_a_step_that_is_not_admitted_stays_ready_and_others_pass_it():
    schedule = Schedule({"big": (), "small": (), "tiny": ()})
    assert schedule.take(lambda name: name != "big") == "small"
    assert schedule.take(lambda name: False) is None
    assert ready(schedule) == ["big", "tiny"]


@pytest.mark.parametrize(
    ("after", "running", "expected"),
    [
        pytest.param(DIAMOND, {"left"}, None, id="one whose other producer is not even running"),
        pytest.param(DIAMOND, {"join"}, None, id="nobody comes after the last"),
        pytest.param(DIAMOND, {"load"}, "left", id="the first of two"),
        pytest.param({"a": (), "b": ("a",), "c": ()}, {"a", "c"}, "b", id="its producer runs"),
    ],
)
def test_what_will_be_ready_next(after, running, expected):
    assert Schedule(after).next_after(running) == expected


def test_a_step_below_a_failure_is_never_next():
    schedule = Schedule({"a": (), "b": (), "c": ("a", "b")})
    ready(schedule)
    schedule.fail("a")
    assert schedule.next_after({"b"}) is None
