"""Speaks with a real kernel, as :class:`kale.runners.engines.shell_link.ShellLink` with a shell.

jupyter_client's own way to a kernel asks every second whether it is there yet, and waits until it
is silent; here the sockets are watched, and the process: its end is known at once.
"""

from __future__ import annotations

import select
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import zmq
from nbclient.exceptions import DeadKernelError

from kale.runners.engines.kernel import StartedKernel
from kale.runners.engines.probes import (
    Findings,
    collect_content,
    failed_probes,
    findings_in,
    start_code,
)
from kale.runners.engines.shell_link import LINGER

#: Seconds for a kernel to start, on a machine that may be busy with others.
START_TIMEOUT = 180.0

#: Seconds between two looks for a kernel's sockets, before it listens.
_LOOK = 0.002

#: Seconds for what a kernel has said to arrive: after it answered, and after it died.
_ARRIVAL = 0.2

#: The most messages to take in at once, so that the notebook can be saved between.
_BATCH = 1000

#: Seconds between two looks at the process, where the system cannot tell of its end.
_POLL = 0.5

_Message = dict[str, Any]


class KernelLink:
    """Speaks with a kernel that was started; made before it is ready to listen."""

    def __init__(self, kernel: StartedKernel) -> None:
        self.process = kernel.process
        self.session = kernel.manager.session
        self._kernel = kernel
        self._end = kernel.process.descriptor
        self._poller = zmq.Poller()
        if self._end is not None:
            self._poller.register(self._end, zmq.POLLIN)
        self._messages: list[tuple[bool, _Message]] = []
        self._ready: _Message | None = None
        self._findings: Findings = {}
        self._ending = self._finished = False
        self._status: int | None = None

    def await_ready(self) -> _Message:
        """Wait until the kernel takes requests; what it says of itself.

        Raises:
            DeadKernelError: it ended instead.
            TimeoutError: it did nothing for :data:`START_TIMEOUT` seconds.
        """
        deadline = time.monotonic() + START_TIMEOUT
        if self._ready is None:
            # A socket that is connected to before it is there is tried again a while later.
            self._await_files(self._kernel.sockets, deadline)
            manager = self._kernel.manager
            self._iopub, self._shell = manager.connect_iopub(), manager.connect_shell()
            self._poller.register(self._iopub, zmq.POLLIN)
            self._poller.register(self._shell, zmq.POLLIN)
        while self._ready is None:
            _check(deadline)
            reply = self._ask("kernel_info_request", {}, deadline)
            # Without its words on the other channel, nothing would be heard of what it prints.
            if reply is not None:
                self._ready = reply["content"]
        return self._ready

    def _await_files(self, files: list[Path], deadline: float) -> None:
        for file in files:
            while not file.exists():
                self._check_alive()
                _check(deadline)
                time.sleep(_LOOK)

    def _check_alive(self) -> None:
        if self.process.wait(0) is not None:
            raise DeadKernelError("Kernel died")

    def _ask(self, kind: str, content: _Message, deadline: float) -> _Message | None:
        """Send a request and wait for its reply: ``None`` if that comes alone."""
        request = self.session.msg(kind, content)
        self.send_message(request)
        reply: _Message | None = None
        idle = False
        while reply is None or not idle:
            _check(deadline)
            if not self.wait(_ARRIVAL):
                if reply is not None:
                    return None
                continue
            for on_shell, message in self._take():
                if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                    continue
                if on_shell:
                    reply = message
                idle = idle or message["content"].get("execution_state") == "idle"
        return reply

    def request(self, code: str, *, stop_on_error: bool) -> str:
        """Have code run; the request's id."""
        message = self.session.msg("execute_request", _execution(code, stop_on_error))
        self.send_message(message)
        return str(message["header"]["msg_id"])

    def send_message(self, message: _Message) -> None:
        """Send a message of the Jupyter protocol."""
        self.session.send(self._shell, message)

    def wait(self, seconds: float) -> bool:
        """Wait until there is something to receive, at most so long; whether there is."""
        if self._messages:
            return True
        return self._wait(seconds)

    def _wait(self, seconds: float) -> bool:
        if self._end is not None:
            return bool(self._poller.poll(int(seconds * 1000)))
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            if self._poller.poll(int(min(left, _POLL) * 1000)) or self.process.wait(0) is not None:
                return True
            if left <= _POLL:
                return False

    def receive(self) -> list[tuple[bool, _Message]]:
        """What has come: whether it is a reply to a request or came along, and the message.

        Raises:
            DeadKernelError: the kernel is gone, and all that it sent was received before.
        """
        if not self._messages:
            self._messages = self._take()
        messages, self._messages = self._messages, []
        return messages

    def _take(self) -> list[tuple[bool, _Message]]:
        taken = self._take_now()
        if not taken and self.process.wait(0) is not None:
            time.sleep(_ARRIVAL)
            taken = self._take_now()
            if not taken:
                raise DeadKernelError("Kernel died")
        return taken

    def _take_now(self) -> list[tuple[bool, _Message]]:
        taken: list[tuple[bool, _Message]] = []
        for socket in (self._iopub, self._shell):
            while len(taken) < _BATCH:
                _, message = self.session.recv(socket, zmq.NOBLOCK)
                if message is None:
                    break
                taken.append((socket is self._shell, message))
        return taken

    def start_probes(self, probes: Mapping[str, Any]) -> None:
        """Start probes in the kernel; if that fails it is told with what they found.

        Raises:
            DeadKernelError: the kernel died.
        """
        content = {
            **_execution("", stop_on_error=False),
            "silent": True,
            "store_history": False,
            "user_expressions": {"probes": start_code(probes)},
        }
        deadline = time.monotonic() + START_TIMEOUT
        reply = self._ask("execute_request", content, deadline) or {"content": {}}
        answer = reply["content"].get("user_expressions", {}).get("probes", {})
        if answer.get("status") != "ok":
            why = f"{answer.get('ename', 'no answer')}: {answer.get('evalue', '')}"
            self._findings = failed_probes(probes, why)

    def call_probes(self, moment: str) -> Findings:
        """Call the ``failure`` or ``end`` of the probes; what they have found so far.

        Raises:
            DeadKernelError: the kernel died.
        """
        if self._findings:
            return self._findings
        content = collect_content([moment])
        request = self.session.msg("comm_open", content)
        self.send_message(request)
        findings: Findings = {}
        while True:
            if not self.wait(_POLL):
                continue
            for _, message in self._take():
                if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
                    continue
                findings = findings_in(message, content["comm_id"]) or findings
                if message["content"].get("execution_state") == "idle":
                    return findings

    def begin_end(self) -> None:
        """Tell the kernel to end."""
        self._ending = True
        control = self._kernel.manager.connect_control()
        control.linger = 1000
        self.session.send(control, self.session.msg("shutdown_request", {"restart": False}))
        control.close()

    def finish(self, log: TextIO | None = None) -> int | None:  # noqa: ARG002 - a shell's end is heard
        """Wait for the kernel's end, or kill it; its exit status, if that is known.

        A kernel that was not told to end is killed, one that was after a while.
        """
        if not self._finished:
            self._finished = True
            if self._ending:
                if self._end is not None:
                    select.select([self._end], [], [], LINGER)
                self.process.wait(0 if self._end is not None else LINGER)
            self._status = self._kernel.close()
        return self._status


def _execution(code: str, stop_on_error: bool) -> _Message:
    return {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": stop_on_error,
    }


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        message = f"the kernel did not answer within {START_TIMEOUT:.0f} s"
        raise TimeoutError(message)
