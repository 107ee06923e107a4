"""JSON as notebooks have it, a value a line; :mod:`json` takes five times as long for that."""

from __future__ import annotations

import json
from collections.abc import Callable
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any


def indented(value: Any, *, ensure_ascii: bool) -> str:
    """What ``json.dumps`` writes with an indent of one blank and its keys, all texts, sorted."""
    return _text(value, encode_basestring_ascii if ensure_ascii else encode_basestring, "\n")


def _text(value: Any, encode: Callable[[str], str], end: str) -> str:
    if isinstance(value, str):
        return encode(value)
    inner = f"{end} "
    if isinstance(value, dict) and value:
        rows = [f"{encode(key)}: {_text(value[key], encode, inner)}" for key in sorted(value)]
        return f"{{{inner}{f',{inner}'.join(rows)}{end}}}"
    if isinstance(value, (list, tuple)) and value:
        rows = [encode(item) if type(item) is str else _text(item, encode, inner) for item in value]
        return f"[{inner}{f',{inner}'.join(rows)}{end}]"
    return json.dumps(value)
