"""The probe ``values``: the author's lines that an exception passed through, and what they held.

Only the standard library, and Python 3.10: this runs in the process of the notebook's own
interpreter, as the text that ``probe_source`` makes of it. It reads frames; it calls nothing of
the notebook's and binds nothing there.
"""

from __future__ import annotations

import ast
import builtins
import os
import sys
import types
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from kale.runners.failures.author_sources import Sources
from kale.runners.failures.masking import mask, mask_message, secret_values
from kale.runners.failures.short_text import attributes_of, is_code, short_text

#: Frames told from either end of a traceback, names told of a frame, characters of a message.
_FRAMES, _NAMES, _MESSAGE = 6, 8, 10_000

#: Namespaces that are searched for secrets.
_MOST_SPACES = 50

#: A part of a traceback, and how many there are of the same line in a row.
_Seen = tuple[types.TracebackType, int]

_declared: list[str] = []
_folder: list[str] = ["."]
_environ: dict[str, str] = {}


def start(
    secrets: Iterable[str] = (), folder: str = ".", environ: Mapping[str, str] | None = None
) -> None:
    """Note which environment variables hold secrets, where relative paths begin, and ``environ``.

    That is the environment before the first cell, which may have put a variable out of sight.
    """
    _declared[:] = secrets
    _folder[:] = [folder]
    _environ.update(environ or {})


def failure() -> dict[str, Any] | None:
    """The exception that the last cell ended with, as JSON values; ``None`` if there is none.

    ``more`` are lines that belong to the message. ``frames`` are outermost first: ``count``, the
    execution count of a cell, or ``file``; ``line`` and ``column`` from 1, the ``width`` of the
    expression there; ``function``; ``source``, the line; ``values``, pairs of name and
    text. All text is without secrets.
    """
    error = getattr(sys, "last_value", None)
    if not isinstance(error, BaseException):
        return None
    known = {*secret_values(os.environ, _declared), *secret_values(_environ, _declared)}
    for texts in _texts_in_reach():
        known.update(secret_values(texts))
    secrets = tuple(sorted(known, key=len, reverse=True))
    return {
        "type": type(error).__name__,
        "message": mask_message(_message(error), secrets),
        "more": [mask_message(line, secrets) for line in _more_of(error)],
        "frames": _frames(error, getattr(sys, "last_traceback", None), Sources(*_folder), secrets),
    }


def _message(error: BaseException) -> str:
    try:
        if isinstance(error, SyntaxError):
            return str(error.msg)[:_MESSAGE]
        return str(error)[:_MESSAGE]
    except BaseException:  # noqa: BLE001 - anybody's code, and there is a failure to tell already
        return ""


def _parts(error: BaseException) -> Sequence[BaseException]:
    """The exceptions that a group holds; none for any other."""
    group = getattr(builtins, "BaseExceptionGroup", ())
    return error.exceptions if isinstance(error, group) else ()


def _more_of(error: BaseException) -> list[str]:
    try:
        return list(_more(error))
    except BaseException:  # noqa: BLE001 - attributes of exceptions are anything, too
        return []


def _more(error: BaseException) -> Iterator[str]:
    """Notes on an exception, what a group holds, and what an exception came from."""
    for note in list(getattr(error, "__notes__", None) or ())[:3]:
        yield str(note)[:_MESSAGE]
    for part in _parts(error)[:5]:
        yield f"- {type(part).__name__}: {_message(part)}"
    cause = error.__cause__
    if cause is not None and (type(cause), _message(cause)) != (type(error), _message(error)):
        yield f"caused by {type(cause).__name__}: {_message(cause)}"


def _texts_in_reach() -> Iterator[dict[str, str]]:
    """The texts that the notebook's names and those of the functions under way stand for."""
    spaces: list[Mapping[str, object]] = [vars(sys.modules["__main__"])]
    trace = getattr(sys, "last_traceback", None)
    while trace is not None and len(spaces) < _MOST_SPACES:
        spaces.append(trace.tb_frame.f_locals)
        trace = trace.tb_next
    for space in spaces:
        yield {name: value for name, value in [*space.items()] if type(value) is str}


def _frames(
    error: BaseException,
    trace: types.TracebackType | None,
    sources: Sources,
    secrets: Sequence[str],
) -> list[dict[str, Any]]:
    """What is told of the frames of the author's code; a group's first exception comes after."""
    told = [
        {**_tell(step, sources, secrets), "times": times}
        for step, times in _ends(_authors(trace, sources))
    ]
    if isinstance(error, SyntaxError) and error.lineno and sources.knows(str(error.filename)):
        # A file that was being compiled, or a cell whose indentation does not hold.
        told.append(_tell_syntax(error, sources, secrets))
    for part in _parts(error)[:1]:
        told += _frames(part, part.__traceback__, sources, secrets)
    return told


