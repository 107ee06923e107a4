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

from kale.dataclass import dataclass
from kale.static_analysis.ambient import AMBIENT
from kale.static_analysis.own_calls import called_name
from kale.static_analysis.purity import (
    CONTAINER_METHODS,
    DRAWING_METHODS,
    IMPURE_FUNCTIONS,
    MUTATING_BUILTINS,
    MUTATING_METHODS,
    PURE_BUILTINS,
    STATE_ARGUMENTS,
    STATE_METHODS,
    Purity,
)
from kale.static_analysis.roots import sure_roots
from kale.static_analysis.scopes import Comprehension
from kale.static_analysis.syntax_tree import branches, nodes_of

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
    """A name whose object an expression may change; ``certain`` when it surely does.

    The change is ``deep`` when it may be in something that the object holds.
    """

    name: str
    node: ast.AST
    certain: bool
    deep: bool = True


def mutated_roots(tree: ast.AST, purity: Purity) -> Iterator[Root]:
    """The roots that the code of ``tree`` may change, nested functions left out.

    The target of a comprehension's ``for`` stands for what it iterates over.
    """
    yield from _mutated(tree, purity, {})


def _mutated(node: ast.AST, purity: Purity, local: dict[str, tuple[str, ...]]) -> Iterator[Root]:
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        for decorator in node.decorator_list:  # it is called with what it decorates
            call = ast.copy_location(ast.Call(decorator, [], []), decorator)
            yield from _mutated(call, purity, local)
        return
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        local = _with_targets(node, purity, local)
    elif isinstance(node, _STORES):
        for target in _stored_chains(node):
            yield from _roots(target, purity, local, node, certain=True)
    elif isinstance(node, ast.Call):
        yield from _changed_by_call(node, purity, local)
    elif isinstance(node, ast.Attribute) and f".{node.attr}" in purity.restless_names:
        yield from _roots(node.value, purity, local, node, certain=False)
    for child in branches(node):
        yield from _mutated(child, purity, local)


