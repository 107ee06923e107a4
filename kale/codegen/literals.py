"""Values as Python literals: the one way by which user text gets into generated code."""

from __future__ import annotations

import math
from typing import Any

#: Columns of a line.
_WIDTH = 100


def python_literal(value: Any) -> str:
    """An expression that evaluates to ``value``, on one line, whatever text it holds.

    ``value`` is made of ``None``, bools, numbers, strings, bytes, lists, tuples, sets and
    dicts. What does not print, lone surrogates and line separators among it, is escaped.
    """
    match value:
        case str():
            return _string(value)
        case float() if not math.isfinite(value):
            return f'float("{value}")'
        case complex() if not (math.isfinite(value.real) and math.isfinite(value.imag)):
            return f"complex({python_literal(value.real)}, {python_literal(value.imag)})"
        case list():
            return f"[{_items(value)}]"
        case tuple():
            return f"({_items(value)},)" if len(value) == 1 else f"({_items(value)})"
        case set() if value:
            return f"{{{_items(sorted(value, key=repr))}}}"
        case dict():
            pairs = (f"{python_literal(k)}: {python_literal(v)}" for k, v in value.items())
            return f"{{{', '.join(pairs)}}}"
        case _:
            return repr(value)


def python_layout(value: Any, indent: int, key: str = "") -> str:
    """:func:`python_literal`, spread over lines as formatters do where one has no room for it.

    ``indent`` is that of the line, in columns; ``key`` is what stands before the value there.
    """
    line = python_literal(value)
    before = len(f"{key}: ") if key else 0
    if not value or indent + before + len(line) < _WIDTH:  # a comma follows
        return line
    inner = indent + 4
    match value:
        case list():
            items = [python_layout(item, inner) for item in value]
        case dict():
            keys = {k: python_literal(k) for k in value}
            items = [f"{keys[k]}: {python_layout(v, inner, keys[k])}" for k, v in value.items()]
        case _:
            return line
    rows = "".join(f"{' ' * inner}{item},\n" for item in items)
    return f"{line[0]}\n{rows}{' ' * indent}{line[-1]}"


def _items(values: Any) -> str:
    return ", ".join(python_literal(value) for value in values)


def _string(text: str) -> str:
    quote = "'" if '"' in text and "'" not in text else '"'
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    if not escaped.isprintable():
        # repr() escapes exactly what does not print, in a way that every Python reads.
        escaped = "".join(c if c.isprintable() else repr(c)[1:-1] for c in escaped)
    return f"{quote}{escaped}{quote}"
