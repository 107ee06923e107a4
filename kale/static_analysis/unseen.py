"""Magics that may bind any name: the reader of the notebook marks their calls ``unseen=True``."""

from __future__ import annotations

import ast

from kale.static_analysis.facts import Facts


def first_unseen(facts: Facts) -> int | None:
    """The first cell with such a magic; from there on a name may be bound that nothing shows."""
    for cell in facts.cells:
        if "unseen=True" in cell.source.python and any(
            isinstance(node, ast.keyword) and node.arg == "unseen" for node in ast.walk(cell.tree)
        ):
            return cell.number
    return None
