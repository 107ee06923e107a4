"""A notebook cell with what it does."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import field, replace
from functools import lru_cache

from kale.dataclass import dataclass
from kale.errors import Location
from kale.ir import Source
from kale.static_analysis.definitions import Definition
from kale.static_analysis.effects import CellEffects


@dataclass(frozen=True, slots=True)
class Cell:
    """One active cell: who runs it, its code, its syntax tree, its effects, and its definitions.

    ``code`` maps statements of the tree's top level that define names as code to what they are.
    """

    number: int
    owners: tuple[str, ...]
    source: Source
    tree: ast.Module
    effects: CellEffects
    code: Mapping[ast.stmt, Definition] = field(default_factory=dict)

    def place(self, node: ast.AST) -> Location:
        """Where a node of the cell's tree stands in the notebook."""
        line = getattr(node, "lineno", 1)
        return replace(
            self.source.at,
            line=(self.source.at.line or 1) + line - 1,
            column=self._column(line, getattr(node, "col_offset", 0)),
        )

    def _column(self, line: int, offset: int) -> int | None:
        """The column of a byte offset, where the author's line is the line that was parsed."""
        written, parsed = _lines(self.source.code), _lines(self.source.python)
        if not 0 < line <= len(parsed) or written[line - 1 : line] != parsed[line - 1 : line]:
            return None
        return len(parsed[line - 1].encode()[:offset].decode(errors="replace")) + 1


@lru_cache(maxsize=16)
def _lines(text: str) -> tuple[str, ...]:
    """The lines of a cell; it is asked for many of its places, one after the other."""
    return tuple(text.split("\n"))
