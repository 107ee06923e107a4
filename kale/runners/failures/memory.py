"""Whether the system has killed processes for want of memory, as Linux counts it."""

from __future__ import annotations

from pathlib import Path

#: Files that count kills, each with the word before the number: the control group's of this
#: process (version 2, version 1), as far as it is mounted here, and the machine's.
_GROUPS = Path("/proc/self/cgroup")
_MACHINE = Path("/proc/vmstat")
_MOUNTS = Path("/sys/fs/cgroup")


def oom_kills() -> int | None:
    """How many processes were killed for want of memory since the machine started.

    Counted by the machine and by the control group that this process is in; ``None`` if neither
    tells. Only the difference of two calls means anything.
    """
    counts = [count for file in _counters() if (count := _count(file)) is not None]
    return sum(counts) if counts else None


def _counters() -> list[Path]:
    files = [_MACHINE]
    try:
        lines = _GROUPS.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return files
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        inside = path.lstrip("/")
        if not controllers:
            files += [_MOUNTS / inside / "memory.events", _MOUNTS / "memory.events"]
        elif "memory" in controllers.split(","):
            root = _MOUNTS / "memory"
            files += [root / inside / "memory.oom_control", root / "memory.oom_control"]
    return list(dict.fromkeys(files))


def _count(file: Path) -> int | None:
    try:
        for line in file.read_text(encoding="ascii").splitlines():
            name, _, number = line.partition(" ")
            if name == "oom_kill":
                return int(number)
    except (OSError, ValueError):
        return None
    return None
