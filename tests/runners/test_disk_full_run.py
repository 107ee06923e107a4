"""A run on a disk that is full says so and names the step; with room again the next one ends well."""

from __future__ import annotations

import contextlib
import shutil
import subprocess

import pytest
from runners.command_runs import assert_all_gone, run, start, write_notebook

STEPS = (
    ("imports", "import numpy as np"),
    ("block:small", "a = np.arange(10)"),
    ("block:large prev:small", "b = np.arange(1_000_000.0) + a[1]"),
    ("block:sum prev:large", "total = float(b.sum())"),
    ("pipeline-metrics", "print(total)"),
)
METRICS = {"total": 500_000_500_000.0}


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a disk of so many bytes; the folder is unmounted at the end."""
    with contextlib.ExitStack() as after:

        def mount(size, remount=False):
            place = tmp_path / "disk"
            place.mkdir(exist_ok=True)
            options = f"{'remount,' if remount else ''}size={size}"
            command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
            if shutil.which("mount") is None:
                pytest.skip("there is no `mount` here to make a small disk with")
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"only root may mount a small disk: {done.stderr.strip()}")
            if not remount:
                # Whatever still runs there does not keep the test's end from unmounting it.
                after.callback(subprocess.run, ["umount", "-l", str(place)], check=True)
            return place

        yield mount


def test_a_value_that_does_not_fit_fails_its_step_and_the_next_run_ends_well(small_disk):
    place = small_disk("6M")
    notebook = write_notebook(place / "nb.ipynb", *STEPS)
    result = run(notebook)
    assert result["status"] == "failed"
    assert [step["status"] for step in result["steps"]] == ["succeeded", "failed", "skipped"]
    error = result["steps"][1]["error"]
    assert "No space left on device" in error["message"], error
    assert "`b`" in error["message"]
    assert_all_gone(place)
    small_disk("200M", remount=True)
    again = run(notebook)
    assert again["metrics"] == METRICS
    assert_all_gone(place)


@pytest.mark.parametrize("size", ["16k", "128k", "1M"])
def test_whatever_does_not_fit_the_command_ends_and_says_so(small_disk, size):
    place = small_disk("2M")
    notebook = write_notebook(place / "nb.ipynb", *STEPS)
    small_disk(size, remount=True)
    process = start(notebook)
    out, err = process.communicate(timeout=180)
    assert process.returncode in (1, 2), (out, err)
    assert "Traceback" not in err, err
    assert "No space left on device" in out + err or "cannot be written" in out + err
    assert_all_gone(place)
    small_disk("200M", remount=True)
    assert run(notebook)["metrics"] == METRICS
    assert_all_gone(place)
