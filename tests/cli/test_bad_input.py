"""What a user reads after a mistake: place, cause, remedy; no traceback, nothing half written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = (("block:a", "x = 1"), ("block:b prev:a", "print(x)"))
VERBS = ["check", "compile", "run"]


def left_behind(folder):
    """What lies in a folder, but for what Kale keeps of itself in the user's cache."""
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*")}
    kept = {path for path in found if path.startswith("cache/kale/compile")}
    return sorted(found - kept - {"cache", "cache/kale"})


@pytest.fixture
def told(kale, tmp_path, monkeypatch):
    """Run a command in the test's folder, which it must leave as it was: (exit code, text)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(*arguments):
        before = left_behind(tmp_path)
        code, out, err = kale(*arguments)
        assert left_behind(tmp_path) == before
        if arguments[0] == "check":
            assert err == "" or code == 2
            return code, out + err
        assert out == ""
        return code, err

    return run


def notebook_of(*cells, **extra):
    document = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": list(cells)}
    return json.dumps(document | extra)


# -------------------------------------------------------------------------- files

FILES = [
    pytest.param(
        "titanik.ipynb", {"titanic.ipynb": notebook_of()}, 2,
        "titanik.ipynb: error KALE001: `titanik.ipynb` does not exist\n"
        "  hint: did you mean `titanic.ipynb`?\n",
        id="a misspelt path",
    ),
    pytest.param(
        "no/where.ipynb", {}, 2,
        "no/where.ipynb: error KALE001: `no/where.ipynb` does not exist\n"
        "  hint: check the spelling of the path\n",
        id="a missing file",
    ),
    pytest.param(
        "sub", {"sub/nb.ipynb": notebook_of()}, 2,
        "sub: error KALE001: `sub` is a folder\n  hint: name the notebook in it\n",
        id="a directory",
    ),
    pytest.param(
        "a\nb\x1b[31m.ipynb", {}, 2,
        "a\\nb\\x1b[31m.ipynb: error KALE001: `a\\nb\\x1b[31m.ipynb` does not exist\n"
        "  hint: check the spelling of the path\n",
        id="a path that would command the terminal",
    ),
    pytest.param(
        "nb.ipynb", {"nb.ipynb": '{"cells": [\n  1,,\n'}, 1,
        "nb.ipynb: error KALE003: the file is not valid JSON: line 2, column 5: Expecting value\n"
        "  hint: open it in Jupyter, or restore it from an earlier version\n",
        id="invalid JSON",
    ),
    pytest.param(
        "nb.ipynb", {"nb.ipynb": ""}, 1,
        "nb.ipynb: error KALE003: the file is empty\n"
        "  hint: open it in Jupyter, or restore it from an earlier version\n",
        id="an empty file",
    ),
    pytest.param(
        "package.json", {"package.json": '{"name": "left-pad"}'}, 1,
        "package.json: error KALE004: the file is no notebook: it has no `nbformat` number\n"
        "  hint: give a `.ipynb` file as Jupyter saves it\n",
        id="JSON that is no notebook",
    ),
    pytest.param(
        "nb.ipynb", {"nb.ipynb": notebook_of()}, 1,
        "nb.ipynb: error KALE007: the notebook has no cells\n"
        "  hint: write code into cells and tag them `block:NAME`\n",
        id="0 cells",
    ),
    pytest.param(
        "nb.ipynb", {"nb.ipynb": notebook_of(metadata={"language_info": {"name": "R"}})}, 1,
        "nb.ipynb: error KALE006: the notebook's language is `R`; Kale reads Python\n"
        "  hint: give a notebook with a Python kernel\n",
        id="another language",
    ),
]  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("path", "files", "status", "text"), FILES)
def test_a_file_that_is_no_notebook(told, tmp_path, verb, path, files, status, text):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert told(verb, path) == (status, text)


def test_a_file_that_is_no_text(told, tmp_path):
    (tmp_path / "nb.ipynb").write_bytes('{"a": "é"}'.encode("latin-1"))
    assert told("compile", "nb.ipynb") == (
        1,
        "nb.ipynb: error KALE002: the file is not UTF-8 text (byte 8)\n"
        "  hint: a notebook is JSON in UTF-8; save it from Jupyter again\n",
    )


@pytest.fixture
def nobody(tmp_path):
    """Lose the superuser's rights within a block, the way to the test's folder left open."""
    import contextlib

    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_uid == os.getuid() and folder.name:
            folder.chmod(folder.stat().st_mode | 0o111)

    @contextlib.contextmanager
    def rights():
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)
        try:
            yield
        finally:
            if root:
                os.seteuid(0)

    return rights


def test_an_unreadable_file(kale, notebook, nobody):
    path = notebook(*GOOD)
    path.chmod(0)
    with nobody():
        code, out, err = kale("compile", path)
    assert (code, out) == (2, "")
    assert err == (
        f"{path}: error KALE001: `{path}` cannot be read: Permission denied\n"
        "  hint: check that you may read the file\n"
    )


# ------------------------------------------------------------------------ folders

OUTPUTS = [
    pytest.param(
        "file/out", "error KALE011: the folder `file/out` cannot be written: Not a directory\n"
        "  hint: name another one with `-o DIR`\n",
        id="below a file",
    ),
    pytest.param(
        "file", "error KALE011: `file` is a file, not a folder\n"
        "  hint: name a folder with `-o DIR`\n",
        id="a file",
    ),
    pytest.param(
        "taken", "error KALE011: `taken/nb.yaml` is in the way: a folder where Kale has to write a"
        " file\n  hint: move it elsewhere, or name another folder with `-o DIR`\n",
        id="a folder in the way",
    ),
    pytest.param(
        "blocked", "error KALE011: `blocked/nb.steps` is in the way: a file where Kale needs a"
        " folder\n  hint: move it elsewhere, or name another folder with `-o DIR`\n",
        id="a file in the way",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("folder", "text"), OUTPUTS)
def test_an_output_folder_that_cannot_be_written(told, notebook, tmp_path, folder, text):
    notebook(*GOOD)
    (tmp_path / "file").write_text("")
    (tmp_path / "taken" / "nb.yaml").mkdir(parents=True)
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "nb.steps").write_text("")
    assert told("compile", "nb.ipynb", "-o", folder) == (2, text)


def test_an_output_folder_without_the_right_to_write(kale, notebook, tmp_path, nobody):
    path = notebook(*GOOD)
    with nobody():
        code, out, err = kale("compile", path)
    assert (code, out) == (2, "")
    assert err == (
        f"error KALE011: the folder `{tmp_path}` cannot be written: Permission denied\n"
        "  hint: name another one with `-o DIR`\n"
    )
    assert left_behind(tmp_path) == ["nb.ipynb"]


RUN_DIRS = [
    pytest.param(
        ".", "error KALE504: run directory `.` is not empty\n"
        "  hint: name a folder that does not exist yet, or leave the option out\n",
        id="not empty",
    ),
    pytest.param(
        "nb.ipynb/run", "error KALE504: run directory `nb.ipynb/run` cannot be written: Not a"
        " directory\n  hint: name another folder\n",
        id="below a file",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("folder", "text"), RUN_DIRS)
def test_a_run_directory_that_cannot_be_used(told, notebook, folder, text):
    notebook(*GOOD)
    assert told("run", "nb.ipynb", "--run-dir", folder) == (2, text)


def test_a_full_disk_is_told_in_two_lines(notebook):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kale", "check", str(notebook(*GOOD))],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        "error KALE015: the system refused: No space left on device\n"
        "  hint: see to that and try again; `--debug` shows where in Kale it happened\n"
    )


# ------------------------------------------------------------------ what the cells say

NOTEBOOKS = [
    pytest.param(
        [("block:a", "x = 1\ny = (")],
        "nb.ipynb: cell 1 (a), line 2: error KALE009: the cell is not valid Python: '(' was never"
        " closed\n    y = (\n        ^\n  hint: correct the line, or tag the cell `skip`\n",
        id="a syntax error",
    ),
    pytest.param(
        ["# Title", ("block:a", "s = '日本'; y = (")],
        "nb.ipynb: cell 2 (a), line 1: error KALE009: the cell is not valid Python: '(' was never"
        " closed\n    s = '日本'; y = (\n                    ^\n"
        "  hint: correct the line, or tag the cell `skip`\n",
        id="a syntax error behind wide letters",
    ),
    pytest.param(
        [("block:a", "if 1:\n%time x = 1")],
        "nb.ipynb: cell 1 (a), line 2: error KALE009: the cell is not valid Python: expected an"
        " indented block after 'if' statement on line 1\n    %time x = 1\n"
        "  hint: correct the line, or tag the cell `skip`\n",
        id="a syntax error at a magic, which is another line as Python",
    ),
    pytest.param(
        [("block:a", "x = 1"), ("block:b", "1\nprint(totl)")],
        "nb.ipynb: cell 2 (b), line 2: error KALE301: step `b` uses `totl`, which no earlier step"
        " defines\n    print(totl)\n          ^\n"
        "  hint: define `totl` in an earlier step, or in a cell tagged `imports` or `functions`\n",
        id="an undefined name",
    ),
    pytest.param(
        [("blok:a", "x = 1")],
        "nb.ipynb: cell 1: error KALE101: `blok:a` looks like a tag of Kale's, but is none\n"
        "  hint: write `block:a`\n",
        id="a misspelt tag",
    ),
    pytest.param(
        [(["blok:Train Model"], "x = 1")],
        "nb.ipynb: cell 1: error KALE101: `blok:Train Model` looks like a tag of Kale's, but is"
        " none\n  hint: write `block:train-model`\n",
        id="a misspelt tag with a wrong name",
    ),
    pytest.param(
        [("block:a", "1"), (["prev a"], "1")],
        "nb.ipynb: cell 2: error KALE101: `prev a` looks like a tag of Kale's, but is none\n"
        "  hint: write `prev:a`\n",
        id="a tag without its colon",
    ),
    pytest.param(
        [("block:a limit:", "1")],
        "nb.ipynb: cell 1: error KALE101: the tag `limit:` is malformed\n"
        "  hint: write `limit:RESOURCE:QUANTITY` as in `limit:memory:2Gi`\n",
        id="half a tag",
    ),
    pytest.param(
        [("block:a limit:memory:2GB", "1")],
        "nb.ipynb: cell 1: error KALE109: the tag `limit:memory:2GB` cannot be used\n"
        "  hint: a quantity is a number and a unit, as `2`, `500m`, `512Mi` or `1.5Gi`\n",
        id="a value that Kubernetes would refuse",
    ),
    pytest.param(
        [(["block:Train Model"], "1")],
        "nb.ipynb: cell 1: error KALE102: `Train Model` is no name for a step\n"
        "  hint: a step's name is made of lower-case letters and digits in words joined by `-` or"
        " `_`, at most 63 characters; `train-model` would do\n",
        id="a wrong name",
    ),
    pytest.param(
        [("block:load", "1"), ("block:b prev:laod", "1")],
        "nb.ipynb: cell 2 (b): error KALE200: step `b` is to run after `laod`, but no step has"
        " that name\n  hint: did you mean `prev:load`? The steps are `load`, `b`\n",
        id="an unknown prev",
    ),
    pytest.param(
        [("block:a prev:c", "1"), ("block:b prev:a", "1"), ("block:c prev:b", "1")],
        "nb.ipynb: cell 1 (a): error KALE202: the steps wait for each other: `a` → `b` → `c` →"
        " `a`\n  hint: remove one of these `prev:` tags, for example `prev:c` from cell 1\n",
        id="a cycle",
    ),
    pytest.param(
        [("block:a prev:a", "1")],
        "nb.ipynb: cell 1 (a): error KALE202: the step `a` waits for itself\n"
        "  hint: remove `prev:a` from cell 1\n",
        id="a step that waits for itself",
    ),
    pytest.param(
        [("block:a_b", "1"), ("block:a-b", "2")],
        "nb.ipynb: cell 2 (a-b): error KALE203: the steps `a_b` (cell 1) and `a-b` (cell 2) have"
        " the same name in Kubernetes, `a-b`\n  hint: rename one of them\n",
        id="two steps that Kubernetes makes one",
    ),
    pytest.param(
        [("", "1")],
        "nb.ipynb: error KALE008: no cell of the notebook is tagged as a step\n"
        "  hint: tag a code cell `block:NAME` (in JupyterLab: the gear at the right, `Cell"
        " Tags`), and the cells that it needs before it `prev:NAME` of their step\n",
        id="no tagged cell",
    ),
    pytest.param(
        [("block:a imports", "1")],
        "nb.ipynb: cell 1: error KALE104: the tags `block:a` and `imports` contradict each other\n"
        "  hint: keep one of them, or split the cell\n",
        id="contradictory tags",
    ),
    pytest.param(
        [("pipeline-parameters", "n = 1\nrate = 1 / n"), ("block:a", "1")],
        "nb.ipynb: cell 1, line 2: error KALE113: `rate = 1 / n` does not belong among"
        " pipeline parameters, which are assignments of literals\n    rate = 1 / n\n"
        "  hint: move it to a cell of its own, tagged `block:NAME`, `imports` or `functions`\n",
        id="a parameter that is computed",
    ),
    pytest.param(
        [("block:a prev:zzz", "x = (")],
        "nb.ipynb: cell 1 (a): error KALE200: step `a` is to run after `zzz`, but no step has that"
        " name\n  hint: The steps are `a`\n"
        "nb.ipynb: cell 1 (a), line 1: error KALE009: the cell is not valid Python: '(' was never"
        " closed\n    x = (\n        ^\n  hint: correct the line, or tag the cell `skip`\n",
        id="two mistakes at once",
    ),
]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("cells", "text"), NOTEBOOKS)
def test_a_refused_notebook(told, notebook, verb, cells, text):
    notebook(*cells)
    code, found = told(verb, "nb.ipynb")
    assert (code, found[: len(text)]) == (1, text)


# --------------------------------------------------------------------- parameters

PARAMETERS = [
    pytest.param(
        ["alhpa=1"], "error KALE501: there is no pipeline parameter `alhpa`\n"
        "  hint: did you mean `alpha`?\n",
        id="an unknown one",
    ),
    pytest.param(
        ["alpha=x"],
        "nb.ipynb: cell 1, line 1: error KALE503: parameter `alpha` is of type float; `x` is not\n"
        "    alpha = 0.5\n  hint: give a number, like `0.5`\n",
        id="one of another type",
    ),
    pytest.param(
        ["sizes=3"],
        "nb.ipynb: cell 1, line 2: error KALE503: parameter `sizes` is of type list; `3` is not\n"
        '    sizes = [1]\n  hint: give a JSON list, like `[1, "a"]`\n',
        id="no list",
    ),
    pytest.param(
        ["alpha"], "error KALE502: `alpha` is not of the form `NAME=VALUE`\n"
        "  hint: write it like `-p alpha=0.5`\n",
        id="no value",
    ),
    pytest.param(
        ["alpha=1", "alpha=2"], "error KALE502: parameter `alpha` is given twice\n"
        "  hint: give each parameter once\n",
        id="one twice",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("given", "text"), PARAMETERS)
def test_a_wrong_parameter(told, notebook, given, text):
    notebook(("pipeline-parameters", "alpha = 0.5\nsizes = [1]"), ("block:a", "print(alpha)"))
    options = [part for assignment in given for part in ("-p", assignment)]
    assert told("run", "nb.ipynb", *options) == (2, text)


# ---------------------------------------------------------------------- wrong use


USAGE = [
    pytest.param(["frobnicate"], "No such command 'frobnicate'.", id="an unknown verb"),
    pytest.param(["check"], "Missing argument 'NOTEBOOK|FILE.py...'.", id="no notebook"),
    pytest.param(
        ["nb.ipynb"],
        "say what to do with `nb.ipynb`: kale run, kale compile or kale check, then it",
        id="no verb",
    ),
    pytest.param(["--nb"], "Option '--nb' requires an argument.", id="no notebook after --nb"),
    pytest.param(
        ["--docker_image", "a"], "`--docker_image` needs a notebook: kale --nb NOTEBOOK",
        id="an option alone",
    ),
    pytest.param(
        ["--docker-image", "a", "compile", "nb.ipynb"],
        "`--docker_image` before `compile` belongs to `kale --nb`; the options of `compile` stand"
        " after it (see `kale compile --help`)",
        id="an option before the verb, which would be lost",
    ),
    pytest.param(
        ["--deploy", "compile", "nb.ipynb"],
        "`--deploy` before `compile` belongs to `kale --nb`; the options of `compile` stand"
        " after it (see `kale compile --help`)",
        id="deploying with a verb",
    ),
    pytest.param(
        ["run", "nb.ipynb", "-j", "0"],
        "Invalid value for '-j' / '--jobs': 0 is not in the range x>=1.", id="no jobs",
    ),
    pytest.param(
        ["compile", "nb.ipynb", "-o", ""],
        "Invalid value for '-o' / '--output': it is empty; say what it is, or leave it out",
        id="an empty folder name",
    ),
    pytest.param(
        ["--nb", "nb.ipynb", "check", "nb.ipynb"], "`--nb` and `check` exclude each other",
        id="two forms at once",
    ),
    pytest.param(
        ["check", "--explain", "kale30"],
        "there is no code kale30; did you mean KALE301, KALE302 or KALE303?",
        id="a code with a digit missing",
    ),
    pytest.param(
        ["check", "--explain", "help"], "there is no code help; one looks like KALE301",
        id="no code at all",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), USAGE)
def test_wrong_use(kale, notebook, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    notebook(*GOOD)
    code, out, err = kale(*arguments)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"Error: {message}"
    assert left_behind(tmp_path) == ["nb.ipynb"]


def test_the_traceback_is_there_for_who_asks(kale, notebook, tmp_path):
    code, _, err = kale("compile", notebook(("block:a", "print(totl)")), "--debug")
    assert code == 1
    assert err.startswith("Traceback (most recent call last):\n")
    assert "\n" + str(tmp_path / "nb.ipynb") + ": cell 1 (a), line 1: error KALE301: " in err
