"""Which names a piece of code may change in place.

Stores into a chain of attributes and subscripts surely change the object of its root; so do
methods known to change their receiver. A method that is not known, and a call that is given the
object, *may* change it. Known imprecision, both on the safe side: a pure method that is in no
table counts as one that may change its receiver, and an argument of an immutable type counts as
if it could be changed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from kale.static_analysis.purity import (
    IMPURE_FUNCTIONS,
    MUTATING_BUILTINS,
    MUTATING_METHODS,
    PURE_BUILTINS,
    Purity,
)
from kale.static_analysis.roots import called_name, root_names

_STORES = (
    ast.Assign,
    ast.AnnAssign,
    ast.AugAssign,
    ast.For,
    ast.AsyncFor,
    ast.Delete,
    ast.withitem,
)


@dataclass(frozen=True, slots=True)
class Root:
    """A name whose object an expression may change; ``certain`` when it surely does."""

    name: str
    node: ast.AST
    certain: bool


def mutated_roots(tree: ast.AST, purity: Purity) -> Iterator[Root]:
    """The roots that the code of ``tree`` may change, nested functions left out.

    The target of a comprehension's ``for`` stands for what it iterates over.
    """
    yield from _mutated(tree, purity, {})


def _mutated(node: ast.AST, purity: Purity, local: dict[str, tuple[str, ...]]) -> Iterator[Root]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        local = dict(local)
        for generator in node.generators:
            roots = tuple(_resolve(generator.iter, purity, local))
            for target in ast.walk(generator.target):
                if isinstance(target, ast.Name):
                    local[target.id] = roots
    elif isinstance(node, _STORES):
        for target in _stored_chains(node):
            yield from _roots(target, purity, local, node, certain=True)
    elif isinstance(node, ast.Call):
        yield from _changed_by_call(node, purity, local)
    for child in ast.iter_child_nodes(node):
        yield from _mutated(child, purity, local)


def _stored_chains(node: ast.AST) -> Iterator[ast.expr]:
    """Expressions whose object a statement stores into: ``x`` of ``x[i] = 1`` and of ``x += 1``."""
    targets: list[ast.expr | None] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets = list(node.targets)
    elif isinstance(node, ast.AugAssign):
        if isinstance(node.target, ast.Name):
            yield ast.Name(node.target.id, ast.Load())
        targets = [node.target]
    elif isinstance(node, ast.AnnAssign | ast.For | ast.AsyncFor):
        targets = [node.target]
    elif isinstance(node, ast.withitem):
        targets = [node.optional_vars]
    while targets:
        target = targets.pop()
        if isinstance(target, ast.Attribute | ast.Subscript):
            yield target.value
        elif isinstance(target, ast.Tuple | ast.List):
            targets.extend(target.elts)
        elif isinstance(target, ast.Starred):
            targets.append(target.value)


def _changed_by_call(
    node: ast.Call, purity: Purity, local: dict[str, tuple[str, ...]]
) -> Iterator[Root]:
    function, name = node.func, called_name(node)
    out = [keyword.value for keyword in node.keywords if keyword.arg == "out"]
    for target in out:
        yield from _roots(target, purity, local, node, certain=True)
    arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
    if isinstance(function, ast.Name):
        if name in MUTATING_BUILTINS and node.args:
            yield from _roots(node.args[0], purity, local, node, certain=True)
        if name in PURE_BUILTINS or name in MUTATING_BUILTINS:
            return
        if name in purity.own:  # a closure or an instance that is called may change itself
            yield Root(name, node, certain=False)
    elif isinstance(function, ast.Attribute):
        if _names_module(function.value, purity.modules) and name not in IMPURE_FUNCTIONS:
            return
        inplace = any(
            keyword.arg == "inplace"
            and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
            for keyword in node.keywords
        )
        if inplace or name in MUTATING_METHODS:
            yield from _roots(function.value, purity, local, node, certain=True)
        elif name not in purity.methods:
            yield from _roots(function.value, purity, local, node, certain=False)
        else:
            return
    else:  # handlers["on"](x): what is called may change itself
        yield from _roots(function, purity, local, node, certain=False)
    for argument in arguments:
        yield from _roots(argument, purity, local, node, certain=False)


def _names_module(node: ast.expr, modules: frozenset[str]) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in modules


def _resolve(node: ast.AST, purity: Purity, local: dict[str, tuple[str, ...]]) -> Iterator[str]:
    for name in root_names(node, purity.own):
        yield from local.get(name, (name,))


def _roots(
    node: ast.AST,
    purity: Purity,
    local: dict[str, tuple[str, ...]],
    at: ast.AST,
    *,
    certain: bool,
) -> Iterator[Root]:
    # A chain may pass through a call (df.groupby("a").x.update(...)): its receiver is meant too.
    chain = node
    while isinstance(chain, ast.Attribute | ast.Subscript | ast.Call):
        if isinstance(chain, ast.Call):
            for name in _resolve(chain, purity, local):
                yield Root(name, at, certain=False)
            node = chain = chain.func.value if isinstance(chain.func, ast.Attribute) else chain.func
            certain = False
        else:
            chain = chain.value
    for name in _resolve(node, purity, local):
        yield Root(name, at, certain)
