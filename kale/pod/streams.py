"""What a step prints, as its kernel sends it: all of it, at once and in order."""

from __future__ import annotations

import codecs
import os
import sys
import threading
from typing import Any

import zmq
from ipykernel import iostream


class OutStream(iostream.OutStream):
    """``sys.stdout`` or ``sys.stderr`` of a kernel: as ipykernel's, but prompt and without loss.

    What is written to one of the two is sent before what is then written to the other.
    """

    flush_interval = 0.05

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)  # type: ignore[no-untyped-call]
        # Of a thousand messages that wait, the next ones would be thrown away; 0 is: no limit.
        self.pub_thread.schedule(self._keep_all)

    def _keep_all(self) -> None:
        self.pub_thread.socket.setsockopt(zmq.SNDHWM, 0)

    def _watch_pipe_fd(self) -> None:
        """Take what is written to the file descriptor; ipykernel would also log it past us."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while self._fid is not None and (data := os.read(self._fid, 65536)) and self._should_watch:
            self.write(decoder.decode(data))

    def flush(self) -> None:
        """Wait until what was written has been sent, or nobody is left to send it.

        At a kernel's end ipykernel would wait for a thread that is gone, until it is killed.
        """
        sender, sent = self.pub_thread and self.pub_thread.thread, threading.Event()
        if sender and sender.is_alive() and sender is not threading.current_thread():
            for work in (self._flush, sent.set):
                self.pub_thread.schedule(work)
            while sender.is_alive() and not sent.wait(0.1):
                continue
        else:
            self._flush()  # type: ignore[no-untyped-call]

    def write(self, string: str) -> Any:
        """Write text; the other stream's goes first."""
        for other in (sys.stdout, sys.stderr):
            # In a forked process the other's text is its parent's, which will send it.
            if (
                other is not self
                and getattr(other, "_flush_pending", False)
                and self._is_master_process()  # type: ignore[no-untyped-call]
            ):
                other.flush()
        if isinstance(string, str):  # and if not, an error
            # No message can hold half a surrogate pair; ipykernel would lose all the text.
            string = string.encode(errors="backslashreplace").decode()
        return super().write(string)


# The notebook's code asks for the name of the class, not whose it is.
OutStream.__module__ = iostream.OutStream.__module__
