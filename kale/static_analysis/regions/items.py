"""What the items of a loop share, and no item may change: each is worked on by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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


def guarded_in(level: Level, outside: Outside, around: Loop) -> dict[str, str]:
    """What the steps of a loop must leave as it is, for the sake of the other items at least."""
    shared = (name for name in outside.supplies if name not in item_names(around))
    own = {
        name: around.key
        for name in shared
        if not is_random_state(name) and not any(w.kind in _BINDING for w in _own(level, name))
    }
    return {**outside.guards, **own}


def dependent_items(level: Level, incoming: Iterable[Wire], around: Loop) -> Iterator[KaleError]:
    """Steps that surely change what the other items of their loop are given, too."""
    targets = target_names(around)
    for wire in incoming:
        if wire.producers != (ENTRY,) or wire.name in targets or is_random_state(wire.name):
            continue
        writes = [w for w in _own(level, wire.name) if w.kind is not Kind.TOUCH and not w.tied]
        if writes:
            yield refusals.depends(wire, writes[0].at, writes[0].kind)


def _own(level: Level, name: str) -> Iterator[Write]:
    return (w for w in level.facts.writes.get(name, ()) if ENTRY not in w.owners and not w.shared)
