"""What a notebook holds that ``kale export`` cannot say in a script, each with its place."""

from __future__ import annotations

import pytest

LOAD = ("block:load", "xs = [1, 2, 3]; score = 2")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            [LOAD, ("block:a", "x = 1\n!ls")],
            "KALE780: nb: cell 2 (a), line 2: `!ls` is no Python, and a script has no IPython (say"
            " it in Python, as by `subprocess.run`, or tag the cell `skip`)",
            id="a command of the shell",
        ),
        pytest.param(
            [("block:a", "n = 0\ndef up():\n    global n\n    n += 1\nup()")],
            "KALE780: nb: cell 1 (a), line 3: `global n` would set another variable than the step's"
            " (return the value instead)",
            id="global",
        ),
        pytest.param(
            [("block:a", "from math import *\nprint(pi)")],
            "KALE780: nb: cell 1 (a), line 1: `from math import *` cannot stand in a function (move"
            " it to a cell tagged `imports`)",
            id="a star import in a step",
        ),
        pytest.param(
            [("block:a", "import asyncio\nawait asyncio.sleep(0)")],
            "KALE780: nb: cell 1 (a), line 1: the cell awaits something at its top level, which a"
            " function cannot (put it into an `async` function, and call that by `asyncio.run`)",
            id="await",
        ),
        pytest.param(
            [("parameters", "rate = 2"), ("functions", "def f(x):\n    return rate * x"),
             ("block:a", "print(f(1))")],
            "KALE780: nb: cell 2, line 1: code that all steps have reads the parameter `rate`,"
            " which only the steps of a script are given (give `rate` to the function as an"
            " argument)",
            id="a helper that reads a parameter",
        ),
        pytest.param(
            [("functions", "x = 1"), ("block:a", "x = x + 1"), ("block:b", "print(x)")],
            "KALE780: nb: cell 2 (a), line 1: step `a` reads `x` before it assigns it, and no step"
            " before has made it: in a function the name would have no value (give the new value"
            " another name)",
            id="a shared name that a step counts up",
        ),
        pytest.param(
            [("functions", "c = {}"), ("block:a", "c['n'] = 1"), ("block:b", "print(c)")],
            "KALE780: nb: cell 2 (a), line 1: step `a` changes `c`, which all steps have, and a"
            " later step reads it (make `c` in a step)",
            id="a shared value that a step changes",
        ),
        pytest.param(
            [("block:a", "x = 1"), ("block:b", "y = 2"), ("block:a", "print(x)")],
            "KALE780: nb: cell 3 (a), line 1: a cell of step `a` stands below those of `b`, and"
            " others above (put the cells of a step one after the other, or make two steps of"
            " them)",
            id="cells of a step apart",
        ),
        pytest.param(
            [("block:a prev:b", "x = 1"), ("block:b", "y = 2")],
            "KALE780: nb: cell 1 (a), line 1: step `a` runs after `b`, which stands below it (put"
            " the cells into the order in which the steps run)",
            id="steps in another order",
        ),
        pytest.param(
            [LOAD, (["block:a", "when:score"], "x = 1"), ("block:b prev:a", "print(xs)")],
            "KALE780: nb: cell 3 (b), line 1: step `b` runs after `a`, which may not run, and reads"
            " nothing of it (read a value of it, or remove `prev:a`)",
            id="a step after one that may not run",
        ),
        pytest.param(
            [
                ("block:a", "K = 2\nclass C:\n    def k(self):\n        return K\nc = C()"),
                ("block:b", "print(C().k(), c.k())"),
            ],
            "KALE780: nb: cell 1 (a), line 2: the class that step `b` takes over from another step"
            " reads variables of that step (move the class to a cell tagged `functions`)",
            id="a class that reads a step's variables",
        ),
        pytest.param(
            [("functions", "x = 1\ndef f():\n    return x"), ("block:a", "x = 2\nprint(f())")],
            "KALE780: nb: cell 2 (a), line 1: step `a` assigns `x`, which functions that all steps"
            " have read (give it another name, or give it to the functions as an argument)",
            id="a shared name that functions read",
        ),
    ],
)  # fmt: skip
def test_what_a_script_cannot_say_is_refused(refusals, cells, expected):
    assert refusals(*cells) == [expected]
