"""``%run``: the names of a file that stands beside the notebook, or is written by a cell."""

from __future__ import annotations

import pytest
from nbparser.conftest import notebook_text

from kale.errors import KaleError
from kale.nbparser import parse_pipeline, read_notebook
from kale.static_analysis import analyze


@pytest.fixture
def analyzed(tmp_path):
    """A notebook in a folder of its own, analysed; ``files`` stand beside it."""

    def build(*cells, **files):
        for name, text in files.items():
            (tmp_path / name.replace("_dot_", ".")).write_text(text, encoding="utf-8")
        path = tmp_path / "nb.ipynb"
        path.write_text(notebook_text(*cells), encoding="utf-8")
        return analyze(parse_pipeline(read_notebook(path)))

    return build


FILE = """\
import numpy as np
RATE = 7
items = []
def scale(v): return v * RATE
class Model: pass
if RATE > 3:
    maybe = 1
del RATE
RATE: int = 8
comprehended = [i for i in items]
with open("f") as file: text = file.read()
"""


def test_a_file_binds_its_names_and_reads_none_of_the_notebook(analyzed):
    made = analyzed(
        ("RATE = items = i = v = 0", "block:a"),
        ("x = 1\n%run helper.py 3 4", "block:b", "prev:a"),
        helper_dot_py=FILE,
    )
    summary = made.summary("b")
    assert set(summary.uses) == set()
    assert set(summary.defs) == set(
        "x np RATE items scale Model maybe comprehended file text".split()
    )
    assert {"RATE", "scale", "items"} <= summary.certain
    assert "maybe" not in summary.certain
    assert summary.defs["RATE"].line == 2


@pytest.mark.parametrize("run", ["helper.py", "./helper.py", "helper", "-n helper.py", "-t -N 3 helper.py x"])  # fmt: skip
def test_ways_to_name_the_file(analyzed, run):
    made = analyzed((f"%run {run}\ny = RATE", "block:a"), helper_dot_py="RATE = 1")
    assert set(made.summary("a").defs) == {"RATE", "y"}


def test_values_of_a_file_travel(analyzed):
    made = analyzed(
        ("%run helper.py", "block:a"), ("x = RATE", "block:b", "prev:a"), helper_dot_py=FILE
    )
    assert [(w.name, w.producers, w.consumer) for w in made.wires] == [("RATE", ("a",), "b")]


@pytest.mark.parametrize("argument", ["{k}", "$k", "--rate {k + 1}"])
def test_what_a_file_is_given_on_its_line_is_read(analyzed, argument):
    made = analyzed(
        ("k = 7", "block:a"),
        (f"%run helper.py {argument}", "block:b", "prev:a"),
        ("print(RATE)", "block:c", "prev:b"),
        helper_dot_py=FILE,
    )
    assert set(made.summary("b").uses) == {"k"}
    assert [(w.name, w.producers, w.consumer) for w in made.wires] == [
        ("k", ("a",), "b"),
        ("RATE", ("b",), "c"),
    ]


def test_a_file_that_looks_at_the_environment_is_no_warning(analyzed):
    text = "import os\nimport numpy as np\nx = os.environ['HOME']\nrng = np.random.default_rng(3)"
    made = analyzed(
        ("%run helper.py", "block:a"), ("print(x)", "block:b", "prev:a"), helper_dot_py=text
    )
    assert made.diagnostics == ()


def test_a_file_in_the_notebooks_namespace_reads_and_changes_its_names(analyzed):
    made = analyzed(
        ("data = [1]\nother = 2", "block:a"),
        ("%run -i helper.py", "block:b", "prev:a"),
        ("print(data, size)", "block:c", "prev:b"),
        helper_dot_py="data.append(2)\nsize = len(data)\nother = 3",
    )
    assert set(made.summary("b").uses) == {"data"}
    assert {(w.name, w.producers) for w in made.wires if w.consumer == "c"} == {
        ("data", ("b",)),
        ("size", ("b",)),
    }


def test_a_notebook_that_is_run(analyzed):
    made = analyzed(
        ("size = 2", "block:a"),
        ("%run other.ipynb", "block:b", "prev:a"),
        ("print(names)", "block:c", "prev:b"),
        other_dot_ipynb=notebook_text(("names = !ls\n%time twice = size * 2",), ("# text",), c2="markdown"),
    )  # fmt: skip
    assert set(made.summary("b").uses) == {"size"}
    assert set(made.summary("b").defs) == {"names", "twice"}


def test_a_file_that_a_cell_above_writes(analyzed):
    made = analyzed(
        ("%%writefile helper.py\nRATE = 1", "block:a"),
        ("%run helper.py\nx = RATE", "block:b", "prev:a"),
        helper_dot_py="OLD = 1",
    )
    assert set(made.summary("b").defs) == {"RATE", "x"}


UNKNOWN = {
    "missing": ("%run missing.py", "x = 1"),
    "computed": ("name = 'helper.py'\n%run $name", "x = 1"),
    "a module": ("%run -m helper", "x = 1"),
    "no Python": ("%run helper.py", "x = ("),
    "a star import": ("%run helper.py", "from os import *"),
    "names by their text": ("%run helper.py", "globals()['x'] = 1"),
    "another file in turn": ("%run other.ipynb", "x = 1"),
    "a seed": ("%run helper.py", "import random\nrandom.seed(3)"),
    "a seed by its name": ("%run helper.py", "from random import seed\nseed(3)"),
    "the environment": ("%run helper.py", "import os\nos.environ['A'] = '1'"),
    "the environment by a method": ("%run helper.py", "import os\nos.environ.setdefault('A', '1')"),
    "the working folder": ("%run helper.py", "import os\nos.chdir('/tmp')"),
    "functions that share a variable": ("%run helper.py", "def f():\n    global x\n    x = 1"),
}


@pytest.mark.parametrize(("code", "text"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_what_cannot_be_read_is_a_warning_and_no_name_after_it_an_error(analyzed, code, text):
    other = notebook_text(("%run helper.py",))
    made = analyzed(
        (code + "\ny = anything", "block:a"),
        ("print(something)", "block:b", "prev:a"),
        helper_dot_py=text,
        other_dot_ipynb=other,
    )
    assert [found.code for found in made.diagnostics] == ["KALE330"]


def test_a_name_before_it_is_an_error_still(analyzed):
    with pytest.raises(KaleError, match="uses `anything`, which no earlier step defines"):
        analyzed(("y = anything", "block:a"), ("%run missing.py", "block:b", "prev:a"))


def test_a_file_that_was_read_gives_no_warning(analyzed):
    made = analyzed(("%run helper.py", "block:a"), ("x = 1", "block:b"), helper_dot_py="y = 1")
    assert made.diagnostics == ()


def test_a_cell_magic_of_an_extension_may_bind_anything(analyzed):
    made = analyzed(("%%unheard_of\nx", "block:a"), ("y = anything", "block:b", "prev:a"))
    (found,) = made.diagnostics
    assert (found.code, found.at.line) == ("KALE330", 1)
    assert found.message.startswith("`%%unheard_of` may read or bind names that Kale cannot see")


@pytest.mark.xfail(strict=True, reason="the line that stands for it binds names where it stands")
def test_a_file_that_a_function_runs_binds_names_of_the_notebook(analyzed):
    made = analyzed(("def f():\n    %run helper.py\nf()", "block:a"), helper_dot_py="x = 1")
    assert "x" in made.summary("a").defs
