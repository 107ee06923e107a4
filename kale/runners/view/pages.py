"""Executed notebooks become pages for a browser while the run goes on, in another process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kale.runners.run_directory import RunDirectory

#: A larger notebook is linked as it is: as a page, no browser would be quick with it.
LARGEST_PAGE_BYTES = 20_000_000

#: What makes the pages.
_PAGE_WRITER = Path(__file__).with_name("page_writer.py")

#: Seconds between two looks whether the user lost patience.
_LOOK = 0.05


def _never() -> bool:
    return False


class Pages:
    """Has a page made of each executed notebook that it is told of.

    The process that does it starts with the first one, has the lowest priority, and ends with this
    one. A page that cannot be made is not there; that is nobody's failure. Where the variable
    ``KALE_NO_PAGES`` is set none is made.
    """

    def __init__(self, directory: RunDirectory) -> None:
        self._directory = directory
        self._writer: subprocess.Popen[bytes] | None = None
        self._wanted: list[str] = []
        self._unsent = b""
        self._off = bool(os.environ.get("KALE_NO_PAGES"))

    def prepare(self) -> None:
        """Start the process, which takes a while, because there will be pages; never raises."""
        if self._writer is None and not self._off:
            with suppress(OSError):
                self._writer = _start_writer()

    def make(self, step: str) -> None:
        """Ask for the page of a step that ended; returns at once and never raises."""
        if self._off:
            return
        notebook = self._directory.executed_notebook(step)
        try:
            if notebook.stat().st_size > LARGEST_PAGE_BYTES:
                return
            if self._writer is None:
                self._writer = _start_writer()
        except OSError:
            return
        self._wanted.append(step)
        order = {
            "notebook": str(notebook),
            "page": str(self._directory.page(step)),
            "step": step,
        }
        self._unsent += json.dumps(order).encode() + b"\n"
        self._send()

    def take(self, step: str, run: Path) -> None:
        """Take the page of a step from the directory of another run, if it is there."""
        source, target = RunDirectory(run).page(step), self._directory.page(step)
        try:
            if source.is_symlink() or not source.is_file():
                return
            target.unlink(missing_ok=True)
            try:
                # Nobody writes into a page: another takes its place.
                target.hardlink_to(source)
            except OSError:
                shutil.copyfile(source, target)
        except OSError:
            return

    def finish(self, hurried: bool, stop: Callable[[], bool] = _never) -> dict[str, Path]:
        """Wait for the pages, unless ``hurried`` and no longer than until ``stop`` says so.

        Returns the page of each step that has one; the writer is gone then.
        """
        writer = self._writer
        while writer is not None and not hurried and not stop():
            self._send()
            if not self._unsent and writer.stdin is not None:
                with suppress(OSError):
                    writer.stdin.close()
            try:
                writer.wait(_LOOK)
            except subprocess.TimeoutExpired:
                continue
            break
        self.close()
        pages = {step: self._directory.page(step) for step in self._wanted}
        return {step: page for step, page in pages.items() if page.exists()}

    def close(self) -> None:
        """Kill the writer if it is still there."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        writer.kill()
        writer.wait()
        if writer.stdin is not None:
            with suppress(OSError):
                writer.stdin.close()

    def _send(self) -> None:
        """Send what the pipe takes now."""
        if self._writer is None or self._writer.stdin is None:
            return
        while self._unsent:
            try:
                sent = os.write(self._writer.stdin.fileno(), self._unsent)
            except BlockingIOError:
                return
            except (OSError, ValueError):
                # The writer is gone, and all further pages with it.
                self._unsent = b""
                return
            self._unsent = self._unsent[sent:]


def _start_writer() -> subprocess.Popen[bytes]:
    """Start the process that makes the pages.

    Raises:
        OSError: it cannot be started.
    """
    writer = subprocess.Popen(  # noqa: S603 - our own module
        # `-P`: the folder that Kale was started in may hold a `json.py`.
        [sys.executable, "-P", "-W", "ignore", str(_PAGE_WRITER), str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        # Out of reach of the terminal's Ctrl-C: the run stops it itself.
        start_new_session=True,
    )
    assert writer.stdin is not None
    os.set_blocking(writer.stdin.fileno(), False)
    return writer
