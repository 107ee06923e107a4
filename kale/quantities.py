"""Kubernetes' quantities: ``500m`` of a processor, ``1.5Gi`` of memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

#: The power of ten, or of two, by suffix.
_DECIMAL = {"": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_QUANTITY = re.compile(
    r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)([numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,2})?"
)


def quantity_value(quantity: str) -> Fraction | None:
    """The number that a Kubernetes quantity stands for, or ``None`` when it is none."""
    from fractions import Fraction

    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        return None
    number, suffix = Fraction(match[1]), match[2] or ""
    if suffix in _BINARY:
        return number * (1 << _BINARY[suffix])
    power = _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    unit: int = 10 ** abs(power)
    return number * unit if power >= 0 else number / unit
