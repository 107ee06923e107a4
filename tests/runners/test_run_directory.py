"""Where a run keeps its files."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from runners.plans import plan, task

from kale.errors import UsageError
from kale.ir import Pickling, Port, PortKind
from kale.runners import default_run_dir
from kale.runners.contexts import StepContexts
from kale.runners.run_directory import (
    RunDirectory,
    create_run_directory,
)
from kale.runners.value_places import value_folders


@pytest.mark.parametrize(
    ("names", "folders"),
    [
        pytest.param([], [], id="no values"),
        pytest.param(["x", "été", "_"], ["x", "été", "_"], id="a variable's own name"),
        pytest.param(["x", "X", "x~2"], ["x", "X~2", "x~2~2"], id="equal without case"),
        pytest.param(["a" * 400, "a" * 401], ["a" * 120, "a" * 120 + "~2"], id="too long"),
        pytest.param(["é" * 100], ["é" * 60], id="cut between characters"),
    ],
)
def test_value_folders(names, folders):
    assert list(value_folders(names).values()) == folders


def test_a_folder_that_is_new_or_empty_is_taken(tmp_path):
    assert create_run_directory(tmp_path).runtime.is_dir()
    assert create_run_directory(tmp_path / "a" / "b").root == tmp_path / "a" / "b"


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        pytest.param(
            "full",
            "run directory `{}` is not empty",
            "name a folder that does not exist yet, or leave the option out",
            id="a folder that holds something",
        ),
        pytest.param(
            "full/file",
            "run directory `{}` cannot be written: File exists",
            "name another folder",
            id="a file",
        ),
        pytest.param(
            "full/file/below",
            "run directory `{}` cannot be written: Not a directory",
            "name another folder",
            id="below a file",
        ),
    ],
)
def test_a_folder_that_is_refused(tmp_path, path, message, hint):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(UsageError) as caught:
        create_run_directory(tmp_path / path)
    assert caught.value.code == "KALE504"
    assert caught.value.message == message.format(tmp_path / path)
    assert caught.value.hint == hint


def test_default_folders_lie_beside_the_notebook_and_differ(tmp_path):
    first, second = (default_run_dir(tmp_path, "iris") for _ in range(2))
    assert first != second
    assert first.parent == second.parent == tmp_path / ".kale" / "runs" / "iris"
    assert (tmp_path / ".kale" / ".gitignore").read_text() == "*\n"
    assert not list(first.iterdir())


def test_a_folder_that_cannot_be_written_gives_way_to_the_users_cache(tmp_path, monkeypatch):
    (tmp_path / ".kale").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert default_run_dir(tmp_path, "iris").parent == tmp_path / "cache/kale/runs/iris"


def test_a_cache_that_cannot_be_written_gives_way_to_temporary_files(tmp_path, monkeypatch):
    (tmp_path / ".kale").touch()
    (tmp_path / ".cache").touch()
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    assert default_run_dir(tmp_path, "iris").parent == tmp_path / "tmp/kale/runs/iris"


def test_no_folder_at_all_is_an_error(tmp_path, monkeypatch):
    nowhere = tmp_path / "file"
    nowhere.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere))
    monkeypatch.setattr(tempfile, "tempdir", str(nowhere))
    with pytest.raises(UsageError) as caught:
        default_run_dir(nowhere, "iris")
    assert caught.value.message == "no folder for the run can be made: Not a directory"
    assert caught.value.hint == "name one with `--run-dir`"


def test_a_step_context_names_folders_by_variable():
    pipeline = plan(
        task("load", saves=["x", "X"]),
        task("fit", loads={"X": "load"}, saves=["y"], metrics=["score"]),
    )
    directory = RunDirectory(Path("/run"))
    assert StepContexts(pipeline, directory).of(pipeline.task("load")) == {
        "step": "load",
        "logged": "/run/artifacts/load",
        "inputs": {},
        "outputs": {"x": "/run/values/load/x", "X": "/run/values/load/X~2"},
        "readers": {"x": [], "X": ["fit"]},
    }
    assert StepContexts(pipeline, directory).of(pipeline.task("fit")) == {
        "step": "fit",
        "logged": "/run/artifacts/fit",
        "inputs": {"X": ["/run/values/load/X~2"]},
        "outputs": {"y": "/run/values/fit/y"},
        "readers": {"y": []},
        "metrics": "/run/contexts/fit.metrics.json",
    }


def test_a_step_context_says_how_to_pickle_where_somebody_asked():
    pipeline = plan(task("load"))
    asked = replace(pipeline.pipeline, pickling=Pickling(no_pickle=True, pickler="dill"))
    directory = RunDirectory(Path("/run"))
    assert "marshal" not in StepContexts(pipeline, directory).of(pipeline.task("load"))
    pipeline = replace(pipeline, pipeline=asked)
    context = StepContexts(pipeline, directory).of(pipeline.task("load"))
    assert context["marshal"] == {"no_pickle": True, "pickler": "dill"}


def test_an_input_with_several_candidates_names_all():
    reader = task("fit", after=["a", "b"])
    ports = tuple(Port("x", PortKind.ARTIFACT, f"in_x{s}", (s, "out_x")) for s in ("a", "b"))
    pipeline = plan(
        task("a", saves=["x"]),
        task("b", saves=["x"]),
        type(reader)("fit", "fit", ports, (), ("a", "b"), reader.notebook, reader.options),
    )
    context = StepContexts(pipeline, RunDirectory(Path("/run"))).of(pipeline.task("fit"))
    assert context["inputs"] == {"x": ["/run/values/a/x", "/run/values/b/x"]}
