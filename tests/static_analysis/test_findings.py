"""What the analysis says and refuses: place, message, remedy; cells are (step, code)."""

import pytest
from pipelines import chain, pipeline

from kale.errors import KaleError
from kale.static_analysis import analyze

FORK = {"b": ["a"], "c": ["a"], "d": ["b", "c"]}

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
         "cannot see; a misspelt name is found only when the step runs, and an earlier value that "
         "one of them replaces may come back in a later step; import the names that are used"],
        id="a star import",
    ),
    pytest.param(
        chain(("functions", "def f():\n    return totl"), ("a", "1")),
        ["nb.ipynb: cell 1, line 2: warning KALE303: `totl` is not defined anywhere; the code that "
         "uses it fails if it runs; correct the spelling, or define it"],
        id="a mistake in a function that no step calls",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), NOTICES)
def test_findings(notebook, expected):
    found = analyze(notebook).diagnostics
    assert [
        f"{d.at}: {d.severity.value} {d.code}: {d.message}; {d.hint}" for d in found
    ] == expected


IMPORTS = ("imports", "import random\nimport numpy as np")

RANDOM = [
    pytest.param(
        chain(IMPORTS, ("a", "rng = np.random.default_rng(0)"), ("b", "rng.normal()")), [],
        id="a generator of one's own",
    ),
    pytest.param(
        chain(("functions", "class random:\n    def choice(): pass"), ("a", "random.choice()"),
              ("b", "1")), [],
        id="another thing of the name",
    ),
    pytest.param(
        chain(IMPORTS, ("a", "np.random.seed(0)"), ("b", "x = np.random.rand()\nrandom.random()")),
        [],
        id="global random state, which travels along a chain",
    ),
    pytest.param(
        chain(("imports", "from random import seed\nseed(0)"), ("a", "1"), ("b", "2")),
        [],
        id="a seed in a shared cell, and no draw",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), RANDOM)
def test_random_state(notebook, expected):
    found = analyze(notebook).diagnostics
    assert [(d.code, d.at.cell, d.at.line, d.message.split()[0]) for d in found] == expected


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
        chain(("a", "x = 1"), ("imports", "if len('?'):\n    x = 2"), ("b", "x")),
        ["nb.ipynb: cell 2, line 2: KALE213: cell 2 may or may not set `x`, which cell 1 sets above "
         "it; imports and functions cells run at the head of every step Hint: move cell 2 above "
         "cell 1, or use another name"],
        id="a shared cell that may set a step's name",
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
    *(
        pytest.param(
            chain(("functions", code), ("a", call), ("b", call)),
            [f"nb.ipynb: cell 2 (a), line 1: KALE305: step `a` changes `{name}`, which is code, and "
             "step `b` uses it later; code reaches a step as it was defined Hint: keep what changes "
             "in a variable or an instance instead"],
            id=id_,
        )
        for id_, name, code, call in [
            ("a class that counts", "C", "class C:\n    n = 0\n    def __init__(self): C.n += 1", "C()"),
            ("a class changed through cls", "C",
             "class C:\n    n = 0\n    @classmethod\n    def up(cls): cls.n += 1", "C.up()"),
            ("a class changed through type()", "C",
             "class C:\n    def up(self): type(self).n = 1", "C().up()"),
            ("a container of a class, filled through self", "C",
             "class C:\n    all = []\n    def put(self, x): self.all.append(x)", "C().put(1)"),
            ("a container reached through cls", "C",
             "class C:\n    all = {}\n    @classmethod\n    def put(cls, x): cls.all.setdefault(x, 1)",
             "C.put(1)"),
            ("a default value that collects", "f",
             "def f(x, acc=[]):\n    acc.append(x)\n    return acc", "f(1)"),
            ("a default value that is returned", "f", "def f(*, acc={}):\n    return acc", "f()"),
            ("a function's attribute", "f", "def f():\n    f.n = 1", "f()"),
        ]
    ),
    pytest.param(
        chain(("a", "1\nglobals = 3")),
        ["nb.ipynb: cell 1 (a), line 2: KALE307: the notebook sets `globals`, which every step needs "
         "as Python defines it Hint: use another name"],
        id="a reserved name",
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
