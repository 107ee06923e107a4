"""Loops and conditions in a pod, and the output parameters of its task.

Only pipelines that have loops, conditions or results to show carry this module.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .ports import Ports, overrides

#: What does not arrive as it is; see ``kale.codegen.parameters``, which says why.
_EXPANDED = re.compile(r"\{\{|\$[$(]|\$[^\0-\x7f]")
_DEEPEST = 30
_LONGEST = 10_000

#: Kubeflow Pipelines' types, and what a value of each is in Python.
_TYPES: Mapping[str, tuple[type, ...]] = {
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "NUMBER_DOUBLE": (float, int),
    "NUMBER_INTEGER": (int,),
    "STRING": (str,),
    "STRUCT": (dict,),
}

#: More items than a run can have: all numbers are one argument of a process of KFP's.
_MOST_ITEMS = 10_000


def context_of(ports: Ports, names: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What the context of a step has for loops and conditions; see ``kale_runtime.step``."""
    given = overrides(names["parameters"], ports.parameters)
    return {
        "index": [given.get(name, 0) for name in names.get("index", ())],
        "collected": names.get("collected", []),
        "decisions": str(folder / "decisions.json"),
    }


def tell(ports: Ports, names: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    """Tell KFP what the step has decided, and the results that it shows.

    The numbers of a loop's items are texts, which is what KFP makes of an item.

    Raises:
        OSError: the step has decided nothing, or on more items than a run can have.
    """
    path, values = Path(context["decisions"]), dict[str, Any]()
    for key, output in names["told"].items():
        number = json.loads(path.read_bytes())[key]
        if output.endswith("_items"):
            if number > _MOST_ITEMS:
                raise OSError(
                    f"the loop has {number} items, and a cluster takes {_MOST_ITEMS}; have each"
                    " item hold several"
                )
            number = [*map(str, range(number))]
        values[output] = number
    shown = path.with_name("shown.json")
    known = json.loads(shown.read_bytes()) if shown.is_file() else {}
    # Without any value the launcher would fail.
    values.update({key: known.get(key) for key, _, _ in names.get("shows", ())})
    if values:
        ports.more["parameterValues"] = values


def show(scope: Mapping[str, Any], results: list[tuple[str, str, str]]) -> None:
    """Note, for :func:`tell`, those of a step's results that arrive as they are.

    ``results`` are keys, names and types. This is called in the step's kernel.
    """
    found = {
        key: scope[name]
        for key, name, kind in results
        if name in scope and _is_shown(scope[name], _TYPES[kind])
    }
    context = Path(os.environ["KALE_STEP_CONTEXT"])
    context.with_name("shown.json").write_text(json.dumps(found))


def _is_shown(value: Any, types: tuple[type, ...]) -> bool:
    if type(value) not in types or not _arrives(value, _DEEPEST):
        return False
    return len(json.dumps(value)) <= _LONGEST


def _arrives(value: Any, levels: int) -> bool:
    kind = type(value)
    if kind is int:
        return bool(abs(value) <= 2**53)
    if kind is float:
        return math.isfinite(value)
    if kind is str:
        return not re.search("[\ud800-\udfff]", value) and not _EXPANDED.search(value)
    if kind is list:
        return levels > 0 and all(_arrives(each, levels - 1) for each in value)
    if kind is dict:
        keys = all(type(key) is str and _arrives(key, 0) for key in value)
        return keys and _arrives([*value.values()], levels)
    return kind is bool
