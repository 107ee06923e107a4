"""From an executed step notebook to the failing line of the author's notebook."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from kale.errors import Location
from kale.runners.result import Frame, StepError

#: Frames told beyond the failing line itself; the innermost ones, where the cause is.
MOST_FRAMES = 5

_NEWLINE = re.compile(r"\r\n|\r|\n")
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

_Cell = Mapping[str, Any]
_NOTHING: _Cell = {}


@dataclass(frozen=True, slots=True)
class _RawFrame:
    """A frame of a traceback: ``count`` is the execution count of a cell, ``None`` for a file."""

    count: int | None
    line: int | None
    text: str
    file: str = ""


def cell_failure(notebook: Mapping[str, Any], *, path: str, step: str) -> StepError | None:
    """The exception that an executed step notebook failed with, placed in the author's notebook.

    ``notebook`` is what papermill wrote. ``None`` when no cell raised.
    """
    cells: Sequence[_Cell] = notebook.get("cells", ())
    stopped = [c for c in cells if _papermill(c).get("exception") is True]
    # A magic may show the exception of its body and go on: the kernel then says that all is
    # well, and papermill, once all cells have run, that it is not.
    shown = [c for c in cells if any(o.get("ename") for o in c.get("outputs", ()))]
    cell = next(iter(stopped or shown), None)
    if cell is None:
        return None
    name, message, frames = _exception(cell)
    line, source, inner = _place(cell, frames)
    hint = ""
    if name == "SystemExit":
        message = message or "0"
        hint = "a step must run to its last cell; let code that wants to stop raise an exception"
    return StepError(
        name,
        message,
        _location(cell, line, path=path, step=step),
        source if _kale(cell).get("cell") else "",
        _inner_frames(cells, inner, path=path, step=step),
        hint,
    )


def last_started(notebook: Mapping[str, Any], *, path: str, step: str) -> Location:
    """The place in the author's notebook of the last cell that began to run."""
    started = [c for c in notebook.get("cells", ()) if _papermill(c).get("start_time")]
    return _location(started[-1] if started else _NOTHING, None, path=path, step=step)


def kernel_death(status: int | None, at: Location) -> StepError:
    """The failure of a step whose kernel ended on its own.

    ``status`` is its exit status, or minus the number of the signal that killed it.
    """
    hint = ""
    if status is None:
        message = "the kernel died"
    elif status >= 0:
        message = f"the kernel ended with exit status {status}"
        hint = "code that ends the process, like `quit()` or `os._exit()`, cannot run in a step"
    else:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        message = f"the kernel was killed by {name}"
        if name == "SIGKILL":
            hint = "the system does that when memory runs out"
        elif name in {"SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE"}:
            hint = "a crash in a library's native code; its last words may be in the log"
    return StepError("KernelDied", message, at, hint=hint)


def _papermill(cell: _Cell) -> _Cell:
    found: _Cell = cell.get("metadata", _NOTHING).get("papermill", _NOTHING)
    return found


def _kale(cell: _Cell) -> _Cell:
    found: _Cell = cell.get("metadata", _NOTHING).get("kale", _NOTHING)
    return found


def _text(value: str | Sequence[str]) -> str:
    """Text of a notebook file, which may be one string or a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def _lines(cell: _Cell) -> list[str]:
    """The lines of a cell as Python counts them: no form feed or U+2028 ends one."""
    return _NEWLINE.split(_text(cell.get("source", "")))


def _location(cell: _Cell, line: int | None, *, path: str, step: str) -> Location:
    place = _kale(cell)
    number = place.get("cell")
    if number is None:
        return Location(path, step=step)
    known = None if line is None else line + place.get("line", 1) - 1
    return Location(path, number, known, step=step, cell_id=place.get("cell_id"))


def _exception(cell: _Cell) -> tuple[str, str, list[_RawFrame]]:
    """Name, message and frames, outermost first, of the exception that a cell ended with."""
    outputs = cell.get("outputs", ())
    for output in outputs:
        if output.get("output_type") == "error":
            text = _ANSI.sub("", "\n".join(output.get("traceback", ())))
            # Causes stand first; the last part is the exception that came out.
            frames = _parse_frames(_RULE.split(text)[-1])
            return output.get("ename") or "Error", _ANSI.sub("", output.get("evalue", "")), frames
    streams = (o for o in outputs if o.get("name") == "stderr")
    text = _ANSI.sub("", "".join(_text(o.get("text", "")) for o in streams))
    frame, name = _GROUP_FRAME.search(text), _GROUP_NAME.search(text)
    frames = [_RawFrame(cell.get("execution_count"), int(frame[1]), "")] if frame else []
    return (name[1], name[2], frames) if name else ("Error", "the cell failed", frames)


def _parse_frames(text: str) -> list[_RawFrame]:
    frames: list[_RawFrame] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if match := _CELL_FRAME.match(line):
            # The plain mode prints the source below, indented, without an arrow.
            plain = line.startswith(" ") and number + 1 < len(lines)
            source = lines[number + 1].strip() if plain else ""
            frames.append(_RawFrame(int(match[1]), int(match[2]) if match[2] else None, source))
        elif match := _FILE_FRAME.match(line):
            frames.append(_RawFrame(None, int(match[2] or 0), "", match[1] or "file"))
        elif frames and (match := _ARROW.match(line)):
            arrow_line = frames[-1].line or int(match[1])
            frames[-1] = replace(frames[-1], line=arrow_line, text=match[2] or "")
    return frames


def _place(cell: _Cell, frames: list[_RawFrame]) -> tuple[int | None, str, list[_RawFrame]]:
    """The line of ``cell`` that failed, its text, and the frames inside of it."""
    source = _lines(cell)
    count = cell.get("execution_count")
    in_cells = [k for k, frame in enumerate(frames) if frame.count is not None]
    # A cell magic may run the body as a cell of its own, with a count of its own.
    start = next((k for k in in_cells if frames[k].count == count), next(iter(in_cells), None))
    if start is None:
        return None, "", []
    inner = frames[start + 1 :]
    line = _line_in_source(frames[start], source)
    magic = bool(source) and source[0].startswith("%%")
    if magic and line == 1 and inner and inner[0].file.startswith("<") and inner[0].line:
        # `File <timed exec>:3` is line 3 of what stands below the magic.
        line = inner[0].line + 1
    if line is None or not 1 <= line <= len(source):
        return None, "", inner
    return line, source[line - 1], inner


def _line_in_source(frame: _RawFrame, source: Sequence[str]) -> int | None:
    line, text = frame.line, frame.text.strip()
    if line is None or not text:
        return line
    if line <= len(source) and source[line - 1].strip() == text:
        return line
    same = [k for k, candidate in enumerate(source, 1) if candidate.strip() == text]
    # No equal line: IPython shows a magic as the call that it becomes, in its own line.
    return min(same, key=lambda k: abs(k - line), default=line)


def _inner_frames(
    cells: Sequence[_Cell], frames: list[_RawFrame], *, path: str, step: str
) -> tuple[Frame, ...]:
    by_count = {c["execution_count"]: c for c in cells if c.get("execution_count") is not None}
    found: list[Frame] = []
    for frame in frames:
        cell = by_count.get(frame.count, _NOTHING)
        source = _lines(cell)
        line = _line_in_source(frame, source)
        if _kale(cell).get("cell") is None or line is None or not 1 <= line <= len(source):
            continue
        found.append(Frame(_location(cell, line, path=path, step=step), source[line - 1]))
    # A recursion says the same line a thousand times.
    distinct = [frame for frame, _ in groupby(found)]
    return tuple(distinct[-MOST_FRAMES:])
