"""What a loop says without being run: how many items it has, and the names that it binds."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from kale.ir import Step
from kale.nbparser.scripts import bound_by
from kale.nbparser.syntax import parse_quietly


def target_names(target: str) -> Iterator[str]:
    """The names that the target of a loop binds."""
    tree = ast.parse(f"for {target} in (): pass")
    return (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def values_bound(steps: Iterable[Step]) -> list[str]:
    """The names of values that the steps bind at their top level; code is no value."""
    found: dict[str, None] = {}
    for step in steps:
        for source in step.sources:
            tree = parse_quietly(source.python)
            for statement in tree.body if tree is not None else ():
                if not isinstance(statement, _CODE):
                    found.update(dict.fromkeys(bound_by(statement)))
    return list(found)


_CODE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


def item_count(items: str) -> int | None:
    """How many items a literal or a ``range`` of numbers has; ``None`` for all else."""
    tree = ast.parse(items, mode="eval").body
    match tree:
        case ast.Call(func=ast.Name(id="range"), args=[_, *_], keywords=[]):
            numbers = [_literal(part) for part in tree.args]
            try:
                return len(range(*numbers))
            except (TypeError, ValueError, OverflowError):
                return None
        case ast.List() | ast.Tuple() | ast.Constant(value=str()):
            value = _literal(tree)
            return len(value) if isinstance(value, list | tuple | str) else None
    return None


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return None
