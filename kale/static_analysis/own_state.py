"""Functions and classes that keep state of their own between calls.

Code reaches a step as source, so what it has collected in an earlier step is lost there: a default
value that the body changes, an attribute of the class, or a container in the class body that
methods fill through ``self``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from kale.static_analysis.mutation import mutated_roots
from kale.static_analysis.own_calls import called_name
from kale.static_analysis.purity import MUTATING_BUILTINS, Purity, is_constant
from kale.static_analysis.scopes import defaults_of
from kale.static_analysis.syntax_tree import nodes_of

_CONTAINERS = (ast.List, ast.Dict, ast.Set, ast.Call, ast.ListComp, ast.DictComp, ast.SetComp)

#: Special methods that code calls on purpose to make or change an instance.
_EXPECTED_TO_CHANGE = frozenset(
    "__call__ __delattr__ __delitem__ __iadd__ __imul__ __init__ __init_subclass__ __ior__ "
    "__isub__ __new__ __post_init__ __set_name__ __setattr__ __setitem__ __setstate__".split()
)


def keeps_state(node: ast.AST, purity: Purity) -> bool:
    """Whether a function or class statement keeps something from one call to the next."""
    if isinstance(node, ast.ClassDef):
        return any(True for _ in _class_changes(node, purity))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        wrapped = {
            n.id for d in node.decorator_list for n in nodes_of(d) if isinstance(n, ast.Name)
        }
        if not wrapped.isdisjoint(purity.counting):
            return True
        return bool(_collecting_defaults(node) & _given_away(node, purity))
    return False


def counts_calls(node: ast.AST, purity: Purity) -> bool:
    """Whether what a decorator of the notebook makes keeps something from call to call."""
    if isinstance(node, ast.FunctionDef):
        return any(isinstance(child, ast.Nonlocal) for child in nodes_of(node))
    if isinstance(node, ast.ClassDef):
        calls = [m for m in node.body if isinstance(m, ast.FunctionDef) and m.name == "__call__"]
        return any(
            root.certain and root.name == method.args.args[0].arg
            for method in calls
            if method.args.args
            for statement in method.body
            for root in mutated_roots(statement, purity)
        )
    return False


def changes_when_looked_at(node: ast.ClassDef, purity: Purity) -> bool:
    """Whether a property or an operator of a class changes what it is used on."""
    for method in node.body:
        if not isinstance(method, ast.FunctionDef) or not method.args.args:
            continue
        special = method.name.startswith("__") and method.name not in _EXPECTED_TO_CHANGE
        if special or method.decorator_list:
            operands = {argument.arg for argument in method.args.args[: 2 if special else 1]}
            roots = (r for statement in method.body for r in mutated_roots(statement, purity))
            if any(root.name in operands and root.certain for root in roots):
                return True
    return False


def _collecting_defaults(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Arguments whose default is one container for all calls."""
    return {
        argument
        for argument, default in defaults_of(node.args)
        if isinstance(default, _CONTAINERS) and not is_constant(default)
    }


def _given_away(node: ast.FunctionDef | ast.AsyncFunctionDef, purity: Purity) -> set[str]:
    """Names that a body may change in place, or return."""
    found = {root.name for statement in node.body for root in mutated_roots(statement, purity)}
    for child in nodes_of(node):
        if isinstance(child, ast.Return) and isinstance(child.value, ast.Name):
            found.add(child.value.id)
    return found


def _class_changes(node: ast.ClassDef, purity: Purity) -> Iterator[str]:
    containers = {
        target.id
        for statement in node.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, _CONTAINERS)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    own = {
        chain.attr
        for chain in nodes_of(node)
        if isinstance(chain, ast.Attribute) and isinstance(chain.ctx, ast.Store)
        if _is_self(chain.value)
    }
    shared = containers - own
    for method in nodes_of(node):
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
            for statement in method.body:
                yield from _changes(statement, shared, purity)


def _changes(statement: ast.stmt, shared: set[str], purity: Purity) -> Iterator[str]:
    for child in nodes_of(statement):
        if isinstance(child, ast.Attribute | ast.Subscript) and not isinstance(child.ctx, ast.Load):
            if _is_class(child.value) or _reaches(child.value, shared):
                yield "a store"
        elif isinstance(child, ast.Call) and called_name(child) in MUTATING_BUILTINS:
            if any(_is_class_attribute(a) or _reaches(a, shared) for a in child.args):
                yield "an iterator"
        elif isinstance(child, ast.Call) and isinstance(child.func, ast.Attribute):
            receiver = child.func.value
            changing = child.func.attr not in purity.methods
            if changing and (_is_class_attribute(receiver) or _reaches(receiver, shared)):
                yield "a method call"


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"


def _is_class(node: ast.expr) -> bool:
    """``cls``, ``type(self)`` or ``self.__class__``."""
    if isinstance(node, ast.Attribute):
        return node.attr == "__class__"
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "type"
    return isinstance(node, ast.Name) and node.id == "cls"


def _is_class_attribute(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and _is_class(node.value)


def _reaches(node: ast.expr, shared: set[str]) -> bool:
    """Whether a chain goes through ``self`` to a container of the class body."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute) and node.attr in shared and _is_self(node.value):
            return True
        node = node.value
    return False
