"""What one cell reads, binds and changes, a table for each rule."""

import ast

import pytest

from kale.static_analysis.def_use import analyze_cell
from kale.static_analysis.purity import Purity


def effects(code):
    return analyze_cell(ast.parse(code), {}, Purity(modules=frozenset({"np", "pd"})))


USES = [
    pytest.param("", "", id="an empty cell"),
    pytest.param("x = 1\nx", "", id="a name bound above"),
    pytest.param("[i for i in range(3)]", "range", id="a comprehension's own variable"),
    pytest.param("[a for a in b if a]", "b", id="a comprehension's iterable"),
    pytest.param("{k: v for k, v in d.items()}", "d", id="a dict comprehension"),
    pytest.param("[x for y in z for x in y]", "z", id="an inner iterable of a comprehension"),
    pytest.param("def f():\n    return x", "", id="a function that is not mentioned"),
    pytest.param("def f():\n    return x\nf()", "x", id="a function that is called"),
    pytest.param("def f(a=x): pass", "x", id="a default value, when the function is defined"),
    pytest.param("def f(a: T) -> U: pass", "T U", id="annotations of a function"),
    pytest.param(
        "from __future__ import annotations\ndef f(a: T): pass", "", id="postponed annotations"
    ),
    pytest.param("@d\ndef f(): pass", "d", id="a decorator"),
    pytest.param("class A(B, metaclass=M): pass", "B M", id="bases and keywords of a class"),
    pytest.param("class A:\n    x = 1\n    y = x", "", id="a class body reads its own names"),
    pytest.param("class A:\n    y = x", "x", id="a class body reads outer names"),
    pytest.param("class A:\n    def m(self):\n        return x", "", id="a method not mentioned"),
    pytest.param("class A:\n    def m(self):\n        return x\nA()", "x", id="a method's globals"),
    pytest.param("f = lambda a: a + k", "k", id="a lambda"),
    pytest.param("sorted(xs, key=lambda a: a[k])", "k sorted xs", id="a lambda given to a call"),
    pytest.param("if c:\n    x = 1\nx", "c x", id="a name bound on one branch only"),
    pytest.param("if c:\n    x = 1\nelse:\n    x = 2\nx", "c", id="a name bound on both branches"),
    pytest.param("if __name__ == '__main__':\n    x = 1\nx", "__name__", id="the main guard"),
    pytest.param("for i in y:\n    x = i\nx", "x y", id="a loop that may not run"),
    pytest.param("for i in y:\n    pass\ni", "i y", id="a loop variable after the loop"),
    pytest.param("while True:\n    x = 1\n    break\nx", "", id="an endless loop runs"),
    pytest.param("while c:\n    x = 1\nelse:\n    x = 2\nx", "c", id="a loop's else"),
    pytest.param(
        "for i in y:\n    if i: break\nelse:\n    x = 2\nx", "x y", id="an else that break skips"
    ),
    pytest.param("for i in y:\n    if i: continue\n    x = 1\nx", "x y", id="a continue"),
    pytest.param("try:\n    x = f()\nfinally:\n    x", "f x", id="finally sees the failure"),
    pytest.param("try:\n    x = f()\nexcept E:\n    pass\nx", "E f x", id="a try that may fail"),
    pytest.param("try:\n    x = f()\nexcept E:\n    x = 1\nx", "E f", id="both ways bind"),
    pytest.param("try:\n    x = f()\nexcept E:\n    raise\nx", "E f", id="a handler that raises"),
    pytest.param("try:\n    pass\nexcept E as e:\n    e\ne", "E e", id="a handler's name is gone"),
    pytest.param("try:\n    f()\nexcept* E:\n    x", "E f x", id="exception groups"),
    pytest.param("with c() as d:\n    x = 1\nd, x", "c x", id="a with that may swallow"),
    pytest.param("with open(p) as d:\n    x = 1\nx", "open p", id="a with that lets errors pass"),
    pytest.param("match v:\n    case [a, *b]:\n        pass\na", "a v", id="a match may not match"),
    pytest.param("match v:\n    case {'k': a, **r}:\n        a, r", "v", id="captures bind"),
    pytest.param(
        "match v:\n    case 1:\n        x = 1\n    case _:\n        x = 2\nx",
        "v",
        id="a match with a wildcard",
    ),
    pytest.param(
        "match v:\n    case int() | str() as w:\n        w", "int str v", id="or patterns"
    ),
    pytest.param("x += 1", "x", id="an augmented assignment reads"),
    pytest.param("x[i] = 1", "i x", id="a store into a subscript reads the object"),
    pytest.param("x.a = 1", "x", id="a store into an attribute reads the object"),
    pytest.param("x: int", "int", id="a bare annotation binds nothing"),
    pytest.param("x: int = 1\nx", "int", id="an annotated assignment binds"),
    pytest.param("x = 1\ndel x\nx", "x", id="a deleted name"),
    pytest.param("for i in y:\n    x\n    del x", "x y", id="a delete at the end of a loop"),
    pytest.param("x = 1\nfor i in y:\n    x\n    del x", "x y", id="the second turn of a loop"),
    pytest.param("if (n := f()) > 1:\n    n", "f", id="a walrus binds"),
    pytest.param("c and (n := f())\nn", "c f n", id="a walrus that may be skipped"),
    pytest.param("[n := i for i in y]\nn", "n y", id="a walrus in a comprehension"),
    pytest.param("a if c else b", "a b c", id="a conditional expression"),
    pytest.param("f'{x:{w}}'", "w x", id="an f-string with its width"),
    pytest.param("import a.b as c\nc", "", id="a dotted import under a name"),
    pytest.param("import a.b\na.b", "a", id="a dotted import adds to an earlier package"),
    pytest.param("eval('x + 1')", "eval x", id="a constant text that is evaluated"),
    pytest.param("eval('x +')", "eval", id="a text that is no code"),
    pytest.param("d.query('a > @t')", "d t", id="a query's names"),
    pytest.param("from a import b as c\nc", "", id="an import under another name"),
    pytest.param("print(*xs, **kw)", "kw print xs", id="unpacked arguments"),
    pytest.param("await g()", "g", id="top-level await"),
    pytest.param("async def f():\n    return x\nawait f()", "x", id="a coroutine"),
    pytest.param("a, (b, *c) = x\na, b, c", "x", id="nested unpacking"),
    pytest.param("try:\n    u\nexcept NameError:\n    u = 1", "NameError u", id="a name asked for"),
    pytest.param("raise X\ny", "X", id="code after a raise"),
]


