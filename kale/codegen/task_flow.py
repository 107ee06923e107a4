"""What feeds the tasks of a package, and what control flow has them take and tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kale.codegen.names import RESERVED_KEYS, ascii_key, unique
from kale.codegen.parameters import PARAMETER_TYPES
from kale.control import Branch, ExitHandler, Loop
from kale.decisions import told_key
from kale.ir import Plan, PortKind, Task

#: What a specification calls the types that results are shown with.
_SHOWN_TYPES: Mapping[str, str] = {**PARAMETER_TYPES}  # type: ignore[dict-item]


def feeds(task: Task, keys: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """What feeds each input: of a choice, which is one input, the first branch's."""
    found: dict[str, tuple[str, str]] = {}
    chosen: set[str] = set()
    for port in task.inputs:
        if port.kind is PortKind.ARTIFACT and port.source and port.name not in chosen:
            found[port.key] = keys[port.source[0]], port.source[1]
            if port.choice:
                chosen.add(port.name)
    return found


def control_flow(plan: Plan, keys: Mapping[str, str]) -> Callable[[Task], dict[str, Any]]:
    """What loops, conditions and handlers add to a task, by the fields of a packaged task."""
    contexts = {context.key: context for task in plan.tasks for context in task.within}
    if not contexts and not any(task.shown for task in plan.tasks):
        return lambda _: {}
    handlers = {c.exit_step: c for c in contexts.values() if isinstance(c, ExitHandler)}

    def flow(task: Task) -> dict[str, Any]:
        choices: dict[str, dict[str, tuple[str, str]]] = {}
        for port in task.inputs:
            if port.choice and port.source:
                choices.setdefault(port.name, {})[port.key] = keys[port.source[0]], port.source[1]
        told, tells = {}, []
        for key, _ in task.decides:
            decided = contexts[key]
            assert isinstance(decided, Loop | Branch)
            told[told_key(decided)] = "LIST" if isinstance(decided, Loop) else "NUMBER_INTEGER"
            tells.append((key, told_key(decided)))
        told_to = {
            port.key: port.source
            for port in task.inputs
            if port.kind is PortKind.PARAMETER and port.source and port.source[0]
        }
        indices = {key: owner for key, (owner, _) in told_to.items() if owner in contexts}
        fed = {key: (keys[o], k) for key, (o, k) in told_to.items() if o not in contexts}
        lists = frozenset(port.key for port in task.inputs if port.collected)
        taken = {port.key for port in (*task.inputs, *task.outputs)} | RESERVED_KEYS | told.keys()
        shows: tuple[tuple[str, str, str], ...] = ()
        for name, kind in task.shown:
            key = unique(ascii_key(name), taken)
            taken.add(key)
            shows += ((key, name, _SHOWN_TYPES.get(kind, kind)),)
        return {
            "within": task.within,
            "exits": handlers.get(task.name),
            "indices": indices,
            "fed": fed,
            "lists": lists,
            "choices": {next(iter(made)): (*made.values(),) for made in choices.values()},
            "told": {**told, **{key: kind for key, _, kind in shows}},
            "tells": (*tells,) if tells or shows or lists or indices else None,
            "shows": shows,
        }

    return flow
