"""Walks over a syntax tree that pass by what holds no code: contexts and operators.

They are a good half of the nodes that :func:`ast.walk` yields, and no rule here asks for them.
"""

from __future__ import annotations

import ast
from typing import Any

#: Fields that hold no expression, statement or other part with code in it, in any kind of node.
_NO_PARTS = frozenset(
    "attr asname conversion ctx id is_async kind level lineno module op ops rest simple tag "
    "type_comment type_ignores".split()
)

#: Fields that are names or values in some kinds of nodes and parts in others.
_NO_PARTS_OF = {
    ast.Constant: frozenset({"value"}),
    ast.MatchSingleton: frozenset({"value"}),
    ast.Global: frozenset({"names"}),
    ast.Nonlocal: frozenset({"names"}),
    ast.alias: frozenset({"name"}),
    ast.arg: frozenset({"arg"}),
    ast.keyword: frozenset({"arg"}),
    ast.FunctionDef: frozenset({"name"}),
    ast.AsyncFunctionDef: frozenset({"name"}),
    ast.ClassDef: frozenset({"name"}),
    ast.ExceptHandler: frozenset({"name"}),
    ast.MatchAs: frozenset({"name"}),
    ast.MatchStar: frozenset({"name"}),
    ast.MatchClass: frozenset({"kwd_attrs"}),
}


#: What has no parts.
_LEAVES = (ast.Name, ast.Constant)


class _Parts(dict[type[ast.AST], tuple[str, ...]]):
    """The fields of each kind of node that may hold nodes, in the order of the grammar."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        without = _NO_PARTS | _NO_PARTS_OF.get(kind, frozenset())
        self[kind] = fields = tuple(field for field in kind._fields if field not in without)
        return fields


_PARTS = _Parts()


def children(node: ast.AST) -> list[ast.AST]:
    """The parts of a node, in source order; contexts and operators are left out."""
    found: list[ast.AST] = []
    for field in _PARTS[node.__class__]:
        value = getattr(node, field, None)
        if value.__class__ is list:
            found += [part for part in value if isinstance(part, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


def branches(node: ast.AST) -> list[ast.AST]:
    """The parts of a node that may have parts themselves: neither names nor constants."""
    return [part for part in children(node) if not isinstance(part, _LEAVES)]


def nodes_of(root: ast.AST) -> list[ast.AST]:
    """A node and all below it, the upper ones first, in the order of :func:`ast.walk`."""
    found = [root]
    for node in found:  # which grows on the way
        for field in _PARTS[node.__class__]:
            value = getattr(node, field, None)
            if value.__class__ is list:
                found += [part for part in value if isinstance(part, ast.AST)]
            elif isinstance(value, ast.AST):
                found.append(value)
    return found


class Visitor(ast.NodeVisitor):
    """Visits as :class:`ast.NodeVisitor` does, but not contexts and operators."""

    def generic_visit(self, node: ast.AST) -> Any:
        """Visit the parts of a node."""
        for part in children(node):
            self.visit(part)
