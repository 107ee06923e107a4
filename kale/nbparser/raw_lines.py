"""Where each line of each cell stands in the notebook file itself, which is JSON."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

#: What JSON consists of, but for blanks, numbers and words. An unclosed string is none.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:]', re.DOTALL)
_LINE_END = re.compile(r"\r\n|\r|\n")

#: How deep a line of a cell's source lies: of format 3, whose cells are in worksheets.
_DEEPEST = len(("worksheets", 0, "cells", 0, "input", 0))

#: Names and numbers from the outermost value to an inner one.
_Path = tuple[str | int | None, ...]


def raw_lines(content: bytes) -> tuple[tuple[int, ...], ...]:
    """The line of the file, from 1, in which each line of each cell begins.

    ``content`` is the file's; the result's ``[k - 1][n - 1]`` is that of line n of cell k, Markdown
    included. Lines of cells are Python's, lines of the file end with a line feed. A
    cell without a source has no lines; what is no notebook has no cells.
    """
    text = content.decode("utf-8-sig", errors="replace")
    #: The strings of each cell's source, with their positions, by the path of the cell.
    cells: dict[_Path, dict[str, list[tuple[int, str]]]] = {}
    for path, start, value in _values(text):
        depth = _cell_depth(path)
        if depth is None:
            continue
        sources = cells.setdefault(path[:depth], {})
        rest = path[depth:]
        if rest == () or rest[0] not in ("source", "input"):
            continue
        if len(rest) == 1:
            # Also the beginning of a list. Of a name that comes twice the last one counts.
            sources[str(rest[0])] = []
        if len(rest) < 3 and value.startswith('"'):
            sources[str(rest[0])].append((start, _decoded(value)))
    starts = [0, *(end.end() for end in re.finditer("\n", text))]
    # Code cells of format 3 have their code in `input`, and may not have a `source`.
    found = (sources.get("source", sources.get("input", [])) for sources in cells.values())
    return tuple(_lines(parts, starts) for parts in found)


def _cell_depth(path: _Path) -> int | None:
    """How much of a path leads to the cell that it is in; ``None`` if it is in none."""
    if len(path) >= 2 and path[0] == "cells" and isinstance(path[1], int):
        return 2
    if len(path) >= 4 and path[0] == "worksheets" and path[2] == "cells":
        return 4 if isinstance(path[3], int) else None
    return None


def _lines(parts: list[tuple[int, str]], starts: list[int]) -> tuple[int, ...]:
    """The file's lines of a cell's lines, from the strings that together are its source."""
    if not parts:
        return ()
    source = "".join(value for _, value in parts)
    ends = list(accumulate(len(value) for _, value in parts))
    found = []
    for offset in (0, *(end.end() for end in _LINE_END.finditer(source))):
        # An empty last line has no text of its own; it is told with the one before.
        part = min(bisect_right(ends, offset), len(parts) - 1)
        found.append(bisect_right(starts, parts[part][0]))
    return tuple(found)


def _values(text: str) -> Iterator[tuple[_Path, int, str]]:
    """Each string and each beginning of a list or object that is not too deep to be of a source.

    Gives its path, its position and its first token, which is all of a string. Nesting takes no
    stack, and is of any depth. What is no JSON gives anything, but ends.
    """
    #: ``None`` where a name is to come.
    path: list[str | int | None] = []
    kinds: list[str] = []
    name = ""
    for token in _TOKEN.finditer(text):
        word, start = token[0], token.start()
        mark = word[0]
        if mark == '"' and kinds and kinds[-1] == "{" and path[-1] is None:
            name = word
        elif mark == ":" and kinds and kinds[-1] == "{":
            path[-1] = _decoded(name)
        elif mark == ",":
            if kinds:
                last = path[-1]
                path[-1] = last + 1 if isinstance(last, int) else None
        elif mark in "}]":
            if kinds:
                kinds.pop()
                path.pop()
        else:
            if len(path) <= _DEEPEST:
                yield tuple(path), start, word
            if mark in "{[":
                kinds.append(mark)
                path.append(None if mark == "{" else 0)


def _decoded(token: str) -> str:
    try:
        return str(json.loads(token, strict=False))
    except ValueError:
        return token