def _authors(trace: types.TracebackType | None, sources: Sources) -> Iterator[_Seen]:
    """The parts of a traceback in the author's code.

    Of a line that calls itself the innermost, with how many there are.
    """
    last, times = None, 0
    while trace is not None:
        if sources.knows(trace.tb_frame.f_code.co_filename):
            if last is not None and _line(last) != _line(trace):
                yield last, times
                times = 0
            last, times = trace, times + 1
        trace = trace.tb_next
    if last is not None:
        yield last, times


def _line(trace: types.TracebackType) -> tuple[types.CodeType, int]:
    return trace.tb_frame.f_code, trace.tb_lineno


def _ends(found: Iterator[_Seen]) -> list[_Seen]:
    """The first and the last few."""
    return [*islice(found, _FRAMES), *deque(found, maxlen=_FRAMES)]


def _tell(trace: types.TracebackType, sources: Sources, secrets: Sequence[str]) -> dict[str, Any]:
    """What is told of a frame; less of one whose source or values cannot be had."""
    frame, line = trace.tb_frame, trace.tb_lineno
    file = frame.f_code.co_filename
    told: dict[str, Any] = {**sources.place(file), "line": line, "function": frame.f_code.co_name}
    try:
        sources.note_body(file, line)
        lines = sources.lines(file)
        source = lines[line - 1].rstrip("\r\n") if 0 < line <= len(lines) else ""
        last, begin, end = _range(frame.f_code, trace.tb_lasti, line, source)
        told.update(_caret(source, begin, end if last == line else None, secrets))
        told["values"] = [
            (name, short_text(name, value, secrets))
            for name, value in _values(frame, sources.tree(file), line, max(line, last))
        ]
    except Exception as error:  # noqa: BLE001 - the failure is told with what there is
        told["trouble"] = type(error).__name__
    return told


def _tell_syntax(error: SyntaxError, sources: Sources, secrets: Sequence[str]) -> dict[str, Any]:
    line, file = error.lineno or 1, str(error.filename)
    lines = sources.lines(file)
    source = lines[line - 1].rstrip("\r\n") if 0 < line <= len(lines) else error.text or ""
    begin = (error.offset or 0) - 1
    end = (getattr(error, "end_offset", 0) or 0) - 1
    one_line = getattr(error, "end_lineno", line) in (line, None)
    found = _caret(source, begin, end if one_line and end > begin else begin + 1, secrets)
    return {**sources.place(file), "line": line, "function": "", **found}


def _range(
    code: types.CodeType, offset: int, line: int, source: str
) -> tuple[int, int | None, int | None]:
    """The last line of the expression at an offset of the code, and its columns, in characters."""
    positions = getattr(code, "co_positions", None)
    found = next(islice(positions(), offset // 2, None), None) if positions else None
    if found is None or found[0] != line:
        return line, None, None
    _, last, begin, end = found
    text = source.encode(errors="replace")
    columns = [None if c is None else len(text[:c].decode(errors="replace")) for c in (begin, end)]
    return last or line, columns[0], columns[1]


def _caret(
    source: str, begin: int | None, end: int | None, secrets: Sequence[str]
) -> dict[str, Any]:
    """The line without secrets, and what of it to point at."""
    text = mask(source, secrets)
    told: dict[str, Any] = {"source": text}
    if begin is None or begin < 0:
        return told
    stop = len(source.rstrip()) if end is None else end
    before, through = mask(source[:begin], secrets), mask(source[:stop], secrets)
    # What is hidden may lie across an end of the expression.
    if text.startswith(through) and through.startswith(before):
        told.update(column=len(before) + 1, width=max(len(through) - len(before), 1))
    return told


def _values(
    frame: types.FrameType, tree: ast.AST | None, first: int, last: int
) -> list[tuple[str, object]]:
    """The names that are read on these lines, in their order, with their values."""
    found: dict[str, tuple[tuple[int, int], object]] = {}
    for node in ast.walk(tree or ast.Module([], [])):
        if not isinstance(node, (ast.Name, ast.Attribute)) or not first <= node.lineno <= last:
            continue
        *attributes, name = _dotted(node)
        if not name or (isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)):
            continue
        for scope in (frame.f_locals, frame.f_globals):
            if name in scope:
                shown, value = _follow(name, scope[name], attributes[::-1])
                if not is_code(value):
                    found.setdefault(shown, ((node.lineno, node.col_offset), value))
                break
    whole = [name for name in found if not any(other.startswith(f"{name}.") for other in found)]
    whole.sort(key=lambda name: found[name][0])
    return [(name, found[name][1]) for name in whole[:_NAMES]]


def _dotted(node: ast.AST) -> list[str]:
    """The parts of ``a.b.c``, the last first; an empty one last for what begins otherwise."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [*parts, node.id if isinstance(node, ast.Name) else ""]


def _follow(name: str, value: object, attributes: Sequence[str]) -> tuple[str, object]:
    """The attribute of an attribute of a value, as far as no code has to be run for it."""
    for attribute in attributes:
        held = attributes_of(value)
        if attribute not in held or (is_code(held[attribute])):
            break
        name, value = f"{name}.{attribute}", held[attribute]
    return name, value
