"""What steps of loops and conditions become, and what waits for what then: values alone."""

from __future__ import annotations

import pytest
from runners.control_plans import branches, loop, standing
from runners.grown_plans import CHOICE, INNER, LOOP, NESTED, OUTER, TAKEN, grown, loads
from runners.plans import plan, task

from kale.errors import RunError
from kale.runners import expansion
from kale.runners.expansion import Expansion, index_of, step_of


def test_a_pipeline_without_control_flow_is_left_as_it_is():
    given = plan(task("load", saves=["x"]), task("fit", loads={"x": "load"}))
    steps = Expansion(given)
    assert steps.plan is given
    assert steps.names == ("load", "fit")
    assert steps.task("fit") is given.task("fit")
    assert steps.exit_steps == frozenset()


@pytest.mark.parametrize(
    ("tasks", "told", "names"),
    [
        pytest.param((), [], "", id="no step"),
        pytest.param(LOOP, [], "load fit score best", id="nothing is told yet"),
        pytest.param(
            LOOP, [("load", {"loop:1": 0})], "load fit score best", id="a loop with no items"
        ),
        pytest.param(
            LOOP, [("load", {"loop:1": 1})], "load fit.0 score.0 best", id="a loop with one item"
        ),
        pytest.param(
            LOOP,
            [("load", {"loop:1": 2})],
            "load fit.0 fit.1 score.0 score.1 best",
            id="a step after the other, the items of each in order",
        ),
        pytest.param(
            NESTED,
            [("load", {"loop:1": 2})],
            "load split.0 split.1 fit.0 fit.1 mean.0 mean.1 best",
            id="an inner loop that is not known is one step for each outer item",
        ),
        pytest.param(
            NESTED,
            [("load", {"loop:1": 2}), ("split.1", {"loop:2": 2}), ("split.0", {"loop:2": 0})],
            "load split.0 split.1 fit.0 fit.1.0 fit.1.1 mean.0 mean.1 best",
            id="inner loops of different lengths, told in any order",
        ),
        pytest.param(
            (standing([loop("loop:1", count=2), loop("loop:2", count=2)], "fit"),),
            [],
            "fit.0.0 fit.0.1 fit.1.0 fit.1.1",
            id="lengths that are known before the run",
        ),
        pytest.param(
            (loads(), standing([loop("loop:2", count=2), OUTER], "fit")),
            [],
            "load fit.0 fit.1",
            id="a loop of known length around one that is not known",
        ),
        pytest.param(
            CHOICE, [("load", {"if:1": 0})], "load deploy warn drop report", id="a condition"
        ),
    ],
)
def test_the_steps_of_a_run(tasks, told, names):
    assert grown(*tasks, told=told).names == tuple(names.split())


@pytest.mark.parametrize(
    ("taken", "name", "why"),
    [
        pytest.param(0, "deploy", "", id="it is taken"),
        pytest.param(1, "deploy", ": `score > 0.8` is false", id="its own test does not hold"),
        pytest.param(2, "warn", ": `score > 0.5` is false", id="nor does this one's"),
        pytest.param(0, "warn", ": `score > 0.8` is true", id="an earlier test holds"),
        pytest.param(1, "drop", ": `score > 0.5` is true", id="the rest, when a test holds"),
    ],
)
def test_why_a_branch_is_not_taken(taken, name, why):
    left_out = grown(*CHOICE, told=[("load", {"if:1": taken})])[name].left_out
    assert left_out == (f"its branch was not taken{why}" if taken != 0 or why else "")


def test_why_the_steps_of_an_empty_loop_do_not_run():
    assert grown(*LOOP, told=[("load", {"loop:1": 0})])["fit"].left_out == "its loop has no items"


def test_a_loop_in_a_branch_that_is_not_taken_is_left_out_whole():
    inside = standing([TAKEN, loop("loop:2", "split")], "fit")
    splits = standing([TAKEN], "split", decides={"loop:2": "x"})
    steps = grown(CHOICE[0], splits, inside, told=[("load", {"if:1": 2})])
    assert [steps[name].left_out != "" for name in ("split", "fit")] == [True, True]


def test_conditions_in_one_another_open_one_after_the_other():
    inner = branches("if:2", "split", "deep")
    splits = standing([TAKEN], "split", decides={"if:2": "x"})
    tasks = (CHOICE[0], splits, standing([TAKEN, inner[0]], "fit"))
    assert grown(*tasks, told=[("load", {"if:1": 0})])["fit"].open
    steps = grown(*tasks, told=[("load", {"if:1": 0}), ("split", {"if:2": 0})])
    assert not steps["fit"].open
    assert not steps["fit"].left_out


def test_what_a_failure_keeps_from_running_is_not_taken_apart():
    steps = Expansion(plan(*LOOP))
    into = steps.decide("load", {"loop:1": 2}, lambda name: name == "score")
    assert into == {"fit": ("fit.0", "fit.1")}
    assert steps.names == ("load", "fit.0", "fit.1", "score", "best")


def test_an_instance_knows_its_step_and_its_numbers():
    steps = grown(*NESTED, told=[("load", {"loop:1": 2}), ("split.1", {"loop:2": 3})])
    made = steps.task("fit.1.2")
    assert (made.name, step_of(made), index_of(made)) == ("fit.1.2", "fit", (1, 2))
    assert (step_of(steps.task("best")), index_of(steps.task("best"))) == ("best", ())
    assert [*steps.items_of(INNER, (1, 2))] == ["fit.1.2"]
    assert [*steps.items_of(OUTER, (1,))] == ["split.1", "fit.1.0", "fit.1.1", "fit.1.2", "mean.1"]


@pytest.mark.parametrize(
    "told",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"loop:1": -1}, id="fewer than none"),
        pytest.param({"loop:1": True}, id="no number"),
        pytest.param({"loop:1": 1.0}, id="no whole number"),
        pytest.param({"loop:2": 1}, id="of another loop"),
    ],
)
def test_what_no_decider_can_tell(told):
    with pytest.raises(RunError) as caught:
        Expansion(plan(*LOOP)).check("load", told)
    assert caught.value.code == "KALE751"
    assert "`xs`" in caught.value.message


def test_a_branch_that_is_not_there_cannot_be_taken():
    with pytest.raises(RunError, match="`score`"):
        Expansion(plan(*CHOICE)).check("load", {"if:1": 3})


def test_a_loop_of_very_many_items_is_refused_before_anything_is_made(monkeypatch):
    steps = Expansion(plan(*LOOP))
    with pytest.raises(RunError) as caught:
        steps.check("load", {"loop:1": 10**12})
    assert caught.value.code == "KALE750"
    monkeypatch.setattr(expansion, "MOST_STEPS", 7)
    assert steps.check("load", {"loop:1": 1}) == {"loop:1": 1}
    with pytest.raises(RunError, match="over 7 steps"):
        steps.check("load", {"loop:1": 2})


def test_a_loop_of_very_many_items_in_the_text_is_refused():
    with pytest.raises(RunError, match="step `fit`"):
        Expansion(plan(standing([loop("loop:1", count=10**12)], "fit")))
