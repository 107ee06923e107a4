"""Values and state that each step has of its own: fresh values, caches, closures, views."""

import pytest
from pipelines import chain, pipeline

from kale.static_analysis import analyze

IMPORTS = (
    "imports",
    "import random, tempfile, time, uuid\nimport numpy as np\nimport pandas as pd\n"
    "from datetime import datetime\nfrom functools import cache, lru_cache",
)
CODES = {"KALE341", "KALE344", "KALE345", "KALE346"}


def said(notebook):
    """The findings that this file is about, as text."""
    return [
        f"{str(d.at).partition(' ')[2]}: {d.code}: {d.message}; {d.hint}"
        for d in analyze(notebook).diagnostics
        if d.code in CODES
    ]


def shared(code, *steps, functions="pass"):
    """A chain of steps `a`, `b`… below a shared cell."""
    return chain(
        IMPORTS, ("functions", functions), ("imports", code), *zip("abc", steps, strict=False)
    )


def twice(code, *rest):
    """A cell of steps `a` and `b`, a cell of each, and a step `c` after both."""
    return pipeline(
        IMPORTS, ("a;b", code), *zip("abc", rest, strict=False), after={"c": ["a", "b"]}
    )


COUNTER = (
    "def make():\n    n = 0\n    def inc():\n        nonlocal n\n        n += 1\n"
    "    def get():\n        return n\n    return inc, get\n"
)
CACHED = "calls = []\n@cache\ndef f(n):\n    calls.append(n)\n    return n\n"

SILENT = [
    pytest.param(shared("x = uuid.uuid4()", "x", "1"), id="a value that one step reads"),
    pytest.param(shared("x = time.time()", "x", "1"), id="a clock that the first step alone reads"),
    pytest.param(shared("x = np.random.default_rng(0)", "x", "x"), id="a generator with a seed"),
    pytest.param(shared("x = np.random.default_rng()", "x.normal()", "x.normal()"),
                 id="a generator that travels with what was drawn"),
    pytest.param(shared("random.seed(1)\nx = random.random()", "x", "x"), id="a draw after a seed"),
    pytest.param(shared("x = uuid.uuid4()\nx = 1", "x", "x"), id="a name that is set anew"),
    pytest.param(shared("x = datetime(2020, 1, 1)", "x", "x"), id="a date that is fixed"),
    pytest.param(shared("x = 1", "y = uuid.uuid4()", "y"), id="a value that a step makes"),
    pytest.param(shared("x = f", "x()", "x()", functions="def f():\n    return uuid.uuid4()"),
                 id="a function that is not called"),
    pytest.param(twice("x = uuid.uuid4()", "1", "2", "3"), id="a value that nobody reads"),
    pytest.param(twice("x = [1]", "p = x", "q = [2]", "p is q"), id="two objects of their own"),
    pytest.param(twice("x = 1", "p = x", "q = x", "p is q"), id="a constant"),
    pytest.param(
        chain(IMPORTS, ("a", CACHED.replace("calls.append(n)", "pass") + "f(1)"), ("b", "f(1)")),
        id="a cached function that does nothing else",
    ),
    pytest.param(chain(IMPORTS, ("a", CACHED + "f(1)"), ("b", "calls")), id="a cache of one step"),
    pytest.param(chain(("a", COUNTER + "inc, get = make()\ninc()"), ("b", "x = 1")),
                 id="closures that stay"),
    pytest.param(chain(("a", COUNTER + "inc, get = make()"), ("b", "inc()")),
                 id="one closure of two that travels"),
    pytest.param(
        chain(("a", COUNTER.replace("nonlocal n", "n = 1") + "inc, get = make()"), ("b", "inc(), get()")),
        id="functions that share no variable",
    ),
    pytest.param(
        chain(IMPORTS, ("a", "x = np.ones(2)\ns = pd.Series(x)"), ("b", "x[0] = 2"), ("c", "s")),
        id="a copy",
    ),
    pytest.param(
        chain(IMPORTS, ("a", "x = np.ones(2)\ns = pd.Series(x, copy=False)"), ("b", "x + 1"), ("c", "s")),
        id="a view that nobody changes",
    ),
]  # fmt: skip


@pytest.mark.parametrize("notebook", SILENT)
def test_nothing_is_said_of(notebook):
    assert said(notebook) == []


REMEDY = "tag the cell with a `block:` of its own, so that the value travels"

