"""JSON values as YAML, sorted and one value a line: what a package needs of YAML, and no more.

PyYAML takes ten times as long; tests hold what it reads equal to what was written.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

#: A text that no version of YAML takes for anything else, unless it is one of the words below.
_PLAIN = re.compile("[A-Za-z/][A-Za-z0-9_./:-]*(?<!:)")
_WORDS = frozenset("false n no null off on true y yes".split())

#: A text that means itself between single quotes.
_QUOTED = re.compile("[ -&(-~]*")

#: What JSON writes as it is and YAML cannot hold, or would take for the end of a line.
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")

#: What keeps a text of several lines from being shown as such: anything that does not print, a
#: blank first or at the end of a line, and more than one line break last.
_ODD = re.compile(r"[^\n -~]|\A[ \n]| (?:\n|\Z)|\n\n\Z")

#: A reader need not take a longer key for one that stands on a line with its value.
_LONGEST_KEY = 1000


def dump(documents: Iterable[Mapping[str, Any]]) -> str:
    """The documents as a stream of YAML 1.1 and 1.2; mappings have texts as keys, sorted.

    Texts hold no half of a surrogate pair.
    """
    texts = []
    for document in documents:
        lines: list[str] = []
        _mapping(document, "", lines)
        texts.append("\n".join([*lines, ""]))
    return "---\n".join(texts)


def _mapping(values: Mapping[str, Any], indent: str, lines: list[str]) -> None:
    for key in sorted(values):
        name, value = _text(key), values[key]
        if len(name) > _LONGEST_KEY:
            lines.append(f"{indent}? {name}")
            name = ""
        if isinstance(value, dict) and value:
            lines.append(f"{indent}{name}:")
            _mapping(value, f"{indent}  ", lines)
        elif isinstance(value, list) and value:
            lines.append(f"{indent}{name}:")
            _sequence(value, indent, lines)
        else:
            lines.append(f"{indent}{name}: {_scalar(value, indent)}")


def _sequence(values: list[Any], indent: str, lines: list[str]) -> None:
    inner = f"{indent}  "
    for value in values:
        if isinstance(value, (dict, list)) and value:
            first = len(lines)
            if isinstance(value, dict):
                _mapping(value, inner, lines)
            else:
                _sequence(value, inner, lines)
            lines[first] = f"{indent}- {lines[first][len(inner) :]}"
        else:
            lines.append(f"{indent}- {_scalar(value, indent)}")


def _scalar(value: Any, indent: str) -> str:
    if isinstance(value, str):
        if "\n" in value and not _ODD.search(value):
            break_ = f"\n{indent}  "
            lines = value.removesuffix("\n").split("\n")
            return ("|" if value[-1] == "\n" else "|-") + "".join(
                break_ + line if line else "\n" for line in lines
            )
        return _text(value)
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value)


@functools.lru_cache(maxsize=4096)
def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    if _QUOTED.fullmatch(text):
        return f"'{text}'"
    return _ESCAPED.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(text, ensure_ascii=False))


def _number(value: float) -> str:
    if not math.isfinite(value):
        return ".nan" if value != value else ".inf" if value > 0 else "-.inf"
    text = repr(value)
    return text if "." in text else text.replace("e", ".0e")
