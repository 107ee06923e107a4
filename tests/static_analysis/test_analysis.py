"""Where each step's values come from, rule by rule; cells are (step, code)."""

import pytest
from pipelines import chain, pipeline

from kale.errors import KaleError
from kale.static_analysis import analyze
from kale.static_analysis.dep_analysis import variables_dependencies_detection


def wires(analyzed):
    return {
        f"{wire.name}: {'+'.join(wire.producers)} -> {wire.consumer}" for wire in analyzed.wires
    }


FORK = {"b": ["a"], "c": ["a"], "d": ["b", "c"]}

WIRES = [
    pytest.param(chain(("a", "x = 1"), ("b", "y = 2")), set(), id="nothing is read"),
    pytest.param(
        chain(("imports", "k = 1"), ("a", "k"), ("b", "k")), set(), id="a shared value is fresh"
    ),
    pytest.param(
        chain(("a", "import numpy as np"), ("b", "np.pi")), set(), id="an import is code"
    ),
    pytest.param(
        chain(("a", "[i for i in (1, 2)]"), ("b", "i = 1\ni")), set(), id="comprehension variables"
    ),
    pytest.param(
        chain(("parameters", {"p": 1}), ("a", "p"), ("b", "p")), set(), id="a parameter is given"
    ),
    pytest.param(chain(("a", "x = 1"), ("b", "x")), {"x: a -> b"}, id="a chain"),
    pytest.param(
        chain(("a", "x = 1"), ("b", "1"), ("c", "x")), {"x: a -> c"}, id="past a step without it"
    ),
    pytest.param(
        chain(("a", "x = 1"), ("b", "x = 2"), ("c", "x")), {"x: b -> c"}, id="the last one wins"
    ),
    pytest.param(
        chain(("a", "x = []"), ("b", "x.append(1)"), ("c", "x")),
        {"x: a -> b", "x: b -> c"},
        id="a change in place is a new version",
    ),
    pytest.param(
        chain(("a", "x = []\ny = x"), ("b", "y.append(1)"), ("c", "x")),
        {"x: a -> b", "y: a -> b", "x: b -> c"},
        id="a change through another name",
    ),
    pytest.param(
        chain(("a", "x = 1"), ("b", "if c():\n    x = 2"), ("c", "x"), ("functions", "def c(): 1")),
        {"x: a -> b", "x: b -> c"},
        id="a conditional definition needs the earlier value",
    ),
    pytest.param(
        chain(("a", "if 1 > 0:\n    x = 2"), ("b", "x")), {"x: a -> b"}, id="a lone conditional one"
    ),
    pytest.param(
        chain(("a", "id = 42"), ("b", "print(id)")), {"id: a -> b"}, id="a rebound builtin"
    ),
    pytest.param(
        chain(("a", "id = 42"), ("b", "del id"), ("c", "print(id)")),
        {"id: a -> b"},
        id="a builtin that shows again",
    ),
    pytest.param(
        chain(("imports", "k = []"), ("a", "k.append(1)"), ("b", "k")),
        {"k: a -> b"},
        id="a shared value that a step changed",
    ),
    pytest.param(
        chain(("parameters", {"p": 1}), ("a", "p = p + 1"), ("b", "p")),
        {"p: a -> b"},
        id="a parameter assigned in a step is data from there on",
    ),
    pytest.param(
        chain(("a", "k = 1\ndef f(): return k"), ("b", "k = 2"), ("c", "f()")),
        {"k: b -> c"},
        id="a function's globals are those of the call",
    ),
    pytest.param(
        chain(("functions", "def f(): g()\ndef g(): return k"), ("a", "k = 1"), ("b", "f()")),
        {"k: a -> b"},
        id="globals of a function called by a function",
    ),
    pytest.param(
        chain(("functions", "class M:\n    def f(self): return k"), ("a", "k = 1\nm = M()"),
              ("b", "m.f()")),
        {"k: a -> b", "m: a -> b"},
        id="globals of an instance's methods",
    ),
    pytest.param(
        chain(("a", "k = 1\ndef f(x=k): return x"), ("b", "f()")),
        {"f: a -> b"},
        id="a default value that is data makes the function data",
    ),
    pytest.param(
        chain(("a", "if 1:\n    def f(): pass"), ("b", "f()")),
        set(),
        id="a definition under a constant condition",
        marks=pytest.mark.xfail(reason="travels as data: right, but needlessly so"),
    ),
    pytest.param(
        chain(("a", "def g(): global x; x = 1"), ("b", "g()"), ("c", "x")),
        {"x: b -> c"},
        id="a global set by a function is set where it is called",
    ),
    pytest.param(
        pipeline(("a", "x = []"), ("b", "f(x)"), ("c", "f(x)"), ("d", "x"),
                 ("imports", "from m import f"), after=FORK),
        {"x: a -> b", "x: a -> c", "x: b+c -> d"},
        id="two branches that may have changed a value",
    ),
    pytest.param(
        pipeline(("a", "x = []"), ("b", "f(x)"), ("c", "x"), ("d", "x"),
                 ("imports", "from m import f"), after={**FORK, "d": ["c"]}),
        {"x: a -> b", "x: a -> c", "x: a -> d"},
        id="a branch that ends may not change what others read",
    ),
    pytest.param(
        pipeline(("a;b", "x = 1"), ("a", "x"), ("b", "x")), set(), id="a cell of two steps"
    ),
    pytest.param(
        pipeline(("a", "x = 1"), ("b", "y = x"), ("a", "z = 2"), ("c", "z"), after={"b": ["a"]}),
        {"x: a -> b", "z: a -> c"},
        id="cells of two steps between each other",
    ),
    pytest.param(
        chain(("a", "x = 1"), ("functions", "def f(): return x"), ("b", "f()")),
        {"x: a -> b"},
        id="a shared function that reads a step's value",
    ),
    pytest.param(
        chain(("a", "f = lambda v: v * k\nk = 2"), ("b", "f(1)")),
        {"f: a -> b", "k: a -> b"},
        id="a lambda is data, and its globals go with it",
    ),
    pytest.param(
        chain(("a", "x = 1"), ("metrics", "print(x)")), set(), id="metrics of the last step"
    ),
    pytest.param(
        pipeline(("a", "x = 1"), ("b", "p = x"), ("c", "q = x"), ("metrics", "print(p)\nprint(q)"),
                 after={"b": ["a"], "c": ["a"]}),
        {"x: a -> b", "x: a -> c", "p: b -> pipeline-metrics", "q: c -> pipeline-metrics"},
        id="metrics of two branches are a step of their own",
    ),
    pytest.param(
        chain(("a", "x = 1"), ("b", "y = 2"), ("metrics", "print(x, y)")),
        {"x: a -> b"},
        id="the last step is given what only the metrics read",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), WIRES)
