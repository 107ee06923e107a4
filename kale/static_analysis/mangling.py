"""Private names of classes: within ``class A``, ``__x`` is the name ``_A__x``.

The rules are those of the language reference, section 6.2.1. They are applied to the syntax tree
once, where it is parsed, so that nothing else has to know them.
"""

from __future__ import annotations

import ast

#: The fields of syntax nodes that hold a name; an import's own ``name`` is its module's.
_FIELDS = ("id", "name", "arg", "attr", "rest", "asname")


def mangle(tree: ast.Module) -> None:
    """Write the private names in a tree's class bodies in full."""
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, owner = pending.pop()
        if owner:
            _rename(node, owner)
        inside: set[ast.AST] = set()
        within = owner
        if isinstance(node, ast.ClassDef):
            inside = {*node.body}
            # A class whose name is underscores only keeps its names as they are.
            within = node.name.lstrip("_")
        pending += [
            (child, within if child in inside else owner) for child in ast.iter_child_nodes(node)
        ]


def _rename(node: ast.AST, owner: str) -> None:
    for field in _FIELDS:
        name = getattr(node, field, None)
        if isinstance(name, str) and not isinstance(node, ast.alias):
            setattr(node, field, _mangled(name, owner))
    if isinstance(node, ast.Global | ast.Nonlocal):
        node.names = [_mangled(name, owner) for name in node.names]
    elif isinstance(node, ast.alias):
        bound = node.asname or node.name
        if _mangled(bound, owner) != bound:
            node.asname = _mangled(bound, owner)


def _mangled(name: str, owner: str) -> str:
    private = name.startswith("__") and not name.endswith("__") and "." not in name
    return f"_{owner}{name}" if private else name
