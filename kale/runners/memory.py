"""How much memory steps may take together: what they declare, against what the machine has."""

from __future__ import annotations

import os
from pathlib import Path

from kale.ir import Task
from kale.quantities import quantity_value

#: Where control groups say how much memory their processes may take and take now: version 2, 1.
_CGROUPS = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (
        Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
        Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ),
)


def declared_memory(task: Task) -> int:
    """The bytes that a step may take: its limit, or else its request, of ``memory``; 0 if none."""
    for asked in (task.options.limits, task.options.requests):
        if (value := quantity_value(dict(asked).get("memory", ""))) is not None:
            return int(value)
    return 0


def available_memory() -> int | None:
    """The bytes that new processes can take without swapping; ``None`` if that cannot be told.

    The machine's, as Linux estimates it, or less if a control group (a container) allows less.
    """
    known = [left for most, used in _CGROUPS if (left := _left(most, used)) is not None]
    return min([*known, *(_estimated() or _physical())], default=None)


def _estimated() -> list[int]:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    except (OSError, ValueError, IndexError):
        return []


def _left(most: Path, used: Path) -> int | None:
    try:
        return max(int(most.read_text(encoding="ascii")) - int(used.read_text("ascii")), 0)
    except (OSError, ValueError):  # no such group, or `max`: no bound
        return None


def _physical() -> list[int]:
    try:
        return [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (ValueError, OSError, AttributeError):
        return []


class MemoryBudget:
    """Lets steps start while what they declare fits; one alone may always run.

    ``bytes_available`` is for all of them, ``None`` for no bound.
    """

    def __init__(self, bytes_available: int | None) -> None:
        self._most = bytes_available
        self._taken: dict[str, int] = {}

    def admits(self, task: Task) -> bool:
        """Whether a step may start now. One that declares nothing always may."""
        asked = declared_memory(task)
        if self._most is None or not asked or not self._taken:
            return True
        return sum(self._taken.values()) + asked <= self._most

    def take(self, task: Task) -> None:
        """Note that a step begins."""
        if asked := declared_memory(task):
            self._taken[task.name] = asked

    def give_back(self, task: Task) -> None:
        """Note that a step ended."""
        self._taken.pop(task.name, None)
