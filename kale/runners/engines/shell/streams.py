"""What a shell prints and sends: ordered in one queue, sent by one thread.

The thread that runs cells may be interrupted between any two operations; it only ever appends to
a queue that cannot be left half changed, so that no message is cut in two.
"""

from __future__ import annotations

import codecs
import fcntl
import io
import os
import queue
import select
import signal
import socket
import struct
import termios
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

from ipykernel import iostream

from .frames import pack

#: Seconds that printed text may wait for more of it.
_LINGER = 0.04

#: Characters of printed text that may wait; whoever prints more waits for them to be sent.
_MOST_PENDING = 1 << 22

#: Bytes to read at once from a pipe: its usual capacity.
_PIPE_BYTES = 1 << 16


class Sender:
    """Sends messages on a socket in a thread of its own, in the order of :meth:`put`."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[list[bytes] | Callable[[], None]] = queue.SimpleQueue()
        self._socket: socket.socket | None = None
        self._streams: list[OutStream] = []
        self._due: float | None = None
        self.thread = threading.Thread(target=self._run, name="IOPub", daemon=True)

    def start(self, connection: socket.socket, streams: list[OutStream]) -> None:
        """Begin to send to ``connection``, and what ``streams`` hold back now and then."""
        self._socket, self._streams = connection, streams
        self.thread.start()

    def put(self, message: list[bytes]) -> None:
        """Send a message after all that was put before."""
        self._queue.put(message)

    def soon(self) -> None:
        """Have the streams flushed in a moment."""
        self._queue.put(self._set_due)

    def wait(self, work: Callable[[], None]) -> None:
        """Do ``work`` in the sending thread and wait until it and all before it are sent."""
        if not self.thread.is_alive() or threading.current_thread() is self.thread:
            work()
            return
        done = threading.Event()
        self._queue.put(work)
        self._queue.put(done.set)
        done.wait()

    def send(self, message: list[bytes]) -> None:
        """Send at once; for the sending thread alone."""
        if self._socket is not None:
            # The other side is gone: nobody reads this, and this process will not live long.
            with suppress(OSError):
                self._socket.sendall(pack(message))

    def _set_due(self) -> None:
        if self._due is None:
            self._due = time.monotonic() + _LINGER

    def _send_pending(self) -> None:
        for stream in self._streams:
            stream.send_pending()

    def _run(self) -> None:
        item: list[bytes] | Callable[[], None]
        while True:
            left = None if self._due is None else max(0.0, self._due - time.monotonic())
            try:
                item = self._queue.get(timeout=left)
            except queue.Empty:
                self._due = None
                item = self._send_pending
            try:
                if isinstance(item, list):
                    self.send(item)
                else:
                    item()
            except Exception:  # noqa: BLE001, S112 - of a hook of the notebook's own: all wait for this
                continue


class OutStream(iostream.OutStream):
    """``sys.stdout`` or ``sys.stderr`` of a shell: ipykernel's, with another way out.

    In processes that the notebook's code forks it writes to the pipe that takes the place of
    file descriptor 1 or 2, as their own output to that descriptor does.
    """

    def __init__(self, session: Any, sender: Sender, name: str, channel: Any) -> None:
        # Not the constructor of ipykernel's class: it opens sockets and starts threads.
        self.session, self.name, self.topic = session, name, b"stream." + name.encode()
        self.echo = None
        self.pub_thread = sender
        self._channel = channel
        self._parent_header: ContextVar[dict[str, Any]] = ContextVar("parent_header")
        self._parent_header.set({})
        self._parent_header_global: dict[str, Any] = {}
        self._master_pid = os.getpid()
        self._isatty, self._should_watch, self._fid, self._exc = False, False, None, None
        self._local = threading.local()
        self._buffer_lock = threading.RLock()
        self._pending: list[tuple[dict[str, Any], list[str]]] = []
        self._size = 0
        self.capture: FdCapture | None = None

    def fileno(self) -> int:
        """A descriptor that leads past the notebook, to the step's log."""
        if self.capture is None:
            raise io.UnsupportedOperation("fileno")
        return self.capture.original

    def _is_master_process(self) -> bool:
        return os.getpid() == self._master_pid

    def write(self, string: str) -> int:
        """Hold text back for a moment, or write it to the pipe in a forked process."""
        if not isinstance(string, str):
            raise TypeError(f"write() argument must be str, not {type(string)}")
        if self.pub_thread is None:
            raise ValueError("I/O operation on closed file")
        if os.getpid() != self._master_pid:
            if self.capture is not None:
                self.capture.write(self.name, string)
            return len(string)
        parent = self.parent_header
        with self._buffer_lock:
            if not self._pending:
                self._pending.append((parent, [string]))
                self.pub_thread.soon()
            elif self._pending[-1][0] is parent:
                self._pending[-1][1].append(string)
            else:
                self._pending.append((parent, [string]))
            self._size += len(string)
        if self._size > _MOST_PENDING:
            self.flush()
        return len(string)

    def flush(self) -> None:
        """Wait until what was printed so far has been sent."""
        if self.pub_thread is None or os.getpid() != self._master_pid:
            return
        if self.capture is not None:
            self.capture.drain()
        if self._pending:
            self.pub_thread.wait(self.send_pending)

    def send_pending(self) -> None:
        """Send what is held back; for the sending thread alone."""
        with self._buffer_lock:
            pending, self._pending, self._size = self._pending, [], 0
        for parent, parts in pending:
            text = "".join(parts)
            if not text:
                continue
            try:
                text.encode()
            except UnicodeEncodeError:
                # Half a surrogate pair: no message can hold it, and ipykernel loses all the text.
                text = text.encode(errors="backslashreplace").decode()
            message = self.session.msg("stream", {"name": self.name, "text": text}, parent=parent)
            for hook in self._hooks:
                message = hook(message)
                if message is None:
                    break
            if message is not None:
                frames = self.session.serialize(message, ident=self.topic)
                self.pub_thread.send([self._channel.name, *frames])

    def close(self) -> None:
        """Take no more text."""
        self.flush()
        self.pub_thread = None


