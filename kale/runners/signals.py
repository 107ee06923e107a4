"""Signals that end a run, turned into something that a selector can wait for."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class SignalPipe:
    """Readable once a signal has come; a second signal while it is read is counted too."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._read, False)
        os.set_blocking(self._write, False)

    def fileno(self) -> int:
        """The descriptor to wait for."""
        return self._read

    def handle(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 - as signals are
        """Note a signal; it raises nothing, so that no code of the run is torn apart."""
        os.write(self._write, b"!")

    def count(self) -> int:
        """How many signals came since the last call."""
        try:
            return len(os.read(self._read, 64))
        except BlockingIOError:
            return 0

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._read)
        os.close(self._write)


@contextmanager
def caught_signals() -> Iterator[SignalPipe]:
    """Collect SIGINT, SIGTERM and SIGHUP for as long as the context lasts.

    A signal that is ignored (``nohup``, a job in the background) stays ignored. Outside of
    the main thread, which alone gets signals, nothing is caught.
    """
    pipe = SignalPipe()
    before = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                old = signal.getsignal(signum)
                # None: a handler that is not Python's and could not be put back.
                if old not in (signal.SIG_IGN, None):
                    before[signum] = signal.signal(signum, pipe.handle)
        yield pipe
    finally:
        for signum, old in before.items():
            signal.signal(signum, old)
        pipe.close()