@pytest.mark.parametrize(("code", "expected"), USES)
def test_upward_exposed_uses(code, expected):
    assert sorted(effects(code).uses) == expected.split()


CERTAIN = [
    pytest.param("print(x)", "", "", id="nothing"),
    pytest.param("[i for i in y]", "", "", id="a comprehension binds nothing"),
    pytest.param("def f():\n    x = 1\nf()", "f", "f", id="a function's locals"),
    pytest.param("def f():\n    global x\n    x = 1", "f", "f", id="a global not called for"),
    pytest.param("def f():\n    global x\n    x = 1\nf()", "f x", "f", id="a global set by a call"),
    pytest.param("a, *b = c", "a b", "a b", id="unpacking"),
    pytest.param("for i, j in y: pass", "i j", "", id="loop variables may stay unbound"),
    pytest.param("with open(p) as d: pass", "d", "d", id="a with's name"),
    pytest.param("import a.b, c as d", "a d", "a d", id="imports"),
    pytest.param("if c:\n    x = 1", "x", "", id="a branch"),
    pytest.param("x = 1\ndel x", "x", "", id="deleted at the end"),
    pytest.param("(n := 1)", "n", "n", id="a walrus"),
    pytest.param("class A:\n    b = 1", "A", "A", id="a class body binds only the class"),
    pytest.param("x: int", "", "", id="a bare annotation"),
    pytest.param("type(x)", "", "", id="a call"),
    pytest.param("match v:\n    case [a, *b]: pass", "a b", "", id="captures"),
]


@pytest.mark.parametrize(("code", "binds", "certain"), CERTAIN)
def test_bindings(code, binds, certain):
    found = effects(code)
    assert sorted(found.binds) == binds.split()
    assert sorted(found.certain) == certain.split()


