"""Why a value cannot be saved: the path to the part that is to blame, and the ways out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from .notebook_objects import is_notebook_function
from .pickling import Rules, new_pickler, qualified_type, rule_for
from .sharing import Nowhere

#: What to do instead, by a word in the qualified type.
_REMEDIES = {
    "generator": "save a list of its items",
    "_io.": "save its path, and open it in the step that needs it",
    "onnection": "save its address, and connect in the step that needs it",
    "socket": "save its address, and connect in the step that needs it",
    "": "make it in the step that uses it, or leave it out in its owner's `__getstate__`",
}


def explain(values: Mapping[str, object], error: Exception) -> str:
    """Say why variables could not be saved (together): the error, or what it comes from."""
    blamed = [name for name, value in values.items() if _failure(value)] or list(values)[:1]
    path, part = blamed[0], values[blamed[0]]
    # Attributes and items run code of any library; without them the path is shorter.
    with contextlib.suppress(Exception):
        path, part = _find(path, part, set())
    kind, cause = qualified_type(part), _failure(part) or error
    at = "" if path == blamed[0] else f"`{path}` is a {kind}: "
    remedy = next(text for word, text in _REMEDIES.items() if word in kind)
    whole = qualified_type(values[blamed[0]])
    return f"`{blamed[0]}` ({whole}) cannot be saved: {at}{cause}; {remedy}"


def _failure(value: object) -> Exception | None:
    try:
        new_pickler(Rules, Nowhere(), lambda _: None).dump(value)
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
    pandas = rule_for(type(value)) == "reduce_pandas" and hasattr(value, "iloc")
    if pandas or isinstance(value, Mapping):
        for key, item in value.items():
            yield f"{path}[{key!r:.80}]", item
    elif isinstance(value, list | tuple | set | frozenset) or getattr(value, "ndim", None):
        # The items of a set have no expression; this one is readable.
        for index, item in enumerate(value):
            yield f"{path}[{index}]", item
    if is_notebook_function(value):
        cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        inside = {name: cell.cell_contents for name, cell in cells}
        inside |= {
            n: value.__globals__[n] for n in value.__code__.co_names if n in value.__globals__
        }
        for name, item in inside.items():
            yield f"{name} (read by {path})", item
    slots = [getattr(kind, "__slots__", ()) for kind in type(value).__mro__]
    names = [
        *getattr(value, "__dict__", ()),
        *(n for s in slots for n in ([s] if isinstance(s, str) else s)),
        "__self__",
    ]
    for name in names:
        if hasattr(value, name) and not isinstance(value, type):
            yield f"{path}.{name}", getattr(value, name)
