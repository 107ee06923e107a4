"""Which names the value of an expression may be, hold, or lie inside.

The *roots* of a chain of attributes and subscripts are those of its head: ``df.loc[0, "a"]`` has
the root ``df``. Known imprecision: a container counts as each of its elements, and what a function
of the notebook returns as each of its arguments. Known gap: what a library's function returns is
taken for a new object, but for the few in the table.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator

#: Calls whose result may be, hold or view what they are given.
ALIASING_CALLS = frozenset(
    "asarray atleast_1d deque dict enumerate filter get iter list items map max min next "
    "ravel reshape reversed set setdefault sorted squeeze swapaxes transpose tuple values "
    "view zip".split()
)


def root_names(node: ast.AST, own: Collection[str] = ()) -> Iterator[str]:
    """Names whose objects the value of an expression may be, hold or lie inside.

    ``own`` are names of functions, methods and classes that the notebook defines.
    """
    if isinstance(node, ast.Name):
        yield node.id
    else:
        for part in _parts(node, own):
            yield from root_names(part, own)


def called_name(node: ast.Call) -> str:
    """The function's or method's own name; empty when it has none."""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def _parts(node: ast.AST, own: Collection[str]) -> Iterable[ast.expr]:
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
        case ast.Call() if called_name(node) in ALIASING_CALLS or called_name(node) in own:
            receiver = [node.func.value] if isinstance(node.func, ast.Attribute) else []
            return [*receiver, *node.args, *(keyword.value for keyword in node.keywords)]
        case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
            return [element, *(generator.iter for generator in node.generators)]
        case _:
            return []
