"""Where each task of a package gets the step runtime from: few carry it, the others are handed it.

The runtime is most of what a small step weighs, and a cluster keeps all containers of a run in one
object. So a task without any artifact input carries it, and hands it on as an artifact; any other
takes it from where its data comes from in the end. That costs no hit of the cluster's cache: a
task whose data was made anew runs anew in any case. What a task in a loop or a branch hands on
stays in there, and an exit step is handed nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kale.control import ExitHandler
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


def share_runtime(tasks: Sequence[Task], size: int) -> RuntimeSharing:
    """How ``tasks``, in topological order, share a runtime of ``size`` bytes."""
    made: dict[str, Task] = {}
    origin: dict[str, str] = {}
    for task in tasks:
        feeding = (port.source for port in task.inputs if port.kind is PortKind.ARTIFACT)
        feeders = (made[source[0]].key for source in feeding if source)
        origins = (made[origin[key]] for key in feeders if key in origin)
        home = next((other for other in origins if sees(task, other)), task)
        made[task.name] = made[task.key] = task
        if home is not task or not task.container:
            origin[task.key] = home.key
    for task in tasks:
        if task.container:  # nothing of Kale's runs in it
            origin.pop(task.key, None)
    carriers = {*origin.values()}
    if len(carriers) * size <= CARRIED_IN_ALL or len(carriers) == 1:
        return RuntimeSharing({key: home for key, home in origin.items() if key != home})
    first, number = RUNTIME_TASK, 2
    while first in origin:
        first, number = f"{RUNTIME_TASK}-{number}", number + 1
    leaving = exit_steps(tasks)
    handed = (t.key for t in tasks if t.name not in leaving and not t.container)
    return RuntimeSharing(dict.fromkeys(handed, first), first)


def sees(reader: Task, maker: Task) -> bool:
    """Whether all that ``maker`` stands in is around ``reader``, too."""
    return reader.within[: len(maker.within)] == maker.within


def exit_steps(tasks: Iterable[Task]) -> frozenset[str]:
    """The names of the steps that exit handlers run."""
    contexts = (context for task in tasks for context in task.within)
    return frozenset(c.exit_step for c in contexts if isinstance(c, ExitHandler))
