"""The processes that a notebook's code has started, at the end of its interpreter."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

#: Seconds that a tracker has to remove what nobody else will.
_PATIENCE = 1.0

#: Modules with a process that removes semaphores and shared memory when its pipe ends.
_TRACKERS = (
    "multiprocessing.resource_tracker",
    "joblib.externals.loky.backend.resource_tracker",
    "loky.backend.resource_tracker",
)


def end_workers() -> None:
    """End the processes of multiprocessing that its exit handler would wait for without limit."""
    module = sys.modules.get("multiprocessing.process")
    if module is None:
        return
    for worker in module.active_children():
        if not worker.daemon:
            with suppress(Exception):  # a class of the notebook's own, or one that is gone
                worker.terminate()


def end_trackers() -> None:
    """Let trackers do their work: killed with the process's group, they would leave it undone."""
    deadline = time.monotonic() + _PATIENCE
    for name in _TRACKERS:
        tracker = getattr(sys.modules.get(name), "_resource_tracker", None)
        pipe, pid = getattr(tracker, "_fd", None), getattr(tracker, "_pid", None)
        if pipe is None or pid is None:
            continue
        with suppress(OSError):
            os.close(pipe)
            while os.waitpid(pid, os.WNOHANG)[0] == 0 and time.monotonic() < deadline:
                time.sleep(0.005)
