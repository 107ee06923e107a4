"""A function of a value that cannot be a key, which remembers what it said of the last one."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

_Value = TypeVar("_Value")
_Result = TypeVar("_Result")


def remembering(function: Callable[[_Value], _Result]) -> Callable[[_Value], _Result]:
    """``function`` of a value that does not change, computed once while the same comes again."""
    last: list[tuple[_Value, _Result]] = []

    @functools.wraps(function)
    def remembered(value: _Value) -> _Result:
        if not last or last[0][0] is not value:
            last[:] = [(value, function(value))]
        return last[0][1]

    return remembered
