"""How a step ended, from what its process said last and what it left."""

from __future__ import annotations

import json

import pytest
from runners.plans import PATH

from kale.errors import Location
from kale.ir import StepOptions
from kale.options import SecretEnv
from kale.runners.failures.memory import oom_kills
from kale.runners.failures.verdict import judge, unstartable
from kale.runners.run_directory import create_run_directory

AT = Location(PATH, step="fit")


def cell(at: int, **papermill) -> dict:
    return {
        "metadata": {"kale": {"cell": at}, "papermill": {"start_time": "now", **papermill}},
        "source": "x",
        "execution_count": 1,
        "outputs": [],
    }


def interrupted(at: int) -> dict:
    error = {
        "output_type": "error",
        "ename": "KeyboardInterrupt",
        "evalue": "",
        "traceback": ["Cell In[1], line 1\n----> 1 x"],
    }
    return {**cell(at, exception=True), "outputs": [error]}


def test_a_step_that_said_it_was_well_succeeded(tmp_path):
    done = {"kernel": "python3", "error": None}
    assert judge(done, 0, None, tmp_path / "none", AT, StepOptions()) is None
    # It was done before the signal could reach it.
    assert judge(done, 0, "interrupted", tmp_path / "none", AT, StepOptions()) is None


@pytest.mark.parametrize(
    ("done", "status", "stopped", "cells", "expected", "place"),
    [
        pytest.param(
            None,
            -9,
            None,
            [cell(7)],
            ("RunError", "the step's process was killed by signal 9"),
            "iris.ipynb: cell 7 (fit)",
            id="the step's own process was killed",
        ),
        pytest.param(
            None,
            1,
            None,
            None,
            ("RunError", "the step's process ended with status 1"),
            "iris.ipynb: step fit",
            id="the step's own process broke",
        ),
        pytest.param(
            {"error": "no kernel"},
            0,
            None,
            None,
            ("NoSuchKernel", "no Jupyter kernel for Python is installed here"),
            "iris.ipynb: step fit",
            id="nothing to run it in",
        ),
        pytest.param(
            {"error": "kernel died", "status": 1},
            0,
            None,
            [cell(7), cell(8)],
            ("KernelDied", "the kernel ended with exit status 1"),
            "iris.ipynb: cell 8 (fit)",
            id="the kernel died",
        ),
        pytest.param(
            {"error": "papermill", "type": "TimeoutError", "message": "too late"},
            0,
            None,
            [cell(7)],
            ("TimeoutError", "too late"),
            "iris.ipynb: cell 7 (fit)",
            id="papermill failed",
        ),
        pytest.param(
            {"error": "cell"},
            0,
            None,
            None,
            ("RunError", "the executed notebook cannot be read"),
            "iris.ipynb: step fit",
            id="the executed notebook is gone",
        ),
        pytest.param(
            None,
            143,
            "timeout",
            [cell(7)],
            ("Timeout", "the step ran longer than its timeout of 5 s"),
            "iris.ipynb: cell 7 (fit)",
            id="the kernel did not heed the interrupt",
        ),
        pytest.param(
            {"error": "cell"},
            0,
            "timeout",
            [interrupted(7)],
            ("Timeout", "the step ran longer than its timeout of 5 s"),
            "iris.ipynb: cell 7 (fit), line 1",
            id="the interrupted cell tells its line",
        ),
        pytest.param(
            {"error": "cell"},
            0,
            "interrupted",
            [interrupted(7)],
            ("KeyboardInterrupt", "interrupted"),
            "iris.ipynb: cell 7 (fit), line 1",
            id="an interrupt",
        ),
    ],
)
def test_judge(tmp_path, done, status, stopped, cells, expected, place):
    notebook = tmp_path / "fit.ipynb"
    if cells is not None:
        notebook.write_text(json.dumps({"cells": cells}))
    error = judge(done, status, stopped, notebook, AT, StepOptions(timeout=5))
    assert error is not None
    assert ((error.type, error.message), str(error.at)) == (expected, place)