def test_wires(notebook, expected):
    assert wires(analyze(notebook)) == expected


CARRIED = [
    pytest.param(chain(("a", "x = 1"), ("b", "x")), [], id="nothing"),
    pytest.param(
        chain(("imports", "import os"), ("a", "os"), ("b", "os")), [], id="shared code is there"
    ),
    pytest.param(
        chain(("a", "import os\nimport sys"), ("b", "os.sep")), ["import os"], id="an import"
    ),
    pytest.param(
        chain(("a", "import os; x = 1"), ("b", "os.sep")), ["import os"], id="of a shared line"
    ),
    pytest.param(
        chain(
            ("a", "import math\n\ndef f(v):\n    # half\n    return math.sqrt(v)"), ("b", "f(1)")
        ),
        ["import math", "def f(v):\n    # half\n    return math.sqrt(v)"],
        id="a function with the import it needs",
    ),
    pytest.param(
        chain(("a", "from functools import cache\n@cache\ndef f(): return 1"), ("b", "f()")),
        ["from functools import cache", "@cache\ndef f(): return 1"],
        id="a decorated function with its decorator",
    ),
    pytest.param(
        chain(("a", "class A: pass\nclass B(A): pass"), ("b", "B()")),
        ["class A: pass", "class B(A): pass"],
        id="a class with its base",
    ),
    pytest.param(
        chain(("a", "def f(): return 1"), ("b", "def f(): return 2"), ("c", "f()")),
        ["def f(): return 2"],
        id="the definition in force",
    ),
    pytest.param(
        chain(("a", "def f(): return 1\ndef f(): return 2"), ("b", "f()")),
        ["def f(): return 2"],
        id="the last of one cell",
    ),
    pytest.param(
        chain(("a", "def f(): return g()"), ("b", "def g(): return 2"), ("c", "f()")),
        ["def f(): return g()", "def g(): return 2"],
        id="what a function calls when it is called",
    ),
    pytest.param(
        chain(("a", "def f(): return 1"), ("b", "f = 3"), ("c", "f")), [], id="rebound to data"
    ),
]


