"""Cell numbers that put all code of a pipeline in its order, also where cells have several pieces.

The analysis orders code by the numbers of its cells. Pieces that one line of a script or one cell
of a notebook gave rise to (a step and what decides its loop) get fractions of that number.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from kale.diagnostics import Diagnostic
from kale.errors import KaleError, Location
from kale.ir import Pipeline, Source

#: Between two pieces of one cell; less than a thousandth of them would be lost in a float.
_FRACTION = 1 / 1024

_FRACTIONAL = re.compile(r"(\bcells? (?:[\d, ]|and )*\d+)\.\d+")


def numbered(pipeline: Pipeline) -> Pipeline:
    """The pipeline with a cell number of its own for each piece of code, in the order they run."""
    pieces: dict[tuple[int, str], int] = {}
    taken: dict[int, int] = {}

    def number(source: Source) -> Source:
        cell = source.at.cell or 0
        known = pieces.setdefault((cell, source.code), taken.get(cell, 0))
        taken[cell] = max(taken.get(cell, 0), known + 1)
        # A whole number wherever a cell has one piece only.
        found = cell if not known else _between(cell, known)
        return replace(source, at=replace(source.at, cell=found))

    return replace(
        pipeline,
        imports=tuple(map(number, pipeline.imports)),
        functions=tuple(map(number, pipeline.functions)),
        steps=tuple(
            replace(step, sources=tuple(map(number, step.sources))) for step in pipeline.steps
        ),
    )


def _between(cell: int, piece: int) -> int:
    return cell + piece * _FRACTION  # type: ignore[return-value]  # for the analysis alone


def before(cell: int) -> int:
    """A number between that of a cell and those of the cells above it."""
    return cell - _FRACTION / 2  # type: ignore[return-value]  # for the analysis alone


def behind(cell: int) -> int:
    """A number between that of a cell and those of the cells below it."""
    return cell + _FRACTION / 2  # type: ignore[return-value]  # for the analysis alone


def whole(at: Location | None) -> Location | None:
    """The place with the number that its cell has in the notebook."""
    if at is None or at.cell is None:
        return at
    return replace(at, cell=math.floor(at.cell))


def whole_finding(finding: Diagnostic) -> Diagnostic:
    """The finding with the numbers that cells have in the notebook."""
    message, hint = (_FRACTIONAL.sub(r"\1", text) for text in (finding.message, finding.hint))
    return replace(finding, message=message, hint=hint, at=whole(finding.at))


def whole_error(error: KaleError) -> KaleError:
    """The error with the numbers that cells have in the notebook."""
    message, hint = (_FRACTIONAL.sub(r"\1", text) for text in (error.message, error.hint))
    return type(error)(error.code, message, at=whole(error.at), hint=hint)
