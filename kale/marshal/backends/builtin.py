"""Builtin values: JSON where it comes back equal, texts and bytes as they are."""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path
from typing import Any

from ..describe import describe
from ..dispatch import full_name
from ..resources import resource_load, resource_save

_SCALARS = {str, int, float, bool, type(None)}

#: Half of a surrogate pair: JSON would join two of them to one character.
_SURROGATE = re.compile("[\ud800-\udfff]")

_NAN = struct.pack("d", float("nan"))

#: JSON is for values that people may want to read; larger ones are pickled, which is faster.
_MOST_ITEMS = 10_000

_DEEPEST = 100

#: Digits of integers that Python reads without being asked twice.
_MOST_BITS = 14_000


@resource_save.register(r"builtins\.(dict|list|int|float|bool|NoneType)", safe=True)
def save_json(obj: Any, path: str, *, no_pickle: bool = False, **_: Any) -> Any:
    """Save what JSON gives back equal, of the same types and with nothing shared."""
    if not _survives(obj, float("inf") if no_pickle else _MOST_ITEMS):
        return NotImplemented
    with Path(f"{path}.json").open("w", encoding="ascii") as file:
        # The encoder that is written in C, which `json.dump` does not use.
        file.write(json.dumps(obj))
    return f"{path}.json"


def _survives(obj: Any, most: float) -> bool:
    """Whether JSON keeps the value; it is made of no more than ``most`` items."""
    seen, level, depth = set[int](), [obj], 0
    while level:
        below: list[Any] = []
        most, depth = most - len(level), depth + 1
        if most < 0 or depth > _DEEPEST:
            return False
        for item in level:
            kind = type(item)
            if kind is dict or kind is list:
                if id(item) in seen or len(item) > most:
                    return False
                seen.add(id(item))
                below += item.values() if kind is dict else item
                if kind is dict and not all(type(k) is str and not _odd(k) for k in item):
                    return False
            elif kind not in _SCALARS or _odd(item):
                return False
        level = below
    return True


def _odd(scalar: Any) -> bool:
    """Whether JSON may change the text or number, or Python not read it again."""
    if isinstance(scalar, str):
        return not scalar.isascii() and bool(_SURROGATE.search(scalar))
    if isinstance(scalar, float):
        # JSON knows one NaN; others have a sign or bits of their own.
        return scalar != scalar and struct.pack("d", scalar) != _NAN
    return isinstance(scalar, int) and scalar.bit_length() > _MOST_BITS


@resource_load.register(r".*\.json", safe=True)
def load_json(uri: str, **_: Any) -> Any:
    """The value in a JSON file."""
    return json.loads(Path(uri).read_bytes())


@resource_save.register(r"builtins\.str", safe=True)
def save_text(text: str, path: str, **_: Any) -> str:
    """Save a text as UTF-8; halves of surrogate pairs are kept."""
    Path(f"{path}.txt").write_bytes(text.encode("utf-8", "surrogatepass"))
    return f"{path}.txt"


@resource_load.register(r".*\.txt", safe=True)
def load_text(uri: str, **_: Any) -> str:
    """The text in a file."""
    return Path(uri).read_bytes().decode("utf-8", "surrogatepass")


@resource_save.register(r"builtins\.bytes", safe=True)
def save_bytes(data: bytes, path: str, **_: Any) -> str:
    """Save bytes as they are."""
    Path(f"{path}.bin").write_bytes(data)
    return f"{path}.bin"


@resource_load.register(r".*\.bin", safe=True)
def load_bytes(uri: str, **_: Any) -> bytes:
    """The bytes in a file."""
    return Path(uri).read_bytes()


@describe.register(r"builtins\.(str|bytes|int|float|bool|complex|NoneType)")
def describe_scalar(value: Any) -> tuple[str, str]:
    """The value itself, or its length and beginning."""
    if isinstance(value, str | bytes):
        unit = "characters" if isinstance(value, str) else "bytes"
        return f"{len(value)} {unit}", repr(value[:200])
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return f"{value.bit_length()} bits", ""
    return repr(value), ""


@describe.register(r"builtins\.(dict|list|tuple|set|frozenset)|collections\..*")
def describe_container(value: Any) -> tuple[str, str]:
    """How many items, and the first ones: scalars as they are, others by their types."""
    import itertools

    try:
        first = list(itertools.islice(value.items() if isinstance(value, dict) else value, 10))
        size = len(value)
    except Exception:  # noqa: BLE001 -- subclasses may do anything
        return "", ""
    rows = [" : ".join(map(_short, i)) if isinstance(value, dict) else _short(i) for i in first]
    return f"{size} item{'s' * (size != 1)}", "\n".join(rows)


def _short(item: Any) -> str:
    plain = type(item) in _SCALARS and not (type(item) is int and item.bit_length() > _MOST_BITS)
    return repr(item[:80] if type(item) is str else item) if plain else full_name(type(item))
