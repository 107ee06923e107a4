"""Processes as those see them who need them: started here, or forked by a server on request."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import time
from contextlib import suppress
from typing import Protocol


class Process(Protocol):
    """A process whose id stays its own until :meth:`close`."""

    @property
    def pid(self) -> int | None:
        """Its id, ``None`` if it never was started."""

    @property
    def descriptor(self) -> int | None:
        """A descriptor that is readable when the process has ended, if the system has such."""

    @property
    def ended(self) -> bool:
        """Whether it is known to have ended."""

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for its end, at most so long: its exit status or the negative signal, if known."""

    def close(self) -> int | None:
        """Kill it and its group, if it has one, and give up its id; its status, if known."""


class OwnProcess:
    """A child of this process, the leader of a session."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid: int | None = process.pid
        self.descriptor = os.pidfd_open(process.pid) if hasattr(os, "pidfd_open") else None
        self._status: int | None = None

    @property
    def ended(self) -> bool:
        """See :class:`Process`."""
        return self.wait(0) is not None

    def wait(self, seconds: float | None = None) -> int | None:
        """See :class:`Process`."""
        if self._status is None and hasattr(os, "waitid"):
            # Not collected: nobody else may get its id while it may be signalled.
            deadline = None if seconds is None else time.monotonic() + seconds
            flags = os.WEXITED | os.WNOWAIT | (0 if deadline is None else os.WNOHANG)
            while True:
                found = os.waitid(os.P_PID, self._process.pid, flags)
                if found is not None:
                    exited = found.si_code == os.CLD_EXITED
                    self._status = found.si_status if exited else -found.si_status
                    break
                if deadline is not None and time.monotonic() >= deadline:
                    break
                time.sleep(0.005)
        return self._status

    def close(self) -> int | None:
        """See :class:`Process`."""
        self.wait(0)
        kill_group(self._process.pid)
        status = self._process.wait()
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
        return status if self._status is None else self._status


class ServedProcess:
    """A process that a fork server was asked for by the other end of ``life``."""

    def __init__(self, life: socket.socket) -> None:
        self.life = life
        self._buffer = b""
        self._pid: int | None = None
        self._status: int | None = None
        self._lost = False

    @property
    def descriptor(self) -> int | None:
        """See :class:`Process`."""
        return self.life.fileno()

    @property
    def ended(self) -> bool:
        """See :class:`Process`."""
        return self.wait(0) is not None or self._lost

    @property
    def pid(self) -> int | None:
        """See :class:`Process`; waits until the server has answered."""
        while self._pid is None and not self._lost:
            self._read(None)
        return self._pid

    def wait(self, seconds: float | None = None) -> int | None:
        """See :class:`Process`."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while self._status is None and not self._lost:
            left = None if deadline is None else deadline - time.monotonic()
            if not self._read(left):
                break
        return self._status

    def close(self) -> int | None:
        """See :class:`Process`."""
        self.wait(0)
        if self.pid is not None:
            # The server does so too, but it may be gone.
            kill_group(self.pid)
        self.life.close()
        self._lost = True
        return self._status

    def _read(self, seconds: float | None) -> bool:
        """Take in what the server says, waiting at most so long; whether anything came."""
        left = None if seconds is None else max(0.0, seconds)
        if not select.select([self.life], [], [], left)[0]:
            return False
        try:
            data = self.life.recv(4096)
        except OSError:
            data = b""
        if not data:
            # The server has ended, and with it all its processes.
            self._lost = True
            return True
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            self._pid = said.get("pid", self._pid)
            self._status = said.get("status", self._status)
        return True


def kill_group(pid: int) -> None:
    """Kill a process and its group, if there are such."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
