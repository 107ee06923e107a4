"""Which names the value of an expression may be, hold, or lie inside.

The *roots* of a chain of attributes and subscripts are those of its head: ``df.loc[0, "a"]`` has
the root ``df``. Known imprecision: a container counts as each of its elements, and what a function
of the notebook returns as each of its arguments. Known gap: what a library's function returns is
taken for a new object, but for the few in the table.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from kale.static_analysis.purity import Purity

#: Nothing is known of the notebook's own functions.
_NO_PURITY = Purity()

#: Calls whose result may be, hold or view what they are given.
ALIASING_CALLS = frozenset(
    "_replace asarray atleast_1d deque dict enumerate filter get iter list items map max min next "
    "ravel reshape reversed set setdefault sorted squeeze swapaxes transpose tuple values "
    "view zip".split()
)

#: Calls whose result is a new object that may hold what the old one holds.
SHALLOW_CALLS = frozenset("accumulate chain copy groupby partial product repeat replace".split())

#: Functions of the language that make a new container of what they are given.
COLLECTING_CALLS = frozenset("dict frozenset list set sorted tuple".split())

#: Methods after which their receiver holds what they were given.
KEEPING_METHODS = frozenset("add append appendleft extend insert setdefault update".split())


def root_names(node: ast.AST, purity: Purity = _NO_PURITY) -> Iterator[str]:
    """Names whose objects the value of an expression may be, hold or lie inside.

    ``purity`` tells which functions, methods and classes the notebook defines.
    """
    if isinstance(node, ast.Name):
        yield node.id
    else:
        for part in _parts(node, purity):
            yield from root_names(part, purity)


def shallow_names(node: ast.AST, purity: Purity = _NO_PURITY) -> Iterator[str]:
    """Names whose *elements* the value may share: of a sum of lists, a copy, a new instance."""
    if isinstance(node, ast.BinOp):
        parts: list[ast.expr] = [node.left, node.right]
    elif isinstance(node, ast.Call) and _may_keep(node):
        receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        parts = [*receiver, *node.args, *(keyword.value for keyword in node.keywords)]
    else:
        parts = []
        for part in _parts(node, purity):
            yield from shallow_names(part, purity)
    for part in parts:
        yield from root_names(part, purity)
        yield from shallow_names(part, purity)


def _may_keep(node: ast.Call) -> bool:
    """Whether a result may hold what was given: a copy's, and what a class makes."""
    name = called_name(node)
    return name in SHALLOW_CALLS or name[:1].isupper()


def may_alias(node: ast.Call, purity: Purity) -> bool:
    """Whether a call's result may be, hold or lie inside what the call is given."""
    name = called_name(node)
    return name in ALIASING_CALLS or name in purity.own


def called_name(node: ast.Call) -> str:
    """The function's or method's own name; empty when it has none."""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _parts(node: ast.AST, purity: Purity) -> Iterable[ast.expr]:
    """The expressions whose objects the value of this one may be, hold or lie inside."""
    match node:
        case ast.Attribute(value=value) | ast.Subscript(value=value) | ast.Starred(value=value):
            return [value]
        case ast.Await(value=value) | ast.NamedExpr(value=value) | ast.DictComp(value=value):
            comprehension = node.generators if isinstance(node, ast.DictComp) else []
            return [value, *(generator.iter for generator in comprehension)]
        case ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values):
            return values
        case ast.Dict(values=values) | ast.BoolOp(values=values):
            return values
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.Call() if (called := purity.code.called(node)) is not None:
            return [e for name in called.results() for e in called.expressions_of(name)]
        case ast.Call() if may_alias(node, purity):
            # A closure or a bound method that is called holds what it was made with.
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            if isinstance(node.func, ast.Attribute):
                return [node.func.value, *given]
            return [node.func, *given] if called_name(node) in purity.own else given
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            return [element, *(generator.iter for generator in node.generators)]
        case _:
            return []
