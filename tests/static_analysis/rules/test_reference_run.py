"""What a notebook means: its active cells, in order, in one kernel; and what a step is given."""

import json

import pytest
from both_ways import ROW, row, wires

from kale.codegen import make_plan

ORDER = [
    row("a cell tagged skip", ("a", "x = 1"), ("skip", "x = 2"), ("b", "r = x")),
    row("cells of one step", ("a", "x = 1"), ("a", "x += 1"), ("a", "r = x")),
    row("the cells of a step around another's", ("a", "x = 1"), ("b", "y = x + 1"), ("a", "z = 5"),
        ("c", "r = y + z"), after={"b": ("a",), "c": ("a", "b")}),
    row("steps that stand in another order than their graph says", ("b", "y = 2"), ("a", "x = 1"),
        ("c", "r = x, y"), after={"c": ("a", "b")}),
    row("a function that is called before a later cell defines it anew",
        ("a", "def f(): return 1\nx = f()"), ("b", "def f(): return 2\ny = f()"),
        ("c", "r = x, y, f()")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, ORDER)
def test_active_cells_count_in_notebook_order(computes_the_same, cells, after, expected):
    computes_the_same(cells, after, expected)


def test_a_step_is_given_its_inputs_and_nothing_else(analyzed):
    found = analyzed(
        ("a", "x = 1\nunused = 2\nfor i in (1, 2): pass"), ("b", "y = 3"), ("c", "r = x")
    )
    assert wires(found) == {"x: a -> c"}


def test_a_step_notebook_holds_its_parts_in_their_order(analyzed):
    found = analyzed(
        ("parameters", "alpha = 3"), ("imports", "import math"), ("functions", "def f(): return 1"),
        ("a", "x = 1"), ("b", "y = x + alpha"), ("b", "%time y += f()"), ("metrics", "print(y)"),
    )  # fmt: skip
    cells = json.loads(make_plan(found).task("b").notebook)["cells"]
    assert [(cell["metadata"]["kale"]["role"], "".join(cell["source"])) for cell in cells] == [
        ("parameters", "alpha = 3"),
        ("imports", "import math"),
        ("functions", "def f(): return 1"),
        ("load", '__import__("kale_runtime").load_inputs(globals(), ["x"])'),
        ("step", "y = x + alpha"),
        ("step", "%time y += f()"),
        ("metrics", "print(y)"),
        ("record", '__import__("kale_runtime").record_metrics(globals(), ["y"])'),
    ]


CLASSES = [
    row("an instance of a functions cell's class", ("functions", "class P: pass"), ("a", "p = P()"),
        ("b", "r = isinstance(p, P), type(p) is P")),
    row("a functions cell below the step", ("a", "x = 1"), ("functions", "class P: pass"),
        ("b", "p = P()"), ("c", "r = isinstance(p, P)")),
    row("an instance of a step's own class", ("a", "class P: pass\np = P()"),
        ("b", "q = P()"), ("c", "r = isinstance(p, P), type(p) is type(q)")),
    row("a subclass made in a step", ("functions", "class P: pass"),
        ("a", "class Q(P): pass\nq = Q()"), ("b", "r = isinstance(q, P), type(q) is Q")),
    row("a dataclass", ("a", "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\np = P(1)"),
        ("b", "r = p == P(1), repr(p), isinstance(p, P)")),
    row("an Enum member", ("a", "from enum import Enum\nclass C(Enum):\n    A = 1\nx = C.A"),
        ("b", "y = x is C.A"), ("c", "r = y, x is C.A, C(1) is x")),
    row("a NamedTuple", ("a", "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\np = P(1)"),
        ("b", "r = p == P(1), isinstance(p, P)")),
    row("a namedtuple made by a call", ("a", "from collections import namedtuple\nP = namedtuple('P', 'x')\np = P(1)"),
        ("b", "r = isinstance(p, P), type(p) is P")),
    row("an exception that another step raises and a third one keeps",
        ("a", "class E(Exception): pass\ndef f(): raise E('x')"),
        ("b", "try:\n    f()\nexcept E as e:\n    err = e"), ("c", "r = isinstance(err, E), repr(err)")),
    row("a class under another name", ("a", "class P: pass\nQ = P\np = P()"),
        ("b", "r = isinstance(p, Q), P is Q")),
    row("a class defined under a condition",
        ("a", "if len('x'):\n    class P: pass\np = P()"), ("b", "q = P()"),
        ("c", "r = isinstance(p, P), type(p) is type(q)")),
    row("a class that a function makes",
        ("a", "def make():\n    class P: pass\n    return P\nP = make()\np = P()"), ("b", "q = P()"),
        ("c", "r = isinstance(p, P), type(p) is type(q)")),
    row("a generic class", ("a", "from typing import Generic, TypeVar\nT = TypeVar('T')\n"
                                 "class B(Generic[T]): pass\nb = B[int]()"), ("b", "r = isinstance(b, B)")),
    row("a class that another step defines anew while an instance of the old one lives",
        ("a", "class P:\n    v = 1\np = P()"), ("b", "class P:\n    v = 2\nq = P()"),
        ("c", "r = isinstance(p, P), isinstance(q, P), p.v, q.v")),
    row("a class that is its own successor's base", ("a", "class P:\n    v = 1\nOld = P"),
        ("b", "class P(P):\n    w = 2\nq = P()"), ("c", "r = isinstance(q, P), P.__mro__[1] is Old"),
        gap="the class under its old name is loaded beside the one carried as code"),
    row("a class registered with an abstract one",
        ("a", "from abc import ABC\nclass B(ABC): pass\nclass I: pass\nB.register(I)\ni = I()"),
        ("b", "r = isinstance(i, B)")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, CLASSES)
def test_a_class_exists_before_an_instance_of_it_is_loaded(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)


CHANGED = [
    row("one that no step changes is fresh", ("functions", "conf = {'k': 1}"), ("a", "x = conf['k']"),
        ("b", "r = conf, x"), wires={"x: a -> b"}),
    row("changed in place", ("functions", "conf = {'k': 1}"), ("a", "conf['k'] = 2"),
        ("b", "r = conf['k']"), wires={"conf: a -> b"}),
    row("assigned anew", ("imports", "k = 1"), ("a", "k = 2"), ("b", "r = k"), wires={"k: a -> b"}),
    row("read by a shared function", ("functions", "k = 1\ndef f(): return k"), ("a", "k = 2"),
        ("b", "r = f()"), wires={"k: a -> b"}),
    row("changed by a shared function", ("functions", "seen = []\ndef see(v): seen.append(v)"),
        ("a", "see(1)"), ("b", "see(2)"), ("c", "r = seen"), wires={"seen: a -> b", "seen: b -> c"}),
    row("changed under another shared name", ("functions", "k = [1]\nj = k"), ("a", "k.append(2)"),
        ("b", "r = j")),
    row("held by a shared instance", ("functions", "k = [1]\nclass C:\n    def __init__(s, v): s.v = v\nc = C(k)"),
        ("a", "k.append(2)"), ("b", "r = c.v")),
    row("one that was computed from it stays as it was", ("functions", "k = [1]\nn = len(k)"),
        ("a", "k.append(2)"), ("b", "r = n, k")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, CHANGED)
def test_a_shared_value_that_a_step_changed_wins_over_its_fresh_assignment(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)
