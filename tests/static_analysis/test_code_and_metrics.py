"""Definitions that travel as source, and which names are reported at the end of which step."""

import pytest
from pipelines import chain, pipeline

from kale.static_analysis import analyze

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
    pytest.param(
        chain(("a", "from m import *\nx = 1"), ("b", "thing(x)")),
        ["from m import *"],
        id="a star import, for a name that nothing defines",
    ),
    pytest.param(
        chain(("a", "from __future__ import annotations"), ("b", "def f(x: Later): pass")),
        ["from __future__ import annotations"],
        id="an import from the future holds for all later cells",
    ),
    pytest.param(
        chain(
            ("imports", "from __future__ import annotations"),
            ("a", "def f(x: Y): pass"),
            ("b", "f(1)"),
        ),
        ["def f(x: Y): pass"],
        id="an annotation that is never evaluated",
    ),
    pytest.param(
        chain(("a", "import xml.dom\nimport xml.sax"), ("b", "xml.dom")),
        ["import xml.dom\nimport xml.sax"],
        id="submodules of one package in one cell",
    ),
    pytest.param(
        chain(("a", "import xml.dom"), ("b", "import xml.sax"), ("c", "xml.dom")),
        ["import xml.dom", "import xml.sax"],
        id="submodules of one package in two steps",
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
    pytest.param(
        pipeline(
            ("a", "def f(): return 1"),
            ("b", "y = 2"),
            ("metrics", "print(f() + y, y)"),
            ("b", "def f(): return 9"),
            after={"b": ["a"]},
        ),
        "pipeline-metrics",
        id="not a step that defines later what the metrics call",
    ),
    pytest.param(
        pipeline(
            ("b", "def f(): return 1\ny = 2"),
            ("a", "def f(): return 5"),
            ("metrics", "print(f() + y, y)"),
            after={"b": ["a"]},
        ),
        "pipeline-metrics",
        id="not a step whose own definition is out of date",
    ),
    pytest.param(
        chain(
            ("a", "x = 1"),
            ("b", "import math\ny = math.sqrt(x)"),
            ("metrics", "print(math.floor(y), y)"),
        ),
        "b",
        id="a step that has imported what the metrics use",
    ),
]


@pytest.mark.parametrize(("notebook", "host"), HOSTS)
def test_metrics_step(notebook, host):
    assert analyze(notebook).metrics_step == host