MUTATIONS = [
    pytest.param("y = x + 1", {}, id="arithmetic"),
    pytest.param("len(x), print(x), sorted(x)", {}, id="pure builtins"),
    pytest.param("x.mean()\nx.head()", {}, id="pure methods"),
    pytest.param("np.mean(x)\npd.concat([x])", {}, id="functions of pure modules"),
    pytest.param("y = x[0]", {}, id="reading an item"),
    pytest.param("def f():\n    x.append(1)", {}, id="a function that is not called"),
    pytest.param("x[0] = 1", {"x": True}, id="a subscript"),
    pytest.param("x[0][1] = 1", {"x": True}, id="a nested subscript"),
    pytest.param("x.a.b = 1", {"x": True}, id="an attribute"),
    pytest.param("x[0] += 1", {"x": True}, id="an augmented item"),
    pytest.param("del x[0]", {"x": True}, id="deleting an item"),
    pytest.param("x.append(1)", {"x": True}, id="a method that changes its receiver"),
    pytest.param("x.df.sort_values('a', inplace=True)", {"x": True}, id="inplace"),
    pytest.param("x.sort_values('a', inplace=False)", {}, id="not inplace"),
    pytest.param("np.add(a, b, out=x)", {"x": True}, id="an output argument"),
    pytest.param("np.random.shuffle(x)", {"np": False, "x": False}, id="a function that changes"),
    pytest.param("x.frobnicate()", {"x": False}, id="a method nobody knows"),
    pytest.param("frobnicate(x)", {"x": False}, id="a function nobody knows"),
    pytest.param("frobnicate([x, y])", {"x": False, "y": False}, id="inside a container"),
    pytest.param("frobnicate(k=x[0])", {"x": False}, id="by keyword, an item"),
    pytest.param("next(x)", {"x": True}, id="an iterator"),
    pytest.param("x += [1]", {"x": True}, id="an augmented name"),
    pytest.param("for x[0] in y: pass", {"x": True}, id="a loop target"),
    pytest.param("[r.pop() for r in x]", {"x": True}, id="through a comprehension's variable"),
    pytest.param("def f():\n    x.append(1)\nf()", {"x": True}, id="through a function"),
    pytest.param("class A:\n    x.append(1)", {"x": True}, id="in a class body"),
    pytest.param("x.loc[0, 'a'].fillna(0, inplace=True)", {"x": True}, id="a long chain"),
    pytest.param("x.loc[m, 'a'].fillna(0, inplace=True)", {"x": False}, id="a selection of it"),
    pytest.param("cbs['k'](x)", {"cbs": False, "x": False}, id="what is called out of a dict"),
    pytest.param("with c() as x.a: pass", {"x": True}, id="a with target"),
    pytest.param("a, x.b = 1, 2", {"x": True}, id="unpacking into an attribute"),
]


@pytest.mark.parametrize(("code", "expected"), MUTATIONS)
def test_in_place_changes(code, expected):
    found = effects(code).mutations
    values = {"x", "y", "np", "cbs"}  # a function that is called may change itself, too
    assert {n: certain for n, (_, certain) in found.items() if n in values} == expected


ALIASES = [
    pytest.param("y = 1", set(), id="a literal"),
    pytest.param("y = x + [1]", {("y", "x")}, id="a sum's elements"),
    pytest.param("y = len(x)", set(), id="a new object"),
    pytest.param("y = x", {("y", "x")}, id="a second name"),
    pytest.param("y = x[0]", {("y", "x")}, id="an item"),
    pytest.param("y = [x, {1: z}]", {("y", "x"), ("y", "z")}, id="containers"),
    pytest.param("y = x.copy()", {("y", "x")}, id="a copy's elements"),
    pytest.param("y = partial(f, x)", {("y", "x"), ("y", "f")}, id="a partial"),
    pytest.param("fig, ax = f()", {("ax", "fig")}, id="results that come together"),
    pytest.param("a, b = train_test_split(x)", set(), id="results that are apart"),
    pytest.param("n, m = x.shape", {("n", "x"), ("m", "x")}, id="numbers of an attribute"),
    pytest.param("y = list(x)", {("y", "x")}, id="a shallow copy"),
    pytest.param("for y in x: pass", {("y", "x")}, id="a loop variable"),
    pytest.param("y.append(x)", {("y", "x")}, id="put into a list"),
    pytest.param("y['k'] = x", {("y", "x")}, id="put into a dict"),
    pytest.param("y = x if c else z", {("y", "x"), ("y", "z")}, id="either of two"),
    pytest.param("y = x or z", {("y", "x"), ("y", "z")}, id="the first true one"),
    pytest.param("y = (w := x)", {("y", "x"), ("w", "x")}, id="a walrus"),
    pytest.param("y = [a for a in x]", {("y", "x"), ("y", "a")}, id="elements of a list"),
    pytest.param("y = {a: b for a, b in x}", {("y", "x"), ("y", "b")}, id="values of a dict"),
]


@pytest.mark.parametrize(("code", "expected"), ALIASES)
def test_aliases(code, expected):
    assert effects(code).aliases == expected
