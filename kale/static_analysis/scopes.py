"""Scopes of a syntax tree: which nodes run in one, and which names it binds.

The rules are those of the language reference, section 4.2.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from kale.static_analysis.binding import TYPE_ALIAS, bound_names
from kale.static_analysis.syntax_tree import children, nodes_of

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
#: Names that every class body begins with (data model, section 3.3.3.6).
CLASS_NAMES = frozenset({"__module__", "__qualname__"})
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_SCOPED = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.Lambda,
    ast.ClassDef,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    *TYPE_ALIAS,
)


def comprehension_targets(node: Comprehension) -> frozenset[str]:
    """Names that the ``for`` clauses of a comprehension bind in its own scope."""
    return frozenset(
        name.id
        for generator in node.generators
        for name in nodes_of(generator.target)
        if isinstance(name, ast.Name)
    )


def comprehension_elements(node: Comprehension) -> tuple[ast.expr, ...]:
    """The expressions that a comprehension collects."""
    return (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)


def walk_scope(roots: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """All nodes that run in the scope of ``roots``: nested scopes are yielded, not entered.

    What a nested scope evaluates outside itself is entered: decorators, default values,
    base classes, and a comprehension's first iterable.
    """
    pending = list(roots)[::-1]
    while pending:
        node = pending.pop()
        yield node
        below = [*_outside(node)] if isinstance(node, _SCOPED) else children(node)
        pending += reversed(below)


def _outside(node: ast.AST) -> Iterator[ast.AST]:
    """What a node with a scope of its own evaluates in the one that it stands in."""
    if isinstance(node, FunctionNode):
        if not isinstance(node, ast.Lambda):
            yield from node.decorator_list
            if not type_parameters(node):
                yield from annotations_of(node)
        yield from node.args.defaults
        yield from (default for default in node.args.kw_defaults if default is not None)
    elif isinstance(node, ast.ClassDef):
        yield from node.decorator_list
        if not type_parameters(node):
            yield from node.bases
            yield from (keyword.value for keyword in node.keywords)
    elif isinstance(node, TYPE_ALIAS):
        yield getattr(node, "name")  # noqa: B009 - Python 3.11 does not know the class
    elif isinstance(node, Comprehension):
        yield node.generators[0].iter
        # A walrus inside binds in the scope that holds the comprehension (PEP 572).
        for child in nodes_of(node):
            if isinstance(child, ast.NamedExpr):
                yield child.target


def annotations_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    """The annotations of a function's arguments and result."""
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    yield from (a.annotation for a in every if a.annotation is not None)
    if node.returns is not None:
        yield node.returns


def bindings(body: list[ast.AST]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Names bound in a scope, and those it declares ``global`` and ``nonlocal``."""
    bound: set[str] = set()
    declared_global: set[str] = set()
    nonlocals: set[str] = set()
    for node in walk_scope(body):
        bound.update(bound_names(node))
        if isinstance(node, ast.Global):
            declared_global.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            nonlocals.update(node.names)
    return frozenset(bound - nonlocals), frozenset(declared_global), frozenset(nonlocals)


def argument_names(arguments: ast.arguments) -> frozenset[str]:
    """The names of all arguments of a function."""
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return frozenset(a.arg for a in every)


def type_parameters(node: ast.AST) -> frozenset[str]:
    """Names of PEP 695 type parameters, on Pythons that parse them."""
    return frozenset(parameter.name for parameter in getattr(node, "type_params", ()))


def type_scope(node: ast.AST) -> list[ast.AST]:
    """What is evaluated in a scope in which the type parameters of a node are names (PEP 695).

    Empty where there is no such scope: without type parameters, only a type alias has one.
    """
    if isinstance(node, TYPE_ALIAS):
        return lazy_parts(node)
    if not type_parameters(node):
        return []
    eager: list[ast.AST] = []
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        eager += annotations_of(node)
    elif isinstance(node, ast.ClassDef):
        eager += [*node.bases, *(keyword.value for keyword in node.keywords)]
    return [*eager, *lazy_parts(node)]


def lazy_parts(node: ast.AST) -> list[ast.AST]:
    """What is evaluated when somebody asks for it: an alias's value, bounds (PEP 695, 696)."""
    found: list[ast.AST | None] = [getattr(node, "value", None)]
    for parameter in getattr(node, "type_params", ()):
        found += [getattr(parameter, "bound", None), getattr(parameter, "default_value", None)]
    return [part for part in found if part is not None]


def class_annotations(node: ast.ClassDef) -> list[ast.AST]:
    """The annotations of the variables of a class body."""
    return [n.annotation for n in walk_scope(node.body) if isinstance(n, ast.AnnAssign)]


def defaults_of(arguments: ast.arguments) -> list[tuple[str, ast.expr]]:
    """The arguments that have a default value, each with it."""
    positional = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
    first = len(positional) - len(arguments.defaults)
    pairs = list(zip(positional[first:], arguments.defaults, strict=True))
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return [*pairs, *((a.arg, default) for a, default in named if default is not None)]
