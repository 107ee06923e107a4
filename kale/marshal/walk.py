"""The parts of an object, as pickling sees them, and a walk over them that no depth breaks."""

from __future__ import annotations

import copyreg
import functools
import gc
import pickle
import types
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

#: Types whose objects have no parts and never change.
ATOMS = frozenset({int, float, complex, str, bytes, bool, type(None), type(...)})

_NESTING = frozenset({list, tuple, dict})

#: How deep, and how many items on one level, :func:`plain_containers` looks.
_LEVELS, _ITEMS = 4, 1 << 26

#: How deep objects may lie in each other; pickling gives up far earlier.
_DEPTH = 10_000

#: What two variables may both hold without seeing each other's changes: builtin types, some of
#: NumPy's, and all that is made of them.
_IMMUTABLE = (
    "Enum NoneType builtin_function_or_method bytes code complex dtype float frozenset function "
    "generic int method module range slice str tuple type ufunc"
).split()

#: The same of PyTorch's, and functions of modules that Cython compiled.
_IMMUTABLE_ELSEWHERE = (
    "cython_function_or_method device dtype layout memory_format qscheme"
).split()

#: Modules of which all instances are immutable, or come back as the one there is.
_IMMUTABLE_MODULES = "datetime decimal logging pathlib re uuid zoneinfo".split()


class Nowhere:
    """A file that keeps nothing."""

    def write(self, data: object) -> None:
        """Forget it."""


def is_flat(value: Any) -> bool:
    """Whether ``value`` is a builtin container of atoms alone."""
    kind = type(value)
    if kind not in (list, tuple, set, frozenset, dict) or not ATOMS.issuperset(map(type, value)):
        return False
    return kind is not dict or ATOMS.issuperset(map(type, value.values()))


def plain_containers(value: Any) -> list[Any] | None:
    """The lists and dictionaries in a tree of those, tuples and atoms; one as often as it is met.

    ``None`` if ``value`` is anything else, or goes deeper than a few levels. What it returns
    depends on the content alone, never on which equal tuples are one.
    """
    kind = type(value)
    if kind not in _NESTING:
        return None
    if is_flat(value):
        return [] if kind is tuple else [value]
    found: list[Any] = []
    level = [value]
    for _ in range(_LEVELS):
        found += [c for c in level if type(c) is not tuple]
        items = [*level, *[c.values() for c in level if type(c) is dict]]
        kinds = set(map(type, chain.from_iterable(items)))
        if kinds <= ATOMS:
            return found
        if not kinds <= ATOMS | _NESTING:
            return None
        level = [c for c in chain.from_iterable(items) if type(c) in _NESTING]
        if sum(map(len, level)) > _ITEMS:
            return None
    return None


def reduction(obj: Any, pickler: Any) -> tuple[Any, ...] | None:
    """How ``pickler`` takes apart what is no builtin container.

    That is what ``__reduce__`` returns, with lists in place of iterators and nothing left out;
    ``None`` if it is pickled as bytes or by its name.

    Raises:
        Exception: it cannot be pickled; reducers of any library run here.
    """
    kind: Any = type(obj)
    if kind in (bytearray, pickle.PickleBuffer):
        return None
    made = pickler.reducer_override(obj)
    if made is NotImplemented:
        reduce = _table(pickler).get(kind)
        if kind is types.FunctionType or (issubclass(kind, type) and not reduce):
            return None
        made = reduce(obj) if reduce else obj.__reduce_ex__(5)
    if isinstance(made, str):
        return None
    parts = [*made, None, None, None, None]
    function, arguments, state, items, pairs, setter = parts[:6]
    if kind is functools.partial:
        # Whether it has attributes yet, all of them missing, depends on who has looked.
        state = *state[:3], state[3] or None
    return function, arguments, state, list(items or ()), list(pairs or ()), setter


def _table(pickler: Any) -> Any:
    """The dispatch table as one dictionary; cloudpickle's is a slow chain of several."""
    if "table" not in vars(pickler):
        pickler.table = dict(getattr(pickler, "dispatch_table", copyreg.dispatch_table))
    return pickler.table


def traverse(visit: Callable[[Any], Iterator[Any] | None], root: Any) -> None:
    """Call ``visit`` for ``root`` and all parts, depth first, in their order.

    It returns an iterator over the parts, if there are any to visit.

    Raises:
        RecursionError: objects lie in each other too deep, or without end.
    """
    stack: list[Iterator[Any]] = [iter((root,))]
    collecting = gc.isenabled()
    # A walk makes no garbage; looking for it would take longer than the walk.
    gc.disable()
    try:
        while stack:
            for part in stack[-1]:
                inside = visit(part)
                if inside is not None:
                    stack.append(inside)
                    break
            else:
                stack.pop()
            if len(stack) > _DEPTH:
                raise RecursionError("objects lie too deep in each other")
    finally:
        if collecting:
            gc.enable()


@functools.cache
def is_mutable(kind: Any) -> bool:
    """Whether two variables that hold one object of this type can see each other's changes."""
    module = kind.__module__.partition(".")[0]
    if module == "pandas":
        return hasattr(kind, "iloc")
    bases = [b.__name__ for b in kind.__mro__ if b.__module__ in ("builtins", "enum", "numpy")]
    if kind.__module__ == "torch" or kind.__name__.startswith("cython"):
        return kind.__name__ not in _IMMUTABLE_ELSEWHERE
    return module not in _IMMUTABLE_MODULES and not any(name in _IMMUTABLE for name in bases)


@functools.cache
def is_from_pandas(kind: Any) -> bool:
    """Whether it is a type of frames, series or indexes, whose insides are theirs alone."""
    bases = {base.__name__ for base in kind.__mro__ if base.__module__.startswith("pandas")}
    return not bases.isdisjoint(("NDFrame", "Index"))
