"""Command line, environment, notebook, project file, default: in this order."""

import pytest

from kale.core import load
from kale.errors import UsageError

CELL = ("block:a", "x = 1")
NAMED = {"kubeflow_notebook": {"pipeline_name": "from-notebook"}}


def project(path, text):
    (path.parent / "pyproject.toml").write_text(text, encoding="utf-8")


def test_the_files_name_when_nobody_says(notebook):
    assert load(notebook(CELL)).name == "nb"


def test_each_beats_the_one_before(notebook, monkeypatch):
    project(notebook(CELL), '[tool.kale]\npipeline_name = "from-project"\n')
    assert load(notebook(CELL)).name == "from-project"
    path = notebook(CELL, metadata=NAMED)
    assert load(path).name == "from-notebook"
    monkeypatch.setenv("KALE_PIPELINE_NAME", "from-environment")
    assert load(path).name == "from-environment"
    assert load(path, {"pipeline_name": "given"}).name == "given"


def test_the_nearest_project_file_with_a_table_counts(notebook):
    path = notebook(CELL, name="deep/er/nb.ipynb")
    project(path, "[project]\n")
    project(path.parent, '[tool.kale]\ndocker_image = "img:1"\n')
    assert load(path).image == "img:1"


ERRORS = [
    pytest.param("[tool.kale]\nx = ", "the project file is not valid TOML: ", id="no TOML"),
    pytest.param(
        '[tool.kale]\ndocker_imag = "a"', "`[tool.kale]` has no setting `docker_imag`", id="no key"
    ),
    pytest.param(
        "[tool.kale]\ndocker_image = 1",
        "the setting `docker_image` of `[tool.kale]` is not text",
        id="no text",
    ),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_a_wrong_project_file(notebook, text, message):
    path = notebook(CELL)
    project(path, text)
    with pytest.raises(UsageError) as caught:
        load(path)
    assert caught.value.message.startswith(message)
    assert caught.value.at.path == str(path.parent / "pyproject.toml")
    assert caught.value.hint
