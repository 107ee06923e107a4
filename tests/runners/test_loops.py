"""Real runs of plans with loops, conditions and exit handlers, each part by hand."""

from __future__ import annotations

import itertools
import signal

import pytest
from runners.control_plans import (
    OVER_XS,
    after_save,
    branching,
    collected,
    decides,
    handler,
    load,
    loop,
    shows,
    standing,
    told,
    worker,
)  # fmt: skip
from runners.plans import cell, task

from kale.runners import RunInterrupted, Silent


@pytest.mark.parametrize(
    ("items", "squares"),
    [
        pytest.param("[]", "[]", id="no item"),
        pytest.param("range(11)", str([n * n for n in range(11)]), id="more than ten, in order"),
    ],
)
def test_a_loop_and_the_list_of_what_it_made(run_plan, tmp_path, items, squares):
    result = run_plan(load(items), worker("square", "x = x * x"), shows("show", "square"))
    assert result.status == "succeeded", [step.error for step in result.steps]
    assert (tmp_path / "seen").read_text() == squares


def test_a_loop_in_a_loop_and_both_lists(run_plan, tmp_path):
    split = worker("split", "x = [(x, n) for n in range(x)]", decides={"loop:2": "x"})
    inner = standing(
        [OVER_XS, loop("loop:2", "split")],
        "fit",
        cell("y = __import__('kale_runtime').item(x, index_2)", "item"),
        "x = y[0] * 10 + y[1]",
        loads={"x": "split"},
        takes={"index_1": "0", "index_2": "0"},
        saves=["x"],
    )
    mean = standing(
        [OVER_XS], "mean", collected("squares"), "x = squares",
        takes={"index_1": "0"}, saves=["x"], collects={"squares": "fit"},
    )  # fmt: skip
    result = run_plan(
        load("[2, 0, 3]"),
        after_save(split, decides("{'loop:2': 'x'}")),
        inner,
        mean,
        shows("flat", "fit", writes="flat"),
        shows("nested", "mean", writes="nested"),
    )
    assert result.status == "succeeded", told(result)
    assert (tmp_path / "flat").read_text() == "[20, 21, 30, 31, 32]"
    assert (tmp_path / "nested").read_text() == "[[20, 21], [], [30, 31, 32]]"
    assert told(result)["fit.1"] == "skipped"


def test_an_item_that_fails_stops_nobody_but_those_who_read_all(run_plan, tmp_path):
    result = run_plan(
        load("[2, 0, 1]"),
        worker("invert", "x = 1 / x"),
        standing([OVER_XS], "note", "x", takes={"index_1": "0"}, loads={"x": "invert"}),
        shows("show", "invert"),
        standing((), "apart", "pass"),
    )
    assert result.status == "failed"
    states = told(result)
    assert states.pop("apart") == "succeeded"
    assert [name for name, state in states.items() if state == "failed"] == ["invert.1"]
    assert [name for name, state in states.items() if state == "skipped"] == ["note.1", "show"]
    assert next(s for s in result.steps if s.name == "show").blocked_by == ("invert.1",)
    assert not (tmp_path / "seen").exists()


def test_a_loop_whose_length_nobody_tells_is_skipped_under_its_own_name(run_plan):
    result = run_plan(load("1 / 0"), worker("square", "pass"), shows("show", "square"))
    assert told(result) == {"load": "failed", "square": "skipped", "show": "skipped"}


def test_a_step_that_does_not_tell_how_to_go_on_has_failed(run_plan):
    silent = standing((), "load", "xs = [1]", saves=["xs"], decides={"loop:1": "xs"})
    result = run_plan(silent, worker("square", "pass"))
    assert told(result) == {"load": "failed", "square": "skipped"}
    assert result.failures[0].error.type == "RunError"
    assert "`xs`" in result.failures[0].error.message


_AT_WORK = """
import time
began = time.monotonic()
time.sleep(0.2)
x = began, time.monotonic()
"""


def test_no_more_items_are_worked_on_than_a_loop_allows(run_plan, tmp_path):
    one = loop("loop:1", count=3, parallelism=1)
    first = standing([one], "a", _AT_WORK, takes={"index_1": "0"}, saves=["x"])
    then = standing(
        [one], "b", "began = x[0]" + _AT_WORK.replace("began =", "_ ="),
        takes={"index_1": "0"}, loads={"x": "a"}, saves=["x"],
    )  # fmt: skip
    result = run_plan(first, then, shows("show", "b"), jobs=4)
    assert result.status == "succeeded", told(result)
    spans = sorted(eval((tmp_path / "seen").read_text()))
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))


# ---------------------------------------------------------------------------- conditions


def test_the_value_of_the_branch_that_is_taken(run_plan, tmp_path):
    result = run_plan(*branching(1))
    assert result.status == "succeeded"
    assert (tmp_path / "seen").read_text() == (tmp_path / "mail").read_text() == "warned"
    whys = {s.name: s.why for s in result.steps if s.status == "skipped"}
    assert whys == {
        "deploy": "its branch was not taken: `score > 0.8` is false",
        "drop": "its branch was not taken: `score > 0.5` is true",
    }
    assert result.resume == ""


# --------------------------------------------------------------------------- exit handlers


@pytest.mark.parametrize(
    ("code", "fail_fast", "status"),
    [
        pytest.param("pass", False, "succeeded", id="a group that does well"),
        pytest.param("1 / 0", False, "failed", id="a group that fails"),
        pytest.param("1 / 0", True, "failed", id="a group that fails, and nothing else starts"),
    ],
)
def test_an_exit_step_runs_after_its_group_whatever_became_of_it(
    run_plan, tmp_path, code, fail_fast, status
):
    inside = handler("clean")
    result = run_plan(
        standing((), "clean", "import os; open('seen', 'w').write(repr(os.path.exists('first')))"),
        standing([inside], "first", f"open('first', 'w').close(); {code}"),
        standing([inside], "then", "pass", after=["first"]),
        fail_fast=fail_fast,
    )
    assert result.status == status
    assert (tmp_path / "seen").read_text() == "True"
    assert told(result)["clean"] == "succeeded"
    assert told(result)["then"] == ("succeeded" if status == "succeeded" else "skipped")


def test_an_exit_step_that_fails_makes_the_run_fail(run_plan):
    result = run_plan(task("clean", "1 / 0"), standing([handler("clean")], "a", "pass"))
    assert (result.status, told(result)) == ("failed", {"a": "succeeded", "clean": "failed"})


class _InterruptsAtFirst(Silent):
    def step_started(self, step):
        if step == "first":
            signal.raise_signal(signal.SIGINT)


def test_after_an_interrupt_no_exit_step_begins(run_plan):
    sleeper = standing([handler("clean")], "first", "import time; time.sleep(60)")
    with pytest.raises(RunInterrupted) as caught:
        run_plan(task("clean", "pass"), sleeper, observer=_InterruptsAtFirst())
    assert told(caught.value.result) == {"first": "failed", "clean": "skipped"}
