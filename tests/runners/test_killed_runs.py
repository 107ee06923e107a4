"""SIGKILL at any moment, of Kale, of what runs a step, of a step in the middle of a save.

Whatever was cut off, the next run ends with the values of one that nobody disturbed, and nothing
is left running.
"""

from __future__ import annotations

import contextlib
import functools
import os
import random
import signal
import time
from pathlib import Path

import pytest
from runners.command_runs import PATIENCE, assert_all_gone, finish, run, start, write_notebook
from runners.processes import processes_of

STEPS = (
    ("imports", "import hashlib\nimport time\nimport numpy as np"),
    ("block:load", "a = np.arange(200_000.0)\ntime.sleep(0.1)"),
    ("block:left prev:load", "b = np.sin(a)\ntime.sleep(0.1)"),
    ("block:right prev:load", "c = a[::-1] * 2\nnames = {'c': c}\ntime.sleep(0.1)"),
    ("block:join prev:left prev:right", "d = b + c\nnames['d'] = d\nassert names['c'] is c"),
    ("", "known = hashlib.sha256(b.tobytes() + c.tobytes()).hexdigest()"),
    ("block:show prev:join", "total = float(d.sum())\nsorted_names = ' '.join(sorted(names))"),
    ("pipeline-metrics", "print(total)\nprint(known)\nprint(sorted_names)"),
)

#: The same with a value whose pickling takes its time and says when it begins.
SLOW = (
    (
        "functions",
        "import os, time\n"
        "class Slow:\n"
        "    def __init__(self, value):\n"
        "        self.value = value\n"
        "    def __reduce__(self):\n"
        "        open(os.environ['KALE_TEST_FOLDER'] + '/saving', 'w').close()\n"
        "        time.sleep(0.2)\n"
        "        return Slow, (self.value,)\n",
    ),
    ("block:make", "import numpy as np\nbefore = np.arange(50_000)\nslow = Slow([1, 2])\nafter = [3]"),
    ("block:use prev:make", "total = sum(slow.value) + sum(after) + int(before.sum())"),
    ("pipeline-metrics", "print(total)"),
)  # fmt: skip

#: How often, in which engine: a few times in any run of the tests, 30 times in the slow ones.
MOMENTS = [
    pytest.param(2, "fast", id="at two random moments"),
    pytest.param(30, "fast", marks=pytest.mark.slow, id="at 30 random moments"),
    pytest.param(30, "kernel", marks=pytest.mark.slow, id="at 30 random moments, real kernels"),
]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A function: the metrics of a run that nobody disturbs, and its seconds."""

    @functools.cache
    def calm(cells):
        began = time.monotonic()
        folder = tmp_path_factory.mktemp("calm")
        result = run(write_notebook(folder / "nb.ipynb", *cells))
        assert result["status"] == "succeeded", result
        return result["metrics"], time.monotonic() - began

    return calm


def run_again(notebook: Path, number: int, engine: str) -> dict:
    """The next run, in turns by ``--resume`` and as if nothing had been."""
    there = any((notebook.parent / ".kale" / "runs").glob("*/*/"))
    resume = ["--resume"] if there and number % 2 == 0 else []
    return run(notebook, "--engine", engine, *resume)


def assert_it_goes_on(notebook: Path, number: int, engine: str, metrics: dict) -> None:
    assert_all_gone(notebook.parent)
    result = run_again(notebook, number, engine)
    assert result["status"] == "succeeded", result
    assert result["metrics"] == metrics
    assert_all_gone(notebook.parent)


@pytest.mark.parametrize(("times", "engine"), MOMENTS)
def test_kale_is_killed(tmp_path, undisturbed, times, engine):
    metrics, seconds = undisturbed(STEPS)
    moments = random.Random(f"kale {engine}")
    for number in range(times):
        notebook = write_notebook(tmp_path / str(number) / "nb.ipynb", *STEPS)
        process = start(notebook, "--engine", engine)
        time.sleep(moments.uniform(0, 1.2 * seconds))
        process.kill()
        process.communicate(timeout=PATIENCE)
        assert_it_goes_on(notebook, number, engine, metrics)


@pytest.mark.parametrize(("times", "engine"), MOMENTS)
def test_what_runs_a_step_is_killed(tmp_path, undisturbed, times, engine):
    metrics, seconds = undisturbed(STEPS)
    moments = random.Random(f"steps {engine}")
    for number in range(times):
        notebook = write_notebook(tmp_path / str(number) / "nb.ipynb", *STEPS)
        process = start(notebook, "--engine", engine)
        time.sleep(moments.uniform(0, seconds))
        while process.poll() is None:
            below = [p for p in processes_of(notebook.parent) if p != process.pid]
            if below:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(moments.choice(below), signal.SIGKILL)
                break
            time.sleep(0.01)
        result = finish(process)
        assert result["status"] == "failed" or result["metrics"] == metrics
        assert_it_goes_on(notebook, number, engine, metrics)


@pytest.mark.parametrize(("times", "engine"), MOMENTS)
@pytest.mark.parametrize("victim", ["kale", "step"])
def test_a_save_is_cut_off(tmp_path, undisturbed, times, engine, victim):
    metrics, _ = undisturbed(SLOW)
    moments = random.Random(f"save {engine} {victim}")
    for number in range(times):
        notebook = write_notebook(tmp_path / str(number) / "nb.ipynb", *SLOW)
        process = start(notebook, "--engine", engine)
        deadline = time.monotonic() + PATIENCE
        while not (notebook.parent / "saving").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.4))
        if victim == "kale":
            process.kill()
            process.communicate(timeout=PATIENCE)
        else:
            for below in processes_of(notebook.parent):
                if below != process.pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(below, signal.SIGKILL)
            result = finish(process)
            assert result["status"] == "failed" or result["metrics"] == metrics
        assert_it_goes_on(notebook, number, engine, metrics)
