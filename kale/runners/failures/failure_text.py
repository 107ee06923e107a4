"""A failed step as a person reads it: place, cause, line, values, remedy, and where to look."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kale.printable import printable
from kale.runners.failures.step_error import Frame, StepError, Values
from kale.script_words import script_words

if TYPE_CHECKING:
    from kale.runners.result import StepResult

#: Lines of a message that are told; the executed notebook has them all.
_MESSAGE_LINES = 12
#: Characters of each of them.
_MESSAGE = 600
#: A longer source line is shown from where the caret is.
_WIDEST = 110
#: Columns that stand before a caret in a line too long to show.
_BEFORE = 40

_RED, _BOLD, _DIM, _PLAIN = "\x1b[31m", "\x1b[1m", "\x1b[2m", "\x1b[0m"


def failure_lines(
    step: StepResult, *, resume: str = "", colour: bool = False, here: Path | None = None
) -> list[str]:
    """What to print about a failed step; nothing for any other.

    The place and the exception, the source line with a caret and the values on it, the author's
    further lines that the exception passed through, what the step was given, the remedy, where the
    executed notebook and the log are (relative to the folder ``here`` if they lie below it), and
    ``resume``, the command that goes on from there.
    No line holds what a terminal would obey but, if ``colour``, the looks that this puts there.
    """
    error = step.error
    if error is None:
        return []
    paint = _Paint(colour)
    first, *more = error.message.replace("\r\n", "\n").strip().split("\n")
    cause = _cut(printable(f"{error.type}: {first}" if first else error.type), _MESSAGE)
    lines = [f"{printable(str(error.at))}: {paint(cause, _BOLD + _RED)}"]
    lines += [f"    {_cut(printable(line), _MESSAGE)}" for line in more[:_MESSAGE_LINES]]
    if len(more) > _MESSAGE_LINES:
        lines.append(f"    … {len(more) - _MESSAGE_LINES} lines more in the executed notebook")
    if error.source.strip():
        lines += _source(error.source, error.at.column or _first(error.source), error.width, paint)
    lines += _values(error.values, paint)
    for frame in error.frames:
        lines += [
            f"  {_inside(frame)}:",
            *_source(frame.source, frame.at.column, frame.width, paint),
        ]
        lines += _values(frame.values, paint)
    lines += _inputs(error.inputs, paint)
    facts = {
        "hint": script_words(error.hint) if error.at.in_script else error.hint,
        "attempts": str(step.attempts) if step.attempts > 1 else "",
        "executed notebook": _path(step.notebook, here),
        "log": _path(step.log, here),
        "resume": resume,
    }
    lines += [
        f"  {paint(f'{name}:', _DIM)} {printable(text)}" for name, text in facts.items() if text
    ]
    return lines


def retry_reason(error: StepError) -> str:
    """Why an attempt failed, on one line: the place in the notebook and the exception."""
    first = error.message.strip().partition("\n")[0]
    cause = f"{error.type}: {first}" if first else error.type
    return printable(f"{error.at.place}: {cause}" if error.at.place else cause)


def _path(path: Path | None, here: Path | None) -> str:
    if path is None:
        return ""
    return str(path.relative_to(here) if here and path.is_relative_to(here) else path)


class _Paint:
    """Puts looks around text, or leaves it."""

    def __init__(self, colour: bool) -> None:
        self._colour = colour

    def __call__(self, text: str, look: str) -> str:
        return f"{look}{text}{_PLAIN}" if self._colour else text


def _inside(frame: Frame) -> str:
    at = frame.at
    place = f"{at.path}, line {at.line}" if at.cell is None else at.place
    if frame.function:
        place = f"{frame.function}, {place}"
    return printable(f"in {place}, {frame.times} times" if frame.times > 1 else f"in {place}")


def _first(source: str) -> int:
    """The column of the first character that is not blank."""
    return len(source) - len(source.lstrip()) + 1


def _source(source: str, column: int | None, width: int, paint: _Paint) -> list[str]:
    """A source line and, if a column is known, what points at it."""
    indent = _first(source) - 1
    code = source.strip()
    if column is None or not indent < column <= len(source) + 1:
        return [f"    {_cut(printable(code))}"]
    start = column - 1 - indent
    dots = ""
    if start + width > _WIDEST:
        # What is pointed at has to be seen.
        shift = max(start - _BEFORE, 0)
        dots, code, start = ("… " if shift else ""), code[shift:], start - shift
    before, marked = (
        printable(text.replace("\t", " ")) for text in (code[:start], code[start:][:width])
    )
    rest = printable(code[start + width :])
    text = _cut(f"{dots}{before}{marked}{rest}")
    offset = _columns(dots + before)
    length = max(min(_columns(marked), _columns(text) - offset), 1)
    return [f"    {text}", f"    {' ' * offset}{paint('^' * length, _RED)}"]


def _cut(text: str, widest: int = _WIDEST + 10) -> str:
    return text if len(text) <= widest else f"{text[: widest - 1]}…"


def _columns(text: str) -> int:
    """The columns that text takes on a terminal: two for a wide character, none for a mark."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )


def _values(values: Values, paint: _Paint) -> Iterator[str]:
    for name, text in values:
        yield f"      {printable(name)} {paint('=', _DIM)} {printable(text)}"


def _inputs(inputs: Values, paint: _Paint) -> Iterator[str]:
    if inputs:
        yield f"  {paint('inputs:', _DIM)}"
    width = min(max((len(name) for name, _ in inputs), default=0), 30)
    for name, text in inputs:
        yield f"    {printable(name):<{width}}  {printable(text)}"
