"""What a call of the notebook's own function does to its arguments: leaves, may change, changes."""

import pytest
from pipelines import chain, pipeline

from kale.static_analysis import analyze, examine

BOX = """
class Box:
    def __init__(self, items):
        self.items = items
    def put(self, item):
        self.items.append(item)
    def size(self):
        return len(self.items)
    def twice(self, item):
        self.put(item)
        self.put(item)
class Open(Box):
    pass
"""

FUNCTIONS = [
    ("def f(v): return sum(v)", "f(x)", "leaves", "a function that only reads"),
    ("def f(v):\n v = v.dropna()\n v['k'] = 1\n return v", "y = f(x)", "leaves", "a copy"),
    ("def f(v):\n out = []\n for one in v:\n  out.append(one * 2)\n return out", "f(x)", "leaves",
     "a new list of results"),
    ("def f(v):\n def g(v): v.append(1)\n return len(v)", "f(x)", "leaves", "a name of another"),
    ("def f(v, w): w.append(len(v))", "f(x, [])", "leaves", "the other argument"),
    ("def f(v, w): w.append(1)", "f(w=[], v=x)", "leaves", "the other argument, by keyword"),
    ("def g(v): return len(v)\ndef f(v): return g(v)", "f(x)", "leaves", "what it calls reads"),
    ("def f(v):\n return f(v[1:]) if v else []", "f(x)", "leaves", "a recursive reader"),
    ("def f(n):\n n += 1\n return n", "f(x)", "may change", "a sum with a number"),
    ("def f(v, w):\n y = v if w else []\n y.append(1)", "f(x, 1)", "changes", "one or none"),
    ("def f(v, w):\n y = v if w else w\n y.append(1)", "f(x, [])", "may change", "one of two"),
    ("def f(v):\n y = v[v > 0]\n y['k'] = 1\n return y", "f(x)", "may change", "a selection of rows"),
    ("def f(v):\n y = v['a']\n y.sort()", "f(x)", "changes", "a part"),
    ("def f(v): return v[v > 0]", "y = f(x); y.append(1)", "may change", "a selection given back"),
    ("def f(v): unknown(v)", "f(x)", "may change", "what nobody knows"),
    ("def f(v):\n y = v[:]\n y[0].append(1)", "f(x)", "may change", "inside of a slice"),
    ("def f(v): v.append(1)", "f(x)", "changes", "a method that changes"),
    ("def f(v): v.append(1)", "f(v=x)", "changes", "by keyword"),
    ("def f(*v): v[0].append(1)", "f(x)", "changes", "in *args"),
    ("def f(**v): v['x'].append(1)", "f(x=x)", "changes", "in **kwargs"),
    ("def f(v, w): v.append(1)", "f(*[x, 1])", "changes", "given with a star"),
    ("def f(v): v['k'] = 1", "f(x)", "changes", "an item"),
    ("def f(v):\n for v.k in [1]: pass", "f(x)", "changes", "an attribute as a loop's target"),
    ("def f(v):\n with open('f') as v.k: pass", "f(x)", "changes", "an attribute in a with"),
    ("def f(v): del v[0]", "f(x)", "changes", "a deleted item"),
    ("def f(v):\n y = v\n y.append(1)", "f(x)", "changes", "another name"),
    ("def f(v):\n y = z = v\n z.append(1)", "f(x)", "changes", "a second other name"),
    ("def f(v):\n y, z = v, 1\n y.append(1)", "f(x)", "changes", "a name in a pair"),
    ("def f(v):\n if (y := v): y.append(1)", "f(x)", "changes", "a walrus"),
    ("def f(v):\n match v:\n  case [*y]: pass\n  case y: y.append(1)", "f(x)", "changes", "a match"),
    ("def f(v):\n try:\n  y = v\n finally:\n  y.append(1)", "f(x)", "changes", "after a try"),
    ("def f(v):\n for y in v: y.append(1)", "f(x)", "changes", "each element"),
    ("def f(v): [y.append(1) for y in v]", "f(x)", "changes", "each, in a comprehension"),
    ("def f(v):\n def g(): v.append(1)\n g()", "f(x)", "changes", "a function inside it"),
    ("def f(v):\n y = []\n def g(): y.append(1)\n y = v\n g()", "f(x)", "changes",
     "a name that a function inside sees later"),
    ("def g(v): v.append(1)\ndef f(v): g(v)", "f(x)", "changes", "what it calls changes"),
    ("def f(v): g(v)\ndef g(v): v.append(1)", "f(x)", "changes", "what it calls is defined below"),
    ("def f(v):\n if v: f(v[1:])\n v.append(1)", "f(x)", "changes", "a recursive writer"),
    ("f = lambda v: v.append(1)", "f(x)", "changes", "a lambda"),
    ("def f(v): return v", "f(x).append(1)", "changes", "what it gives back"),
    ("def f(v): return [v]", "f(x)[0].append(1)", "changes", "inside of what it gives back"),
    ("def f(v): return v.copy()", "f(x).append(1)", "may change", "a copy that it gives back"),
    ("def f(v, w): w.append(v)", "w = []; f(x, w); w[0].append(1)", "changes", "put elsewhere"),
    (BOX, "Box(x)", "leaves", "an instance that holds it"),
    (BOX, "Box([]).put(x)", "leaves", "put into an instance"),
    (BOX, "Box(x).size()", "leaves", "a method that reads"),
    (BOX, "Box(x).put(1)", "changes", "a method that changes what the instance holds"),
    (BOX, "b = Open(x); b.twice(1)", "changes", "an inherited method that calls another"),
    ("@wraps\ndef f(v): return 1", "f(x)", "may change", "a decorated function"),
    ("def f(v): return 1\ndef f(v): v.append(1)", "f(x)", "may change", "defined twice"),
    ("async def f(v): return 1", "await f(x)", "may change", "an asynchronous one"),
    ("def f(v): yield 1", "list(f(x))", "may change", "a generator"),
    ("class B:\n def __init__(self, v): self.v = v\n @staticmethod\n def f(v): return 1", "B(1).f(x)",
     "may change", "a decorated method"),
    ("class B:\n def f(self, v): return 1\nB.f = print", "B().f(x)", "may change",
     "a method that is replaced"),
    ("class B(Unknown):\n pass", "B().f(x)", "may change", "a method of a foreign base"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("functions", "call", "expected"),
    [pytest.param(f, call, expected, id=name) for f, call, expected, name in FUNCTIONS],
)
def test_what_a_call_does_to_its_argument(functions, call, expected):
    shared = f"from m import Unknown, unknown, wraps\n{functions}"
    notebook = chain(("functions", shared), ("a", "x = [[1]]"), ("b", call), ("c", "x"))
    summary = analyze(notebook).summary("b")
    found = "changes" if "x" in summary.certain else "may change"
    assert (found if "x" in summary.mutations else "leaves") == expected


GLOBALS = [
    ("def f():\n y = base\n y.append(1)", "f()", True, "another name in a function"),
    ("def f(y=None):\n y = base if y is None else y\n y.append(1)", "f()", True, "a fallback"),
    ("def g(v): v.append(1)\ndef f(): g(base)", "f()", True, "given to another function"),
    ("def f(): return base", "f().append(1)", True, "given back"),
    ("def f(): return len(base)", "f()", False, "only read"),
    ("def f(base): base.append(1)", "f([])", False, "an argument of its name"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("functions", "call", "changes"), [pytest.param(*row[:3], id=row[3]) for row in GLOBALS]
)
def test_what_a_call_does_to_a_global_name(functions, call, changes):
    notebook = chain(("functions", f"base = [1]\n{functions}"), ("a", call), ("b", "print(base)"))
    assert [w.producers for w in analyze(notebook).wires] == ([("a",)] if changes else [])


def test_branches_that_call_a_reader_stay_branches():
    notebook = pipeline(
        ("functions", "def f(v): return len(v)"),
        ("a", "x = [1]"), ("b", "y = f(x)"), ("c", "z = f(x)"), ("d", "print(x, y, z)"),
        after={"b": ["a"], "c": ["a"], "d": ["b", "c"]},
    )  # fmt: skip
    analyzed = analyze(notebook)
    assert dict(analyzed.after) == {"a": (), "b": ("a",), "c": ("a",), "d": ("b", "c")}
    assert [w.producers for w in analyzed.wires if w.name == "x"] == [("a",)] * 3
    assert all(not summary.unchanged for summary in analyzed.summaries)


def test_a_reader_waits_for_a_branch_that_calls_a_writer():
    notebook = pipeline(
        ("functions", "def f(v): v.append(1)"), ("a", "x = [1]"), ("b", "f(x)"), ("c", "print(x)"),
        after={"b": ["a"], "c": ["a"]},
    )  # fmt: skip
    analyzed = analyze(notebook)
    assert analyzed.after["c"] == ("a", "b")
    assert [d.code for d in analyzed.diagnostics] == ["KALE201"]


def test_two_arguments_that_a_function_links_stay_linked():
    notebook = chain(
        ("functions", "def link(v, w): v.append(w)"),
        ("a", "p, q = [], []"), ("b", "link(p, q)"), ("c", "q.append(1)"), ("d", "print(p)"),
    )  # fmt: skip
    wires = {(w.name, w.consumer): w.producers for w in analyze(notebook).wires}
    assert wires["p", "d"] == ("c",)


def test_a_default_argument_is_the_object_that_it_was_defined_with():
    notebook = chain(
        ("a", "x = [1]\ndef push(v, to=x):\n    to.append(v)"), ("b", "push(2)"), ("c", "print(x)")
    )
    wires = {(w.name, w.consumer): w.producers for w in analyze(notebook).wires}
    assert wires["x", "c"] == ("b",)


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        pytest.param("return cls(v)", [], id="makes an instance"),
        pytest.param("cls.n = v\n        return cls()", ["KALE305"], id="sets an attribute"),
        pytest.param("cls.seen.append(v)", ["KALE305"], id="changes what the class holds"),
    ],
)
def test_a_classmethod_that_leaves_its_class_alone_changes_no_code(body, codes):
    code = (
        "class S:\n    seen = []\n    def __init__(self, v=0):\n        self.v = v\n"
        f"    @classmethod\n    def fit(cls, v):\n        {body}"
    )
    found = examine(
        pipeline(("functions", code), ("a", "t = [1]"), ("b", "s = S.fit(t)"), ("c", "S.fit(t)"))
    )
    assert [error.code for error in found.errors] == codes
