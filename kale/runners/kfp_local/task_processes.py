"""The processes that tasks have started, and how all of them are ended."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from kale.runners.engines.kernel import die_with_parent

#: Seconds that an interrupted task has to end.
GRACE = 2.0

#: Option number of prctl(2): orphans below this process become its children.
_PR_SET_CHILD_SUBREAPER = 36


class TaskProcesses:
    """Runs one task at a time; its process becomes the parent of all that tasks leave behind.

    Where the system cannot do that (any but Linux), kernels see by themselves that their parent
    is gone, within a second.
    """

    def __init__(self) -> None:
        self._task: subprocess.Popen[bytes] | None = None
        self._stopping = False
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def run(self, command: list[str], **options: Any) -> int:
        """Run a task in a process group of its own; its exit status."""
        self._task = subprocess.Popen(  # noqa: S603 - the package's own command
            command,
            start_new_session=True,
            # A container ends with what started it.
            preexec_fn=die_with_parent(signal.SIGKILL),
            **options,
        )
        try:
            return self._task.wait()
        finally:
            self._task = None
            self.kill_orphans()

    def stop(self, signum: int, _frame: FrameType | None) -> None:
        """End all: politely at the first signal, at once at the second."""
        # Not with the methods of Popen: the call that this one interrupts holds their lock.
        task = None if self._task is None else self._task.pid
        if task is not None and not self._stopping:
            self._stopping = True
            os.kill(task, signal.SIGINT)
            until = time.monotonic() + GRACE
            while time.monotonic() < until and not self._is_gone(task):
                time.sleep(0.02)
        if task is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(task, signal.SIGKILL)
        self.kill_orphans()
        os._exit(128 + signum)

    def _is_gone(self, task: int) -> bool:
        try:
            return os.waitpid(task, os.WNOHANG) != (0, 0)
        except ChildProcessError:
            return True

    def kill_orphans(self) -> None:
        """Kill what a task has left, a kernel above all: a container's end would end it too."""
        for _ in range(50):
            children = Path(f"/proc/self/task/{os.getpid()}/children")
            if not children.exists() or not (found := children.read_text().split()):
                return
            for child in map(int, found):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    # A kernel leads a group of its own; what does not is killed alone.
                    group = os.getpgid(child)
                    (os.killpg if group == child else os.kill)(child, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child, 0)
