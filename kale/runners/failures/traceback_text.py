"""The frames of a traceback: as IPython writes it, and as the probe ``values`` tells it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kale.runners.failures.step_error import Values

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
#: The rule above each part of a chained traceback.
_RULE = re.compile(r"^-{20,}$", re.MULTILINE)
#: IPython's words for a frame in a cell, now (``Cell In[3], line 2``) and before 8.6.
_CELL_FRAME = re.compile(r"^ *(?:Cell In|Input In) ?\[(\d+)\],?(?: line (\d+)| in .*)?")
_FILE_FRAME = re.compile(r"^ *File (<[^>]*>):(\d+)|^ *File ")
_ARROW = re.compile(r"^-+> (\d+)(?: (.*))?$")
#: Python's own words, which IPython leaves to it for exception groups.
_GROUP_FRAME = re.compile(r'File "[^"]*ipykernel_\d+[^"]*", line (\d+), in <module>')
_GROUP_NAME = re.compile(r"^\s*\|? ([\w.]*Group): (.*)$", re.MULTILINE)
#: The file of a cell in a syntax error's message; the place is told anyway.
_CELL_FILE = re.compile(r" \((?:\d+\.py|<tokenize>|<ipython-input-[^>]*>), line \d+\)$")


@dataclass(frozen=True, slots=True)
class RawFrame:
    """A frame of a traceback: ``count`` is the execution count of a cell, ``None`` for a file.

    ``column`` counts from 1, ``width`` characters from there. It stands for as many ``times`` of
    its line in a row, and is the innermost of them.
    """

    count: int | None
    line: int | None
    text: str
    file: str = ""
    function: str = ""
    column: int | None = None
    width: int = 0
    values: Values = ()
    times: int = 1


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception that a cell ended with; ``frames`` are outermost first."""

    type: str
    message: str
    frames: tuple[RawFrame, ...]


def read_outputs(cell: Mapping[str, Any]) -> Raised:
    """The exception that an executed cell's outputs tell of."""
    outputs = cell.get("outputs", ())
    for output in outputs:
        if output.get("output_type") == "error":
            text = _ANSI.sub("", "\n".join(output.get("traceback", ())))
            # Causes stand first; the last part is the exception that came out.
            frames = _parse_frames(_RULE.split(text)[-1])
            message = _CELL_FILE.sub("", _ANSI.sub("", output.get("evalue", "")))
            return Raised(output.get("ename") or "Error", message, frames)
    streams = (o for o in outputs if o.get("name") == "stderr")
    text = _ANSI.sub("", "".join(text_of(o.get("text", "")) for o in streams))
    frame, name = _GROUP_FRAME.search(text), _GROUP_NAME.search(text)
    found = (RawFrame(cell.get("execution_count"), int(frame[1]), ""),) if frame else ()
    return Raised(name[1], name[2], found) if name else Raised("Error", "the cell failed", found)


def read_probe(found: Mapping[str, Any]) -> Raised:
    """The exception that the probe ``values`` tells of.

    Raises:
        KeyError, TypeError, ValueError: it is not what the probe returns.
    """
    frames = tuple(
        RawFrame(
            frame.get("count"),
            int(frame["line"]),
            str(frame.get("source", "")),
            str(frame.get("file", "")),
            str(frame.get("function", "")),
            frame.get("column"),
            int(frame.get("width", 0)),
            tuple((str(name), str(text)) for name, text in frame.get("values", ())),
            int(frame.get("times", 1)),
        )
        for frame in found["frames"]
    )
    more = (str(line) for line in found.get("more", ()))
    return Raised(str(found["type"]), "\n".join([str(found["message"]), *more]), frames)


def text_of(value: str | list[str]) -> str:
    """Text of a notebook file, which may be one string or a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def _parse_frames(text: str) -> tuple[RawFrame, ...]:
    frames: list[RawFrame] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if match := _CELL_FRAME.match(line):
            # The plain mode prints the source below, indented, without an arrow.
            plain = line.startswith(" ") and number + 1 < len(lines)
            source = lines[number + 1].strip() if plain else ""
            frames.append(RawFrame(int(match[1]), int(match[2]) if match[2] else None, source))
        elif match := _FILE_FRAME.match(line):
            frames.append(RawFrame(None, int(match[2] or 0), "", match[1] or "file"))
        elif frames and (match := _ARROW.match(line)):
            arrow_line = frames[-1].line or int(match[1])
            frames[-1] = replace(frames[-1], line=arrow_line, text=match[2] or "")
    return tuple(frames)
