"""Why a step failed, told in terms of the author's notebook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kale.errors import Location

#: Names, each with a short text of its value; secrets are hidden.
Values = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of the author's code on the way to an exception: its place and its text.

    In a module beside the notebook ``at`` has no cell and that file's path. ``width`` is that of
    the expression at ``at.column``, in characters; ``values`` are those of the names on the line. A
    line that called itself stands for as many ``times``, and tells of the innermost.
    """

    at: Location
    source: str
    function: str = ""
    values: Values = ()
    width: int = 0
    times: int = 1

    def as_json(self) -> dict[str, Any]:
        """The frame as JSON values."""
        return {
            "path": self.at.path,
            "cell": self.at.shown_cell,
            "line": self.at.shown_line,
            "column": self.at.column,
            "function": self.function,
            "source": self.source,
            "values": dict(self.values),
            "times": self.times,
        }


@dataclass(frozen=True, slots=True)
class StepError:
    """Why a step failed, told in terms of the author's notebook.

    ``at`` has no cell when no cell of the author's was running (a value could not be loaded or
    saved, no kernel started), and no line when the exception does not tell it. ``source``
    is the text of that line, ``width`` that of the expression at ``at.column``, in characters.
    ``frames`` are the author's lines that the exception passed through inside that
    cell's call, outermost first. ``hint`` says what to do, if anybody knows. ``values`` are
    those of the names on the line; ``inputs`` tell what the step was given.
    """

    type: str
    message: str
    at: Location
    source: str = ""
    frames: tuple[Frame, ...] = ()
    hint: str = ""
    values: Values = ()
    inputs: Values = ()
    width: int = 0

    def as_json(self) -> dict[str, Any]:
        """The failure as JSON values."""
        return {
            "type": self.type,
            "message": self.message,
            "cell": self.at.shown_cell,
            "cell_id": self.at.cell_id,
            "line": self.at.shown_line,
            "column": self.at.column,
            "source": self.source,
            "values": dict(self.values),
            "frames": [frame.as_json() for frame in self.frames],
            "inputs": dict(self.inputs),
            "hint": self.hint,
        }
