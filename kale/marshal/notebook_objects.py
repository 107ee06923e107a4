"""Classes and functions of the notebook (``__main__``) on their way from one step to another.

A class defined in the notebook is saved by name: the loading step's class of that name, which
the functions cells have defined by then, takes its place, so that ``isinstance`` holds. Its
definition travels beside it, by value, for steps that do not define it.

A function is saved by value and lives, once loaded, in the loading step's own global names, as
all functions of one kernel do; names that it reads and that are not there yet are bound as
they were. Where the step has the very same function already, that one is taken.

Known gaps: an instance of a class that the notebook later redefines under the same name becomes
an instance of the later class in a step that defines that one (a warning says so); two closures
over one variable no longer share it.
"""

from __future__ import annotations

import hashlib
import sys
import types
from typing import Any

from .manifest import MarshalError

#: Classes that came by value because the loading step lacks them, by name and fingerprint.
_travelled: dict[tuple[str, ...], Any] = {}

#: Those of them that were made and not filled yet.
_unfilled: set[tuple[str, ...]] = set()

#: Marks a function that was made and not filled yet.
_NEW = "_kale_new"


def find(qualname: str) -> Any:
    """The object of the notebook that ``qualname`` (``Outer.Inner``) leads to, or ``None``."""
    found: Any = sys.modules["__main__"]
    for part in qualname.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found


def is_our_class(obj: Any) -> bool:
    """Whether ``obj`` is a class of a notebook, reached by its name or come by value."""
    ours = isinstance(obj, type) and obj.__module__ == "__main__"
    return ours and (find(obj.__qualname__) is obj or _has_travelled(obj))


def _has_travelled(cls: type) -> bool:
    return cls in _travelled.values()


def is_our_function(obj: object) -> bool:
    """Whether ``obj`` is a Python function whose global names are the notebook's."""
    return isinstance(obj, types.FunctionType) and obj.__globals__ is vars(sys.modules["__main__"])


def class_key(cls: type) -> tuple[str, str]:
    """The name of a class and a digest of code and constants in its body, equal in every process.

    Where two steps each define a class of one name, it tells the two apart.
    """
    parts: list[object] = [base.__qualname__ for base in cls.__bases__]
    for name, value in sorted(vars(cls).items(), key=lambda i: i[0]):
        code = getattr(getattr(value, "__func__", value), "__code__", None)
        plain = isinstance(value, int | float | str) and name[0] != "_"
        if plain or name in ("_member_names_", "__match_args__"):
            parts.append(value)
        elif code is not None:
            parts += name, code.co_code.hex(), code.co_names, code.co_varnames
            parts += [c for c in code.co_consts if isinstance(c, int | float | str)]
    return cls.__qualname__, hashlib.sha256(repr(parts).encode(errors="replace")).hexdigest()


def load_class(*key: str) -> Any:
    """The class of this process that stands for the one that :func:`class_key` described.

    Raises:
        MarshalError: the notebook does not define it here, and it did not travel.
    """
    cls = resolve(key)
    if cls is None:
        raise MarshalError(f"define its class `{key[0]}` in a cell tagged `functions`")
    return cls


def resolve(key: tuple[str, ...]) -> Any:
    """The class that this step's code defines alike, or the one that came, or ``None``.

    A class of the name with other code is another class, as it is in the notebook.
    """
    here = find(key[0])
    alike = isinstance(here, type) and not _has_travelled(here) and class_key(here) == key
    return here if alike else _travelled.get(key)


def make_class(key: tuple[str, str], make: Any, arguments: Any) -> Any:
    """The class that stands for ``key`` here; an empty new one where there is none."""
    if resolve(key) is None:
        _unfilled.add(key)
        _travelled[key] = make(*arguments)
    return resolve(key)


def fill_class(cls: type, state: Any) -> None:
    """Give a class that :func:`make_class` made its attributes; leave any other alone."""
    key, fill, attributes = state
    if key in _unfilled:
        _unfilled.remove(key)
        fill(cls, attributes)


def class_data(cls: Any) -> dict[str, Any]:
    """What a step may have changed of a class: its public or private data, and added methods."""
    if hasattr(cls, "_member_map_"):  # an Enum: it cannot be changed
        return {}
    return {
        name: value
        for name, value in vars(cls).items()
        if not name.startswith(("__", "_abc_"))
        and (
            not hasattr(type(value), "__get__")
            or (
                isinstance(value, types.FunctionType)
                and value.__qualname__.rpartition(".")[0] != cls.__qualname__
            )
        )
    }


def update_class(cls: type, data: dict[str, Any]) -> type:
    """Give a class the attributes that a step may have changed."""
    for name, value in data.items():
        setattr(cls, name, value)
    return cls


def make_function(version: Any, qualname: str, make: Any, code: Any, arguments: Any) -> Any:
    """The notebook's own function where it is the same, else a new one with its global names.

    Raises:
        MarshalError: another version of Python saved it, whose byte code is not this one's.
    """
    if version != sys.version_info[:2]:
        raise MarshalError(f"`{qualname}` needs Python {version[0]}.{version[1]}")
    here = find(qualname)
    codes = [c.replace(co_firstlineno=1) for c in (code, getattr(here, "__code__", code))]
    if is_our_function(here) and not code.co_freevars and codes[0] == codes[1]:
        return here
    new = make(code, vars(sys.modules["__main__"]), *arguments)
    vars(new)[_NEW] = True
    return new


def fill_function(function: Any, state: Any) -> None:
    """Give a function its attributes, and its global names the values that are missing here."""
    fill, (attributes, slots) = state
    for name, value in slots["__globals__"].items():
        function.__globals__.setdefault(name, value)
    # To be found under its name proves nothing: a recursive one has just been put there.
    if vars(function).pop(_NEW, False):
        fill(function, (attributes, {**slots, "__globals__": {}}))
    else:
        # One already here keeps its defaults: they may be compared by identity (sentinels).
        vars(function).update(attributes)
