"""A value in a few words, told without running any code of its class.

Only the standard library, and Python 3.10: this is part of a probe (see ``probe_source``).
What belongs to Python is shown; tables and arrays by shape and type; anything else by its class
and attributes. No ``__repr__``, ``__len__`` or property that somebody wrote is called.
"""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from kale.runners.failures.masking import HIDDEN, mask_message, names_secret

#: Characters of a value's text.
WIDEST = 80
#: Items of a container that are looked at, and the levels below it.
_ITEMS, _LEVELS = 5, 2
#: Longer integers take Python a long time to write, or are refused.
_MOST_BITS = 256

#: Whose shapes and types are read: there they are fields, and reading one computes nothing.
_TABLES = frozenset(
    "numpy pandas polars torch scipy pyarrow jaxlib jax cupy tensorflow xarray cudf".split()
)
#: Whose values show themselves, being of fixed size and written in C or in Python's own library.
_SMALL = frozenset("datetime decimal fractions uuid pathlib zoneinfo ipaddress _decimal".split())
#: Kinds of number that an array may hold so that showing them runs nobody's code.
_NUMERIC = "biufc"

#: Python's own types, with the brackets of those that hold others.
_SCALARS = (str, bytes, int, float, complex)
_CONTAINERS: tuple[tuple[Any, str], ...] = (
    (dict, "{}"),
    (list, "[]"),
    (tuple, "()"),
    (set, "{}"),
    (frozenset, "{}"),
)

#: What is named on a line to be called or to hold names, and says nothing as a value.
_CODE = (
    type,
    types.ModuleType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodWrapperType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
)


def is_code(value: object) -> bool:
    """Whether a value is a function, class or module."""
    return issubclass(type(value), _CODE)


def attributes_of(value: object) -> Mapping[str, Any]:
    """The attributes that an object itself holds; none if that takes code of somebody's."""
    for base in type(value).__mro__:
        found = vars(base).get("__dict__")
        if found is not None:
            plain = type(found) in (types.GetSetDescriptorType, types.MemberDescriptorType)
            held = found.__get__(value) if plain else None
            return held if type(held) is dict else {}
    return {}


def short_text(name: str, value: object, secrets: Sequence[str]) -> str:
    """What to show of the value of a variable; its type if it does not let itself be shown."""
    kind = type(value)
    try:
        table = _table(value)
        if table:
            return _cut(mask_message(table, secrets))
        if value is not None and names_secret(name):
            return HIDDEN
        return _cut(mask_message(_shown(value, secrets, _LEVELS), secrets))
    except BaseException:  # noqa: BLE001 - values are anything; the step has failed for its own reason
        return str(type.__getattribute__(kind, "__name__"))


