"""The command that resumes a run: a shell reads it as it was meant, and it names that run."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile

import pytest
from runners.history.past_journals import LOAD_AND_FIT, rewrite, run_in, write_run

from kale.runners.history.past_runs import find_run, resume_command


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    """No test sees the runs of whoever runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


@pytest.mark.parametrize(
    "name",
    [
        "iris.ipynb", "my notebook.ipynb", "it's.ipynb", '"$HOME" `id`.ipynb', "-x.ipynb", "été.ipynb",
        "a\nb.ipynb", "a\x1b[31m'\\.ipynb", "a;b&c|d.ipynb", "~.ipynb", "*.ipynb", os.fsdecode(b"\xff.ipynb"),
    ],
)  # fmt: skip
def test_a_shell_reads_the_command_as_it_was_meant(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    run = run_in(tmp_path / ".kale", "20260101T000000Z-1")
    command = resume_command(name, run, ["-p", "a=b c"])
    assert command.isprintable()
    script = f"kale() {{ printf '%s\\0' \"$@\"; }}; {command}"
    told = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, check=True).stdout
    words = [os.fsdecode(word) for word in told.split(b"\0")[:-1]]
    path = f"./{name}" if name.startswith("-") else name
    assert words == ["run", path, "--resume", run.name, "-p", "a=b c"]


@pytest.mark.parametrize(
    ("where", "named"),
    [
        pytest.param("nb/.kale/runs/iris/20260101T000000Z-1", "20260101T000000Z-1", id="by name"),
        pytest.param("home cache/kale/runs/iris/20260101T000000Z-1", "20260101T000000Z-1", id="cached"),
        pytest.param("mine", "./mine", id="below the current folder"),
        pytest.param("-x", "./-x", id="a name like an option"),
        pytest.param("nb/my runs/1", "nb/my runs/1", id="deeper below it"),
        pytest.param("b/.kale/runs/iris/20260101T000000Z-1", "b/.kale/runs/iris/20260101T000000Z-1", id="elsewhere"),
    ],
)  # fmt: skip
def test_the_command_names_the_run_so_that_it_is_found(tmp_path, monkeypatch, where, named):
    monkeypatch.chdir(tmp_path)
    run = write_run(tmp_path / where, of=LOAD_AND_FIT, ends="failed").root
    rewrite(run, started__notebook=str(tmp_path / "nb/iris.ipynb"))
    words = shlex.split(resume_command("nb/iris.ipynb", run))
    assert words == ["kale", "run", "nb/iris.ipynb", "--resume", named]
    assert find_run(tmp_path / "nb", "iris", named).path == run


def test_a_run_that_is_not_below_here_is_named_in_full(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    run = write_run(tmp_path / "mine", of=LOAD_AND_FIT).root
    assert resume_command("iris.ipynb", run).endswith(f"--resume {shlex.quote(str(run))}")
