"""The processes that a test may have left behind."""

from __future__ import annotations

import os
from pathlib import Path


def processes_of(folder: Path) -> list[int]:
    """The processes that know the folder by command line or environment, but this one."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            known = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if int(entry.name) != os.getpid() and bytes(folder) in known:
            found.append(int(entry.name))
    return found