# The notebook's code asks for the name of the class, not whose it is.
OutStream.__module__ = iostream.OutStream.__module__


class FdCapture:
    """Takes what is written to file descriptors 1 and 2, by whatever code, to the streams."""

    def __init__(self, streams: list[OutStream], original: int) -> None:
        """``original`` is where output goes that a process is to write past the notebook."""
        self.original = original
        self._streams = {}
        self._ends: dict[str, int] = {}
        self._decoders = {}
        # Once more in one thread: whoever has read much waits for it to be sent.
        self._lock = threading.RLock()
        for descriptor, stream in enumerate(streams, 1):
            read, write = os.pipe()
            os.set_blocking(read, False)
            os.dup2(write, descriptor)
            self._streams[read] = stream
            self._decoders[read] = codecs.getincrementaldecoder("utf-8")("replace")
            self._ends[stream.name] = write
            stream.capture = self
            # ipykernel's name for it, which libraries look at.
            stream._original_stdstream_copy = original  # noqa: SLF001
        self.thread = threading.Thread(target=self._watch, name="fd-capture", daemon=True)

    def start(self, lifeline: socket.socket) -> None:
        """Begin to read; the process and its group end when ``lifeline`` is hung up."""
        self._lifeline = lifeline
        self.thread.start()

    def write(self, name: str, text: str) -> None:
        """Write text to the pipe of the stream called ``name``, from a forked process."""
        data = text.encode("utf-8", "surrogateescape" if text.isascii() else "replace")
        while data:
            data = data[os.write(self._ends[name], data) :]

    def drain(self) -> None:
        """Take in what is in the pipes now."""
        if threading.current_thread() is self.thread:
            return
        for end in self._streams:
            # Also when nothing waits: the other thread may just have read and not yet written it.
            with self._lock:
                if _waiting(end):
                    self._read(end)

    def _read(self, end: int) -> bool:
        """Read what is there; whether the pipe is still open."""
        while True:
            try:
                data = os.read(end, _PIPE_BYTES)
            except BlockingIOError:
                return True
            if text := self._decoders[end].decode(data, final=not data):
                self._streams[end].write(text)
            if not data:
                return False

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(self._lifeline, 0)
        for end in self._streams:
            poll.register(end, select.POLLIN)
        while True:
            for descriptor, event in poll.poll():
                if descriptor in self._streams:
                    with self._lock:
                        if not self._read(descriptor):
                            poll.unregister(descriptor)
                elif event & (select.POLLHUP | select.POLLERR | select.POLLNVAL):
                    # Whoever this process works for is gone, and nobody else will end it.
                    os.killpg(0, signal.SIGKILL)


def _waiting(descriptor: int) -> int:
    """How many bytes can be read."""
    answer = fcntl.ioctl(descriptor, termios.FIONREAD, b"\0\0\0\0")
    return int(struct.unpack("i", answer)[0])
