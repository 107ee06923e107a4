"""From an executed step notebook to the failing line of the author's notebook."""

from __future__ import annotations

import linecache
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kale.errors import Location
from kale.runners.failures.masking import HIDDEN, mask, mask_message
from kale.runners.failures.step_error import Frame, StepError
from kale.runners.failures.traceback_text import (
    Raised,
    RawFrame,
    read_outputs,
    read_probe,
    text_of,
)
from kale.script_words import is_script, script_words

#: Frames told beyond the failing line itself; the innermost ones, where the cause is.
MOST_FRAMES = 5

#: Characters of an exception's message that are told.
_LONGEST_MESSAGE = 10_000

_NEWLINE = re.compile(r"\r\n|\r|\n")
#: What IPython makes of a magic or a shell command.
_CALL = "get_ipython()"
#: Where IPython compiles what a magic is given.
_MAGIC_BODY = "<timed "

#: What Python calls their frames.
_COMPREHENSIONS = frozenset(["<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"])

_Cell = Mapping[str, Any]
_NOTHING: _Cell = {}


def cell_failure(
    notebook: Mapping[str, Any],
    *,
    path: str,
    step: str,
    probe: Mapping[str, Any] | None = None,
    secrets: Sequence[str] = (),
) -> StepError | None:
    """The exception that an executed step notebook failed with, placed in the author's notebook.

    ``notebook`` is what papermill wrote; ``probe`` what the probe ``values`` found, which knows
    columns, values and local modules. ``secrets`` are texts to hide. ``None`` when no cell raised.
    """
    cells: Sequence[_Cell] = notebook.get("cells", ())
    stopped = [c for c in cells if _papermill(c).get("exception") is True]
    # A magic may show the exception of its body and go on: the kernel then says that all is
    # well, and papermill, once all cells have run, that it is not.
    shown = [c for c in cells if any(o.get("ename") for o in c.get("outputs", ()))]
    cell = next(iter(stopped or shown), None)
    if cell is None:
        return None
    raised = _raised(cell, probe)
    message, hint = mask_message(raised.message[:_LONGEST_MESSAGE], secrets), ""
    if raised.type == "SystemExit":
        message = message or "0"
        hint = "a step must run to its last cell; let code that wants to stop raise an exception"
    if raised.type == "MarshalError" and is_script(path):
        message = script_words(message)  # one of Kale's own
    author = _Author(cells, cell, path, step, secrets)
    top, *inner = author.frames(raised.frames)
    return StepError(
        raised.type, message, top.at, top.source, tuple(inner), hint, top.values, width=top.width
    )


def last_started(
    notebook: Mapping[str, Any], *, path: str, step: str, begun: int | None = None
) -> Location:
    """The place in the author's notebook of the last cell that began to run.

    ``begun`` is its number among the step notebook's cells, from 1, where the run has heard it.
    """
    cells = notebook.get("cells", ())
    if begun is not None and 0 < begun <= len(cells):
        return _location(cells[begun - 1], None, path=path, step=step)
    started = [c for c in cells if _papermill(c).get("start_time")]
    return _location(started[-1] if started else _NOTHING, None, path=path, step=step)


def _papermill(cell: _Cell) -> _Cell:
    found: _Cell = cell.get("metadata", _NOTHING).get("papermill", _NOTHING)
    return found


def _kale(cell: _Cell) -> _Cell:
    found: _Cell = cell.get("metadata", _NOTHING).get("kale", _NOTHING)
    return found


def _lines(cell: _Cell) -> list[str]:
    """The lines of a cell as Python counts them: no form feed or U+2028 ends one."""
    return _NEWLINE.split(text_of(cell.get("source", "")))


def _location(cell: _Cell, line: int | None, *, path: str, step: str) -> Location:
    place = _kale(cell)
    number = place.get("cell")
    if number is None:
        return Location(path, step=step)
    known = None if line is None else line + place.get("line", 1) - 1
    return Location(path, number, known, step=step, cell_id=place.get("cell_id"))


