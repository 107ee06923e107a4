"""Every form that binds a name, and every way through a cell, in its odd corners.

Each row gives a cell's upward-exposed uses and what it certainly binds.
"""

import ast

import pytest

from kale.static_analysis.def_use import analyze_cell
from kale.static_analysis.purity import Purity


def effects(code):
    return analyze_cell(ast.parse(code), {}, Purity())


SCOPES = [
    pytest.param("class A:\n    q = __qualname__, __module__", "", "A", id="what classes begin with"),
    pytest.param("class A:\n    def m(self): return __class__\nA()", "", "A", id="the class cell"),
    pytest.param("class A:\n    x = [1]\n    y = [a for a in x]", "", "A", id="a first iterable in a class"),
    pytest.param("class A:\n    x = 1\n    y = [x for _ in z]", "x z", "A", id="a comprehension does not see the class"),
    pytest.param("class A:\n    x = 1\n    y = sorted(z, key=lambda a: x)", "sorted x z", "A", id="nor does a lambda"),
    pytest.param("class A:\n    x = 1\n    class B:\n        y = x", "x", "A", id="nor a class inside"),
    pytest.param("class A:\n    x = 1\n    def m(self): return x\nA", "x", "A", id="nor a method"),
    pytest.param("class A:\n    x = x", "x", "A", id="a class body reads the outer name first"),
    pytest.param("class A:\n    x = 1\nx", "x", "A", id="names of a class are its own"),
    pytest.param("class A:\n    x = 1\n    del x\nx", "x", "A", id="deleted in a class"),
    pytest.param("class A:\n    if c: x = 1\n    y = x", "c x", "A", id="bound on a path of a class"),
    pytest.param("class A:\n    global g\n    g = 1\ng", "", "A g", id="a global statement in a class"),
    pytest.param("def f(): return k\nclass A:\n    k = 1\n    y = f()", "k", "A f", id="a function called in a class"),
    pytest.param("def f():\n    global x\n    x = 1\nclass A:\n    f()\nx", "x", "A f", id="a global set from a class"),
    pytest.param("def f(): return k\n[f() for k in ks]", "k ks", "f", id="a function called in a comprehension"),
    pytest.param("def f():\n    global m\n    import a as m\nf()\nm", "m", "f", id="an import into a global"),
    pytest.param("def f():\n    global x\n    try: g()\n    except E as x: pass\nf()", "E g", "f", id="a handler's global"),
    pytest.param("def f():\n    n = 1\n    def g():\n        nonlocal n\n        def h():\n            nonlocal n\n            n = y\n        h()\n    g()\nf()", "y", "f", id="nonlocal across three levels"),
    pytest.param("def f():\n    def g():\n        global x\n        x = 1\n    g()\nf()\nx", "x", "f", id="global in a nested function"),
    pytest.param("def f():\n    x: int\n    return x\nf()", "", "f", id="a local that is only annotated"),
    pytest.param("def f():\n    class A:\n        x = 1\n        y = [x for _ in z]\nf()", "x z", "f", id="a class in a function"),
]  # fmt: skip

ORDER = [
    pytest.param("n = (n := 1) + n", "", "n", id="a walrus before a read"),
    pytest.param("x[n := 1] += n", "x", "n", id="the index before the value"),
    pytest.param("x[(n := y)] = n", "n x y", "n", id="the value before the index"),
    pytest.param("i, x[i] = 1, 2", "x", "i", id="targets from left to right"),
    pytest.param("a, a[0] = b, c", "b c", "a", id="a target that is bound by the one before"),
    pytest.param("x: x = 1", "", "x", id="a value before its annotation"),
    pytest.param("{a: (b := 1), b: 2}", "a", "b", id="each key before its value"),
    pytest.param("a < (b := c) < b", "a c", "b", id="the second of a comparison"),
    pytest.param("a < x < (b := c)\nb", "a b c x", "", id="the third of a comparison may be skipped"),
    pytest.param("for x in x: pass", "x", "", id="a loop over the name it binds"),
    pytest.param("[a for a in a]", "a", "", id="a comprehension over the name it hides"),
    pytest.param("with a as (b, c[0]): b", "a c", "b", id="a with that unpacks"),
    pytest.param("with a as b, b.c as d: d", "a", "b d", id="a with that uses the one before"),
    pytest.param("*a, b = c\na, b", "c", "a b", id="a star target"),
    pytest.param("del (a, b[0])", "a b", "", id="deleting several"),
    pytest.param("def f(a, b=a): pass", "a", "f", id="a default is read outside"),
    pytest.param("f'{x:>{w}.{p}}'", "p w x", "", id="fields in a format"),
]  # fmt: skip

PATHS = [
    pytest.param("if False:\n    x = y\nz", "z", "", id="code that is switched off"),
    pytest.param("if not True:\n    y\nelse:\n    x = 1\nx", "", "x", id="the other way round"),
    pytest.param("while False:\n    y\nx", "x", "", id="a loop that is switched off"),
    pytest.param("x = 1\nwhile 0:\n    y\nx", "", "x", id="what was bound before it"),
    pytest.param("if __name__ == '__main__':\n    x = 1\nelse:\n    y\nx", "__name__", "x", id="no main"),
    pytest.param("while True:\n    try:\n        break\n    finally:\n        x = 1\nx", "", "x", id="finally on the way of a break"),
    pytest.param("x = 1\nwhile True:\n    try:\n        break\n    finally:\n        del x\nx", "x", "", id="finally deletes on the way of a break"),
    pytest.param("while True:\n    try:\n        x = f()\n        break\n    except E: continue\nx", "E f", "x", id="tried until it works"),
    pytest.param("e = 1\ntry: f()\nexcept E as e: pass\ne", "E e f", "", id="a handler unbinds its name"),
    pytest.param("e = 1\ntry: f()\nexcept E as e: e = 2\ne", "E e f", "", id="even if it binds it anew"),
    pytest.param("for i in y:\n    try: f()\n    except E as e: break\nelse: e = 1\ne", "E e f y", "", id="a break out of a handler"),
    pytest.param("e = 1\ntry:\n    try: f()\n    except E as e: pass\n    g()\nexcept E: pass\ne", "E e f g", "", id="a handler within a try"),
    pytest.param("try: x = f()\nexcept E: y = 1\nelse: y = 2\ny", "E f", "y", id="bound by each way out"),
    pytest.param("match v:\n    case P(x=a, y=[b, *_]): a, b", "P v", "", id="a class pattern"),
    pytest.param("match v:\n    case K.x | -1 | None: a\n    case (a): pass\na", "K a v", "", id="value patterns"),
    pytest.param("match v:\n    case a if a > k: a\n    case _: pass\na", "a k v", "", id="a guard"),
    pytest.param("async with a as b: b\nasync for c in d: c", "a d", "b", id="async forms"),
    pytest.param("[await f(x) async for x in y]", "f y", "", id="an async comprehension"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "uses", "certain"), [*SCOPES, *ORDER, *PATHS])
def test_uses_and_bindings(code, uses, certain):
    found = effects(code)
    assert (sorted(found.uses), sorted(found.certain)) == (uses.split(), certain.split())
