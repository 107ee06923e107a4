"""How a step ended, from what its process said last and what it left."""

from __future__ import annotations

import json

import pytest
from runners.plans import PATH

from kale.errors import Location
from kale.ir import StepOptions
from kale.runners.failures.verdict import judge, unstartable

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


def test_a_step_that_could_not_start():
    error = unstartable(OSError(28, "No space left on device"), AT)
    assert (error.type, error.message) == (
        "OSError",
        "the step could not start: [Errno 28] No space left on device",
    )
