"""Pipeline parameters in the package: their types and the defaults that KFP can hold exactly."""

from __future__ import annotations

import math
import re
from typing import Any

from kale.ir import Parameter, ParameterType

#: The names of parameter types in a pipeline specification.
PARAMETER_TYPES: dict[ParameterType, str] = {
    "str": "STRING",
    "int": "NUMBER_INTEGER",
    "float": "NUMBER_DOUBLE",
    "bool": "BOOLEAN",
    "list": "LIST",
    "dict": "STRUCT",
}

#: KFP carries numbers as doubles; beyond this, not every integer is one.
_LARGEST_EXACT_INT = 2**53

#: What does not arrive as it is: Argo expands doubled braces. Kubernetes expands `$(NAME)` and `$$`
#: in commands, arguments and variables, and takes the character after a `$` for one byte.
EXPANDED = re.compile(r"\{\{|\$[$(]|\$[^\0-\x7f]")

#: Protobuf reads 100 messages inside one another, and each level of lists and dicts is two.
_DEEPEST = 30

_PYTHON_TYPES: dict[ParameterType, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


def package_default(parameter: Parameter) -> Any:
    """The default as the package declares it, or ``None`` where it must not declare one.

    KFP's numbers are doubles without NaN, its texts are UTF-8 in which some is :data:`EXPANDED`,
    its lists and dicts hold no null and are not deep. A default that would not arrive as it is
    stays in the step's notebook alone: the parameter is then optional in the package, KFP passes
    nothing, and the step uses its own literal.
    """
    default = parameter.default
    if default is None or not arrives(default):
        return None
    if isinstance(default, bool) and parameter.type != "bool":
        return None
    return default if isinstance(default, _PYTHON_TYPES[parameter.type]) else None


def json_default(parameter: Parameter) -> Any:
    """The default as JSON for the step notebook's metadata; ``None`` where JSON has none such."""
    default = parameter.default
    return default if _is_json(default) else None


def arrives(value: Any, levels: int = _DEEPEST) -> bool:
    """Whether KFP hands a value to a step as it is, be it a default or one that a run is given."""
    match value:
        case bool():
            return True
        case int():
            return abs(value) <= _LARGEST_EXACT_INT
        case float():
            return math.isfinite(value)
        case str():
            return is_utf8(value) and not EXPANDED.search(value)
        case list():
            return levels > 0 and all(arrives(item, levels - 1) for item in value)
        case dict():
            return all(isinstance(k, str) and arrives(k) for k in value) and arrives(
                [*value.values()], levels
            )
        case _:
            return False


def _is_json(value: Any) -> bool:
    match value:
        case None | bool() | int() | str():
            return True
        case float():
            return math.isfinite(value)
        case list():
            return all(map(_is_json, value))
        case dict():
            return all(isinstance(k, str) for k in value) and all(map(_is_json, value.values()))
        case _:
            return False


def is_utf8(text: str) -> bool:
    """Whether ``text`` can be written as UTF-8: half of a surrogate pair cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
