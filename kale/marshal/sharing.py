"""Which variables of one save reach a common mutable object, and so have to be saved together."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from .pickling import Rules, pickler_with
from .walk import (
    ATOMS,
    Nowhere,
    is_from_pandas,
    is_mutable,
    plain_containers,
    reduction,
    traverse,
)


def find_groups(values: Mapping[str, object]) -> list[list[str]]:
    """Partition the variables: those of one list share mutable objects, however deep inside.

    A value that cannot be pickled shares nothing; saving it will say why.
    """
    # All that was reached stays alive until the end, so that no two objects had one id.
    groups: list[tuple[list[str], dict[int, object]]] = []
    for name, value in values.items():
        names, reached = [name], reach(value) if len(values) > 1 else {}
        for group in [g for g in groups if g[1].keys() & reached]:
            groups.remove(group)
            names, reached = group[0] + names, group[1] | reached
        groups.append((names, reached))
    return [names for names, _ in groups]


class _Reach:
    """Walks over a value and remembers what it holds, by id: what can change, what cannot."""

    def __init__(self) -> None:
        self.mutable: dict[int, object] = {}
        self.still: dict[int, object] = {}
        #: It knows the memory that arrays lie in, too.
        self.pickler = pickler_with(Rules)(Nowhere())

    def visit(self, obj: Any) -> Iterator[Any] | None:
        kind: Any = type(obj)
        if kind in ATOMS or id(obj) in self.mutable or id(obj) in self.still:
            return None
        plain = plain_containers(obj)
        if plain is not None:
            self.mutable.update(zip(map(id, plain), plain, strict=True))
            return None
        (self.mutable if is_mutable(kind) else self.still)[id(obj)] = obj
        if kind is dict:
            return chain(obj, obj.values())
        if kind in (list, tuple, set, frozenset):
            return chain(obj)
        if kind.__module__ == "numpy" and kind.__name__ == "ndarray":
            self.pickler.reducer_override(obj)
            return iter(obj.ravel().tolist()) if obj.dtype.hasobject else None
        if is_from_pandas(kind):
            return None
        if kind is types.FunctionType:
            # Whoever holds a function holds its annotations, which nobody changes, and the
            # attributes that it does not have.
            for held in (obj.__annotations__, *([] if vars(obj) else [vars(obj)])):
                self.still[id(held)] = held
        made = reduction(obj, self.pickler)
        if made is None:
            return None
        function, arguments, state, items, pairs, setter = made
        return chain((function, state, setter), arguments, items, chain.from_iterable(pairs))


def reach(value: object) -> dict[int, object]:
    """The mutable objects that pickling ``value`` visits, by id and in the order of the visit.

    Arrays count by their memory, too.
    """
    walk = _Reach()
    try:
        traverse(walk.visit, value)
    except Exception:  # noqa: BLE001 -- reducers of any library run here; see find_groups
        return {}
    for key in walk.still:
        walk.mutable.pop(key, None)
    return walk.mutable | walk.pickler.roots
