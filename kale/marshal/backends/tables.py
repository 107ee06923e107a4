"""How tables of any library are described: their columns in a line, their first rows as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

#: How many columns are named and shown, how many rows, and how many characters of a cell.
COLUMNS, ROWS, _WIDTH = 12, 5, 24

_PLAIN = {
    "builtins": "str int float bool complex bytes NoneType",
    "datetime": "date datetime time timedelta",
    "decimal": "Decimal",
    "pandas": "Timestamp Timedelta Period Interval NaTType NAType",
}


def cell_text(value: Any) -> str:
    """A value of a known type as short text; the type's name for any other, whose code may run."""
    kind = type(value)
    root, name = kind.__module__.partition(".")[0], kind.__name__
    if root == "numpy" and hasattr(value, "item") and not hasattr(value, "__len__"):
        return cell_text(value.item()) if name.startswith(("int", "uint", "bool")) else str(value)
    if kind is tuple:
        return f"({', '.join(map(cell_text, value[:COLUMNS]))})"
    if name not in _PLAIN.get(root, "").split():
        return name
    if kind is int and value.bit_length() > 99:
        return f"{value.bit_length()} bits"
    text = repr(value[: _WIDTH + 1]) if kind in (str, bytes) else str(value)
    text = text[1:-1] if kind is str else text
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"


def count_text(count: int, noun: str) -> str:
    """How many there are of something: ``1 row``, ``1,500 rows``."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def size_text(rows: int, columns: int, named: Iterable[tuple[Any, str]]) -> str:
    """The size and what the columns are: ``2 rows, 2 columns: a int64, b str``."""
    some = [f"{cell_text(name)} {dtype}" for name, dtype in named]
    more = ", …" if columns > len(some) else ""
    text = f"{count_text(rows, 'row')}, {count_text(columns, 'column')}"
    return f"{text}: {', '.join(some)}{more}" if some else text


def table_text(names: Iterable[Any], columns: Iterable[Iterable[Any]]) -> str:
    """The columns with their names, set in columns; empty where there are none."""
    texts: Sequence[list[str]] = [
        [cell_text(name), *map(cell_text, column)]
        for name, column in zip(names, columns, strict=True)
    ]
    widths = [max(map(len, column)) for column in texts]
    rows = [map(str.rjust, row, widths) for row in zip(*texts, strict=True)]
    return "\n".join("  ".join(row).rstrip() for row in rows).strip("\n")
