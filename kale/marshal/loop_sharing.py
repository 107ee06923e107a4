"""What values that go through loops and branches share with others, and are copies of from then on.

In one process, an object that several items of a loop hold is one; in a pipeline each item saves a
copy of it. So does a branch of what was there before. That makes no difference until somebody
changes it. So values that hold such objects say so, and a step that changes them is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .sharing import reach
from .step import _groups, _guards, _loaded, others
from .values import ties

#: Inputs by name; whether the objects belong to several items of a loop, or to one of them alone.
Ties = Mapping[str, bool]

#: What loops go over in this step, each with the items that the step does not work on.
_gone_over: list[tuple[object, list[Any]]] = []

#: The lists of all items' values in this step, and the names that the steps inside know those by.
_lists: dict[str, set[str]] = {}

#: Why such an object must not change, for a message that has named the value.
_WHY = "which shares objects with other values and would change without them; change a copy of it"


def note_items(items: Iterable[Any], number: int, guarded: str) -> None:
    """Note what a loop goes over.

    ``guarded`` is its name where the step may change its own item, but nothing that other items or
    variables hold, too.
    """
    rest = [one for n, one in enumerate(items) if n != number]
    _gone_over.append((items, rest))
    if not guarded or guarded in _guards:
        return
    others[guarded] = rest
    manifest = _loaded[guarded][2] if guarded in _loaded else None
    if manifest and manifest.shared:
        group = _groups.get(repr((manifest.group, manifest.files)))
        if manifest.member is None:
            others[guarded] = items  # another variable is the same object
        elif group is not None:
            others[guarded] = [rest, *(v for v in dict(group).values() if v is not items)]


def note_list(name: str, manifests: Iterable[Any]) -> None:
    """Note a list of all items' values, which is the step's own, unlike the values."""
    known = [*manifests]
    _lists[name] = {manifest.name for manifest in known}
    if found := _joined(manifest.tied or {} for manifest in known):
        ties[name] = found


def guard_shared(inputs: Iterable[str]) -> None:
    """Have the step leave as it is what it has loaded and is tied to something else that it has.

    What belongs to one item alone may change, unless this step gets it in another way, too.
    """
    loaded_as = {inside: name for name, known in _lists.items() for inside in known}
    loaded_as |= {name: name for name in inputs}
    for name, known in ties.items():
        together = {name, *(_loaded[name][2].shared if name in _loaded else ())}
        alike = {loaded_as[other] for other in known if other in loaded_as} - together
        for one in {name, *alike} if alike or True in known.values() else ():
            _guards.setdefault(one, _WHY)
            if one not in _lists:
                others.pop(one, None)


def find_ties(
    scope: Mapping[str, Any], values: Mapping[str, object], index: list[int] | None, within: bool
) -> None:
    """Note the ties of values that are to be saved.

    ``index`` has the numbers of the items that this step works on; ``within`` says that it stands
    in a loop or a branch: else it only hands on the ties of what it was given.
    """
    # All that was reached stays alive until the end, so that no two objects had one id.
    sources = [(known, reach(value)) for known, value in _sources(scope, index or None, within)]
    ties.clear()
    for name, value in values.items():
        held = reach(value)
        if found := _joined(known for known, objects in sources if held.keys() & objects):
            ties[name] = found


def _sources(
    scope: Mapping[str, Any], index: list[int] | None, within: bool
) -> Iterator[tuple[Ties, object]]:
    """What others may hold, too, and the ties that follow from holding it."""
    for name in _lists:
        yield {**ties.get(name, {}), name: False}, others[name]
    for _, rest in _gone_over:
        yield {"": True}, rest
    for name, (known, _, manifest) in _loaded.items():
        if name not in scope or id(scope[name]) != known:
            continue
        if manifest.tied:
            yield manifest.tied, scope[name]
        if within:
            own = any(items is scope[name] for items, _ in _gone_over)
            common = manifest.index != index and not own
            yield dict.fromkeys((name, *manifest.shared), common), scope[name]


def _joined(found: Iterable[Ties]) -> dict[str, bool]:
    joined: dict[str, bool] = {}
    for one in found:
        joined |= {name: common or joined.get(name, False) for name, common in one.items()}
    return joined
