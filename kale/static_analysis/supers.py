"""``super()`` as Python means it: ``super(__class__, self)`` with the method's first argument."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from kale.static_analysis.scopes import walk_scope


def spell_out_supers(nodes: Iterable[ast.AST]) -> None:
    """Give each ``super()`` in a method its arguments; the trees are changed in place."""
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                    _spell_out(method)


def _spell_out(method: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    arguments = [*method.args.posonlyargs, *method.args.args]
    if not arguments:
        return
    for child in walk_scope(method.body):
        match child:
            case ast.Call(func=ast.Name(id="super"), args=[]):
                names = ("__class__", arguments[0].arg)
                loads = (ast.Name(name, ast.Load()) for name in names)
                child.args = [ast.copy_location(name, child) for name in loads]
