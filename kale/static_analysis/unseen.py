"""Code that may bind any name: magics, text that is run, names that are computed.

The reader of the notebook marks the calls of such magics ``unseen=True``.
"""

from __future__ import annotations

import ast

from kale.static_analysis.facts import SHARED, Facts


def first_unseen(facts: Facts) -> int | None:
    """The first cell with such a magic; from there on a name may be bound that nothing shows."""
    for cell in facts.cells:
        if "unseen=True" in cell.source.python and any(
            isinstance(node, ast.keyword) and node.arg == "unseen" for node in ast.walk(cell.tree)
        ):
            return cell.number
    return None


#: Calls that may give the names of the cell that they stand in a value.
_BINDING = frozenset({"exec", "globals", "locals", "vars"})


def may_bind_unseen(facts: Facts, step: str, last: int) -> bool:
    """Whether a step, up to a cell, or a shared cell may bind names that nothing shows."""
    return any(
        cell.number <= last or SHARED in cell.owners
        for cell in (*facts.cells_of(SHARED), *facts.cells_of(step))
        if any(f"{name}(" in cell.source.python for name in _BINDING)
        and any(map(_binds_names, ast.walk(cell.tree)))
    )


def _binds_names(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="exec")):
            return True
        case ast.Call(func=ast.Attribute(value=inner, attr="update" | "setdefault")):
            return _is_namespace(inner)
        case ast.Subscript(value=inner, ctx=ast.Store()):
            return _is_namespace(inner)
        case _:
            return False


def _is_namespace(node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[]):
            return name in _BINDING
        case _:
            return False
