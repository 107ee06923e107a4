"""A notebook cell with what it does."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from kale.errors import Location
from kale.ir import Source
from kale.static_analysis.effects import CellEffects


@dataclass(frozen=True, slots=True)
class Cell:
    """One active cell: who runs it, its code, its syntax tree and its effects."""

    number: int
    owners: tuple[str, ...]
    source: Source
    tree: ast.Module
    effects: CellEffects

    def place(self, node: ast.AST) -> Location:
        """Where a node of the cell's tree stands in the notebook."""
        line = getattr(node, "lineno", 1)
        column = getattr(node, "col_offset", 0) + 1
        return replace(self.source.at, line=(self.source.at.line or 1) + line - 1, column=column)
