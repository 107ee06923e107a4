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

from .dispatch import full_name
from .manifest import MarshalError
from .walk import ATOMS

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


def class_key(cls: type, *within: type) -> tuple[str, str]:
    """The name of a class and a digest of code and constants in its body, equal in every process.

    Its bases and the classes in its body count with theirs, but for those that it is ``within``.
    Where two steps each define a class of one name, it tells the two apart.
    """

    def key_of(other: type) -> object:
        known = other.__module__ != "__main__" or other in (cls, *within)
        return other.__qualname__ if known else class_key(other, cls, *within)

    parts: list[object] = [*map(key_of, (*cls.__bases__, type(cls)))]
    for field in vars(cls).get("__dataclass_fields__", {}).values():
        if isinstance(field.default_factory, types.FunctionType):
            parts += field.name, _code_key(field.default_factory.__code__)
    for name, value in sorted(vars(cls).items(), key=lambda i: i[0]):
        functions = [getattr(value, part, None) for part in _HOLDING]
        found = [f for f in (value, *functions) if isinstance(f, types.FunctionType)]
        # What begins with an underscore, or is empty, is what steps change.
        parts_of = value if isinstance(value, tuple) else (value,)
        still = name[0] != "_" and all(isinstance(part, int | float | str) for part in parts_of)
        if still or name in ("_member_names_", "__match_args__"):
            parts.append((name, value))
        if isinstance(value, type) and name[0] != "_":
            parts += name, key_of(value)
        for function in found:
            parts += name, _code_key(function.__code__), defaults_text(function)
    return cls.__qualname__, hashlib.sha256(repr(parts).encode(errors="replace")).hexdigest()


#: Where methods, properties and what decorators make keep the functions they were made from.
_HOLDING = "__func__ __wrapped__ fget fset fdel func".split()


def _code_key(code: Any) -> Any:
    """What a function's code does, without where it was written."""
    if isinstance(code, frozenset):
        return sorted(map(repr, code))
    if isinstance(code, tuple):
        return [*map(_code_key, code)]
    if not isinstance(code, types.CodeType):
        return repr(code)
    names = code.co_names, code.co_varnames, code.co_freevars
    return code.co_name, code.co_code.hex(), names, _code_key(code.co_consts)


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


def make_error(cls: Any, arguments: Any) -> Any:
    """An exception of the notebook as its builtin base made it, without its own ``__init__``."""
    base = next(base for base in cls.__mro__ if base.__module__ == "builtins")
    error = base.__new__(cls, *arguments)
    base.__init__(error, *arguments)
    return error


def defaults_text(function: Any) -> str:
    """The default values of a function as text, to compare; of large or odd ones the types."""
    defaults = [*(function.__defaults__ or ()), *sorted((function.__kwdefaults__ or {}).items())]
    return repr([d if _is_plain(d) else full_name(type(d)) for d in defaults])


def _is_plain(value: Any) -> bool:
    flat = type(value) in (tuple, list) and ATOMS.issuperset(map(type, value))
    return flat or type(value) in ATOMS


def make_function(
    version: Any, qualname: str, defaults: str, make: Any, code: Any, arguments: Any
) -> Any:
    """The notebook's own function where it is the same, else a new one with its global names.

    Raises:
        MarshalError: another version of Python saved it, whose byte code is not this one's.
    """
    if version != sys.version_info[:2]:
        raise MarshalError(f"`{qualname}` needs Python {version[0]}.{version[1]}")
    found = find(qualname)
    # The function itself, or that of a static method, or what was decorated.
    for here in (found, *(getattr(found, name, None) for name in _HOLDING)):
        if is_our_function(here) and not code.co_freevars:
            codes = [c.replace(co_firstlineno=1) for c in (code, here.__code__)]
            if codes[0] == codes[1] and defaults_text(here) == defaults:
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