def _cut(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def _shown(value: Any, secrets: Sequence[str], levels: int) -> str:
    kind = type(value)
    if value is None or value is Ellipsis or value is NotImplemented or kind is bool:
        return repr(value)
    for scalar in _SCALARS:
        if issubclass(kind, scalar):
            text: str = _scalar(scalar, value, secrets)
            return text if kind is scalar else f"{kind.__name__}({text})"
    for container, brackets in _CONTAINERS:
        if issubclass(kind, container):
            shown = _items(container, value, secrets, levels) if levels else []
            return _named(kind, container, shown, brackets, container.__len__(value))
    return _object(kind, value, secrets, levels)


def _object(kind: type, value: Any, secrets: Sequence[str], levels: int) -> str:
    moment = _root(kind) == "pandas" and kind.__name__ in ("Timestamp", "Timedelta")
    if kind in (range, slice) or moment or _root(kind) in _SMALL:
        return repr(value)
    if issubclass(kind, BaseException):
        args = BaseException.__dict__["args"].__get__(value)
        return f"{kind.__name__}({', '.join(_items(tuple, args, secrets, 1))})"
    table = _table(value)
    if table:
        return table
    return f"{kind.__name__}({', '.join(_attributes(value, secrets)) if levels else '…'})"


def _scalar(base: Any, value: Any, secrets: Sequence[str]) -> str:
    if base is int and int.bit_length(value) > _MOST_BITS:
        return f"integer of {int.bit_length(value)} bits"
    if base not in (str, bytes):
        return str(base.__repr__(value))
    # A secret takes eight characters when it is hidden, so no part of one can be left over.
    longest = max((len(secret) for secret in secrets), default=0)
    part = base.__getitem__(value, slice(0, WIDEST + longest * (WIDEST // len(HIDDEN) + 2)))
    text = mask_message(
        base.__repr__(mask_message(part, secrets) if base is str else part), secrets
    )
    size = base.__len__(value)
    if size <= WIDEST:
        return text
    return f"{text[: WIDEST - 32]}… ({size:,} {'characters' if base is str else 'bytes'})"


def _items(base: Any, value: Any, secrets: Sequence[str], levels: int) -> list[str]:
    """The first items of a container, as :func:`_shown` shows them."""
    if base is not dict:
        return [_shown(item, secrets, levels - 1) for item in islice(base.__iter__(value), _ITEMS)]
    shown = []
    for key, item in islice(dict.items(value), _ITEMS):
        secret = issubclass(type(key), str) and names_secret(key) and item is not None
        text = HIDDEN if secret else _shown(item, secrets, levels - 1)
        shown.append(f"{_shown(key, secrets, levels - 1)}: {text}")
    return shown


def _named(kind: type, base: Any, shown: list[str], brackets: str, count: int) -> str:
    """A container: its items, and how many there are if that is not to be seen."""
    inside = ", ".join(shown)
    whole = count == len(shown)
    if len(inside) > WIDEST - 24:
        inside, whole = inside[: WIDEST - 24], False
    if not whole:
        counted = f"{count:,} item{'s' * (count != 1)}"
        inside += f"… {counted}" if inside else counted
    elif base is tuple and count == 1:
        inside += ","
    text = f"{brackets[0]}{inside}{brackets[1]}"
    if kind in (list, tuple, dict) or (kind is set and count):
        return text
    return f"{kind.__name__}({text})" if count else f"{kind.__name__}()"


def _attributes(value: Any, secrets: Sequence[str]) -> list[str]:
    held = attributes_of(value)
    if type(held.get("_name_")) is str:
        return [held["_name_"]]
    shown = []
    for name, part in islice(held.items(), _ITEMS):
        if names_secret(name) and part is not None:
            shown.append(f"{name}={HIDDEN}")
        elif not (name.startswith("_") or is_code(part)):
            shown.append(f"{name}={_shown(part, secrets, 0)}")
    return shown if len(held) <= _ITEMS else [*shown, "…"]


def _root(kind: type) -> str:
    module = type.__getattribute__(kind, "__module__")
    return module.partition(".")[0] if type(module) is str else ""


def _field(value: Any, name: str) -> Any:
    """An attribute of a table or array, where its library and nobody else says what that is."""
    for base in type(value).__mro__:
        if name in vars(base):
            return getattr(value, name) if _root(base) in _TABLES else None
    return None


def _table(value: Any) -> str:
    """Type, shape and types of a table, array or tensor; empty for anything else."""
    kind = type(value)
    if _TABLES.isdisjoint(_root(base) for base in kind.__mro__):
        return ""
    shape = _field(value, "shape")
    if shape is None:
        return ""
    sizes = tuple(int(size) for size in shape)
    dtype, columns = _field(value, "dtype"), _columns(value)
    text = f"{kind.__name__} {sizes}"
    if dtype is not None:
        text += f" {dtype}"
    if columns:
        text += f": {columns}"
    numbers = getattr(dtype, "kind", "O") in tuple(_NUMERIC) and _root(kind) == "numpy"
    if not sizes and getattr(dtype, "kind", "O") in tuple("biufcmMU") and _root(kind) == "numpy":
        return f"{kind.__name__}({str(value)[:WIDEST]})"
    if numbers and len(sizes) == 1 and sizes[0] <= _ITEMS and hasattr(value, "tolist"):
        text += f" {value.tolist()}"
    return text


def _columns(frame: Any) -> str:
    """The first columns of a table, with their types."""
    names, types_ = _field(frame, "columns"), _field(frame, "dtypes")
    if names is None or types_ is None:
        return ""
    first = list(islice(names, _ITEMS))
    kinds = list(islice(types_, _ITEMS))
    pairs = zip(first, kinds, strict=True)
    return ", ".join(f"{name if type(name) is str else '?'} {kind}" for name, kind in pairs)
