"""Global random states: which steps hand one on, and where the numbers cannot be kept."""

import pytest
from pipelines import chain, pipeline

from kale.static_analysis import analyze

HEAD = "import random\nimport numpy as np\nimport pandas as pd\nfrom sklearn import x"
PYTHON = "random.state"
NUMPY = "numpy.random.state"

CHAINS = [
    ("", "random.random()", "random.random()", [], "no seed"),
    ("", "rng = np.random.default_rng(0); rng.random()", "rng.random()", [], "one's own generator"),
    ("random.seed(1)", "1", "random.random()", [], "one step that draws after a seed for all"),
    ("", "random.seed(1); random.random()", "1", [], "nobody draws later"),
    ("", "random.seed(1); random.random()", "random.seed(2); random.random()", [], "a new seed"),
    ("random.seed(1)", "random.random()", "np.random.rand()", [], "two states, one seed"),
    ("np.random.seed(1)", "df = f(random_state=1).fit(x)", "np.random.rand()", [], "a state given"),
    ("np.random.seed(1)", "m = LinearRegression(); m.fit(x)", "np.random.rand()", [],
     "an estimator that draws nothing"),
    ("random.seed(1)", "random.random()", "random.random()", [PYTHON], "Python's state"),
    ("np.random.seed(1)", "np.random.rand()", "np.random.rand()", [NUMPY], "NumPy's state"),
    ("np.random.seed(1); random.seed(2)", "np.random.rand(); random.random()",
     "np.random.rand(); random.random()", [NUMPY, PYTHON], "both"),
    ("", "random.seed(1)", "random.random()", [PYTHON], "seeded in a step"),
    ("", "random.seed(1)", "random.shuffle([1])", [PYTHON], "a shuffle"),
    ("", "random.seed(1)", "y = sorted([1], key=lambda _: random.random())", [PYTHON], "a lambda"),
    ("", "random.seed(1)", "y = map(random.gauss, [1])", [PYTHON], "a function that is handed on"),
    ("", "random.seed(1)", "if y: random.seed(2)\nrandom.random()", [PYTHON], "perhaps a new seed"),
    ("", "random.setstate(s)", "random.getstate()", [PYTHON], "a state that is set"),
    ("r = np.random", "np.random.seed(1)", "r.rand()", [NUMPY], "another name of the module"),
    ("from random import random as draw, seed", "seed(1)", "draw()", [PYTHON], "imported names"),
    ("import numpy.random as npr", "npr.seed(1)", "npr.normal()", [NUMPY], "a submodule's name"),
    ("def init(): random.seed(1)\ndef draw(): return random.random()", "init()", "draw()", [PYTHON],
     "inside of functions"),
    ("class D:\n def draw(self): return random.random()", "random.seed(1)", "D().draw()", [PYTHON],
     "inside of a method"),
    ("np.random.seed(1)", "np.random.rand()", "pd.DataFrame().sample(3)", [NUMPY], "a sample of rows"),
    ("np.random.seed(1)", "m = Forest(); m.fit(x)", "np.random.rand()", [NUMPY], "an estimator"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("shared", "first", "second", "expected"), [pytest.param(*r[:4], id=r[4]) for r in CHAINS]
)
def test_states_that_travel_along_a_chain(shared, first, second, expected):
    head = f"{HEAD}\ny = s = 1\nfrom m import Forest, LinearRegression, f\n{shared}"
    analyzed = analyze(chain(("functions", head), ("a", first), ("b", second)))
    wires = [(w.name, w.producers, w.consumer) for w in analyzed.wires if w.name != "rng"]
    assert sorted(wires) == [(name, ("a",), "b") for name in expected]
    assert not [d for d in analyzed.diagnostics if d.code == "KALE331"]


def test_a_step_between_that_draws_nothing_is_passed_by():
    notebook = chain(
        ("imports", "import random\nrandom.seed(1)"),
        ("a", "random.random()"), ("b", "1"), ("c", "random.random()"),
    )  # fmt: skip
    assert [(w.producers, w.consumer) for w in analyze(notebook).wires] == [(("a",), "c")]


DIAMOND = {"b": ["a"], "c": ["a"], "d": ["b", "c"]}

DIFFERENT = [
    pytest.param(
        pipeline(("imports", "import random\nrandom.seed(1)"), ("a", "1"), ("b", "random.random()"),
                 ("c", "1"), ("d", "random.random()"), after=DIAMOND),
        [], id="one branch that draws",
    ),
    pytest.param(
        pipeline(("imports", "import random\nrandom.seed(1)"), ("a", "random.random()"),
                 ("b", "random.random()"), ("c", "1\nrandom.random()"), after=DIAMOND),
        ["nb.ipynb: cell 4 (c), line 2: step `c` may draw from Python's global random state, which "
         "step `b` uses in cell 3, and nothing orders the two; the numbers differ from the "
         "notebook's; make a generator, `rng = np.random.default_rng(seed)`, and draw from that; "
         "or tag a cell of `c` with `prev:b`"],
        id="two branches that draw",
    ),
    pytest.param(
        chain(("imports", "import numpy as np\nnp.random.seed(1)"), ("a", "np.random.rand()"),
              ("functions", "np.random.seed(2)"), ("b", "1")),
        ["nb.ipynb: cell 2 (a), line 1: cell 3 sets NumPy's global random state at the head of "
         "every step, in the notebook only after step `a` has used it; the numbers differ from "
         "the notebook's; move cell 3 above cell 2"],
        id="a seed for all that stands below a draw",
    ),
    pytest.param(
        pipeline(("imports", "import random\nrandom.seed(1)"), ("a", "random.random()"),
                 ("b", "random.random()"), ("a", "random.random()"), after={"b": ["a"]}),
        ["nb.ipynb: cell 3 (b), line 1: step `b` and step `a` take turns in using Python's global "
         "random state (cells 3 and 4); all cells of a step run together, so the numbers differ "
         "from the notebook's; make a generator, `rng = np.random.default_rng(seed)`, and draw "
         "from that"],
        id="cells that take turns",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), DIFFERENT)
def test_numbers_that_cannot_be_kept(notebook, expected):
    found = [d for d in analyze(notebook).diagnostics if d.code == "KALE331"]
    assert [f"{d.at}: {d.message}; {d.hint}" for d in found] == expected


def test_a_branch_goes_on_with_the_last_state_that_comes_before_it():
    notebook = pipeline(
        ("imports", "import random\nrandom.seed(1)"), ("a", "random.random()"),
        ("b", "random.random()"), ("c", "random.random()"), after=DIAMOND,
    )  # fmt: skip
    wires = {w.consumer: w.producers for w in analyze(notebook).wires}
    assert wires == {"b": ("a",), "c": ("a",)}
