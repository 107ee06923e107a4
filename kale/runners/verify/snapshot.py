"""A snapshot of a notebook's names: of each value its type and what its content amounts to.

It runs in the interpreter of the notebook, as module ``kale_snapshot`` beside ``kale_runtime``, and
imports nothing else of Kale. It binds no name of the notebook's, prints nothing and raises nothing.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import types
from collections.abc import Mapping
from itertools import combinations
from typing import Any

#: Names that IPython binds as cells run: the last results and the last inputs.
_HISTORY = re.compile(r"_+|_i{1,3}|_i?\d+|_[di]?oh|_[di]h|In|Out")

#: Names that every module has, or that Python keeps for itself.
_PYTHONS = frozenset(
    "__name__ __doc__ __package__ __loader__ __spec__ __builtin__ __builtins__ __file__ "
    "__annotations__ __conditional_annotations__ __warningregistry__ __session__".split()
)

#: Types whose values are shown as they are: a number is no secret, a text may be one.
_NUMBERS = (bool, int, float, complex, type(None))

#: The same of modules that need not be there, by module and name.
_OTHER_NUMBERS = frozenset({("decimal", "Decimal"), ("fractions", "Fraction")})

#: What the length of other values counts.
_UNITS: dict[type, str] = dict.fromkeys((list, tuple, dict, set, frozenset), "items")
_UNITS |= {str: "characters", bytes: "bytes"}

#: So many variables may share one object before pairs of them are no longer told.
_SHARERS = 50

#: The id of each variable's value at the last snapshot.
_before: dict[str, int] = {}


def take(scope: Mapping[str, Any], target: str) -> None:
    """Write what the names in ``scope`` stand for to ``target``, a JSON file.

    ``names`` maps each to ``type``, ``digest`` (``null`` where it cannot be told), ``shown``
    (a few words on the value) and ``bound``: whether it was bound since the last snapshot.
    ``shared`` are pairs of names that hold a common object that can change. If all this cannot
    be told, there is no file.
    """
    try:
        found = json.dumps(_told(_alive(scope)))
        with open(target, "w", encoding="ascii") as file:  # noqa: PTH123 - nothing but the builtins
            file.write(found)
    except Exception:  # noqa: BLE001 - values of any kind, a full disk; the notebook must go on
        return


def take_item(scope: Mapping[str, Any], target: str) -> None:
    """As :func:`take`, in a step that may work on one of several items; its name is the file's."""
    with open(os.environ["KALE_STEP_CONTEXT"], encoding="utf-8") as file:  # noqa: PTH123
        step = json.load(file)["step"]
    folder, _, end = target.rpartition("/")
    take(scope, f"{folder}/{step}.{end.partition('.')[2]}")


def _alive(scope: Mapping[str, Any]) -> dict[str, Any]:
    """The names that the notebook's code has bound, without IPython's own and without modules."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    hidden = getattr(shell, "user_ns_hidden", {})
    return {
        name: value
        for name, value in dict(scope).items()
        if type(name) is str
        and name.isidentifier()
        and name not in _PYTHONS
        and not _HISTORY.fullmatch(name)
        and not (name in hidden and hidden[name] is value)
        and not issubclass(type(value), types.ModuleType)
    }


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    runtime = {
        part: importlib.import_module(f"kale_runtime.{part}")
        for part in ("digest", "describe", "dispatch", "sharing")
    }
    names = {}
    for name, value in values.items():
        names[name] = {
            "type": runtime["dispatch"].full_name(type(value)),
            "digest": runtime["digest"].digest(value),
            "shown": _shown(value, runtime["describe"].describe),
            "bound": _before.get(name) != id(value),
        }
    _before.clear()
    _before.update((name, id(value)) for name, value in values.items())
    return {"names": names, "shared": _shared(values, runtime["sharing"].reach)}


def _shared(values: Mapping[str, Any], reach: Any) -> list[list[str]]:
    """Pairs of data, in order, that hold a common object that can change."""
    holders: dict[int, list[str]] = {}
    kept = []  # so that no two objects have one id
    for name, value in sorted(values.items()):
        if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
            continue
        reached = reach(value)
        kept.append(reached)
        for key, held in reached.items():
            if not isinstance(held, type | types.FunctionType | types.ModuleType):
                holders.setdefault(key, []).append(name)
    groups = {tuple(names) for names in holders.values() if 1 < len(names) <= _SHARERS}
    return sorted(map(list, {pair for group in groups for pair in combinations(group, 2)}))


def _shown(value: Any, describe: Any) -> str:
    """A few words on a value that give away no text."""
    kind = type(value)
    try:
        if kind.__module__ == "numpy" and value.shape == ():
            value = value.item()
        if type(value) in _NUMBERS or (kind.__module__, kind.__name__) in _OTHER_NUMBERS:
            return str(value)[:40]
        if kind in _UNITS:
            return f"{len(value)} {_UNITS[kind]}"
        return str(describe(value)[0])[:60]
    except Exception:  # noqa: BLE001 - most types have no description; libraries fail in many ways
        return ""
