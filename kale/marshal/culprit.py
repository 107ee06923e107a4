"""Why a value cannot be saved: the path to the part that is to blame, and the ways out."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from .notebook_objects import is_our_function
from .pickling import Rules, full_name, pickler_with
from .sharing import Nowhere

#: What to do instead, by a word in the qualified type.
_REMEDIES = {
    "generator": "save a list of its items",
    "_io.": "save its path, and open it in the step that needs it",
    "": "make it in the step that uses it, or leave it out in its owner's `__getstate__`",
}


def explain(values: Mapping[str, object], error: Exception) -> str:
    """Say why variables could not be saved (together): the error, or what it comes from."""
    name = next((name for name, value in values.items() if _failure(value)), next(iter(values)))
    path, part = name, values[name]
    # Attributes and items run code of any library; without them the path is shorter.
    with contextlib.suppress(Exception):
        path, part = _find(path, part, set())
    kind, whole = full_name(type(part)), full_name(type(values[name]))
    at = "" if path == name else f"`{path}` is a {kind}: "
    remedy = next(text for word, text in _REMEDIES.items() if word in kind)
    return f"`{name}` ({whole}) cannot be saved: {at}{_failure(part) or error}; {remedy}"


def _failure(value: object) -> Exception | None:
    try:
        pickler_with(Rules)(Nowhere()).dump(value)
    except Exception as error:  # noqa: BLE001 -- reducers of any library run here; it is the answer
        return error
    return None


def _find(path: str, value: object, seen: set[int]) -> tuple[str, object]:
    """The innermost part of ``value`` that cannot be saved by itself, and the way to it."""
    seen.add(id(value))
    for part_path, part in _parts(path, value):
        if id(part) not in seen and _failure(part):
            return _find(part_path, part, seen)
    return path, value


def _parts(path: str, value: Any) -> Iterator[tuple[str, object]]:
    """What an object holds, with the expression that leads there."""
    if isinstance(value, Mapping) or hasattr(value, "iloc"):
        for key, item in value.items():
            yield f"{path}[{key!r:.80}]", item
    elif isinstance(value, list | tuple | set | frozenset) or getattr(value, "ndim", None):
        # The items of a set have no expression; this one is readable.
        for index, item in enumerate(value):
            yield f"{path}[{index}]", item
    if is_our_function(value):
        read = inspect.getclosurevars(value)
        for name, item in {**read.nonlocals, **read.globals}.items():
            yield f"{name} (read by {path})", item
    if hasattr(value, "__self__"):
        yield f"{path}.__self__", value.__self__
    if not isinstance(value, type):
        state = object.__getstate__(value)
        for attributes in state if isinstance(state, tuple) else (state,):
            for name, item in (attributes or {}).items():
                yield f"{path}.{name}", item
