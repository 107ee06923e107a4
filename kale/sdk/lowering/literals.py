"""Expressions that are literals, whose values are known without running anything."""

from __future__ import annotations

import ast


def is_literal(node: ast.expr) -> bool:
    """Whether Python's ``literal_eval`` takes an expression."""
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return False
    return True


def is_fixed_literal(node: ast.expr) -> bool:
    """Whether it is a literal of a value that nothing can change in place."""
    mutable = any(isinstance(n, ast.List | ast.Dict | ast.Set) for n in ast.walk(node))
    return not mutable and is_literal(node)
