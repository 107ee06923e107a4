"""One `kale run` as the benchmark sees it: wall time, when each step ended, memory."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

KALE = [sys.executable, "-m", "kale"]


@dataclass(frozen=True)
class Run:
    """``seconds`` is wall time with start-up; ``ended`` is when steps ended, since it was started.

    ``memory`` is the peak of the process itself in bytes, that of its children left out.
    """

    seconds: float
    ended: tuple[float, ...]
    memory: int
    folder: Path


def kale_run(notebook: Path, *options: str) -> Run:
    """Run a notebook and watch.

    Raises:
        RuntimeError: it fails, so that its figures would mean nothing.
    """
    command = [*KALE, "run", str(notebook), "--json", *options]
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    lines: list[tuple[float, str]] = []
    said = threading.Thread(target=_note, args=(process.stderr, start, lines))
    memory = [0]
    watch = threading.Thread(target=_watch, args=(process.pid, memory))
    said.start()
    watch.start()
    text = process.stdout.read()
    process.wait()
    took = time.perf_counter() - start
    said.join()
    watch.join()
    if process.returncode:
        last = "\n".join(line for _, line in lines[-20:])
        raise RuntimeError(f"{' '.join(command)} failed: {text[-2000:]}\n{last}")
    result = json.loads(text)
    known = {step["name"] for step in result["steps"]}
    ended = tuple(at for at, line in lines if _tells_end(line, known))
    return Run(took, ended, memory[0], Path(result["run_dir"]))


def _note(stream: IO[str], start: float, lines: list[tuple[float, str]]) -> None:
    lines.extend((time.perf_counter() - start, line.rstrip()) for line in stream)


def _tells_end(line: str, steps: set[str]) -> bool:
    """Whether a line of progress says that a step succeeded."""
    words = line.replace(":", " ").split()
    return any(word in steps for word in words[:4]) and "succeeded" in words


def _watch(process: int, memory: list[int]) -> None:
    """Note the peak of resident memory until the process is gone, as the system counts it."""
    status = Path(f"/proc/{process}/status")
    while True:
        try:
            text = status.read_text()
        except OSError:
            return
        if "VmHWM" not in text:  # it has ended, and is still to be waited for
            return
        memory[0] = max(memory[0], 1024 * int(text.split("VmHWM:")[1].split()[0]))
        time.sleep(0.02)
