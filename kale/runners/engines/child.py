"""The process of one running step, as seen from the run: started, heard, stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

#: Seconds between the polite signal and SIGKILL; the child's own patience is shorter.
KILL_AFTER = 5.0

#: What a step's process runs.
STEP_PROCESS = "kale.runners.engines.step_process"


class Child:
    """A step's process; it lives from :meth:`__init__` to :meth:`close`.

    ``fileno`` is readable when there are events, and at its end when the process is gone;
    :meth:`read` returns the progress among them, as (cell, of). ``done`` is then what the process
    said last (see :mod:`kale.runners.engines.step_process`), or ``None`` if it went without a word.
    """

    def __init__(
        self, job: Mapping[str, Any], job_file: Path, *, log: Path, env: Mapping[str, str]
    ) -> None:
        self._events, theirs = os.pipe()
        self._buffer = b""
        self._kernel: int | None = None
        self._kill_at: float | None = None
        self.done: dict[str, Any] | None = None
        try:
            text = json.dumps({**job, "events": theirs, "parent": os.getpid()}, indent=1)
            job_file.write_text(text + "\n", encoding="utf-8")
            with log.open("ab") as output:
                self._process = subprocess.Popen(  # noqa: S603 - our own module
                    # `-P`: the folder that Kale was started in may hold a `json.py`.
                    [sys.executable, "-P", "-W", "ignore", "-m", STEP_PROCESS, str(job_file)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=env,
                    pass_fds=[theirs],
                    # Out of reach of the terminal's Ctrl-C: the run stops its steps itself.
                    start_new_session=True,
                )
        except BaseException:
            os.close(self._events)
            raise
        finally:
            os.close(theirs)

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._events

    def read(self) -> tuple[bool, list[tuple[int, int]]]:
        """Take in what the process has said: whether it is gone, and cells begun since."""
        chunk = os.read(self._events, 65536)
        *lines, self._buffer = (self._buffer + chunk).split(b"\n")
        progress: list[tuple[int, int]] = []
        for line in lines:
            event = json.loads(line)
            if "kernel" in event:
                self._kernel = event["kernel"]
            elif "cell" in event:
                progress.append((event["cell"], event["of"]))
            else:
                self.done = event["done"]
        return not chunk, progress

    def stop(self) -> None:
        """Ask the step to end; it is killed by :meth:`enforce` when it does not in time."""
        if self._kill_at is None:
            self._kill_at = time.monotonic() + KILL_AFTER
            self._process.terminate()

    @property
    def kill_at(self) -> float | None:
        """When the step is to be killed, on the monotonic clock; ``None`` unless it was stopped."""
        return self._kill_at

    def enforce(self) -> None:
        """Kill the step if it was stopped and its time is up."""
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self.kill()

    def kill(self) -> None:
        """Kill the step's process, its kernel and the kernel's children at once."""
        self._process.kill()
        if self._kernel is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._kernel, signal.SIGKILL)

    def close(self) -> int:
        """Wait for the process, whose events have ended, and return its exit status."""
        os.close(self._events)
        return self._process.wait()
