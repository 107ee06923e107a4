"""Where code mentions functions of its module."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator

from kale.sdk.lowering.global_names import global_names


def calls(node: ast.AST, name: str) -> int:
    """How often a function is called by its name."""
    return sum(
        isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id == name
        for one in ast.walk(node)
    )


def mentions(node: ast.stmt, names: set[str]) -> bool:
    """Whether code looks up one of the names as a variable of the module."""
    return _mention_in(node, names) is not None


def first_mention(node: ast.stmt, names: set[str]) -> ast.Name:
    """The first place where code does so, which it does."""
    found = _mention_in(node, names)
    assert found is not None
    return found


def _mention_in(node: ast.stmt, names: set[str]) -> ast.Name | None:
    """The first place where code looks up one of the names as a variable of the module."""
    found = [n for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in names]
    read = global_names([node]).read if found else ()
    return next((n for n in found if n.id in read), None)


def walk_without(node: ast.AST, left_out: Container[int]) -> Iterator[ast.AST]:
    """A node and all in it, but for the nodes of those `id`s."""
    if id(node) in left_out:
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from walk_without(child, left_out)
