"""Where each task of a package gets the step runtime from: few carry it, the others are handed it.

The runtime is most of what a small step weighs, and a cluster keeps all containers of a run in one
object. So a task without any artifact input carries it, and hands it on as an artifact; any other
takes it from where its data comes from in the end. That costs no hit of the cluster's cache: a
task whose data was made anew runs anew in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kale.dataclass import dataclass
from kale.ir import PortKind, Task

#: Bytes that all carried copies may take; where they took more, one task carries it for all.
CARRIED_IN_ALL = 256 * 1024

#: The name of that task, unless a step is called so.
RUNTIME_TASK = "kale-runtime"


@dataclass(frozen=True, slots=True)
class RuntimeSharing:
    """Who hands the runtime to whom, by the tasks' keys.

    ``takes_from`` maps each task that does not carry it to the one that does. ``first`` is the key
    of a task that stands before all and does nothing else; empty where none is needed.
    """

    takes_from: Mapping[str, str]
    first: str = ""


def share_runtime(tasks: Iterable[Task], size: int) -> RuntimeSharing:
    """How ``tasks``, in topological order, share a runtime of ``size`` bytes."""
    keys: dict[str, str] = {}
    origin: dict[str, str] = {}
    for task in tasks:
        keys[task.name] = task.key
        feeding = (port.source for port in task.inputs if port.kind is PortKind.ARTIFACT)
        source = next(feeding, None)
        origin[task.key] = task.key if source is None else origin[keys[source[0]]]
    carriers = {*origin.values()}
    if len(carriers) * size <= CARRIED_IN_ALL or len(carriers) == 1:
        return RuntimeSharing({key: home for key, home in origin.items() if key != home})
    first, number = RUNTIME_TASK, 2
    while first in origin:
        first, number = f"{RUNTIME_TASK}-{number}", number + 1
    return RuntimeSharing(dict.fromkeys(origin, first), first)
