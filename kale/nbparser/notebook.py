"""A notebook as values: what the reader hands to the parser, whatever the file's format was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kale.dataclass import dataclass
from kale.errors import Location


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; ``number`` counts from 1, Markdown included; ``kind`` is nbformat's word.

    ``id`` is the notebook's own, never an invented one. ``tags`` stand as in the file, without
    repetitions; ``bad_tags`` says that the file's ``tags`` were no list of strings.
    """

    number: int
    id: str | None
    kind: str
    source: str
    tags: tuple[str, ...]
    metadata: Mapping[str, Any]
    bad_tags: bool = False


@dataclass(frozen=True, slots=True)
class Notebook:
    """A Python notebook of at least one cell; ``path`` is as the user gave it."""

    path: str
    cells: tuple[Cell, ...]
    metadata: Mapping[str, Any]
    kernel: str

    def place(self, cell: Cell, line: int | None = None, step: str | None = None) -> Location:
        """The place of a cell, or of a line of it."""
        return Location(self.path, cell.number, line, step=step, cell_id=cell.id)
