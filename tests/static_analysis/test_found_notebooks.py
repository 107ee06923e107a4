"""Small notebooks on which the random search has found the contract broken."""

import pytest
from random_notebooks import Cell, Notebook, Statement
from soundness import find_fault

BOX = ("functions", "class Box:\n    def __init__(self, items):\n        self.items = items")
COUNTER = ("functions", "def counter(v):\n    return v.append, lambda: v")
FILL = "def h(v, w=x):\n    w.append(1)\n    return v"
NULL = "from contextlib import nullcontext\n"


def gap(*cells, title):
    """Cells on which the contract is still broken."""
    return pytest.param(
        cells, id=title, marks=pytest.mark.xfail(strict=True, raises=AssertionError)
    )


FOUND = [
    pytest.param([("a", "x = [1]"), ("b", "x.append(2)"), ("c", "print(x)")], id="a change"),
    pytest.param(
        [("a", "x = y = [1]\ndef h(v, w=x):\n    return v + w"), ("b", "y.append(2)"),
         ("c", "print(h([3]))")], id="a default value changed under another name",
    ),
    pytest.param(
        [("a", f"x = [5]\n{FILL}"), ("b", "h(x)\nprint(x)")],
        id="a default value changed by the call",
    ),
    pytest.param(
        [("a", "x = [3]"), ("b", "def g(v, w=x):\n    return v + w"),
         ("c", "for e in [x]:\n    e.append(0)"), ("d", "print(g([]))")],
        id="a default value changed in a loop",
    ),
    pytest.param(
        [("a", "x = [4]\ny = [3]"), ("b", "print(x is y)"), ("c", "z = y and x"),
         ("d", "print(z is x)")], id="identity through `and`",
    ),
    pytest.param(
        [("a", "x = [1]"), ("b", "list(map(x.append, [0]))"), ("c", "print(x)")],
        id="a bound method given to a builtin",
    ),
    pytest.param(
        [COUNTER, ("a", f"x = [4]\n{NULL}with nullcontext(x) as y:\n    pass"), ("b", "x[1:] = [4]"),
         ("c", "put, get = counter(y)\nput(2)\nz = x"), ("d", "print(z)")],
        id="closures of one value",
    ),
    gap(("a", f"x = {{}}\n{NULL}with nullcontext(x) as y:\n    pass"), ("b", "y.update(m=1)"),
         ("c", "print(x)"), title="what a context manager gives",
    ),
    pytest.param([("a", "x = y = [4]"), ("b", "y += [0]"), ("c", "print(x)")],
                 id="a change under another name, nothing ordered"),
    pytest.param([("a", "x = [2]"), ("b", "put = x.append\nput(1)"), ("c", "print(x)")],
                 id="a bound method, nothing ordered"),
    gap(BOX, ("a", "x = Box([0])"), ("b", "y = dict(k=vars(x))"), ("c", "setattr(x, 'last', 1)"),
        ("d", "print(y)"), title="the attributes of an object in a dictionary"),
    pytest.param([("parameters", "sizes = [1, 2]"), ("a", "d = [2]\na = {'k': 3}"), ("b", "sizes.append(4)"),
        ("c", "c, d = a, d\nc, d = d, c"), ("d", "c = sizes + [3]")], id="a step that binds a name anew"),
    gap(("a", "x = y = [1]"), ("b", "(lambda v: v.append(2))(y)"), ("c", "print(x)"),
        title="a lambda that is called at once"),
    pytest.param([("a", "x = y = [4]\ndef g(v):\n    v.append(0)\n    return v\nz = g(y)"),
        ("b", "put = z.append\nput(0)"), ("c", "print(x)")], id="what an own function returns"),
    pytest.param([("a", "d = a = [5]"), ("b", "a = [i for i in iter([a])]"),
        ("c", "for i in a:\n    i.append(1)\nprint(len(d))")], id="a list with two names"),
    pytest.param([("parameters", "sizes = [1, 2]"), ("a", "c = sizes"), ("b", "d = sizes\nprint(d is c)"),
        ("c", "def g(v):\n    return [len(v)]\na = g(g(c))"), ("d", "e = g(v=d)\na.extend(c)"),
        ("f", "print(e, a, d)")], id="a sure change on top of a possible one"),
    pytest.param([("a", "d = a = [1]"), ("b", "print(a)"), ("a", "put = a.append\nput(2)")],
                 id="a step that changes a value again below its reader"),
    pytest.param([("a", "c = {'k': [4]}"), ("b", "c = [1]\nq = lambda: c"), ("c", "b = {}\nb.update(m=3)"),
        ("d", "b = q() + [2]\nprint(b)")], id="a tie that a later step makes"),
]  # fmt: skip


@pytest.mark.parametrize("cells", FOUND)
def test_found_notebooks(cells):
    notebook = Notebook(tuple(Cell(owner, (Statement(code),)) for owner, code in cells), {})
    assert find_fault(notebook) is None
