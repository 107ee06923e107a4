"""Which variables of one save reach a common mutable object, and so have to be saved together."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from .pickling import Rules, pickler_with, rule_for

#: What two variables may both hold without seeing each other's changes: builtin types, some of
#: NumPy's, and all that is made of them.
_IMMUTABLE = (
    "Enum NoneType builtin_function_or_method bytes code complex dtype float frozenset function "
    "generic int method module range slice str tuple type ufunc"
).split()

#: Modules of which all instances are immutable, or come back as the one there is.
_IMMUTABLE_MODULES = "datetime decimal logging pathlib re uuid zoneinfo".split()


def find_groups(values: Mapping[str, object]) -> list[list[str]]:
    """Partition the variables: those of one list share mutable objects, however deep inside.

    A value that cannot be pickled shares nothing; saving it will say why.
    """
    # All that was reached stays alive until the end, so that no two objects had one id.
    groups: list[tuple[list[str], dict[int, object]]] = []
    for name, value in values.items():
        names, reached = [name], _reach(value) if len(values) > 1 else {}
        for group in [g for g in groups if g[1].keys() & reached]:
            groups.remove(group)
            names, reached = group[0] + names, group[1] | reached
        groups.append((names, reached))
    return [names for names, _ in groups]


class _Walk(Rules):
    """Visits what pickling would visit; a pandas object is taken as one thing."""

    def reduce_code(self, function: Any, by_value: Any) -> Any:  # noqa: ARG002 -- as it is
        # Whoever holds a function holds its annotations; nobody changes those.
        attributes, slots = by_value[2]
        return tuple, (), (attributes, {**slots, "__annotations__": None})

    def reduce_pandas(self, obj: Any) -> Any:  # noqa: ARG002 -- what is inside is its own
        return tuple, ()


class Nowhere:
    """A file that keeps nothing."""

    def write(self, data: object) -> None:
        """Forget it."""


def _reach(value: object) -> dict[int, object]:
    """The mutable objects that pickling ``value`` visits, by id; arrays by their memory's."""
    walk = pickler_with(_Walk)(Nowhere())
    try:
        walk.dump(value)
    except Exception:  # noqa: BLE001 -- reducers of any library run here; see find_groups
        return {}
    visited = (obj for _, obj in walk.memo.copy().values())
    return {id(obj): obj for obj in visited if _is_mutable(type(obj))} | walk.roots  # type: ignore[arg-type]


@functools.cache
def _is_mutable(kind: Any) -> bool:
    """Whether two variables that hold one object of this type can see each other's changes."""
    module = kind.__module__.partition(".")[0]
    if module == "pandas":
        return hasattr(kind, "iloc")
    bases = [b.__name__ for b in kind.__mro__ if b.__module__ in ("builtins", "enum", "numpy")]
    still = module in _IMMUTABLE_MODULES or any(name in _IMMUTABLE for name in bases)
    # An array counts by its memory.
    return not still and rule_for(kind) != "reduce_array"
