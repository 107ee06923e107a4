"""The data flow of a notebook as a person reads it: what each step is given, and what it saves."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import TextIO

import click

from kale.cli.terminal import display_width
from kale.data_flow import DataFlow, Edge, EdgeKind, Given, StepFlow
from kale.ir import InputKind, Reason
from kale.printable import printable

#: Narrower sentences than this are put under their names instead of beside them.
_NARROW = 40
#: Longer names than this do not push the column of sentences to the right.
_LONGEST = 40


def terminal_width(stream: TextIO) -> int | None:
    """The columns of the terminal that a stream goes to, ``None`` when it goes elsewhere."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def data_flow_lines(flow: DataFlow, width: int | None) -> Iterator[str]:
    """A data flow as lines; sentences are wrapped at ``width`` columns, if that is given."""
    yield printable(f"{flow.pipeline}: {_count(len(flow.steps), 'step')}")
    for step in flow.steps:
        yield ""
        yield from _step_lines(step, width)


def _step_lines(step: StepFlow, width: int | None) -> Iterator[str]:
    name = click.style(printable(step.name), bold=True)
    cells = [str(cell) for cell in step.cells]
    unit = "line" if step.in_lines else "cell"
    what = f"{unit}{'s' if len(cells) != 1 else ''} {', '.join(cells)}"
    yield f"{name} ({what})"
    for edge in step.after:
        yield from _wrapped("  after ", printable(_edge(edge)), width, 8)
    shared = [one for one in step.inputs if _is_shared_code(one)]
    given = [one for one in step.inputs if not _is_shared_code(one)]
    if given:
        yield "  is given"
        rows = [(one.source.name, _kind(one), _sentence(one)) for one in given]
        yield from _table(rows, width)
    if shared:
        names = ", ".join(one.source.name for one in shared)
        where = "code outside of functions" if step.in_lines else "cells"
        text = printable(f"{names} (from {where} that every step runs)")
        yield from _wrapped("  runs with ", text, width, 4)
    if step.outputs:
        yield "  saves"
        yield from _table(
            [(one.name, "for " + ", ".join(one.consumers), "") for one in step.outputs], width
        )
    if step.metrics:
        yield from _wrapped("  reports ", printable(", ".join(step.metrics)), width, 4)


def _is_shared_code(one: Given) -> bool:
    """Whether a name is one that the ``imports`` and ``functions`` cells define as code."""
    return one.source.kind is InputKind.CODE and not one.producers


def _edge(edge: Edge) -> str:
    names = ", ".join(f"`{name}`" for name in edge.names)
    reads = f"because it reads {names}" if names else ""
    reasons = {
        EdgeKind.PREV: "as `prev:` says",
        EdgeKind.DATA: reads or "which decides about its loop or condition",
        EdgeKind.SETUP: "which runs before all others",
        EdgeKind.METRICS: reads or "which stands above the metrics",
    }
    return f"{edge.step}, {reasons[edge.kind]}"


def _kind(one: Given) -> str:
    kind = one.source.kind.value
    return f"{kind} of {' or '.join(one.producers)}" if one.producers else kind


def _sentence(one: Given) -> str:
    at = one.source.at
    verb = "read" if one.source.reason is Reason.READ else "needed"
    read = f"; {verb} in {at.place}" if at is not None else ""
    return f"{one.why}{read}"


def _table(rows: list[tuple[str, str, str]], width: int | None) -> Iterator[str]:
    """Rows of a name, a kind and a sentence, the first two in columns of their own."""
    shown = [tuple(printable(cell) for cell in row) for row in rows]
    names, kinds = (
        max(min(display_width(row[column]), _LONGEST) for row in shown) for column in (0, 1)
    )
    indent = 4 + names + 2 + kinds + 2
    for name, kind, sentence in shown:
        head = f"    {_padded(name, names)}  {_padded(kind, kinds)}"
        if not sentence:
            yield from _wrapped(f"    {_padded(name, names)}  ", kind, width, 6 + names)
        elif width is None or width - indent >= _NARROW:
            yield from _wrapped(f"{head}  ", sentence, width, indent)
        else:
            yield head.rstrip()
            yield from _wrapped(" " * 8, sentence, width, 8)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - display_width(text))


def _wrapped(head: str, text: str, width: int | None, indent: int) -> Iterator[str]:
    """``head`` and words behind it, in lines of at most ``width`` columns where words allow it."""
    line, empty = head, True
    for word in re.split(r" (?![0-9])", text):  # "cell 7" is one word
        if width is not None and not empty and display_width(f"{line} {word}") > width:
            yield line
            line, empty = " " * indent, True
        line = f"{line}{word}" if empty else f"{line} {word}"
        empty = False
    yield line


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number != 1 else ''}"
