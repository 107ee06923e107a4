"""A step in flight, and one that waits to be tried again."""

from __future__ import annotations

from dataclasses import dataclass, field

from kale.ir import Task
from kale.runners.result import StepError


@dataclass(slots=True, eq=False)
class Running:
    """A step in flight: its ``attempt`` from 1, when it ``started``, why it was ``stopped``.

    ``started`` is by the ledger's clock, ``deadline`` by the monotonic one; ``cell`` began last.
    """

    task: Task
    started: float
    attempt: int = 0
    deadline: float | None = None
    stopped: str | None = None
    cell: int | None = None
    error: StepError | None = None


@dataclass(slots=True, order=True)
class Pause:
    """A step that waits to be tried again."""

    due: float
    running: Running = field(compare=False)
