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


# ------------------------------------------------------------------ steps that become several

#: A loop of two steps behind `load`, and who reads all.
OPEN = {"load": (), "fit": ("load",), "score": ("fit", "load"), "best": ("score",)}


def growing() -> Schedule:
    schedule = Schedule(OPEN, open=["fit", "score"])
    assert ready(schedule) == ["load"]
    return schedule


def grow(schedule: Schedule, items: int) -> None:
    names = {step: [f"{step}.{n}" for n in range(items)] for step in ("fit", "score")}
    after = {f"fit.{n}": ["load"] for n in range(items)}
    schedule.grow(names, after | {f"score.{n}": [f"fit.{n}", "load"] for n in range(items)})


def test_an_open_step_never_starts():
    schedule = growing()
    assert schedule.next_after({"load"}) is None
    schedule.succeed("load")
    assert ready(schedule) == []


def test_who_waited_for_an_open_step_waits_for_all_that_it_becomes():
    schedule = growing()
    grow(schedule, 2)
    schedule.succeed("load")
    assert ready(schedule) == ["fit.0", "fit.1"]
    schedule.succeed("fit.1")
    assert ready(schedule) == ["score.1"]
    schedule.succeed("score.1")
    schedule.succeed("fit.0")
    assert ready(schedule) == ["score.0"]
    assert schedule.next_after({"score.0"}) == "best"
    schedule.succeed("score.0")
    assert ready(schedule) == ["best"]


def test_what_is_done_without_starting_keeps_nobody():
    schedule = growing()
    after = {"fit": ["load"], "score": ["fit"]}
    schedule.grow({"fit": ["fit"], "score": ["score"]}, after, done=["fit", "score"])
    schedule.succeed("load")
    assert ready(schedule) == ["best"]


def test_an_open_step_may_stay_open_under_its_own_name():
    schedule = growing()
    after = {"fit": ["load"], "score": ["fit"]}
    schedule.grow({"fit": ["fit"], "score": ["score"]}, after, open=["score"])
    schedule.succeed("load")
    assert ready(schedule) == ["fit"]
    schedule.succeed("fit")
    assert ready(schedule) == []
    schedule.grow({"score": ["score.0"]}, {"score.0": ["fit"]})
    assert ready(schedule) == ["score.0"]


def test_one_of_several_that_fails_keeps_from_running_who_waits_for_all():
    schedule = growing()
    grow(schedule, 2)
    schedule.succeed("load")
    ready(schedule)
    assert schedule.fail("fit.1") == ("score.1", "best")
    schedule.succeed("fit.0")
    assert ready(schedule) == ["score.0"]
    assert schedule.blocked_by("best") == ("fit.1",)


def test_an_open_step_that_a_failure_keeps_from_running_is_known_as_such():
    schedule = growing()
    assert schedule.fail("load") == ("fit", "score", "best")
    assert schedule.is_blocked("score")


EXIT = {"load": (), "fit": ("load",), "clean": ()}


@pytest.mark.parametrize(
    ("fails", "started"),
    [
        pytest.param("", ["load", "fit", "clean"], id="all of it succeeded"),
        pytest.param("fit", ["load", "fit", "clean"], id="its last step failed"),
        pytest.param("load", ["load", "clean"], id="it never came to its last step"),
        pytest.param("clean", ["load", "fit", "clean"], id="it fails itself"),
    ],
)
def test_who_waits_for_any_end_runs_in_any_case(fails, started):
    schedule = Schedule(EXIT, after_any={"clean": ("load", "fit")})
    found = []
    while names := ready(schedule):
        found += names
        for name in names:
            schedule.fail(name) if name == fails else schedule.succeed(name)
    assert found == started


def test_who_waits_for_any_end_waits_for_all_that_an_open_step_becomes():
    schedule = Schedule(EXIT, after_any={"clean": ("load", "fit")}, open=["fit"])
    ready(schedule)
    schedule.grow({"fit": ["fit.0", "fit.1"]}, {"fit.0": ["load"], "fit.1": ["load"]})
    schedule.succeed("load")
    assert ready(schedule) == ["fit.0", "fit.1"]
    schedule.fail("fit.0")
    assert ready(schedule) == []
    schedule.succeed("fit.1")
    assert ready(schedule) == ["clean"]
