"""The process of one running step, as seen from the run: started, heard, stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from kale.runners.engines.processes import OwnProcess, Process
from kale.runners.engines.templates import Templates

#: Seconds between the polite signal and SIGKILL; the child's own patience is shorter.
KILL_AFTER = 5.0

#: What a step's process runs.
STEP_PROCESS = "kale.runners.engines.step_process"


class Child:
    """A step's process; it lives from :meth:`__init__` to :meth:`close`.

    ``fileno`` is readable when there are events, and at its end when the process is gone;
    :meth:`read` returns the progress among them, as (cell, of). ``done`` is then what the process
    said last (see :mod:`kale.runners.engines.step_process`), or ``None`` if it went without a word.

    It is forked by ``templates`` where that can be. With ``hold`` it prepares all that it can, and
    begins with the first cell at :meth:`go`.
    """

    def __init__(
        self,
        job: Mapping[str, Any],
        job_file: Path,
        *,
        log: Path,
        env: Mapping[str, str],
        templates: Templates | None = None,
        hold: bool = False,
    ) -> None:
        self._buffer = b""
        self._kernel: int | None = None
        self._kill_at: float | None = None
        self.done: dict[str, Any] | None = None
        with ExitStack() as given:
            self._events, events = socket.socketpair()
            given.enter_context(events)
            output = given.enter_context(log.open("ab"))
            try:
                shell = None
                if templates is not None and job.get("engine", "auto") != "kernel":
                    shell = templates.shell(env, output.fileno())
                descriptors = [events.fileno(), output.fileno()]
                if shell is not None:
                    connection, life = given.enter_context(shell[0]), shell[1].life
                    given.enter_context(life)
                    descriptors += [connection.fileno(), life.fileno()]
                whole = {
                    **job,
                    "hold": hold,
                    "events": events.fileno(),
                    "shell": descriptors[2:],
                    "parent": os.getpid(),
                }
                text = json.dumps(whole, indent=1)
                job_file.write_text(text + "\n", encoding="utf-8")
                forked = None
                if templates is not None:
                    forked = templates.step({"job": str(job_file)}, env, descriptors)
                self._process: Process = forked or _start(job_file, output, env, descriptors)
            except BaseException:
                self._events.close()
                raise

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._events.fileno()

    def go(self) -> None:
        """Let a process that was started with ``hold`` begin."""
        with suppress(OSError):  # it is gone already, as its events tell
            self._events.send(b"go\n")

    def read(self) -> tuple[bool, list[tuple[int, int]]]:
        """Take in what the process has said: whether it is gone, and cells begun since."""
        try:
            chunk = self._events.recv(65536)
        except ConnectionResetError:  # it went and left an order of ours unread
            chunk = b""
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
            self._signal(signal.SIGTERM)

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
        self._signal(signal.SIGKILL)
        if self._kernel is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._kernel, signal.SIGKILL)

    def _signal(self, signum: signal.Signals) -> None:
        # Its id is its own until `close`.
        if self._process.pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self._process.pid, signum)

    def close(self) -> int:
        """Wait for the process, whose events have ended, and return its exit status."""
        self._events.close()
        self._process.wait()
        status = self._process.close()
        # It was killed together with what forked it.
        return -signal.SIGKILL if status is None else status


def _start(
    job_file: Path, output: Any, env: Mapping[str, str], descriptors: list[int]
) -> OwnProcess:
    """Start a step's process that nobody forks."""
    process = subprocess.Popen(  # noqa: S603 - our own module
        # `-P`: the folder that Kale was started in may hold a `json.py`.
        [sys.executable, "-P", "-W", "ignore", "-m", STEP_PROCESS, str(job_file)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=env,
        pass_fds=[descriptors[0], *descriptors[2:]],
        # Out of reach of the terminal's Ctrl-C: the run stops its steps itself.
        start_new_session=True,
    )
    return OwnProcess(process)
