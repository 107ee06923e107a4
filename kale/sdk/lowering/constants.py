"""Assignments that need no step: literals, and arithmetic on constants and parameters.

They become code that every step runs, as that of a cell tagged ``functions``.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from kale.sdk.lowering.body import Body, Replacements
from kale.sdk.lowering.expressions import lower
from kale.sdk.lowering.literals import is_fixed_literal, is_literal
from kale.sdk.lowering.scope import Kind, Variable

#: Builtin functions of which the result is as fixed as what they are given.
_KEEPING = frozenset("abs bool divmod float int len max min pow range round str sum tuple".split())
_MAKING = frozenset({"dict", "list", "set", "sorted"})


def lower_constant(
    body: Body, statement: ast.stmt, targets: Sequence[ast.expr], value: ast.expr
) -> bool:
    """Lower an assignment that needs no step; ``False`` if it needs one, and nothing is done.

    Raises:
        Refused: something in it is not allowed.
    """
    pairs = _pairs(targets, value)
    if not pairs or not all(_may(body, name, one) for name, one in pairs):
        return False
    new: Replacements = {}
    lower(body, value, new)
    (target,) = targets
    own = {name: body.own_name(name) for name, _ in pairs}
    named: Replacements = {n: own[n.id] for n in ast.walk(target) if isinstance(n, ast.Name)}
    if isinstance(statement, ast.AnnAssign):
        text = body.script.text(value, new)
        code = f"{own[pairs[0][0]]} = " + (f"({text})" if "\n" in text else text)
    else:
        code = body.script.text(statement, {**new, **named})
    body.constants.append(body.source(code, statement))
    for name, one in pairs:
        fixed = _is_fixed(body, one)
        body.bind(
            name, Variable(own[name], Kind.CONSTANT, statement.lineno, fixed=fixed, literal=one)
        )
    return True


def _pairs(targets: Sequence[ast.expr], value: ast.expr) -> list[tuple[str, ast.expr]]:
    """The names of an assignment with the expression of each; empty where they have none."""
    match targets:
        case [ast.Name(id=name)]:
            return [(name, value)]
        case [ast.Tuple(elts=names)] if isinstance(value, ast.Tuple):
            if len(names) == len(value.elts) and all(isinstance(n, ast.Name) for n in names):
                return list(zip([n.id for n in names], value.elts, strict=True))  # type: ignore[attr-defined]
    return []


def _may(body: Body, name: str, value: ast.expr) -> bool:
    if not _is_constant(body, value):
        return False
    if not body.path:
        return len(body.sites.bound[name]) == 1 or body.sites.only_at_top(name)
    # Every step runs it: it must not fail, nor be seen where the loop or branch has not run.
    plain = is_literal(value) and _is_fixed(body, value)
    return plain and body.sites.only_below(name, body.path)


def _is_constant(body: Body, node: ast.AST) -> bool:
    """Whether an expression has the same value in each step, at whatever time."""
    match node:
        case ast.Name():
            return is_fixed_name(body, node)
        case ast.Call(func=called, args=arguments, keywords=[]):
            known = body.builtin(called) in _KEEPING | _MAKING
            return known and all(_is_constant(body, one) for one in arguments)
        case (
            ast.Constant() | ast.List() | ast.Tuple() | ast.Dict() | ast.Set() | ast.BinOp()
            | ast.UnaryOp() | ast.BoolOp() | ast.Compare() | ast.IfExp() | ast.JoinedStr()
            | ast.FormattedValue() | ast.Subscript() | ast.Slice()
        ):  # fmt: skip
            parts = (n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr))
            return all(_is_constant(body, one) for one in parts)
    return False


def is_fixed_name(body: Body, node: ast.Name) -> bool:
    """Whether a name always means the same value, which nothing can change in place."""
    variable = body.scope.get(node.id)
    if variable is not None:
        known = variable.kind in {Kind.CONSTANT, Kind.PARAMETER}
        return known and variable.fixed
    value = body.module.names.constants.get(node.id)
    return node.id not in body.called and value is not None and is_fixed_literal(value)


def _is_fixed(body: Body, node: ast.expr) -> bool:
    for one in ast.walk(node):
        if isinstance(one, ast.List | ast.Dict | ast.Set):
            return False
        if isinstance(one, ast.Call) and body.builtin(one.func) not in _KEEPING:
            return False
    return True
