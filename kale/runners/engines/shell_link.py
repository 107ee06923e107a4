"""The step's process's end of the socket that leads to its shell, and the shell's own end."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from jupyter_client.session import Session
from nbclient.exceptions import DeadKernelError

from kale.runners.engines.probes import host_source
from kale.runners.engines.processes import OwnProcess, Process
from kale.runners.engines.shell.boot import command
from kale.runners.engines.shell.frames import CHUNK, KALE, SHELL, Unpacker, note, pack

#: Seconds that a shell has to end by itself: its threads, and what it does at exit.
LINGER = 10.0


class ShellLink:
    """Speaks with a shell; ``process`` is the shell's."""

    def __init__(self, connection: socket.socket, process: Process) -> None:
        self._connection, self.process = connection, process
        self.session: Any = Session(key=b"a socket of two processes")
        self.session.auth = None
        self._unpacker = Unpacker()
        self._messages: list[tuple[bool, dict[str, Any]]] = []
        self._notes: list[dict[str, Any]] = []
        self._ready: dict[str, Any] | None = None
        self._ending = False

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._connection.fileno()

    def await_ready(self) -> dict[str, Any]:
        """Wait until the shell takes requests; what it says of itself."""
        if self._ready is None:
            self._ready = self.await_note("ready")
        return self._ready

    def request(self, code: str, *, stop_on_error: bool) -> str:
        """Have code run; the request's id."""
        message = self.session.msg(
            "execute_request",
            {
                "code": code,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": stop_on_error,
            },
        )
        self.send_message(message)
        return str(message["header"]["msg_id"])

    def send_message(self, message: dict[str, Any]) -> None:
        """Send a message of the Jupyter protocol."""
        self._send([SHELL, *self.session.serialize(message)])

    def send_note(self, **content: Any) -> None:
        """Send what is between the two processes alone."""
        self._send(note(**content))

    def start_probes(self, probes: Mapping[str, Any]) -> None:
        """Start probes in the shell."""
        self.send_note(probes=probes, host=host_source())

    def call_probes(self, moment: str) -> dict[str, Any]:
        """Call the probes' ``failure`` or ``end``; what they have found so far.

        Raises:
            DeadKernelError: the shell is gone.
        """
        self.send_note(call=moment)
        found: dict[str, Any] = self.await_note("probes")["probes"]
        return found

    def _send(self, parts: list[bytes]) -> None:
        try:
            self._connection.sendall(pack(parts))
        except OSError as error:
            raise DeadKernelError("Kernel died") from error

    def wait(self, seconds: float | None) -> bool:
        """Wait until there is something to receive, at most so long; whether there is."""
        if self._messages:
            return True
        # Processes that the notebook's code forked may hold the socket open after the shell's end.
        ends = [self._connection.fileno(), self.process.descriptor]
        known = [end for end in ends if end is not None]
        return bool(select.select(known, [], [], seconds)[0])

    def receive(self) -> list[tuple[bool, dict[str, Any]]]:
        """What has come: whether it is a reply to a request or came along, and the message.

        Raises:
            DeadKernelError: the shell is gone, and all that it sent was received before.
        """
        if not self._messages:
            self._read()
        messages, self._messages = self._messages, []
        return messages

    def await_note(self, key: str) -> dict[str, Any]:
        """Wait for the note that has ``key``; messages are kept.

        Raises:
            DeadKernelError: the shell is gone.
        """
        while True:
            for found in self._notes:
                if key in found:
                    self._notes.remove(found)
                    return found
            self._read()

    def _read(self) -> None:
        while not select.select([self._connection], [], [], 0)[0]:
            self.wait(None)
            if self.process.ended and not select.select([self._connection], [], [], 0)[0]:
                raise DeadKernelError("Kernel died")
        try:
            data = self._connection.recv(CHUNK)
        except ConnectionResetError:
            data = b""
        if not data:
            raise DeadKernelError("Kernel died")
        for channel, *parts in self._unpacker.feed(data):
            if channel == KALE:
                self._notes.append(json.loads(parts[0]))
            else:
                _, frames = self.session.feed_identities(parts)
                self._messages.append((channel == SHELL, self.session.deserialize(frames)))

    def begin_end(self) -> None:
        """Tell the shell to end; it does what a kernel does then."""
        self._ending = True
        self.send_note(end=True)

    def finish(self, log: TextIO | None = None) -> int | None:
        """Wait for the shell's end, or kill it; its exit status, if that is known.

        A shell that was not told to end is killed, one that was after a while. What is printed
        by then goes to ``log``.
        """
        deadline = time.monotonic() + LINGER
        try:
            while self._ending and self.wait(max(0.0, deadline - time.monotonic())):
                for _, message in self.receive():
                    if message["msg_type"] == "stream" and log is not None:
                        log.write(message["content"]["text"])
                        log.flush()
        except (DeadKernelError, OSError):
            # The socket has ended, and the process is about to.
            self.process.wait(max(0.0, deadline - time.monotonic()))
        self._connection.close()
        return self.process.close()


def spawn_shell(env: Mapping[str, str], cwd: str | Path) -> ShellLink:
    """Start a shell as a process of its own, a child of this one, in the folder ``cwd``.

    Raises:
        OSError: no process can be started.
        ValueError: the environment cannot be expressed.
    """
    ours, theirs = socket.socketpair()
    number = str(theirs.fileno())
    try:
        process = subprocess.Popen(  # noqa: S603 - our own module
            command("shell_process", "shell", number, str(os.getpid())),
            stdin=subprocess.DEVNULL,
            env=env,
            cwd=cwd,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    return ShellLink(ours, OwnProcess(process))