@pytest.mark.parametrize(("notebook", "expected"), CARRIED)
def test_code_that_travels_as_source(notebook, expected):
    last = analyze(notebook).summaries[-1]
    assert [source.code for source in last.carried] == expected


def test_carried_code_keeps_its_place():
    notebook = chain(
        ("a", "x = 1\n\n@cache\ndef f(): pass"),
        ("b", "f()"),
        ("imports", "from functools import cache"),
    )
    (source,) = analyze(notebook).summary("b").carried
    assert (source.at.cell, source.at.line) == (1, 3)


PARAMETERS = [
    pytest.param(chain(("parameters", {"p": 1}), ("a", "1")), {"a": ()}, id="nobody reads it"),
    pytest.param(
        chain(("parameters", {"p": 1, "q": 2}), ("a", "p"), ("b", "q")),
        {"a": ("p",), "b": ("q",)},
        id="to the steps that read it and no other",
    ),
    pytest.param(
        chain(("parameters", {"p": 1}), ("imports", "k = p"), ("a", "1"), ("b", "1")),
        {"a": ("p",), "b": ("p",)},
        id="to all when a shared cell reads it",
    ),
    pytest.param(
        chain(("parameters", {"p": 1}), ("functions", "def f(): return p"), ("a", "1"), ("b", "f()")),
        {"a": (), "b": ("p",)},
        id="to the steps that call a function which reads it",
    ),
    pytest.param(
        chain(("parameters", {"p": 1}), ("a", "p = 2"), ("b", "p")), {"a": (), "b": ()},
        id="not to a step that assigns it first",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), PARAMETERS)
def test_parameters(notebook, expected):
    assert {s.name: s.parameters for s in analyze(notebook).summaries} == expected


UNCHANGED = [
    pytest.param(
        chain(("a", "x = []"), ("b", "f(x)"), ("c", "x"), ("imports", "from m import f")), {},
        id="steps in order",
    ),
    pytest.param(
        pipeline(("a", "x = []"), ("b", "f(x)"), ("c", "x"), ("imports", "from m import f"),
                 after={"b": ["a"], "c": ["a"]}),
        {"b": (("x", "c"),)},
        id="a branch that may change what another branch reads later in the notebook",
    ),
    pytest.param(
        pipeline(("a", "x = []"), ("b", "x"), ("c", "f(x)"), ("imports", "from m import f"),
                 after={"b": ["a"], "c": ["a"]}),
        {},
        id="a branch that may change it after the other branch's cell",
    ),
    pytest.param(
        pipeline(("a", "x = []\nx"), ("b", "f(x)"), ("a", "x"), ("imports", "from m import f")),
        {"b": (("x", "a"),)},
        id="a step between two cells of another",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), UNCHANGED)
def test_what_a_step_must_leave_alone(notebook, expected):
    found = {s.name: s.unchanged for s in analyze(notebook).summaries if s.unchanged}
    assert found == expected