def test_what_the_probe_found_is_told(tmp_path):
    notebook = tmp_path / "fit.ipynb"
    notebook.write_text(json.dumps({"cells": [{**interrupted(7), "source": "f(x)"}]}))
    frame = {
        "count": 1,
        "line": 1,
        "source": "f(x)",
        "column": 3,
        "width": 1,
        "values": [["x", "0"]],
    }
    found = {"type": "KeyboardInterrupt", "message": "", "more": [], "frames": [frame]}
    done = {"error": "cell", "probes": {"values": {"failure": found}}}
    error = judge(done, 0, "timeout", notebook, AT, StepOptions(timeout=5))
    assert error is not None
    assert (error.type, error.message) == (
        "Timeout",
        "the step ran longer than its timeout of 5 s",
    )
    assert (error.source, error.at.column, error.values) == ("f(x)", 3, (("x", "0"),))


@pytest.mark.parametrize(
    "probes",
    [None, [], {"values": None}, {"values": {"error": "broke"}}, {"values": {"failure": None}}],
)
def test_a_probe_that_found_nothing_changes_nothing(tmp_path, probes):
    notebook = tmp_path / "fit.ipynb"
    notebook.write_text(json.dumps({"cells": [interrupted(7)]}))
    error = judge({"error": "cell", "probes": probes}, 0, None, notebook, AT, StepOptions())
    assert error is not None
    assert (error.type, error.at.line, error.source) == ("KeyboardInterrupt", 1, "x")


@pytest.fixture
def directory(tmp_path):
    """A run whose step was killed before anything of its executed notebook was written."""
    made = create_run_directory(tmp_path / "run")
    planned = {"cells": [{"metadata": {"kale": {"role": "load"}}}, cell(7), cell(8)]}
    for one in planned["cells"]:
        one["metadata"].pop("papermill", None)
    made.step_notebook("fit").write_text(json.dumps(planned))
    value = made.values("load") / "df"
    value.mkdir(parents=True)
    manifest = {"type": "pandas.DataFrame", "description": "2 rows, 1 column"}
    (value / "manifest.json").write_text(json.dumps(manifest))
    made.context("fit").write_text(json.dumps({"inputs": {"df": [str(value)]}}))
    return made


@pytest.mark.parametrize(
    ("begun", "place"),
    [
        pytest.param(None, "iris.ipynb: step fit", id="nobody heard of a cell"),
        pytest.param(1, "iris.ipynb: step fit", id="a cell of Kale's own"),
        pytest.param(3, "iris.ipynb: cell 8 (fit)", id="a cell of the author's"),
        pytest.param(9, "iris.ipynb: step fit", id="a cell that is not there"),
    ],
)
def test_a_step_that_left_nothing_is_placed_by_what_the_run_heard(directory, begun, place):
    executed = directory.executed_notebook("fit")
    error = judge(None, -9, None, executed, AT, StepOptions(), directory=directory, begun=begun)
    assert error is not None
    assert str(error.at) == place
    assert error.inputs == (("df", "DataFrame, 2 rows, 1 column"),)


@pytest.mark.parametrize(
    ("before", "hint"),
    [
        pytest.param(None, "the system does that when memory runs out", id="nobody counts"),
        pytest.param(-1, "memory ran out: the system killed for it while this ran", id="one more"),
        pytest.param(0, "the system counts no kill for want of memory", id="none"),
    ],
)
def test_who_killed_the_kernel(directory, before, hint):
    count = oom_kills()
    if before is not None and count is None:
        pytest.skip("this system does not count what it kills for want of memory")
    error = judge(
        {"error": "kernel died", "status": -9},
        0,
        None,
        directory.executed_notebook("fit"),
        AT,
        StepOptions(),
        directory=directory,
        begun=2,
        oom_before=None if before is None else count + before,
    )
    assert error is not None
    assert (error.message, str(error.at)) == (
        "the kernel was killed by SIGKILL",
        "iris.ipynb: cell 7 (fit)",
    )
    assert error.hint.startswith(hint)


def test_secrets_of_the_step_are_hidden_without_a_probe(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAINLY", "zebra-crossing")
    options = StepOptions(env=(("API_KEY", "abcdefgh"),), secrets=(SecretEnv("s", "k", "PLAINLY"),))
    done = {"error": "papermill", "type": "E", "message": "abcdefgh zebra-crossing password=x"}
    error = judge(done, 0, None, tmp_path / "none", AT, options)
    assert error is not None
    assert error.message == "<hidden> <hidden> password=<hidden>"


def test_a_step_that_could_not_start():
    error = unstartable(OSError(28, "No space left on device"), AT)
    assert (error.type, error.message) == (
        "OSError",
        "the step could not start: [Errno 28] No space left on device",
    )