def _raised(cell: _Cell, probe: Mapping[str, Any] | None) -> Raised:
    """The exception that a cell ended with, from the probe unless that tells of another."""
    written = read_outputs(cell)
    if probe is None:
        return written
    try:
        found = read_probe(probe)
    except (KeyError, TypeError, ValueError, AttributeError):
        return written
    return found if written.type in (found.type, "Error") else written


@dataclass(frozen=True, slots=True)
class _Author:
    """Where frames are in the author's notebook, whose ``cell`` failed, and what stands there."""

    cells: Sequence[_Cell]
    cell: _Cell
    path: str
    step: str
    secrets: Sequence[str]

    def frames(self, raw: Sequence[RawFrame]) -> list[Frame]:
        """The line of the failing cell, then what is told of the lines inside that call."""
        top, rest = self._top(raw)
        inner = [found for frame in rest if (found := self._inner(frame)) is not None]
        top, *inner = _merged([top, *inner])
        # Functions that call each other say the same lines a thousand times.
        last = {_place(frame): k for k, frame in enumerate(inner)}
        told = [frame for k, frame in enumerate(inner) if last[_place(frame)] == k]
        return [top, *told[-MOST_FRAMES:]]

    def _top(self, raw: Sequence[RawFrame]) -> tuple[Frame, Sequence[RawFrame]]:
        """The failing line, and the frames inside of it."""
        source, count = _lines(self.cell), self.cell.get("execution_count")
        if len(raw) == 1 and raw[0].file == "<tokenize>":
            raw = [replace(raw[0], count=count)]
        in_cells = [k for k, frame in enumerate(raw) if frame.count is not None]
        # A cell magic may run the body as a cell of its own, with a count of its own.
        start = next((k for k in in_cells if raw[k].count == count), next(iter(in_cells), None))
        if start is None:
            return self._frame(self.cell, None, RawFrame(None, None, "")), ()
        outer, rest = raw[start], raw[start + 1 :]
        line = _line_in_source(outer, source)
        if line is not None and rest and rest[0].file.startswith(_MAGIC_BODY) and rest[0].line:
            # `File <timed exec>:3` is line 3 of what stands below the magic, or behind it.
            below = source[0].startswith("%%") and line == 1
            line = rest[0].line + 1 if below else line
            outer, rest = rest[0], rest[1:]
        return self._frame(self.cell, line, outer), rest

    def _inner(self, frame: RawFrame) -> Frame | None:
        """A frame further in: of a cell or of a module of the author's; ``None`` for others."""
        if frame.file.startswith(_MAGIC_BODY):
            line = None if frame.line is None else frame.line + 1
            return self._frame(self.cell, line, frame) if self._has(self.cell, line) else None
        if frame.count is None:
            return self._module(frame) if Path(frame.file).is_absolute() else None
        # A magic that runs its body as a cell of its own uses up a count that the next cell has.
        owners = [c for c in self.cells if c.get("execution_count") == frame.count]
        owners += [c for c in self.cells if _lines(c)[0].startswith("%%")]
        for cell in owners:
            source = _lines(cell)
            line = _line_in_source(frame, source)
            stands = self._has(cell, line) and line is not None
            if stands and (not frame.text or _same(frame.text, source[(line or 1) - 1])):
                return self._frame(cell, line, frame) if _kale(cell).get("cell") else None
        return None

    def _has(self, cell: _Cell, line: int | None) -> bool:
        return line is not None and 1 <= line <= len(_lines(cell))

    def _frame(self, cell: _Cell, line: int | None, raw: RawFrame) -> Frame:
        if not self._has(cell, line):
            line = None
        at = _location(cell, line, path=self.path, step=self.step)
        if at.in_script and at.cell is None:
            return self._call()
        if line is None or at.cell is None:
            return Frame(at, "", values=raw.values if at.cell else ())
        source = _lines(cell)[line - 1]
        column, width = _caret(raw, source)
        if at.in_script:
            source, column = _in_file(at, source, column, width)
        return Frame(
            replace(at, column=column),
            mask(source, self.secrets),
            "" if raw.function == "<module>" else raw.function,
            raw.values,
            width,
            raw.times,
        )

    def _call(self) -> Frame:
        """The statement of a pipeline's body that the step is, where the author wrote no more."""
        own = [cell for cell in self.cells if _kale(cell).get("role") == "step"]
        at = _location(own[-1] if own else _NOTHING, 1, path=self.path, step=self.step)
        written = linecache.getline(at.path, at.line or 0).rstrip("\r\n")
        return Frame(at, mask(written, self.secrets))

    def _module(self, raw: RawFrame) -> Frame:
        folder, file = Path(self.path).absolute().parent, Path(raw.file)
        if file.is_relative_to(folder):
            file = Path(self.path).parent / file.relative_to(folder)
        at = Location(str(file), line=raw.line, column=raw.column, step=self.step)
        source = mask(raw.text, self.secrets)
        function = "" if raw.function == "<module>" else raw.function
        return Frame(at, source, function, raw.values, raw.width, raw.times)


