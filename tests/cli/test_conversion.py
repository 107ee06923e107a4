"""``kale export`` and ``kale import``: where the text goes, and no file is written over unasked."""

from __future__ import annotations

import json

import pytest

SCRIPT = """from kale.sdk import pipeline, step


@step
def load():
    return 1


@pipeline
def p():
    x = load()
"""


@pytest.fixture
def cells():
    return [("block:load", "x = 1"), ("block:show prev:load", "print(x)")]


def test_export_prints_the_script(kale, notebook, cells):
    code, out, err = kale("export", notebook(*cells))
    assert (code, err) == (0, "")
    assert out.startswith("from kale.sdk import pipeline, step\n")
    assert out.endswith('if __name__ == "__main__":\n    nb()\n')


def test_import_prints_the_notebook(kale, tmp_path):
    script = tmp_path / "s.py"
    script.write_text(SCRIPT)
    code, out, err = kale("import", script)
    assert (code, err) == (0, "")
    assert json.loads(out)["metadata"]["kubeflow_notebook"] == {"pipeline_name": "p"}


def test_there_and_back_in_files(kale, notebook, cells, tmp_path):
    script, again = tmp_path / "made.py", tmp_path / "made.ipynb"
    assert kale("export", notebook(*cells), "-o", script) == (0, f"file      {script}\n", "")
    assert kale("import", script, "-o", again) == (0, f"file      {again}\n", "")
    code, out, _ = kale("check", again)
    assert (code, out) == (0, f"{again}: 2 steps, no errors\n")


@pytest.mark.parametrize("verb", ["export", "import"])
def test_a_file_that_is_there_stays_unless_forced(kale, notebook, cells, tmp_path, verb):
    source = notebook(*cells)
    if verb == "import":
        source = tmp_path / "s.py"
        source.write_text(SCRIPT)
    target = tmp_path / "there.py"
    target.write_text("mine")
    code, out, err = kale(verb, source, "-o", target)
    assert (code, out) == (2, "")
    assert "error KALE782: " in err
    assert f"`{target}` is there already" in err
    assert target.read_text() == "mine"
    assert kale(verb, source, "-o", target, "--force")[0] == 0
    assert target.read_text() != "mine"


@pytest.mark.parametrize(
    ("verb", "name", "expected"),
    [
        (
            "export",
            "a.py",
            "error KALE780: `{path}` is a script already\n"
            "  hint: name a notebook; `kale import` makes one of a script\n",
        ),
        (
            "import",
            "a.ipynb",
            "error KALE781: `{path}` is no Python file\n"
            "  hint: name a script, whose name ends in `.py`; `kale export` makes one of a notebook\n",
        ),
    ],
)
def test_each_takes_its_own_kind_of_file(kale, tmp_path, verb, name, expected):
    path = tmp_path / name
    path.write_text(SCRIPT)
    assert kale(verb, path) == (2, "", expected.format(path=path))


def test_a_script_that_is_no_pipeline_is_written_and_its_errors_are_told(kale, notebook, tmp_path):
    """A function that is not called reads what is not there: plain Python never looks."""
    target = tmp_path / "made.py"
    cells = [("block:a", "def late():\n    return later\n\n\nx = [late]"), ("block:b", "later = 1")]
    code, out, err = kale("export", notebook(*cells, ("block:c", "print(len(x))")), "-o", target)
    assert (code, out) == (1, f"file      {target}\n")
    assert f"{target}: line " in err
    assert "error KALE301: step `a` uses `later`" in err


def test_a_notebook_that_cannot_be_exported_writes_nothing(kale, notebook, tmp_path):
    target = tmp_path / "made.py"
    code, out, err = kale("export", notebook(("block:a", "!ls")), "-o", target)
    assert (code, out) == (1, "")
    assert "KALE780" in err
    assert not target.exists()
