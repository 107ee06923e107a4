"""The inputs and outputs of a task, as the package and the runners connect them."""

from __future__ import annotations

from enum import Enum

from kale.dataclass import dataclass


class PortKind(Enum):
    """How a value reaches a task: as a small JSON value, or as a file."""

    PARAMETER = "parameter"
    ARTIFACT = "artifact"


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output of a task.

    ``name`` is the variable, ``key`` its name in the package (ASCII, unique among the
    task's ports), ``source`` the task and key that feed it: ``("", parameter)`` for a
    pipeline parameter, ``None`` for an output.
    """

    name: str
    kind: PortKind
    key: str
    source: tuple[str, str] | None = None
    choice: bool = False
    collected: bool = False
