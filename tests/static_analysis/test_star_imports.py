"""Notebooks with ``from m import *``: what later steps are given, and which names are mistakes."""

from dataclasses import replace

import pytest
from pipelines import chain

from kale.errors import KaleError
from kale.static_analysis import analyze


def test_nothing_is_run(tmp_path):
    canary = tmp_path / "ran"
    code = f"open({str(canary)!r}, 'w')\nx = 1\n"
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "__init__.py").write_text(code, encoding="utf-8")
    (tmp_path / "p" / "it.py").write_text(code + "from .other import *\n", encoding="utf-8")
    (tmp_path / "p" / "other.py").write_text(code + "y = 2", encoding="utf-8")
    notebook = chain(("a", "from p.it import *"), ("b", "r = x + y"))
    assert carried(replace(notebook, path=str(tmp_path / "nb.ipynb")), "b") == [
        "from p.it import x, y"
    ]
    assert not canary.exists()


def carried(notebook, step):
    return [source.code for source in analyze(notebook).summary(step).carried]


CARRIED = [
    pytest.param(chain(("a", "from math import *"), ("b", "r = 1")), [], id="no name of it"),
    pytest.param(chain(("a", "from math import *"), ("b", "r = abs(1)")), [], id="another builtin"),
    pytest.param(
        chain(("a", "from math import *"), ("c", "pi = 3"), ("b", "r = pi")), [], id="replaced"
    ),
    pytest.param(
        chain(("imports", "from math import *"), ("b", "r = pi")), [], id="in a shared cell"
    ),
    pytest.param(
        chain(("a", "from m import *"), ("b", "r = 1")), [], id="an unknown one without a use"
    ),
    pytest.param(
        chain(("a", "from math import *"), ("b", "r = pow(2, 3)")),
        ["from math import pow"],
        id="over a builtin",
    ),
    pytest.param(
        chain(("a", "pi = 3"), ("c", "from math import *"), ("b", "r = pi")),
        ["from math import pi"],
        id="over a value",
    ),
    pytest.param(
        chain(("a", "from math import *"), ("functions", "def pow(a, b): 1"),
              ("b", "r = pow(sin(1), 2)")),
        ["from math import sin"],
        id="without what shared code below it replaces",
    ),
    pytest.param(
        chain(("a", "from math import sin, pow"), ("functions", "def pow(a, b): 1"),
              ("b", "r = pow(sin(1), 2)")),
        ["from math import sin"],
        id="a list of names without what shared code below it replaces",
    ),
    pytest.param(
        chain(("a", "from math import sin, pow as p"), ("b", "r = sin(1)")),
        ["from math import sin, pow as p"],
        id="a list of names as it is written",
    ),
    pytest.param(
        chain(("a", "from math import *"), ("c", "del pow"), ("b", "r = pow(sin(1), 2)")),
        ["from math import sin"],
        id="without what is deleted",
    ),
    pytest.param(
        chain(("a", "from math import *"), ("parameters", {"e": 3}), ("b", "r = sin(e)")),
        ["from math import sin"],
        id="without what is a parameter by then",
    ),
    pytest.param(
        chain(("a", "import os; from math import *; import sys"), ("b", "os, sys, sin")),
        ["import os", "from math import sin", "import sys"],
        id="several on a line",
    ),
    pytest.param(
        chain(("a", "from m import *"), ("b", "r = pow(2, 3)")),
        ["from m import *"],
        id="an unknown one, which may replace a builtin",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), CARRIED)
def test_a_later_step_is_given_the_names_that_it_takes(notebook, expected):
    assert carried(notebook, "b") == expected


AGAIN = [
    pytest.param(chain(("imports", "from math import *"), ("a", "r = sin(1)"),
                       ("imports", "from math import *"), ("b", "sin(r)")), id="in imports cells"),
    pytest.param(chain(("functions", "from math import *"), ("a", "r = sin(1)"),
                       ("imports", "from math import sin"), ("b", "sin(r)")), id="in both kinds"),
    pytest.param(chain(("a", "import math as m\nm.pi"), ("b", "import math as m"), ("a", "m.pi")),
                 id="between two cells of a step"),
]  # fmt: skip


@pytest.mark.parametrize("notebook", AGAIN)
def test_the_same_import_again_changes_nothing(notebook):
    assert analyze(notebook).diagnostics == ()


REFUSED = [
    pytest.param(
        chain(("a", "from math import *"), ("b", "r = sqr(2)")),
        ["nb.ipynb: cell 2 (b), line 1: error KALE301: step `b` uses `sqr`, which no earlier step "
         "defines; did you mean `sqrt`?; correct the spelling"],
        id="a misspelt name of the module",
    ),
    pytest.param(
        chain(("a", "r = pow(2, 3)"), ("imports", "from math import *"), ("b", "sin(r)")),
        ["nb.ipynb: cell 2, line 1: error KALE213: cell 2 sets `pow`, which cell 1 uses with its "
         "earlier meaning; imports and functions cells run at the head of every step; move cell 2 "
         "above cell 1, or use another name"],
        id="a shared one below a use of a builtin",
    ),
    pytest.param(
        chain(("functions", "from cmath import *"), ("imports", "from math import *"),
              ("a", "sin(1)")),
        ["nb.ipynb: cell 2, line 1: error KALE213: cell 2 (imports) sets `acos` after cell 1 "
         "(functions) did; in a step the imports come first; put the imports cell above the "
         "functions cell"],
        id="one report for all names of an import",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), REFUSED)
def test_refusals(notebook, expected):
    with pytest.raises(KaleError) as caught:
        analyze(notebook)
    assert [f"{e.at}: error {e.code}: {e.message}; {e.hint}" for e in caught.value.parts()] == (
        expected
    )


def test_a_mistake_in_a_function_is_found_below_a_known_star_import():
    notebook = chain(("imports", "from math import *"), ("a", "def f(): return sqr(sqrt(2))"))
    assert [(d.code, d.message) for d in analyze(notebook).diagnostics] == [
        ("KALE303", "`sqr` is not defined anywhere; the code that uses it fails if it runs")
    ]
