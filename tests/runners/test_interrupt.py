"""A run that is stopped from outside leaves no process behind, and its files complete."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from runners.processes import processes_of

HERE = Path(__file__).parent


def begin(folder: Path) -> subprocess.Popen[str]:
    """Start a run and wait until both its steps are in the middle of a cell."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "interrupted_run.py"), str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        start_new_session=True,
    )
    deadline = time.monotonic() + 60
    while not all((folder / f"{step}.ready").exists() for step in ("forks", "stubborn")):
        assert process.poll() is None, process.stderr
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process


def assert_all_end(folder: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while left := processes_of(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def what(step: dict) -> tuple:
    return tuple(step["error"][key] for key in ("type", "message", "cell", "line"))


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=lambda s: s.name)
def test_a_signal_stops_all_steps_and_writes_the_result(tmp_path, signum):
    process = begin(tmp_path)
    process.send_signal(signum)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "")
    assert_all_end(tmp_path, 1)
    result = json.loads(out)
    assert result == json.loads((tmp_path / "run" / "run.json").read_text())
    assert (tmp_path / "run" / "report.html").exists()
    assert result["status"] == "failed"
    forks, stubborn, waits = result["steps"]
    assert what(forks) == ("KeyboardInterrupt", "interrupted", 8, 2)
    assert what(stubborn) == ("KeyboardInterrupt", "interrupted", 7, None)
    assert (waits["status"], waits["error"]) == ("skipped", None)


def test_a_second_signal_does_not_wait(tmp_path):
    process = begin(tmp_path)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert time.monotonic() - began < 1.5
    assert_all_end(tmp_path, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a death")
def test_steps_and_kernels_end_when_the_run_itself_is_killed(tmp_path):
    process = begin(tmp_path)
    process.kill()
    process.communicate(timeout=30)
    assert_all_end(tmp_path, 10)
