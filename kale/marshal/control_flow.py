"""Loops and conditions in a step: an item, how many there are, the branch, the list of all results.

Only the steps of pipelines that have loops or conditions carry this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from .digest import digest
from .dispatch import full_name
from .files import step_context
from .loop_sharing import note_items, note_list
from .manifest import UNBOUND, MarshalError, read_manifest
from .step import others
from .values import load

_NONE: Mapping[str, str] = {}


def item(items: Iterable[Any], number: int, guarded: str = "") -> Any:
    """The item of that number, from 0, in the order of a ``for`` loop.

    ``guarded`` is the name of the items where the step may change the item, but not what others
    have in common with it.

    Raises:
        MarshalError: there are fewer than the loop had when it began.
    """
    note_items(items, number, guarded)
    for found in islice(items, number, None):
        return found
    raise MarshalError(
        f"the loop has no item {number} in this step: what it goes over has other items in each "
        "process; make a list of them first"
    )


def decide(
    scope: Mapping[str, Any],
    loops: Mapping[str, str] = _NONE,
    conditions: Mapping[str, str] = _NONE,
) -> None:
    """Write down how many items loops have, and which branch of conditions is taken.

    ``loops`` maps their keys to the names of what they go over, ``conditions`` theirs to the
    names of the branch's number. The file is the context's ``decisions``: JSON, numbers by key.

    Raises:
        MarshalError: the steps of a loop's items would not meet the same items.
        NameError: a name has no value.
        TypeError: what a loop goes over has no items.
    """
    decisions = {key: _count(name, _value(scope, name)) for key, name in loops.items()}
    decisions |= {key: int(_value(scope, name)) for key, name in conditions.items()}
    path = Path(step_context()["decisions"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(decisions))


def _value(scope: Mapping[str, Any], name: str) -> Any:
    if name not in scope:
        raise NameError(f"name '{name}' is not defined")
    return scope[name]


def _count(name: str, items: Any) -> int:
    """How many items there are, which have to be the same ones in any process."""
    kind = full_name(type(items))
    if isinstance(items, set | frozenset):
        raise MarshalError(
            f"`{name}` ({kind}) cannot be looped over: a set has no order, and each item is worked "
            f"on in a process of its own; loop over `sorted({name})`"
        )
    try:
        iterator = iter(items)
    except TypeError as error:
        raise TypeError(f"`{name}` ({kind}) cannot be looped over: {error}") from None
    found = None if iterator is items else [*iterator]
    # What can be asked for an item by its place or key keeps to an order.
    if found is None or not (
        hasattr(type(items), "__getitem__") or _same(digest(found), digest([*items]))
    ):
        raise MarshalError(
            f"`{name}` ({kind}) cannot be looped over: it does not give the same items each time, "
            f"and each item is worked on in a process of its own; loop over `list({name})`"
        )
    return len(found)


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and one == other


def collect(context: Mapping[str, Any], name: str, loaded: dict[str, Any]) -> list[Any]:
    """The values that a step in loops saved for all items, in their order; none that is unbound.

    ``context`` is the loading step's, ``loaded`` as for :func:`kale.marshal.values.load`; it gets
    the values by their folders, too.

    Raises:
        MarshalError: one is missing or damaged, cannot be loaded, or is there twice.
    """
    folders = [Path(folder) for folder in context["inputs"].get(name, ())]
    found = [(folder, read_manifest(folder, name)) for folder in folders]
    found.sort(key=lambda pair: pair[1].index or [])
    bound = [(folder, manifest) for folder, manifest in found if manifest.backend != UNBOUND]
    for (_, one), (_, other) in pairwise(bound):
        if one.index == other.index:
            raise MarshalError(f"`{name}` cannot be loaded: two values are of item {one.index}")
    how = context.get("marshal", {})
    for folder, manifest in bound:
        if str(folder) not in loaded:  # two lists may hold the same value
            loaded[str(folder)] = load(folder, manifest, loaded, **how)
    values = [loaded[str(folder)] for folder, _ in bound]
    others[name] = [*values]
    note_list(name, (manifest for _, manifest in bound))
    return values
