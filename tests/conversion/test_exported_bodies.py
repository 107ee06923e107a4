"""The body of an exported pipeline: arguments, results, lists, conditions; and what it prints."""

from __future__ import annotations

import pytest
from printed import printed

from kale import core


def body(text):
    """The lines of the pipeline's function, and the steps that it calls beside those of cells."""
    function = text.split("@pipeline")[1].split("\ndef ")[1]
    return [line[4:] for line in function.split("\n\n\n")[0].splitlines()[1:]]


LOAD = ("block:load", "xs = [1, 2, 3]; score = 2")


@pytest.mark.parametrize(
    ("cells", "expected", "out"),
    [
        pytest.param(
            [LOAD, ("block:show", "print(len(xs), score)")],
            ["xs, score = load()", "show(xs, score)"],
            "3 2\n",
            id="values go from results to arguments",
        ),
        pytest.param(
            [LOAD, ("block:more", "xs.append(4)"), ("block:show", "print(xs)")],
            ["xs = load()", "xs = more(xs)", "show(xs)"],
            "[1, 2, 3, 4]\n",
            id="what a step changes in place is given back",
        ),
        pytest.param(
            [LOAD, ("block:maybe", "if score > 5:\n    score = 0"), ("block:show", "print(score)")],
            ["score = load()", "score = maybe(score)", "show(score)"],
            "2\n",
            id="what a step may assign comes from before",
        ),
        pytest.param(
            [
                LOAD,
                ("imports", "from contextlib import suppress"),
                ("block:maybe", "with suppress(ZeroDivisionError):\n    score = 1 / 0"),
                ("block:show", "print(score)"),
            ],
            ["score = load()", "score = maybe(score)", "show(score)"],
            "2\n",
            id="what a block may skip comes from before",
        ),
        pytest.param(
            [("block:load", "load = 1"), ("block:show", "print(load)")],
            ["load = load_step()", "show(load)"],
            "1\n",
            id="a step may be called as a variable",
        ),
        pytest.param(
            [("block:a", "step = pipeline = 1"), ("block:b", "print(step, pipeline)")],
            None,
            "1 1\n",
            id="variables may be called as the decorators",
        ),
        pytest.param(
            [LOAD, ("block:log", "print('hi')"), ("block:show prev:log", "print(xs)")],
            ["xs = load()", "log_done = log()", "show(xs, log_done)"],
            "hi\n[1, 2, 3]\n",
            id="order without a value gets one",
        ),
        pytest.param(
            [LOAD, (["block:sq", "prev:load", "loop:x in xs"], "y = x * x"),
             ("block:show", "print(y)")],
            ["xs = load()", "y = []", "for x in xs:", "    y_item = sq(x)", "    y.append(y_item)",
             "show(y)"],
            "[1, 4, 9]\n",
            id="names of a loop become lists",
        ),
        pytest.param(
            [
                LOAD,
                (["block:sq", "loop:i, x in enumerate(xs)", "parallelism:2"], "y = i * x"),
                (["block:up", "loop:i, x in enumerate(xs)"], "z = y + 1"),
                ("block:show", "print(z)"),
            ],
            [
                "xs = load()",
                "z = []",
                "for i, x in parallel(enumerate(xs), 2):",
                "    y = sq(i, x)",
                "    z_item = up(y)",
                "    z.append(z_item)",
                "show(z)",
            ],
            "[1, 3, 7]\n",
            id="steps of one loop hand values on",
        ),
        pytest.param(
            [
                LOAD,
                (["block:a", "loop:x in xs", "loop:z in range(x)"], "y = x * z"),
                (["block:b", "loop:x in xs"], "s = sum(y)"),
                ("block:show", "print(y, s)"),
            ],
            [
                "xs = load()",
                "s = []",
                "y = []",
                "for x in xs:",
                "    y_item = []",
                "    for z in range(x):",
                "        y_item_2 = a(x, z)",
                "        y.append(y_item_2)",
                "        y_item.append(y_item_2)",
                "    s_item = b(y_item)",
                "    s.append(s_item)",
                "show(y, s)",
            ],
            "[0, 0, 2, 0, 3, 6] [0, 2, 9]\n",
            id="inner lists are there in the outer loop, and all in one after it",
        ),
        pytest.param(
            [
                LOAD,
                (["block:big", "loop:x in xs", "when:x > 1"], "y = x"),
                ("block:show", "print(y)"),
            ],
            [
                "xs = load()",
                "y = []",
                "for x in xs:",
                "    if x > 1:",
                "        y_item = big(x)",
                "        y.append(y_item)",
                "show(y)",
            ],
            "[2, 3]\n",
            id="what a condition leaves out is not in the list",
        ),
        pytest.param(
            [
                LOAD,
                (["block:a", "loop:x in xs", "loop:z in range(2)"], "y = x"),
                (["block:b", "loop:x in xs", "loop:z in range(2)", "when:z > 0"], "y = -x"),
                ("block:show", "print(y)"),
            ],
            [
                "xs = load()",
                "y = []",
                "for x in xs:",
                "    for z in range(2):",
                "        y_item = a(x)",
                "        if z > 0:",
                "            y_item = b(x)",
                "        y.append(y_item)",
                "show(y)",
            ],
            "[1, -1, 2, -2, 3, -3]\n",
            id="what a condition sets anew is in the list",
        ),
        pytest.param(
            [
                LOAD,
                (["block:a", "when:score > 5"], "y = 1"),
                (["block:b", "when:elif score > 1"], "y = 2"),
                (["block:c", "when:else"], "y = 3"),
                ("block:show", "print(y)"),
            ],
            [
                "score = load()",
                "if score > 5:",
                "    y = a()",
                "elif score > 1:",
                "    y = b()",
                "else:",
                "    y = c()",
                "show(y)",
            ],
            "2\n",
            id="conditions",
        ),
        pytest.param(
            [
                LOAD,
                (["block:a", "when:len(xs) > 5"], "y = 1"),
                (["block:b", "when:else"], "y = 2"),
                ("block:show", "print(y)"),
            ],
            [
                "xs = load()",
                "choice = choice_1(xs)",
                "if choice == 0:",
                "    y = a()",
                "else:",
                "    y = b()",
                "show(y)",
            ],
            "2\n",
            id="a test with a call gets a step",
        ),
        pytest.param(
            [LOAD, (["block:a", "when:score", "loop:x in xs"], "y = x"), ("block:show", "print(y)")],
            [
                "xs, score = load()",
                "if score:",
                "    y = []",
                "    for x in xs:",
                "        y_item = a(x)",
                "        y.append(y_item)",
                "show(y)",
            ],
            "[1, 2, 3]\n",
            id="a loop in a condition",
        ),
        pytest.param(
            [LOAD, (["block:a", "loop:x in xs"], "xs = x"), ("block:show", "print(xs)")],
            [
                "xs = load()",
                "items = items_1(xs)",
                "xs = []",
                "for x in items:",
                "    xs_item = a(x)",
                "    xs.append(xs_item)",
                "show(xs)",
            ],
            "[1, 2, 3]\n",
            id="a list that is called as what the loop goes over",
        ),
        pytest.param(
            [LOAD, (["block:a", "loop:x in sorted(xs)[1:]"], "y = x"), ("block:show", "print(y)")],
            [
                "xs = load()",
                "items = items_1(xs)",
                "y = []",
                "for x in items:",
                "    y_item = a(x)",
                "    y.append(y_item)",
                "show(y)",
            ],
            "[2, 3]\n",
            id="items that are computed get a step",
        ),
        pytest.param(
            [
                ("block:a", "class C:\n    pass\n\n\ndef make():\n    return C()\n\n\nc = make()"),
                ("block:b", "print(isinstance(c, C), isinstance(make(), C))"),
            ],
            ["c = a()", "b(c)"],
            "True True\n",
            id="classes and functions of several steps stand at the top",
        ),
        pytest.param(
            [
                ("block:a", "K = 2\ndef twice(x):\n    return K * x\ny = twice(1)"),
                ("block:b", "K = 3\nprint(y, twice(1))"),
            ],
            ["y = a()", "b(y)"],
            "2 3\n",
            id="a function that reads a step's variables is in each step",
        ),
        pytest.param(
            [("pipeline-parameters", "n = 2\nrate: float = 1\nname = 'a'\nk: int = None"),
             ("block:a", "print(n, rate, name, k)")],
            ["a(n, rate, name, k)"],
            "2 1 a None\n",
            id="parameters",
        ),
        pytest.param(
            [LOAD, ("block:a", "t = 1\n%time s = score + 1"), ("block:show", "print(s)")],
            ["score = load()", "s = a(score)", "show(s)"],
            "3\n",
            id="a timed statement is the statement",
        ),
    ],
)  # fmt: skip
def test_the_script_computes_what_the_cells_do(export, tmp_path, cells, expected, out):
    text = export(*cells)
    if expected is not None:
        assert body(text) == expected
    assert printed(text) == out
    script = tmp_path / "exported.py"
    script.write_text(text, encoding="utf-8")
    core.check(script)  # raises where it does not lower
