"""``globals()["x"]``: the name ``x`` in other words, so it is read as that name.

Done once in the syntax tree, where it is parsed. In a function, only a lookup is, of a name that
no scope around binds; to bind there takes a declaration. Any other use of ``globals()`` stays as
it is, and KALE334 says so.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from kale.static_analysis.ambient import AMBIENT
from kale.static_analysis.scopes import (
    Comprehension,
    FunctionNode,
    argument_names,
    bindings,
    comprehension_targets,
)

_Scope = frozenset[str] | None  # names that hide the notebook's; None at the top level


def name_lookups(tree: ast.Module) -> None:
    """Put names in place of the constant subscripts of ``globals()`` in a tree."""
    pending: list[tuple[ast.AST, _Scope]] = [(tree, None)]
    while pending:
        node, scope = pending.pop()
        inner = _inside(node, scope)
        for field, child in _children(node):
            name = _looked_up(child, inner)
            if name is not None:
                assert isinstance(child, ast.Subscript)
                plain = ast.copy_location(ast.Name(name, child.ctx), child)
                if isinstance(field, str):
                    setattr(node, field, plain)
                else:
                    children, position = field
                    children[position] = plain
            else:
                pending.append((child, inner))


def _children(
    node: ast.AST,
) -> Iterator[tuple[str | tuple[list[ast.AST], int], ast.AST]]:
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield field, value
        elif isinstance(value, list):
            for position, child in enumerate(value):
                if isinstance(child, ast.AST):
                    yield (value, position), child


def _inside(node: ast.AST, scope: _Scope) -> _Scope:
    """The names that hide the notebook's from what stands in a node."""
    if isinstance(node, FunctionNode):
        body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else [*node.body]
        bound, declared_global, _ = bindings(body)
        return (scope or frozenset()) | bound - declared_global | argument_names(node.args)
    if isinstance(node, ast.ClassDef):
        return (scope or frozenset()) | bindings([*node.body])[0]
    if isinstance(node, Comprehension):
        return (scope or frozenset()) | comprehension_targets(node)
    return scope


def _looked_up(node: ast.AST, scope: _Scope) -> str | None:
    match node:
        case ast.Subscript(
            value=ast.Call(func=ast.Name(id="globals"), args=[], keywords=[]),
            slice=ast.Constant(value=str(name)),
            ctx=ctx,
        ) if name.isidentifier() and name not in AMBIENT:
            if scope is None or (isinstance(ctx, ast.Load) and name not in scope):
                return name
    return None