TOLD = [
    pytest.param(
        shared("x = uuid.uuid4()", "x", "x"),
        f"cell 3, line 1: KALE341: each step makes its own `x`, by `uuid.uuid4`, at its start; the "
        f"notebook makes one; {REMEDY}",
        id="an identity",
    ),
    pytest.param(
        shared("start = time.time()", "x = 1", "time.time() - start"),
        f"cell 3, line 1: KALE341: each step makes its own `start`, by `time.time`, at its start; "
        f"the notebook makes one; {REMEDY}",
        id="a clock that a later step reads",
    ),
    pytest.param(
        shared("t = datetime.now()\nname = f'run-{t}'", "name", "name"),
        f"cell 3, line 1: KALE341: each step makes its own `name`, by `datetime.now`, at its start; "
        f"the notebook makes one; {REMEDY}",
        id="by way of another name",
    ),
    pytest.param(
        shared("x = new()", "x", "x", functions="def new():\n    return str(uuid.uuid4())"),
        f"cell 3, line 1: KALE341: each step makes its own `x`, by `new`, at its start; the "
        f"notebook makes one; {REMEDY}",
        id="by a function",
    ),
    pytest.param(
        shared("x = random.random()", "x", "x"),
        f"cell 3, line 1: KALE341: each step makes its own `x`, by `random.random`, at its start; "
        f"the notebook makes one; {REMEDY}",
        id="a draw without a seed",
    ),
    pytest.param(
        shared("x = object()", "x", "x"),
        f"cell 3, line 1: KALE341: each step makes its own `x`, by `object`, at its start; the "
        f"notebook makes one; {REMEDY}",
        id="an object that is itself alone",
    ),
    pytest.param(
        twice("x = uuid.uuid4().hex", "p = x", "q = x", "p == q"),
        f"cell 2 (a), line 1: KALE341: steps `a` and `b` each make their own `x`, by `uuid.uuid4`; "
        f"the notebook makes one; {REMEDY}",
        id="a cell of two steps",
    ),
    pytest.param(
        twice("x = [1]", "p = x", "q = x", "p is q"),
        f"cell 2 (a), line 1: KALE341: steps `a` and `b` each make their own `x`, and step `c` gets "
        f"both; in the notebook they are one object; {REMEDY}",
        id="an object of two steps that a third gets from both",
    ),
    pytest.param(
        chain(IMPORTS, ("a", CACHED + "f(1)"), ("b", "f(1)"), ("c", "calls")),
        "cell 2 (a), line 3: KALE344: `f` starts with an empty cache in step `b`, so that its body "
        "runs again there, with `calls.append`; in the notebook the results of step `a` are still "
        "there; let the function do nothing but return its result, or keep the results in a "
        "dictionary, which travels",
        id="a cached function that leaves a trace",
    ),
    pytest.param(
        chain(IMPORTS, ("functions", CACHED.replace("@cache", "@lru_cache(maxsize=9)")),
              ("a", "f(1)"), ("b", "f(1)")),
        "cell 2, line 3: KALE344: `f` starts with an empty cache in step `b`, so that its body "
        "runs again there, with `calls.append`; in the notebook the results of step `a` are still "
        "there; let the function do nothing but return its result, or keep the results in a "
        "dictionary, which travels",
        id="a cached function in a shared cell",
    ),
    pytest.param(
        chain(("a", COUNTER + "inc, get = make()"), ("b", "inc()"), ("c", "get()")),
        "cell 1 (a), line 9: KALE345: the functions that `make` makes share its variable `n`; saved "
        "for another step, each gets a variable of its own; make them methods of a class that keeps "
        "the variable in `self`",
        id="two closures over one variable",
    ),
    pytest.param(
        chain(("a", COUNTER + "pair = make()"), ("b", "pair[0]()")),
        "cell 1 (a), line 9: KALE345: the functions that `make` makes share its variable `n`; saved "
        "for another step, each gets a variable of its own; make them methods of a class that keeps "
        "the variable in `self`",
        id="two closures in one value",
    ),
    pytest.param(
        chain(IMPORTS, ("a", "x = np.ones(2)\ns = pd.Series(x, copy=False)"), ("b", "x[0] = 2"),
              ("c", "s")),
        "cell 2 (a), line 2: KALE346: `s` and `x` share their memory here; saved for another step "
        "they come apart, and step `b` changes one of them; make a copy, or do both in one step",
        id="a view that a library makes",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), TOLD)
def test_a_warning_of(notebook, expected):
    assert said(notebook) == [expected]
