"""Which modules a notebook's code imports, and where it may import others."""

from __future__ import annotations

import pytest
from pipelines import chain

from kale.ir import UNSEEN_MODULE
from kale.nbparser import to_python
from kale.static_analysis import analyze, with_own_modules


def modules_of(*cells):
    return analyze(chain(*cells)).modules


@pytest.mark.parametrize(
    ("code", "modules"),
    [
        pytest.param("x = 1", "", id="none"),
        pytest.param("torch = 'import torch'", "", id="a name and a text are no import"),
        pytest.param("import a", "a", id="a module"),
        pytest.param("import a.b.c as d, e", "a e", id="a dotted name, and two"),
        pytest.param("from a.b import c", "a", id="a part of a module"),
        pytest.param("from math import *", "math", id="a star"),
        pytest.param("def f():\n    import a\n", "a", id="in a function"),
        pytest.param("class A:\n    def f(self):\n        from a import b", "a", id="in a method"),
        pytest.param("if 0:\n    import a", "a", id="where it may not run"),
        pytest.param(
            "import importlib\nimportlib.import_module('a.b')", "a importlib", id="by function"
        ),
        pytest.param(
            "from importlib import import_module\nimport_module('a')", "a importlib", id="by name"
        ),
        pytest.param("__import__('a.b')", "a", id="by the builtin"),
        pytest.param("import importlib.metadata, importlib", "importlib", id="that finds nothing"),
        pytest.param("n = 'a'\n__import__(n)", "?", id="by a computed name"),
        pytest.param(
            "import importlib\nx = [*map(importlib.import_module, 'ab')]", "importlib ?",
            id="handed over",
        ),
        pytest.param(
            "from importlib import import_module as get\nget('a')", "importlib ?", id="renamed"
        ),
        pytest.param("from importlib import util", "importlib ?", id="from a file"),
        pytest.param("from . import a", "?", id="relative"),
        pytest.param("import importlib as i\ni.import_module('.a', 'b')", "importlib ?", id="too"),
        pytest.param("exec('import a')", "?", id="in text that is run"),
        pytest.param("import pickle", "pickle ?", id="by unpickling"),
        pytest.param("%run other.py", "?", id="in a file that is run"),
        pytest.param("%%writefile a.py\nimport b", "?", id="in a file that is written"),
        pytest.param("!pip install a", "?", id="by IPython"),
        pytest.param("%time import a", "a", id="behind a magic"),
    ],
)  # fmt: skip
def test_modules_of_a_cell(code, modules):
    assert modules_of(("a", to_python(code))) == set(modules.split())


def test_all_cells_count():
    cells = [
        ("imports", "import a"), ("functions", "def f():\n    import b"), ("one", "import c\nx = 1"),
        ("two", "from d import e\ny = x"), ("metrics", "import m\nprint(y)"),
    ]  # fmt: skip
    assert modules_of(*cells) == {*"abcdm"}
    assert UNSEEN_MODULE == "?"


FILES = {
    "one.py": "import os, two.part as t, three\n",
    "two/__init__.py": "from . import part\n",
    "two/part.py": "def f():\n\tfrom  torch.nn import Module\n",
    "two/deep/er.py": "import two\nimport é\n",
    "three.py": b"\xff import\nfrom \xff import x\nimport four; import five\n",
    "json.py": "import six\n",
    "six.py": "import seven\n",
}


@pytest.mark.parametrize(
    ("modules", "behind"),
    [
        pytest.param("numpy os", "", id="nothing of the author's"),
        pytest.param("two", "torch é", id="a package, all of it"),
        pytest.param("one", "os two torch é three four five", id="one by another"),
        pytest.param("json", "", id="the language's own come first"),
        pytest.param("six", "seven", id="a module under another's name"),
        pytest.param("? ..", "", id="what is no name"),
    ],
)
def test_what_modules_beside_the_notebook_import(tmp_path, modules, behind):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    expected = {*modules.split(), *behind.split()}
    assert with_own_modules(modules.split(), tmp_path) == expected


def imports_of_steps(*cells):
    return {one.name: " ".join(one.imports) for one in analyze(chain(*cells)).summaries}


@pytest.mark.parametrize(
    ("code", "names"),
    [
        pytest.param("import a.b.c as d, e", "a.b.c e", id="dotted names as they are written"),
        pytest.param("from a.b import c, d", "a.b a.b.c a.b.d", id="what may be a module or not"),
        pytest.param("from a import *", "a", id="a star"),
        pytest.param("try:\n    import a\nexcept ImportError:\n    import b", "a b", id="either"),
        pytest.param("__import__('a.b')\nexec('import c')", "a.b", id="nothing out of sight"),
    ],
)
def test_what_a_step_imports(code, names):
    assert imports_of_steps(("a", code)) == {"a": names}


def test_a_steps_notebook_imports_what_stands_in_it():
    found = imports_of_steps(
        ("imports", "import shared"),
        ("functions", "def f():\n    import helper"),
        ("a", "import own\nimport carried\ndef g():\n    import inner"),
        ("b", "x = carried.y()\ng()"),
        ("c", "y = x"),
        ("metrics", "import measured\nprint(y)"),
    )
    assert found == {
        "a": "carried helper inner own shared",
        "b": "carried helper inner shared",
        "c": "helper measured shared",
    }