METRICS = [
    pytest.param("print(x)", ("x",), id="a printed name"),
    pytest.param("x", ("x",), id="a bare name"),
    pytest.param("x, y", ("x", "y"), id="a tuple"),
    pytest.param("print(x, y)\nprint(x)", ("x", "y"), id="each name once"),
    pytest.param("print('x is', x)", ("x",), id="with a label"),
    pytest.param("print(f'{x:.3f} {y}')", ("x", "y"), id="in an f-string"),
    pytest.param("z = x + y\nprint(z)", ("z",), id="computed in the cell"),
    pytest.param("for i in (x, y):\n    print(i)", (), id="not below the top level"),
    pytest.param("log(x)", (), id="another function"),
]


@pytest.mark.parametrize(("code", "expected"), METRICS)
def test_metric_names(code, expected):
    notebook = chain(("functions", "def log(v): pass"), ("a", "x = 1\ny = 2"), ("metrics", code))
    analyzed = analyze(notebook)
    assert (analyzed.metrics, analyzed.metrics_step) == (expected, "a")


HOSTS = [
    pytest.param(
        chain(("a", "x = 1"), ("b", "y = 1"), ("metrics", "print(y)")), "b", id="the last"
    ),
    pytest.param(
        chain(("a", "x = 1"), ("b", "y = 1"), ("metrics", "print(x)")), "a", id="where it is made"
    ),
    pytest.param(
        chain(("a", "x = 1"), ("metrics", "print(x)"), ("b", "x = 2")),
        "a",
        id="not a later version",
    ),
    pytest.param(
        pipeline(("a", "x = 1"), ("b", "y = 1"), ("c", "z = 1"), ("metrics", "print(x, y, z)")),
        "pipeline-metrics",
        id="none when steps are not ordered",
    ),
    pytest.param(
        chain(("imports", "k = 1"), ("a", "k = 2"), ("metrics", "print(k)"), ("b", "k = 3")),
        "a",
        id="a shared value as a step left it",
    ),
]


@pytest.mark.parametrize(("notebook", "host"), HOSTS)
def test_metrics_step(notebook, host):
    assert analyze(notebook).metrics_step == host


NOTICES = [
    pytest.param(chain(("a", "x = 1"), ("b", "x")), [], id="nothing to say"),
    pytest.param(
        pipeline(("a", "x = 1"), ("b", "1\nx")),
        ["nb.ipynb: cell 2 (b), line 2: notice KALE201: step `b` waits for `a`, because it reads "
         "`x`, which cell 1 binds; add the tag `prev:a` to say so in the notebook"],
        id="an edge from data",
    ),
    pytest.param(
        chain(("imports", "from m import *"), ("a", "thing")),
        ["nb.ipynb: cell 1, line 1: warning KALE310: `from m import *` brings in names that Kale "
         "cannot see; a misspelt name is found only when the step runs; import the names that are "
         "used"],
        id="a star import",
    ),
    pytest.param(
        chain(("functions", "def f():\n    return totl"), ("a", "1")),
        ["nb.ipynb: cell 1, line 2: warning KALE303: `totl` is not defined anywhere; the code that "
         "uses it fails if it runs; correct the spelling, or define it"],
        id="a mistake in a function that no step calls",
    ),
    pytest.param(
        chain(("imports", "import m"), ("a", "m.settings['k'] = 1"), ("b", "m.f()")),
        ["nb.ipynb: cell 2 (a), line 1: warning KALE320: step `a` changes settings of the module "
         "`m`; step `b`, which uses it too, runs in a process of its own and does not see the "
         "change; make the change in a cell tagged `imports`, which every step runs"],
        id="module settings",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), NOTICES)
def test_findings(notebook, expected):
    found = analyze(notebook).diagnostics
    assert [
        f"{d.at}: {d.severity.value} {d.code}: {d.message}; {d.hint}" for d in found
    ] == expected


