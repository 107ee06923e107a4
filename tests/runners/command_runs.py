"""``kale run`` as a command on real notebooks, watched from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from runners.processes import processes_of

#: Seconds that a run of a few small steps may take on a busy machine, and no longer.
PATIENCE = 180


def write_notebook(path: Path, *cells: tuple[str, str]) -> Path:
    """A notebook of (tags, source) pairs."""
    made = [new_code_cell(code, metadata={"tags": tags.split()}) for tags, code in cells]
    for number, cell in enumerate(made):
        cell["id"] = f"c{number}"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=made, metadata=kernel), path)
    return path


def start(notebook: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    """Start ``kale run``; its processes can be told by the notebook's folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "kale", "run", str(notebook), "--json", *options],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Forked processes show the environment that the first of them was started with.
        env={**os.environ, "KALE_TEST_FOLDER": str(notebook.parent), **environment},
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for a run and read its result; it has ended by itself, well or not."""
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, 1), (process.returncode, out, err)
    result: dict[str, Any] = json.loads(out)
    return {**result, "exit": process.returncode, "said": err}


def run(notebook: Path, *options: str, **environment: str) -> dict[str, Any]:
    """A whole run: what ``--json`` prints, with the exit status and what it said besides."""
    return finish(start(notebook, *options, **environment))


def assert_all_gone(folder: Path, seconds: float = 30) -> None:
    """See that no process of the runs in ``folder`` is left, at most so much later."""
    deadline = time.monotonic() + seconds
    while left := processes_of(folder):
        assert time.monotonic() < deadline, [_command(process) for process in left]
        time.sleep(0.05)


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""