def _with_targets(
    node: Comprehension, purity: Purity, local: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """``local`` with the targets of a comprehension, which stand for what it iterates over."""
    local = dict(local)
    for generator in node.generators:
        roots = tuple(name for name, _ in _resolve(generator.iter, purity, local))
        names = (n.id for n in nodes_of(generator.target) if isinstance(n, ast.Name))
        local.update(dict.fromkeys(names, roots))
    return local


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
    called = purity.code.called(node)
    if called is not None:
        for argument, expression in called.given():
            if argument in called.summary.changes:
                sure = called.summary.changes[argument]
                yield from _roots(expression, purity, local, node, certain=sure, deep=True)
        return
    for keyword in node.keywords:
        if keyword.arg == "out":
            yield from _roots(keyword.value, purity, local, node, certain=True)
        elif keyword.arg in STATE_ARGUMENTS and not isinstance(keyword.value, ast.Constant):
            # A class only keeps what it is given; a function draws from it.
            sure = not called_name(node)[:1].isupper() and _is_generator(keyword.value, purity)
            yield from _roots(keyword.value, purity, local, node, certain=sure)
    if isinstance(node.func, ast.Name):
        changed = _changed_by_function(node, node.func.id, purity)
    elif isinstance(node.func, ast.Attribute):
        changed = _changed_by_method(node, node.func, purity)
    else:  # handlers["on"](x): what is called may change itself
        changed = [_Changed(node.func, certain=False), *_arguments(node)]
    for one in changed:
        yield from _roots(one.value, purity, local, node, certain=one.certain, deep=one.deep)


@dataclass(frozen=True, slots=True)
class _Changed:
    """An expression whose object a call may change."""

    value: ast.expr
    certain: bool
    deep: bool = False


def _arguments(node: ast.Call) -> list[_Changed]:
    values = [*node.args, *(keyword.value for keyword in node.keywords)]
    return [_Changed(value, certain=False) for value in values]


def _changed_by_function(node: ast.Call, name: str, purity: Purity) -> list[_Changed]:
    if name in MUTATING_BUILTINS:
        return [_Changed(value, certain=True) for value in node.args[:1]]
    if name in PURE_BUILTINS:
        return _changed_by_callable(node, name, purity)
    # A closure or an instance that is called may change itself.
    if name in purity.code.changers:  # add = log.append
        return [_Changed(node.func, certain=True, deep=True)]
    itself = [_Changed(node.func, certain=False)] if name not in purity.fixed else []
    return [*itself, *_arguments(node)]


def _changed_by_callable(node: ast.Call, name: str, purity: Purity) -> list[_Changed]:
    """What ``map(f, xs)`` and ``sorted(xs, key=f)`` change by calling what they are given."""
    called = [*node.args[:1]] if name in {"map", "filter"} else []
    called += [keyword.value for keyword in node.keywords if keyword.arg == "key"]
    changed: list[_Changed] = []
    for function in called:
        if isinstance(function, ast.Attribute) and function.attr not in purity.methods:
            changed.append(_Changed(function.value, certain=function.attr in MUTATING_METHODS))
        if isinstance(function, ast.Lambda):
            arguments = {argument.arg for argument in function.args.args}
            if any(root.name in arguments for root in mutated_roots(function.body, purity)):
                changed += _arguments(node)
        if isinstance(function, ast.Name) and function.id in purity.own:
            summary = purity.code.functions.get(function.id)
            if summary is None or summary.changes:
                changed += _arguments(node)
    return changed


def _changed_by_method(node: ast.Call, function: ast.Attribute, purity: Purity) -> list[_Changed]:
    name, receiver = function.attr, function.value
    if _names_module(receiver, purity.modules) and name not in IMPURE_FUNCTIONS:
        return []
    if _is_generator(receiver, purity):
        itself = [_Changed(receiver, certain=True)] if name not in STATE_METHODS else []
        return [*itself, *_arguments(node)]
    if name in CONTAINER_METHODS:  # what a container is given stays as it is
        if isinstance(receiver, ast.Name) and receiver.id in purity.fixed:  # list.append(x, 1)
            sure = receiver.id in AMBIENT or receiver.id in purity.code.classes
            return [_Changed(value, certain=sure) for value in node.args[: 1 if sure else None]]
        given = _arguments(node) if name in purity.own else []
        return [_Changed(receiver, certain=True), *given]
    inplace = any(
        keyword.arg == "inplace"
        and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
        for keyword in node.keywords
    )
    if inplace or name in MUTATING_METHODS:
        return [_Changed(receiver, certain=True, deep=True), *_arguments(node)]
    if name in purity.methods:
        return []
    sure = purity.code.changes_itself(name) or _draws(receiver, name, purity)
    return [_Changed(receiver, certain=sure), *_arguments(node)]


def _is_generator(node: ast.expr, purity: Purity) -> bool:
    return isinstance(node, ast.Name) and node.id in purity.random.generators


def _draws(receiver: ast.expr, method: str, purity: Purity) -> bool:
    """Whether a method that only random generators have is called, of no module or class."""
    if method not in DRAWING_METHODS or method in purity.own:
        return False
    while isinstance(receiver, ast.Attribute):
        receiver = receiver.value
    return isinstance(receiver, ast.Name) and receiver.id not in purity.fixed


def _names_module(node: ast.expr, modules: frozenset[str]) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in modules


def _resolve(
    node: ast.AST, purity: Purity, local: dict[str, tuple[str, ...]]
) -> Iterator[tuple[str, bool]]:
    for name, sure in sure_roots(node, purity):
        yield from ((origin, sure) for origin in local.get(name, (name,)))


def _roots(
    node: ast.AST,
    purity: Purity,
    local: dict[str, tuple[str, ...]],
    at: ast.AST,
    *,
    certain: bool,
    deep: bool = False,
) -> Iterator[Root]:
    deep = deep or not certain or not isinstance(node, ast.Name)
    # A chain may pass through a call (df.groupby("a").x.update(...)): its receiver is meant too.
    chain = node
    while isinstance(chain, ast.Attribute | ast.Subscript | ast.Call):
        if isinstance(chain, ast.Call):
            known = called_name(chain) == "super" or purity.code.called(chain) is not None
            for name, sure in _resolve(chain, purity, local):
                yield Root(name, at, certain and known and sure)
            if known:
                return
            node = chain = chain.func.value if isinstance(chain.func, ast.Attribute) else chain.func
            certain = False
        else:
            chain = chain.value
    for name, sure in _resolve(node, purity, local):
        yield Root(name, at, certain and sure, deep)
