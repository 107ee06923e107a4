"""Loops and conditions in notebooks: what the steps stand in, and who decides."""

from __future__ import annotations

import pytest

from kale.control import Branch


def within(step):
    """What a step stands in: ``x in ITEMS``, or the number of the branch of its condition."""
    return [
        f"{one.key}.{one.number}" if isinstance(one, Branch) else f"{one.target} in {one.items}"
        for one in step.within
    ]


def shape(pipeline):
    return [
        " ".join([step.name, *(f"[{one}]" for one in within(step))])
        + (f": {step.sources[0].code}" if step.decides else "")
        for step in pipeline.steps
    ]


LOAD = ("xs = [1, 2]; score = 1", "block:load")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param([("y = 1", "block:a")], ["a"], id="no tag, no loop"),
        pytest.param(
            [LOAD, ("y = x", "block:a", "loop:x in xs"), ("y", "block:b")],
            ["load", "loop-1-items: kale_items_1 = xs", "a [x in kale_items_1]", "b"],
            id="a step decides how many items there are",
        ),
        pytest.param(
            [("y = x", "block:a", "loop:x in [1, 2]")],
            ["a [x in [1, 2]]"],
            id="nobody need decide about a literal",
        ),
        pytest.param(
            [("y = x", "block:a", "loop:x in range(1, 9, 3)")],
            ["a [x in range(1, 9, 3)]"],
            id="nobody need decide about a range of numbers",
        ),
        pytest.param(
            [("y = x", "block:a", "loop:x in range(3)"), ("range = list", "block:b")],
            ["loop-1-items: kale_items_1 = [*(range(3))]", "a [x in kale_items_1]", "b"],
            id="a range that the notebook defines is not Python's",
        ),
        pytest.param(
            [("y = x", "block:a", "loop:x in range('a')")],
            ["loop-1-items: kale_items_1 = [*(range('a'))]", "a [x in kale_items_1]"],
            id="what cannot be counted fails when it runs",
        ),
        pytest.param(
            [LOAD, ("y = x", "block:a", "loop:i, x in enumerate(xs)")],
            ["load", "loop-1-items: kale_items_1 = [*(enumerate(xs))]", "a [i, x in kale_items_1]"],
            id="what can be read once is made a list",
        ),
        pytest.param(
            [
                LOAD,
                ("y = x", "block:a", "loop:x in xs"),
                ("z = y", "block:b", "loop:x in xs"),
                ("z", "block:c"),
                ("w = x", "block:d", "loop:x in xs"),
            ],
            [
                "load",
                "loop-1-items: kale_items_1 = xs",
                "a [x in kale_items_1]",
                "b [x in kale_items_1]",
                "c",
                "loop-2-items: kale_items_2 = xs",
                "d [x in kale_items_2]",
            ],
            id="neighbours stand in one loop, others in another",
        ),
        pytest.param(
            [
                LOAD,
                ("y = x", "block:a", "loop:x in xs", "loop:z in range(x)"),
                ("w = y", "block:b", "loop:x in xs"),
            ],
            [
                "load",
                "loop-1-items: kale_items_1 = xs",
                "loop-2-items [x in kale_items_1]: kale_items_2 = [*(range(x))]",
                "a [x in kale_items_1] [z in kale_items_2]",
                "b [x in kale_items_1]",
            ],
            id="loops nest in the order written",
        ),
        pytest.param(
            [LOAD, ("y = 1", "block:a", "when:score > 0.8"), ("2", "block:b")],
            ["load", "if-1: kale_branch_1 = 0 if (score > 0.8) else 1", "a [if:1.0]", "b"],
            id="a condition",
        ),
        pytest.param(
            [
                LOAD,
                ("y = 1", "block:a", "when:score > 0.8"),
                ("y = 2", "block:b", "when:score > 0.8"),
                ("y = 3", "block:c", "when:else"),
                ("y = 4", "block:d", "when:else"),
                ("y = 5", "block:e", "when:score > 0.8"),
            ],
            [
                "load",
                "if-1: kale_branch_1 = 0 if (score > 0.8) else 1",
                "a [if:1.0]",
                "b [if:1.0]",
                "c [if:1.1]",
                "d [if:1.1]",
                "if-2: kale_branch_2 = 0 if (score > 0.8) else 1",
                "e [if:2.0]",
            ],
            id="neighbours stand in one branch, and the other one follows",
        ),
        pytest.param(
            [
                LOAD,
                ("y = 1", "block:a", "when:score > 2"),
                ("y = 2", "block:b", "when:elif score > 1"),
                ("y = 2", "block:b2", "when:elif score > 1"),
                ("y = 3", "block:c", "when:else"),
            ],
            [
                "load",
                "if-1: kale_branch_1 = 0 if (score > 2) else 1 if (score > 1) else 2",
                "a [if:1.0]",
                "b [if:1.1]",
                "b2 [if:1.1]",
                "c [if:1.2]",
            ],
            id="elif and else",
        ),
        pytest.param(
            [
                LOAD,
                ("y = 1", "block:a", "when:score > 2"),
                ("y = 2", "block:b", "when:else", "when:score > 1"),
                ("y = 3", "block:c", "when:else"),
            ],
            [
                "load",
                "if-1: kale_branch_1 = 0 if (score > 2) else 1",
                "a [if:1.0]",
                "if-2 [if:1.1]: kale_branch_2 = 0 if (score > 1) else 1",
                "b [if:1.1] [if:2.0]",
                "c [if:1.1]",
            ],
            id="a condition in a branch",
        ),
        pytest.param(
            [LOAD, ("1", "block:a", "when:score"), ("1", "block:b", "when:not score")],
            [
                "load",
                "if-1: kale_branch_1 = 0 if (score) else 1",
                "a [if:1.0]",
                "if-2: kale_branch_2 = 0 if (not score) else 1",
                "b [if:2.0]",
            ],
            id="the opposite is asked anew, as the first step may have changed it",
        ),
        pytest.param(
            [LOAD, ("y = x", "block:a", "loop:x in xs", "when:x > 1")],
            [
                "load",
                "loop-1-items: kale_items_1 = xs",
                "if-1 [x in kale_items_1]: kale_branch_1 = 0 if (x > 1) else 1",
                "a [x in kale_items_1] [if:1.0]",
            ],
            id="a condition in a loop",
        ),
        pytest.param(
            [LOAD, ("y = 1", "block:a"), ("z = y", "loop:x in xs")],
            ["load", "loop-1-items: kale_items_1 = xs", "a [x in kale_items_1]"],
            id="a tag on one cell of a step is of the step",
        ),
        pytest.param(
            [
                ("loop_1_items = kale_items_1 = [1]", "block:loop-1-items"),
                ("y = x", "block:a", "loop:x in kale_items_1"),
            ],
            [
                "loop-1-items",
                "loop-1-items-2: kale_items_1001 = kale_items_1",
                "a [x in kale_items_1001]",
            ],
            id="the author's names stay the author's",
        ),
        pytest.param(
            [LOAD, ("y = x", "block:a", "loop:x in xs"), ("", "skip", "loop:x in ys")],
            ["load", "loop-1-items: kale_items_1 = xs", "a [x in kale_items_1]"],
            id="a skipped cell says nothing",
        ),
    ],
)
def test_steps_stand_in_loops_and_conditions(parse, cells, expected):
    assert shape(parse(*cells)) == expected


