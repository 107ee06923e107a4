"""What a function's or class's body does to the notebook's names once it runs."""

import ast

import pytest

from kale.static_analysis.deferred import deferred_effects
from kale.static_analysis.purity import Purity


def effects(code):
    return deferred_effects(ast.parse(code).body[0], Purity())


READS = [
    pytest.param("def f(a, /, b, *c, d, **e): a, b, c, d, e", "", id="arguments"),
    pytest.param("def f():\n    x = 1\n    return x", "", id="a local"),
    pytest.param("def f():\n    return x\n    x = 1", "", id="a local, wherever it is bound"),
    pytest.param("def f():\n    import m.n\n    m", "", id="an import inside"),
    pytest.param("def f():\n    for i in (): i", "", id="a loop variable"),
    pytest.param("def f():\n    try: 1\n    except E as e: e", "E", id="a handler's name"),
    pytest.param("def f():\n    match 1:\n        case {'k': v, **r}: v, r", "", id="captures"),
    pytest.param("def f():\n    match 1:\n        case [a, *b] as c: a, b, c", "", id="star capture"),
    pytest.param("def f():\n    x: T = 1", "", id="the annotation of a local"),
    pytest.param("def f(): eval('x', {'x': 1})", "eval", id="a text with names of its own"),
    pytest.param("def f(): return x", "x", id="a global"),
    pytest.param("def f(d): d.query('a > @x')", "x", id="in a query"),
    pytest.param("def f(a=x): pass", "", id="a default is read on definition"),
    pytest.param("def f():\n    global x\n    x = 1\n    return x", "x", id="declared global"),
    pytest.param("def f():\n    global x\n    x += 1", "x", id="a global that is counted up"),
    pytest.param("def f():\n    def g(): return x\n    return g", "x", id="through a closure"),
    pytest.param("def f(x):\n    def g(): return x\n    return g", "", id="the outer's argument"),
    pytest.param(
        "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n = y", "y", id="nonlocal"
    ),
    pytest.param(
        "def f(x):\n    def g():\n        global x\n        return x", "x", id="global past an outer"
    ),
    pytest.param("def f(): return [a + x for a in y]", "x y", id="a comprehension inside"),
    pytest.param("def f(): return {a: b for a in y for b in a}", "y", id="two clauses"),
    pytest.param("def f(): return [a for a in y if a > k]", "k y", id="a condition"),
    pytest.param("def f(): return [w := a for a in y] + w", "y", id="a walrus inside"),
    pytest.param("def f(): return lambda a: a + x", "x", id="a lambda inside"),
    pytest.param("def f():\n    class A:\n        b = x\n        c = b", "x", id="a class inside"),
    pytest.param(
        "def f():\n    class A:\n        b = 1\n        def m(self): return b", "b",
        id="methods do not see their class's names",
    ),
    pytest.param(
        "def f(x):\n    class A(B):\n        @d\n        def m(self): return x, y", "B d y",
        id="methods see the function's",
    ),
    pytest.param("async def f():\n    async for a in b: await c(a)", "b c", id="a coroutine"),
    pytest.param("class A:\n    x = 1\n    y = z", "", id="a class body runs on definition"),
    pytest.param("class A:\n    def m(self): return x", "x", id="a method"),
    pytest.param("class A:\n    if c:\n        def m(self): return x", "x", id="a method under if"),
    pytest.param("class A:\n    class B:\n        def m(self): return x", "x", id="a nested class"),
    pytest.param("class A:\n    f = lambda self: x", "x", id="a lambda in a class"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), READS)
def test_global_reads(code, expected):
    assert sorted(effects(code).reads) == expected.split()


WRITES = [
    pytest.param("def f():\n    x = []\n    x.append(1)", "", "", id="a local"),
    pytest.param(
        "def f():\n    global x, g\n    x = 1\n    def g(): pass", "g x", "", id="globals"
    ),
    pytest.param("def f(): x.append(1)", "", "x", id="a global changed in place"),
    pytest.param("def f(x): x.append(1)", "", "", id="an argument changed in place"),
    pytest.param("def f():\n    def g(): x[0] = 1\n    g()", "", "x", id="in a closure"),
    pytest.param("def f(): [a.pop() for a in x]", "", "x", id="through a comprehension"),
    pytest.param("class A:\n    def m(self): x.y = self", "", "x", id="in a method"),
    pytest.param("class A:\n    def m(self, v=[]): v.append(1)", "", "A", id="a method's default"),
]


@pytest.mark.parametrize(("code", "binds", "mutates"), WRITES)
def test_global_writes(code, binds, mutates):
    found = effects(code)
    assert (sorted(found.binds), sorted(found.mutates)) == (binds.split(), mutates.split())
