"""Loops and conditions of notebooks that make no sense: each error with its place and remedy."""

from __future__ import annotations

import pytest

LOAD = ("xs = [1, 2]; score = 1", "block:load")
LOOP = ("y = x", "block:a", "loop:x in [1, 2]")

_PIECE = (
    " (a loop or condition is one piece: put its cells one after the other, and those of any other"
    " step before or after them)"
)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            [LOAD, ("def f(): pass", "functions", "loop:x in xs")],
            "cell 2: KALE775: the tag `loop:x in xs` stands on a cell of `functions` (loops and"
            " conditions are of one step: give the code a cell of its own, tagged `block:NAME`)",
            id="functions",
        ),
        pytest.param(
            [LOAD, ("print(score)", "pipeline-metrics", "when:score")],
            "cell 2: KALE775: the tag `when:score` stands on a cell of `pipeline-metrics` (loops"
            " and conditions are of one step: give the code a cell of its own, tagged"
            " `block:NAME`)",
            id="metrics",
        ),
        pytest.param(
            [LOAD, ("1", "block:a;b", "loop:x in xs")],
            "cell 2: KALE775: the tag `loop:x in xs` stands on a cell that belongs to several steps"
            " (loops and conditions are of one step: give the code a cell of its own, tagged"
            " `block:NAME`)",
            id="a cell of two steps",
        ),
        pytest.param(
            [LOAD, ("1", "block:a", "loop:x in xs"), ("2", "loop:y in xs")],
            "cell 3 (a): KALE776: step `a` is tagged `loop:x in xs` in cell 2 and `loop:y in xs`"
            " in cell 3 (a step has one such row of tags: tag one of its cells only, or make two"
            " steps)",
            id="two loops of one step",
        ),
        pytest.param(
            [LOAD, ("1", "block:a", "parallelism:2", "loop:x in xs")],
            "cell 2 (a): KALE776: the tag `parallelism:2` follows no `loop:` tag of its own (put it"
            " right after the loop's tag, as in `loop:x in xs`, `parallelism:4`)",
            id="parallelism before the loop",
        ),
        pytest.param(
            [
                LOAD,
                ("1", "block:a", "loop:x in xs", "parallelism:2"),
                ("1", "block:b", "loop:x in xs", "parallelism:3"),
            ],
            "cell 3 (b): KALE776: the loop `loop:x in xs` has both `parallelism:2` (step `a`) and"
            " `parallelism:3` (step `b`) (keep one of the two tags)",
            id="two values for parallelism",
        ),
        pytest.param(
            [LOAD, ("1", "block:a", "loop:i, x in enumerate(xs)", "loop:x in range(3)")],
            "cell 2 (a): KALE779: the loop `loop:x in range(3)` of step `a` sets `x`, which a loop"
            " around it sets, too (give the inner loop's variable another name)",
            id="an inner loop that sets an outer one's variable",
        ),
        pytest.param(
            [LOAD, ("1", "block:a", "when:else")],
            "cell 2 (a): KALE777: step `a` is tagged `when:else`, and no step with a `when:` tag"
            " stands right before it (put it right after the step that runs when the condition is"
            " true, or write the condition)",
            id="else without a condition",
        ),
        pytest.param(
            [
                LOAD,
                ("1", "block:a", "when:score"),
                ("1", "block:b", "when:else"),
                ("1", "block:c", "when:elif score > 1"),
            ],
            "cell 4 (c): KALE777: step `c` is tagged `when:elif score > 1`, and no step with a"
            " `when:` tag stands right before it (put it right after the step that runs when the"
            " condition is true, or write the condition)",
            id="elif after else",
        ),
        pytest.param(
            [LOAD, ("1", "block:a", "when:score"), ("1", "block:b"), ("1", "block:c", "when:else")],
            "cell 4 (c): KALE777: step `c` is tagged `when:else`, and no step with a `when:` tag"
            " stands right before it (put it right after the step that runs when the condition is"
            " true, or write the condition)",
            id="a step before else",
        ),
        pytest.param(
            [LOAD, ("1", "block:a", "loop:x in xs"), ("1", "block:b"), ("1", "block:a")],
            "cell 3 (b): KALE778: cell 3, of step `b`, stands between the cells of the loop or"
            " condition that begins in cell 2" + _PIECE,
            id="a step in the midst of a loop",
        ),
        pytest.param(
            [
                LOAD,
                ("1", "block:a", "loop:x in xs"),
                ("print(1)", "pipeline-metrics"),
                ("1", "block:b", "loop:x in xs"),
            ],
            "cell 3: KALE778: cell 3, of `pipeline-metrics`, stands between the cells of the loop"
            " or condition that begins in cell 2" + _PIECE,
            id="metrics in the midst of a loop",
        ),
        pytest.param(
            [LOAD, ("1", "block:a", "loop:x in xs"), ("1", "block:load")],
            "cell 3 (load): KALE778: cell 3, of step `load`, stands after the loop or condition"
            " that begins in cell 2, and another of that step before it" + _PIECE,
            id="a step around a loop",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(problems, cells, expected):
    assert problems(*cells) == [f"nb.ipynb: {expected}"]


def test_functions_and_comments_may_stand_in_the_midst_of_a_loop(problems):
    assert not problems(
        LOAD,
        ("1", "block:a", "loop:x in xs"),
        ("def f(): pass", "functions"),
        ("# note", "imports"),
        ("f()", "block:b", "loop:x in xs"),
    )


def test_loops_are_no_defaults_of_all_steps(problems):
    found = problems(LOAD, metadata={"kubeflow_notebook": {"steps_defaults": ["loop:x in xs"]}})
    assert [line.split(" (")[0] for line in found] == [
        "nb.ipynb: KALE110: `loop:x in xs` in `steps_defaults` is no option of a step"
    ]


_OWN = (
    "; each item has a value of its own (assign `x` to another name in the loop, and read that: it"
    " is a list after it)"
)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            [("x = 5", "block:l"), LOOP, ("1", "block:b"), ("y = 1\nprint(x)", "block:c")],
            ["cell 4 (c), line 2: KALE746: step `c` reads `x` after the loop that sets it in step `a`"],
            id="a step below",
        ),
        pytest.param(
            [("x = 5", "functions"), LOOP, ("print(x)", "pipeline-metrics")],
            ["cell 3, line 1: KALE746: the code of `pipeline-metrics` reads `x` after the loop that"
             " sets it in step `a`"],
            id="the metrics",
        ),
        pytest.param(
            [("x = 5", "block:l"), LOOP, ("1", "block:b", "when:x > 1")],
            ["cell 3 (if-1), line 1: KALE746: step `if-1` reads `x` after the loop that sets it in"
             " step `a`"],
            id="a condition below",
        ),
        pytest.param(
            [LOOP, ("x = 3\nprint(x)", "block:b"), ("print(x)", "block:c")], [], id="set before"
        ),
        pytest.param(
            [LOAD, LOOP, ("x = 1", "block:b", "when:score"), ("print(x)", "block:c")],
            ["cell 4 (c), line 1: KALE746: step `c` reads `x` after the loop that sets it in step `a`"],
            id="set in a branch that may not run",
        ),
        pytest.param(
            [
                ("x = score = 5", "block:l"),
                (*LOOP[:2], "when:score > 9", LOOP[2]),
                ("print(x)", "block:b", "when:else"),
            ],
            [],
            id="in the other branch",
        ),
        pytest.param([LOOP, ("print([x for x in [1]])", "block:b")], [], id="of a comprehension"),
        pytest.param([LOOP, ("for x in [1]:\n    print(x)", "block:b")], [], id="of a statement"),
        pytest.param(
            [LOOP, ("z = x", "block:b", "loop:x in [3]")], [], id="of a loop of its own"
        ),
        pytest.param([LOOP, ("z = x", "block:b", "loop:x in [1, 2]")], [], id="of the same loop"),
        pytest.param(
            [LOOP, ("def f(x):\n    return x\nprint(f(1))", "block:b")], [], id="of a function"
        ),
    ],
)  # fmt: skip
def test_the_item_of_a_loop_is_its_own(problems, cells, expected):
    assert problems(*cells) == [f"nb.ipynb: {line}{_OWN}" for line in expected]