def test_names_of_values_that_a_loop_binds_are_collected(parse):
    cell = "import os\ny = x; i = 1\nfor z in []: w, v = 1, 2\ndef f():\n    u = 1\nclass C: pass"
    step = parse((cell, "block:a", "loop:(x, i) in [(1, 2)]")).steps[0]
    assert step.within[0].collected == (("y", "y"), ("z", "z"), ("w", "w"), ("v", "v"))


def test_both_loops_around_a_step_collect_its_names(parse):
    cells = [("y = x", "block:a", "loop:x in [1]", "loop:z in [2]"), ("x = w = 1", "loop:x in [1]")]
    steps = parse(cells[0], (cells[1][0], "block:b", cells[1][1])).steps
    assert [one.collected for one in steps[0].within] == [(("y", "y"), ("w", "w")), (("y", "y"),)]


def test_parallelism_is_of_the_loop_before_it(parse):
    tags = ["loop:x in [1]", "parallelism:4", "loop:y in [1, 2]"]
    steps = parse(("1", "block:a", *tags), ("1", "block:b", "loop:x in [1]")).steps
    assert [one.parallelism for one in steps[0].within] == [4, None]
    assert steps[1].within[0] is steps[0].within[0]


def test_who_decides_runs_when_and_where_the_first_step_could(parse):
    steps = parse(
        LOAD,
        ("1", "block:log"),
        ("y = x", "block:a", "loop:x in xs", "prev:load", "image:i:1", "limit:cpu:2", "retry:3"),
        ("y", "block:b", "loop:x in xs", "prev:a", "prev:log"),
    ).steps
    decider = next(step for step in steps if step.decides)
    assert (decider.after, decider.decides) == (("load",), (("loop:1", "kale_items_1"),))
    assert (decider.options.image, decider.options.limits, decider.options.retries) == (
        "i:1", (), None,
    )  # fmt: skip
    assert (decider.at.cell, decider.at.step) == (3, "loop-1-items")


def test_a_branch_does_not_wait_for_the_other_one(parse):
    steps = parse(
        LOAD,
        ("y = 1", "block:a", "when:score"),
        ("y = 2", "block:b", "when:else", "prev:a", "prev:load"),
        ("y", "block:c", "prev:a", "prev:b"),
    ).steps
    assert [(step.name, step.after) for step in steps[-2:]] == [("b", ("load",)), ("c", ("a", "b"))]