ERRORS = [
    pytest.param(
        chain(("a", "total = 1"), ("b", "1\ntotl")),
        ["nb.ipynb: cell 2 (b), line 2: KALE301: step `b` uses `totl`, which no earlier step "
         "defines; did you mean `total`? Hint: correct the spelling"],
        id="a misspelt name",
    ),
    pytest.param(
        chain(("a", "zebra")),
        ["nb.ipynb: cell 1 (a), line 1: KALE301: step `a` uses `zebra`, which no earlier step "
         "defines Hint: define `zebra` in an earlier step, or in a cell tagged `imports` or "
         "`functions`"],
        id="a name like no other",
    ),
    pytest.param(
        chain(("a", "x"), ("b", "x = 1")),
        ["nb.ipynb: cell 1 (a), line 1: KALE301: step `a` uses `x`, which no earlier step defines; "
         "`b` defines it later, in cell 2 Hint: move cell 2 above the cell that uses `x`"],
        id="a name defined later",
    ),
    pytest.param(
        chain(("functions", "def f(): return totl"), ("a", "f()")),
        ["nb.ipynb: cell 2 (a), line 1: KALE301: step `a` uses `totl`, which no earlier step "
         "defines Hint: define `totl` in an earlier step, or in a cell tagged `imports` or "
         "`functions`"],
        id="a mistake in a function that is called",
    ),
    pytest.param(
        chain(("a", "x = 1"), ("b", "del x"), ("c", "x")),
        ["nb.ipynb: cell 3 (c), line 1: KALE306: step `c` uses `x`, which cell 2 deletes Hint: "
         "define `x` again, or delete it after its last use"],
        id="a deleted name",
    ),
    pytest.param(
        chain(("a", "1"), ("b", "y = _")),
        ["nb.ipynb: cell 2 (b), line 1: KALE302: step `b` uses `_`, IPython's memory of another "
         "cell; a step starts with an empty one Hint: give the value a name where it is computed"],
        id="IPython's history",
    ),
    pytest.param(
        pipeline(("a", "x = 1"), ("b", "s = x"), ("c", "s = x"), ("d", "s"), after=FORK),
        ["nb.ipynb: cell 4 (d), line 1: KALE210: step `d` reads `s`, which steps `b` (cell 2) and "
         "`c` (cell 3) both write, and nothing orders the two Hint: tag a cell of `c` with "
         "`prev:b`, or use two names"],
        id="two writers without order",
    ),
    pytest.param(
        pipeline(("a", "x = 1"), ("b", "x"), after={"a": ["b"]}),
        ["nb.ipynb: cell 2 (b), line 1: KALE211: step `b` reads `x` as step `a` leaves it in cell "
         "1, but `a` runs after `b` Hint: move the cell, or take the `prev:` away that puts `a` "
         "after `b`"],
        id="a value from a later step",
    ),
    pytest.param(
        pipeline(("a", "x = 1"), ("b", "y = x"), ("a", "x = 2"), after={"b": ["a"]}),
        ["nb.ipynb: cell 2 (b), line 1: KALE212: `x` is read in cell 2 and step `a` binds it in "
         "cell 3; all cells of step `a` run together, so the two cannot keep their order Hint: put "
         "the cells of `a` together, or give the later ones a step of their own"],
        id="a producer that goes on",
    ),
    pytest.param(
        pipeline(("a", "x = 1"), ("b", "x = 2"), ("a", "x")),
        ["nb.ipynb: cell 2 (b), line 1: KALE212: `x` is read in cell 3 and step `b` binds it in "
         "cell 2; all cells of step `a` run together, so the two cannot keep their order Hint: put "
         "the cells of `a` together, or give the later ones a step of their own"],
        id="a write between two cells of a step",
    ),
    pytest.param(
        chain(("functions", "def f(): return 1"), ("a", "f()"), ("functions", "def f(): return 2")),
        ["nb.ipynb: cell 3, line 1: KALE213: cell 3 sets `f`, which cell 2 uses with its earlier "
         "meaning; imports and functions cells run at the head of every step Hint: move cell 3 "
         "above cell 2, or use another name"],
        id="a shared cell that redefines",
    ),
    pytest.param(
        chain(("a", "sum([1])"), ("imports", "from numpy import sum")),
        ["nb.ipynb: cell 2, line 1: KALE213: cell 2 sets `sum`, which cell 1 uses with its earlier "
         "meaning; imports and functions cells run at the head of every step Hint: move cell 2 "
         "above cell 1, or use another name"],
        id="a shared cell that hides a builtin",
    ),
    pytest.param(
        chain(("functions", "k = 1"), ("imports", "k = 2"), ("a", "k")),
        ["nb.ipynb: cell 2, line 1: KALE213: cell 2 (imports) sets `k` after cell 1 (functions) "
         "did; in a step the imports come first Hint: put the imports cell above the functions "
         "cell"],
        id="imports below functions",
    ),
    pytest.param(
        chain(("imports", "p = 1"), ("parameters", {"p": 2}), ("a", "p")),
        ["nb.ipynb: cell 1, line 1: KALE214: `p` is a pipeline parameter and cell 1 assigns it "
         "before cell 2 declares it; in a step the parameters come first Hint: take the assignment "
         "away, or put it below the parameters"],
        id="a parameter assigned above",
    ),
    pytest.param(
        chain(("a", "x = 1"), ("metrics", "best = x\nprint(best)"), ("b", "best")),
        ["nb.ipynb: cell 3 (b), line 1: KALE215: step `b` uses `best`, which a pipeline-metrics "
         "cell sets; metrics are computed when the pipeline ends Hint: compute `best` in a step"],
        id="a value of a metrics cell",
    ),
    pytest.param(
        chain(("a", "df = 1"), ("functions", "cols = df")),
        ["nb.ipynb: cell 2, line 1: KALE304: the shared cell uses `df`, which step `a` defines; "
         "this cell runs at the head of every step Hint: tag the cell with the `block:` that it "
         "belongs to"],
        id="a shared cell that needs a step",
    ),
    pytest.param(
        chain(("imports", "cols = df"), ("a", "1")),
        ["nb.ipynb: cell 1, line 1: KALE304: the shared cell uses `df`, which no cell before it "
         "defines Hint: correct the spelling, or define it in a cell above"],
        id="a shared cell with a mistake",
    ),
    pytest.param(
        chain(("functions", "class C: rate = 1"), ("a", "C.rate = 2"), ("b", "C.rate")),
        ["nb.ipynb: cell 2 (a), line 1: KALE305: step `a` changes `C`, which is code, and step `b` "
         "uses it later; code reaches a step as it was defined Hint: keep what changes in a "
         "variable or an instance instead"],
        id="a class changed in place",
    ),
    pytest.param(
        chain(("a", "one"), ("b", "two")),
        ["nb.ipynb: cell 1 (a), line 1: KALE301: step `a` uses `one`, which no earlier step "
         "defines Hint: define `one` in an earlier step, or in a cell tagged `imports` or "
         "`functions`",
         "nb.ipynb: cell 2 (b), line 1: KALE301: step `b` uses `two`, which no earlier step "
         "defines Hint: define `two` in an earlier step, or in a cell tagged `imports` or "
         "`functions`"],
        id="all mistakes at once",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), ERRORS)
def test_refusals(notebook, expected):
    with pytest.raises(KaleError) as caught:
        analyze(notebook)
    found = [f"{e.at}: {e.code}: {e.message} Hint: {e.hint}" for e in caught.value.parts()]
    assert found == expected


def test_the_original_projects_name_gives_the_names_that_each_step_loads():
    notebook = chain(("a", "x = 1\ny = 2"), ("b", "z = x + y"), ("c", "z"))
    assert variables_dependencies_detection(notebook) == {"a": (), "b": ("x", "y"), "c": ("z",)}
