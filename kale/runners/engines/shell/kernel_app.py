"""ipykernel's application and kernel, without sockets and threads: all that may be forked.

What a kernel does with a request is ipykernel's own code; messages leave through
:class:`ShellSession`. :meth:`ShellApp.prepare` runs before the fork, :meth:`ShellApp.complete`
after.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipykernel_launcher  # type: ignore[import-untyped]
from ipykernel.displayhook import ZMQDisplayHook
from ipykernel.kernelapp import IPKernelApp
from IPython.core.application import BaseIPythonApplication
from jupyter_client.session import Session
from traitlets.log import get_logger
from zmq import MessageTracker

from .frames import IOPUB, SHELL
from .streams import FdCapture, OutStream, Sender

#: Where the code of a notebook is told that its kernel's connection file is; there is none.
CONNECTION_FILE = "kernel-kale.json"

_NO_TRACKER = MessageTracker()


class Channel:
    """What stands for a socket of a kernel: its name, and a way to send."""

    def __init__(self, name: bytes, sender: Sender) -> None:
        self.name, self._sender = name, sender

    def send_multipart(self, parts: list[Any], *_: Any, **__: Any) -> None:
        """Send a message that is framed already."""
        self._sender.put([self.name, *map(bytes, parts)])

    def flush(self, *_: Any, **__: Any) -> None:
        """Nothing to do: messages are sent as they come."""


class ShellSession(Session):
    """Sends to a :class:`Channel` what others send to a socket of ZeroMQ."""

    def send(self, stream: Any, msg_or_type: Any, *args: Any, **options: Any) -> Any:
        """Send a message; the arguments are those of the method that this one extends."""
        if isinstance(stream, Channel):
            return self._send(stream, msg_or_type, *args, **options)
        return super().send(stream, msg_or_type, *args, **options)

    def _send(
        self,
        channel: Channel,
        msg_or_type: Any,
        content: Any = None,
        parent: Any = None,
        ident: Any = None,
        buffers: Any = None,
        track: bool = False,  # noqa: ARG002
        header: Any = None,
        metadata: Any = None,
    ) -> Any:
        if isinstance(msg_or_type, dict):
            message = msg_or_type
            buffers = buffers or message.get("buffers", [])
        else:
            message = self.msg(msg_or_type, content, parent, header, metadata)
        if os.getpid() != self.pid:
            get_logger().warning("a display of a forked process is not shown")
            return None
        if message["header"]["msg_type"] == "execute_reply":
            # The notebook's code may have put other objects in the place of these.
            for stream in self.streams:
                stream.flush()
        views = [memoryview(buffer).tobytes() for buffer in buffers or ()]
        channel.send_multipart([*self.serialize(message, ident), *views])
        message["tracker"] = _NO_TRACKER
        return message

    streams: list[OutStream] = []  # noqa: RUF012 - set for the one session there is


class _OneThread:
    """Stands for the thread that hands out requests to subshells, of which there are none."""

    def __init__(self, reply: Channel) -> None:
        self.parent_thread = threading.main_thread()
        self.manager = self.io_loop = self
        self._reply = reply
        self.stop_aborting: Callable[[], None] = lambda: None

    def get_subshell_to_shell_channel_socket(self, _: str | None) -> Channel:
        return self._reply

    def get_subshell_aborting(self, _: str) -> bool:
        return False

    def set_subshell_aborting(self, subshell: str, aborting: bool) -> None:
        """There is no subshell."""

    def add_callback(self, *_: Any) -> None:
        # All that ipykernel asks for this way is to go on after a cell that failed.
        self.stop_aborting()

    def is_alive(self) -> bool:
        return False


class ShellApp(IPKernelApp):
    """The application of a kernel that may be forked when it is prepared."""

    def prepare(self) -> None:
        """Do all that is the same for each kernel."""
        # History goes to a data base, by a thread; a step's is of use to nobody.
        self.config.HistoryManager.enabled = False
        BaseIPythonApplication.initialize(self, ["-f", CONNECTION_FILE])
        untyped: Any = self
        untyped.init_pdb()
        untyped.init_blackhole()
        self.sender = Sender()
        self.iopub_socket = Channel(IOPUB, self.sender)
        self.shell_socket = Channel(SHELL, self.sender)
        self.session = ShellSession(parent=self, key=b"a socket of two processes")
        self.session.auth = None
        self.init_io()
        untyped.init_signal()
        self.init_kernel()

    def init_io(self) -> None:
        """Put streams, a display hook and ipykernel's patches in place."""
        self.streams = [
            OutStream(self.session, self.sender, name, self.iopub_socket)
            for name in ("stdout", "stderr")
        ]
        self.session.streams = self.streams
        sys.stdout, sys.stderr = self.streams
        hook: Any = ZMQDisplayHook
        self.displayhook = hook(self.session, self.iopub_socket)
        sys.displayhook = self.displayhook
        untyped: Any = self
        untyped.patch_io()

    def init_kernel(self) -> None:
        """Make the kernel."""
        thread = _OneThread(self.shell_socket)
        self.shell_channel_thread = thread
        kernel_class: Any = self.kernel_class
        self.kernel = kernel_class.instance(
            parent=self,
            session=self.session,
            shell_channel_thread=thread,
            iopub_thread=self.sender,
            iopub_socket=self.iopub_socket,
            log=self.log,
            profile_dir=self.profile_dir,
            user_ns=self.user_ns,
        )
        # ipykernel's half of a millisecond, for messages to arrive.
        self.kernel._execute_sleep = 0  # noqa: SLF001 - an option of its configuration

        def stop_aborting() -> None:
            self.kernel._aborting = False  # noqa: SLF001 - what its own callback sets

        thread.stop_aborting = stop_aborting
        self.displayhook.get_execution_count = lambda: self.kernel.execution_count

    def adopt(self, connection: Any, original: int) -> None:
        """Send to ``connection``, in the process that this one is after a fork."""
        pid = os.getpid()
        self.session.pid = pid
        for stream in self.streams:
            stream._master_pid = pid  # noqa: SLF001 - ipykernel's name for it
        self.capture = FdCapture(self.streams, original)
        self.sender.start(connection, self.streams)
        self.capture.start(connection)

    def complete(self) -> None:
        """Do what reads the user's own files, after the fork: path, extensions, startup files."""
        launcher = ipykernel_launcher.__file__ or "ipykernel_launcher"
        sys.argv[:] = [str(Path(launcher)), "-f", CONNECTION_FILE]
        untyped: Any = self
        untyped.init_path()
        untyped.init_shell()
        untyped.init_gui_pylab()
        untyped.init_extensions()
        self.init_code()
        for stream in self.streams:
            stream.flush()
