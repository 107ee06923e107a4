"""Command line, environment, notebook, project file, default: in this order."""

import pytest

from kale.core import check, load
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


def test_a_flag_follows_the_same_order(notebook, monkeypatch):
    def asked(path, settings=()):
        return load(path, dict(settings)).pickling.as_json()

    project(notebook(CELL), '[tool.kale]\nno_pickle = true\npickler = "dill"\n')
    assert asked(notebook(CELL)) == {"no_pickle": True, "pickler": "dill"}
    found = {"kubeflow_notebook": {"no_pickle": False, "pickler": "joblib"}}
    path = notebook(CELL, metadata=found)
    assert asked(path) == {"pickler": "joblib"}
    monkeypatch.setenv("KALE_NO_PICKLE", "1")
    assert asked(path) == {"no_pickle": True, "pickler": "joblib"}
    assert asked(path, {"no_pickle": "false", "pickler": "cloudpickle"}) == {}


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
    pytest.param(
        '[tool.kale]\nno_pickle = "true"',
        "the setting `no_pickle` of `[tool.kale]` is not true or false",
        id="a flag in quotes",
    ),
    pytest.param(
        "[tool.kale]\npickler = true",
        "the setting `pickler` of `[tool.kale]` is not text",
        id="no flag",
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


@pytest.fixture
def noticed(notebook):
    """A notebook with a warning (KALE111) and two notices (KALE103, KALE201)."""
    return notebook(
        ("", "q = 1"),
        ("block:a", "x = 1"),
        ("block:b", "print(x)"),
        metadata={"kubeflow_notebook": {"katib_run": True}},
    )


def shown(path, settings=()):
    return sorted(finding.code for finding in check(path, dict(settings)).diagnostics)


def test_nothing_is_ignored_by_itself(noticed):
    project(noticed, "[tool.kale]\nignore = []\n")
    assert shown(noticed) == ["KALE103", "KALE111", "KALE201"]


def test_codes_to_ignore_add_up(noticed, monkeypatch):
    project(noticed, '[tool.kale]\nignore = ["kale103"]\n')
    assert shown(noticed) == ["KALE111", "KALE201"]
    monkeypatch.setenv("KALE_IGNORE", "KALE201, KALE310")
    assert shown(noticed) == ["KALE111"]
    assert shown(noticed, {"ignore": "KALE111 KALE320"}) == []
    assert check(noticed).silenced == 2


IGNORE_ERRORS = [
    pytest.param(
        '"KALE331"', "KALE013", "the setting `ignore` of `[tool.kale]` is not a list of codes",
        'write the codes in quotes and brackets: ignore = ["KALE331"]', id="text",
    ),
    pytest.param(
        "[331]", "KALE013", "the setting `ignore` of `[tool.kale]` is not a list of codes",
        'write the codes in quotes and brackets: ignore = ["KALE331"]', id="a list of numbers",
    ),
    pytest.param(
        '["KALE391"]', "KALE016",
        "`ignore` of `[tool.kale]` names `KALE391`, and there is no such code",
        "did you mean `KALE301`?", id="no such code",
    ),
    pytest.param(
        '["warnings"]', "KALE016",
        "`ignore` of `[tool.kale]` names `WARNINGS`, and there is no such code",
        "a code looks like KALE331", id="no code at all",
    ),
    pytest.param(
        '["KALE301"]', "KALE017",
        "`ignore` of `[tool.kale]` names `KALE301` (undefined name), and errors cannot be ignored",
        "correct what it finds, and take the code out of the list", id="an error",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("value", "code", "message", "hint"), IGNORE_ERRORS)
def test_a_wrong_list_of_codes(noticed, value, code, message, hint):
    project(noticed, f"[tool.kale]\nignore = {value}\n")
    with pytest.raises(UsageError) as caught:
        load(noticed)
    error = caught.value
    assert (error.code, error.message, error.hint) == (code, message, hint)
    assert error.at.path == str(noticed.parent / "pyproject.toml")


def test_a_wrong_code_elsewhere_is_told_with_where_it_stands(noticed, monkeypatch):
    monkeypatch.setenv("KALE_IGNORE", "KALE302")
    with pytest.raises(UsageError, match=r"^the environment's `KALE_IGNORE` names `KALE302` "):
        load(noticed)
    monkeypatch.delenv("KALE_IGNORE")
    with pytest.raises(
        UsageError, match=r"^`--ignore` names `KALE999`, and there is no such code$"
    ):
        load(noticed, {"ignore": "KALE999"})


def test_a_misspelt_setting_may_mean_the_list(notebook):
    path = notebook(CELL)
    project(path, "[tool.kale]\nignored = []\n")
    with pytest.raises(UsageError) as caught:
        load(path)
    assert caught.value.hint == "did you mean `ignore`?"