def _in_file(at: Location, source: str, column: int | None, width: int) -> tuple[str, int | None]:
    """A line as the Python file has it, where that can be read, and the column in it.

    Statements of a pipeline's body stand in its steps without their indentation, and some in other
    words than the author's.
    """
    written = linecache.getline(at.path, at.line or 0).rstrip("\r\n")
    if not written.strip():
        return source, column
    start = written.find(source.strip())
    if column is None:
        return written, None
    if start >= 0:
        return written, column + start - (len(source) - len(source.lstrip()))
    part = source[column - 1 :][:width]
    return written, written.index(part) + 1 if part and written.count(part) == 1 else None


def _place(frame: Frame) -> tuple[str, int | None, int | None]:
    return frame.at.path, frame.at.cell, frame.at.line


def _merged(frames: Sequence[Frame]) -> list[Frame]:
    """The frames, those of comprehensions, which some Pythons have, as parts of their lines."""
    merged: list[Frame] = []
    for frame in frames:
        around = merged[-1] if merged else frame
        if frame.function in _COMPREHENSIONS and merged and _place(around) == _place(frame):
            values = tuple({**dict(around.values), **dict(frame.values)}.items())
            merged[-1] = replace(around, at=frame.at, width=frame.width, values=values)
        else:
            merged.append(frame)
    return merged


def _caret(raw: RawFrame, source: str) -> tuple[int | None, int]:
    """Column and width in a line of the author's, of which the frame may know a part."""
    if raw.column is None or not raw.text:
        return None, 0
    if _same(raw.text, source):
        return raw.column, raw.width
    before = source.find(raw.text.strip())
    if before < 0:
        return None, 0
    return before + raw.column - (len(raw.text) - len(raw.text.lstrip())), raw.width


def _line_in_source(frame: RawFrame, source: Sequence[str]) -> int | None:
    line, text = frame.line, frame.text.strip()
    if line is None or not text:
        return line
    if line <= len(source) and _same(text, source[line - 1]):
        return line
    same = [k for k, candidate in enumerate(source, 1) if _same(text, candidate)]
    # No equal line: IPython shows a magic as the call that it becomes, in its own line.
    return min(same, key=lambda k: abs(k - line), default=line)


def _same(text: str, line: str) -> bool:
    """Whether a frame's text is a line of the author's, whatever is hidden in it."""
    text, line = text.strip(), line.strip()
    if text == line:
        return True
    parts = [re.escape(part) for part in text.split(HIDDEN)]
    return len(parts) > 1 and re.fullmatch(".*".join(parts), line) is not None
