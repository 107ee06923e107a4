"""Which variables of one save reach a common mutable object, and so have to be saved together."""

from __future__ import annotations

import enum
import io
import types
from collections.abc import Mapping
from typing import Any

from .pickling import Rules, new_pickler, rule_for

_ATOMS = (str, bytes, int, float, complex, type(None), range, slice, enum.Enum)

#: What two variables may both hold without seeing each other's changes. An array counts by
#: its memory.
_IMMUTABLE = (
    *(*_ATOMS, tuple, frozenset, type, types.FunctionType, types.BuiltinFunctionType),
    *(types.MethodType, types.CodeType, types.ModuleType),
)

#: Modules all of whose instances are immutable, or come back as the one there is.
_IMMUTABLE_MODULES = "datetime decimal fractions ipaddress logging pathlib re uuid zoneinfo".split()


def find_groups(values: Mapping[str, object]) -> list[list[str]]:
    """Partition the variables: those of one list share mutable objects, however deep inside.

    The lists, and the names in them, are in the order of ``values``. A value that cannot be
    pickled shares nothing; saving it will say why.
    """
    # All that was reached stays alive until the end, so that no two objects had one id.
    several = len(values) > 1
    reached = {name: _reach(value) for name, value in values.items() if several}
    holder: dict[int, str] = {}
    group = {name: {name} for name in values}
    for name, objects in reached.items():
        for key in objects:
            other = group[holder.setdefault(key, name)]
            if other is not group[name]:
                other |= group[name]
                group.update(dict.fromkeys(other, other))
    order = list(values)
    return [
        [n for n in order if n in group[name]]
        for name in order
        if name == min(group[name], key=order.index)
    ]


class _Walk(Rules):
    """Visits what pickling would visit; a pandas object is taken as one thing."""

    def reduce_function(self, function: types.FunctionType) -> Any:
        by_value = self.reduce_other(function)
        if by_value is NotImplemented:
            return by_value
        # Whoever holds a function holds its annotations; nobody changes those.
        attributes, slots = by_value[2]
        return tuple, (), (attributes, {**slots, "__annotations__": None})

    def reduce_pandas(self, obj: Any) -> Any:  # noqa: ARG002 -- what is inside is its own
        return tuple, ()


class Nowhere(io.RawIOBase):
    """A file that keeps nothing."""

    def write(self, data: Any) -> int:
        """Forget it."""
        return len(data)


def _reach(value: object) -> dict[int, object]:
    """The mutable objects that pickling ``value`` visits, by id; arrays by their memory's."""
    if isinstance(value, _ATOMS):
        return {}
    walk = new_pickler(_Walk, Nowhere(), lambda _: None)
    try:
        walk.dump(value)
    except Exception:  # noqa: BLE001 -- reducers of any library run here; see find_groups
        return {}
    visited = (obj for _, obj in walk.memo.copy().values())
    return {id(obj): obj for obj in visited if _is_mutable(obj)} | walk.roots


def _is_mutable(obj: object) -> bool:
    """Whether two variables that hold ``obj`` can see each other's changes of it."""
    kind, rule = type(obj), rule_for(type(obj))
    module = kind.__module__.partition(".")[0]
    if module == "pandas":
        return rule == "reduce_pandas" and hasattr(obj, "iloc")
    if module == "numpy" and {"generic", "dtype", "ufunc"} & {
        base.__name__ for base in kind.__mro__
    }:
        return False
    return not (
        isinstance(obj, _IMMUTABLE) or module in _IMMUTABLE_MODULES or rule == "reduce_array"
    )
