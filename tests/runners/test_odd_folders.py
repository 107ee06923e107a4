"""Notebooks in folders of all kinds: odd names, read-only; with data and modules beside them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from runners.command_runs import assert_all_gone, run, write_notebook

STEPS = (
    ("imports", "import beside\nimport numpy as np"),
    ("block:load", "rows = open('data/rows.csv').read().split(',')\na = np.array(rows, dtype=int)"),
    ("block:fit prev:load", "total = int(beside.double(a).sum())"),
    ("", "from package.inner import NAME\nwhere = f'{NAME} {len(a)}'"),
    ("pipeline-metrics", "print(total)\nprint(where)"),
)
METRICS = {"total": 12, "where": "inner 3"}


def furnish(folder: Path) -> Path:
    """A notebook with a relative data path, a module and a package beside it."""
    notebook = write_notebook(folder / "the notebook.ipynb", *STEPS)
    (folder / "data").mkdir()
    (folder / "data" / "rows.csv").write_text("1,2,3")
    (folder / "beside.py").write_text("def double(a):\n    return 2 * a\n")
    (folder / "package").mkdir()
    (folder / "package" / "__init__.py").write_text("")
    (folder / "package" / "inner.py").write_text("NAME = 'inner'\n")
    return notebook


@pytest.mark.parametrize("engine", ["fast", pytest.param("kernel", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            'with  spaces/it\'s "quoted" `so`/größe 数据 🐍/{curly} {0} %s %(x)d $HOME'
            "/a;b&c|d<e>*?[x]/# \\ \t/-j/kale",
            id="signs of all kinds",
        ),
        pytest.param("a:b", id="what separates paths"),
        pytest.param("new\nline", id="a line break"),
        pytest.param("d" * 200, id="a long name"),
    ],
)
def test_a_folder_with_an_odd_name(tmp_path, name, engine):
    notebook = furnish(tmp_path / name)
    result = run(notebook, "--engine", engine)
    assert result["status"] == "succeeded", result
    assert result["metrics"] == METRICS
    assert Path(result["run_dir"]).is_relative_to(tmp_path / name)
    assert_all_gone(tmp_path)


def test_a_folder_whose_name_is_not_text(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    try:
        notebook = furnish(folder)
    except (OSError, UnicodeError) as error:
        pytest.skip(f"the file system takes no such name: {error}")
    result = run(notebook)
    # Not every library can write such a name; a wrong value is never the outcome.
    assert result["metrics"] == (METRICS if result["status"] == "succeeded" else {})
    assert "Traceback" not in result["said"]


def test_a_notebook_given_by_a_relative_path_and_a_link(tmp_path):
    notebook = furnish(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    linked = tmp_path / "link" / notebook.name
    assert run(linked)["metrics"] == METRICS
    relative = Path(os.path.relpath(notebook, Path(__file__).parents[2]))
    assert run(relative)["metrics"] == METRICS


@pytest.fixture
def read_only(tmp_path):
    """A function that makes a folder read-only, for root too."""
    with contextlib.ExitStack() as after:

        def close(folder):
            if os.getuid():
                folder.chmod(0o555)
                after.callback(folder.chmod, 0o755)
                return
            if shutil.which("mount") is None:
                pytest.skip("there is no `mount` here, and root may write to any folder")
            commands = (
                ["mount", "--bind", str(folder), str(folder)],
                ["mount", "-o", "remount,bind,ro", str(folder)],
            )
            for number, command in enumerate(commands):
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                if done.returncode:
                    pytest.skip(f"root may not mount here: {done.stderr.strip()}")
                if number == 0:
                    after.callback(subprocess.run, ["umount", "-l", str(folder)], check=True)

        yield close


@pytest.mark.parametrize("engine", ["fast", "kernel"])
def test_a_read_only_folder(tmp_path, read_only, engine):
    notebook = furnish(tmp_path / "home")
    before = sorted(tmp_path.glob("home/**/*"))
    read_only(tmp_path / "home")
    cache = str(tmp_path / "cache")
    result = run(notebook, "--engine", engine, XDG_CACHE_HOME=cache)
    assert result["status"] == "succeeded", result
    assert result["metrics"] == METRICS
    assert Path(result["run_dir"]).is_relative_to(tmp_path / "cache")
    again = run(notebook, "--engine", engine, XDG_CACHE_HOME=cache)
    assert again["metrics"] == METRICS
    assert sorted(tmp_path.glob("home/**/*")) == before


def test_a_step_that_writes_to_a_read_only_folder_is_named(tmp_path, read_only):
    notebook = write_notebook(
        tmp_path / "home" / "nb.ipynb",
        ("block:load", "x = 1"),
        ("block:save prev:load", "y = x\nopen('out.txt', 'w').write('a')"),
    )
    read_only(tmp_path / "home")
    result = run(notebook, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert result["status"] == "failed"
    error = result["steps"][1]["error"]
    assert error["type"] in ("OSError", "PermissionError")
    assert (error["cell"], error["line"]) == (2, 2)
