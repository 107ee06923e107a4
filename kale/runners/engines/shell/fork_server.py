"""A process that forks itself on request: one thread, one socket, no policy.

The requester sends a datagram of JSON, ``{"role": …, …}``, with file descriptors; the first of
them is a stream socket that stands for the new process. There the server writes lines of JSON,
``{"pid": n}`` and, when the process has ended, ``{"status": n}``, its exit status or the negative
number of a signal. It collects the process only after the requester has closed its end, so that
the id stays that process's as long as the requester may signal it; closing it before the
end kills the process and its group. When the server's own socket ends, all of them are killed,
or told to end.
"""

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

#: The longest request, in bytes, and the most descriptors with one.
_REQUEST_BYTES, _DESCRIPTORS = 1 << 21, 8

#: Option number of prctl(2): the signal to get when the parent ends.
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Request:
    """What a forked process is to be, and the descriptors that came along."""

    content: dict[str, Any]
    descriptors: list[int]


@dataclass(slots=True)
class _Forked:
    """A process: its pidfd until its end is known, its socket until the requester closes it."""

    pid: int
    life: int | None
    handle: int | None


def send_request(server: socket.socket, content: dict[str, Any], descriptors: list[int]) -> None:
    """Ask the server at the other end for a process.

    Raises:
        OSError: the server is gone, or the request is too long.
    """
    data = json.dumps(content).encode()
    socket.send_fds(server, [data], descriptors)


def end_with_parent(parent: int, signum: signal.Signals = signal.SIGKILL) -> None:
    """Have the system send this process ``signum`` when its parent, ``parent``, ends."""
    # Not with this module, which who asks for processes imports too.
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signum)


class ForkServer:
    """Serves requests from ``connection``; at its end ``farewell`` goes to its processes."""

    def __init__(
        self, connection: socket.socket, farewell: signal.Signals = signal.SIGKILL
    ) -> None:
        self._connection, self._farewell = connection, farewell
        self._selector = selectors.DefaultSelector()
        self._selector.register(connection, selectors.EVENT_READ)
        self._forked: dict[int, _Forked] = {}

    def serve(self) -> Request:
        """Fork for each request; returns in the forked processes alone."""
        gc.collect()
        # What is there now is never looked at again: its pages stay shared.
        gc.freeze()
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._connection:
                    request = self._receive()
                    if request is not None and self._fork(request):
                        return request
                else:
                    forked: _Forked = key.data
                    if key.fd == forked.handle:
                        self._note_end(forked)
                    else:
                        self._note_close(forked)

    def _receive(self) -> Request | None:
        data, descriptors, flags, _ = socket.recv_fds(
            self._connection, _REQUEST_BYTES, _DESCRIPTORS
        )
        if not data:
            if self._farewell is signal.SIGKILL:
                for forked in self._forked.values():
                    _kill(forked.pid)
            # Else the system tells them, once, as this process ends.
            os._exit(0)
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            for descriptor in descriptors:
                os.close(descriptor)
            return None
        return Request(json.loads(data), descriptors)

    def _fork(self, request: Request) -> bool:
        """Fork; whether this is the new process."""
        life, *rest = request.descriptors
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child(parent, life)
            request.descriptors[:] = rest
            return True
        for descriptor in rest:
            os.close(descriptor)
        handle = os.pidfd_open(pid)
        forked = _Forked(pid, life, handle)
        self._forked[pid] = forked
        self._tell(forked, pid=pid)
        self._selector.register(handle, selectors.EVENT_READ, forked)
        self._selector.register(life, selectors.EVENT_READ, forked)
        return False

    def _become_child(self, parent: int, life: int) -> None:
        os.setsid()
        end_with_parent(parent, self._farewell)
        self._selector.close()
        self._connection.close()
        os.close(life)
        for other in self._forked.values():
            for descriptor in (other.life, other.handle):
                if descriptor is not None:
                    os.close(descriptor)
        self._forked.clear()

    def _tell(self, forked: _Forked, **content: int) -> None:
        assert forked.life is not None
        with suppress(OSError):  # the requester is gone; that is seen when its end is read
            os.write(forked.life, json.dumps(content).encode() + b"\n")

    def _note_end(self, forked: _Forked) -> None:
        assert forked.handle is not None
        found = os.waitid(os.P_PIDFD, forked.handle, os.WEXITED | os.WNOWAIT)
        assert found is not None
        self._selector.unregister(forked.handle)
        os.close(forked.handle)
        forked.handle = None
        if forked.life is None:
            self._collect(forked)
            return
        exited = found.si_code == os.CLD_EXITED
        self._tell(forked, status=found.si_status if exited else -found.si_status)

    def _note_close(self, forked: _Forked) -> None:
        assert forked.life is not None
        self._selector.unregister(forked.life)
        os.close(forked.life)
        forked.life = None
        _kill(forked.pid)
        if forked.handle is None:
            self._collect(forked)

    def _collect(self, forked: _Forked) -> None:
        """Let the process, which has ended and which nobody asks for any more, go."""
        os.waitpid(forked.pid, 0)
        del self._forked[forked.pid]


def _kill(pid: int) -> None:
    """Kill a process that was not collected yet, and its group if it has one by now."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def connection_of(descriptor: str) -> socket.socket:
    """The server's socket, given by number."""
    connection = socket.socket(fileno=int(descriptor))
    connection.set_inheritable(False)
    return connection


def supported() -> bool:
    """Whether this system has what the server needs."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open") and hasattr(socket, "send_fds")
