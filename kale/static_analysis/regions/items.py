"""What the items of a loop share, and no item may change: each is worked on by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from kale.control import Loop
from kale.errors import KaleError
from kale.ir import Wire
from kale.random_states import is_random_state
from kale.static_analysis.facts import Kind, Write
from kale.static_analysis.one_level import Level
from kale.static_analysis.regions import refusals
from kale.static_analysis.regions.blocks import ENTRY, item_names, target_names
from kale.static_analysis.regions.joined import Outside

_BINDING = {Kind.BIND, Kind.MAYBE, Kind.UNBIND}


def guarded_in(
    level: Level, outside: Outside, around: Loop, made_by_all: Collection[str]
) -> dict[str, str]:
    """What the steps of a loop must leave as it is, for the sake of the other items at least.

    ``made_by_all`` are the variables of the code at the head of every step.
    """
    shared = (outside.supplies.keys() - item_names(around)) | set(made_by_all)
    own = {
        name: around.key
        for name in sorted(shared)
        if not is_random_state(name) and not any(w.kind in _BINDING for w in _own(level, name))
    }
    return {**outside.guards, **own}


def dependent_items(
    level: Level, wires: Iterable[Wire], around: Loop, made_by_all: Iterable[str]
) -> Iterator[KaleError]:
    """Steps of a loop that surely change what the other items are given, too.

    ``wires`` are those of its block, ``made_by_all`` the variables of the code at the head of every
    step.
    """
    targets = target_names(around)
    for wire in wires:
        if wire.producers != (ENTRY,) or wire.name in targets or is_random_state(wire.name):
            continue
        writes = [w for w in _own(level, wire.name) if w.kind is not Kind.TOUCH and not w.tied]
        if writes:
            reads = f"step `{wire.consumer}` reads for the next item"
            yield refusals.depends(wire.name, reads, writes[0].at, writes[0].kind)
    for name in sorted(made_by_all):
        writes = [w for w in _own(level, name) if w.kind is Kind.MUTATE and not w.tied]
        if writes:
            reads = "code at the head of every step makes anew for the next item"
            yield refusals.depends(name, reads, writes[0].at, Kind.MUTATE)


def _own(level: Level, name: str) -> Iterator[Write]:
    return (w for w in level.facts.writes.get(name, ()) if ENTRY not in w.owners and not w.shared)
