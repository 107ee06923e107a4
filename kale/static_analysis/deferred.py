"""What a function, class or value that holds one may do to the notebook's names when it is called.

Python looks up a function's globals when the function runs, not where it is defined (language
reference, section 4.2.2), so the effects of a body count at the place that mentions the function.
Inside a body no order is kept: every read, binding and mutation may happen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kale.static_analysis.binding import bound_names
from kale.static_analysis.mutation import mutated_roots
from kale.static_analysis.own_state import keeps_state
from kale.static_analysis.purity import Purity

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True, slots=True)
class Deferred:
    """Global names that a body may read, bind or change in place once it runs.

    ``stores`` are those of ``mutates`` that it surely changes, should it run.
    """

    reads: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    mutates: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()

    def __or__(self, other: Deferred) -> Deferred:
        if other is NOTHING:
            return self
        if self is NOTHING:
            return other
        return Deferred(
            self.reads | other.reads,
            self.binds | other.binds,
            self.mutates | other.mutates,
            self.stores | other.stores,
        )

    @property
    def names(self) -> frozenset[str]:
        """All names concerned."""
        return self.reads | self.binds | self.mutates


NOTHING = Deferred()


def deferred_effects(node: ast.AST, purity: Purity) -> Deferred:
    """The effects on global names of running the body of a function, lambda or class statement.

    For a class these are its methods' effects; what its body does on definition is not deferred.
    """
    own = NOTHING
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and keeps_state(
        node, purity
    ):
        name = frozenset({node.name})
        own = Deferred(mutates=name, stores=name)
    if isinstance(node, ast.ClassDef):
        return own | union(deferred_effects(child, purity) for child in _functions_of_class(node))
    assert isinstance(node, FunctionNode)
    return own | _body_effects(node, purity, enclosing=frozenset())


def union(parts: Iterable[Deferred]) -> Deferred:
    """Everything that any of the parts may do."""
    result = NOTHING
    for part in parts:
        result |= part
    return result


def _functions_of_class(node: ast.ClassDef) -> Iterator[ast.AST]:
    """The functions and classes made by a class body, whatever statement they stand in."""
    for child in walk_scope(node.body):
        if isinstance(child, FunctionNode | ast.ClassDef):
            yield child


def _body_effects(node: FunctionNode, purity: Purity, enclosing: frozenset[str]) -> Deferred:
    body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    bound, declared_global, nonlocals = _bindings(body)
    local = (bound | _argument_names(node.args) | _type_parameters(node)) - declared_global
    visible = (enclosing | local) - declared_global - (nonlocals - enclosing)
    return _scope_effects(body, purity, visible, declared_global)


def _scope_effects(
    body: list[ast.AST],
    purity: Purity,
    visible: frozenset[str],
    declared_global: frozenset[str],
    inner: frozenset[str] | None = None,
) -> Deferred:
    """The effects of statements of one scope; functions nested in it see the names ``inner``."""
    inner = visible if inner is None else inner
    reads: set[str] = set()
    binds: set[str] = set()
    nested: list[Deferred] = []
    for child in walk_scope(body):
        if isinstance(child, ast.Name):
            if child.id in visible:
                continue
            if isinstance(child.ctx, ast.Load):
                reads.add(child.id)
            elif child.id in declared_global:
                binds.add(child.id)
        elif isinstance(child, FunctionNode):
            nested.append(_body_effects(child, purity, inner))
        elif isinstance(child, ast.ClassDef):
            nested.append(_class_effects(child, purity, inner))
        elif isinstance(child, Comprehension):
            nested.append(_comprehension_effects(child, purity, visible, declared_global))
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and (
            child.name in declared_global
        ):
            binds.add(child.name)
        if isinstance(child, ast.AugAssign) and isinstance(child.target, ast.Name):
            reads.update({child.target.id} - visible)
    roots = [
        root
        for statement in body
        for root in mutated_roots(statement, purity)
        if root.name not in visible
    ]
    looked_at = reads - purity.fixed if purity.restless else frozenset[str]()
    here = Deferred(
        frozenset(reads),
        frozenset(binds),
        frozenset(root.name for root in roots) | looked_at,
        frozenset(root.name for root in roots if root.certain),
    )
    return here | union(nested)


def _class_effects(node: ast.ClassDef, purity: Purity, visible: frozenset[str]) -> Deferred:
    """A class inside a function: its body runs with the function, its methods see past it."""
    body: list[ast.AST] = list(node.body)
    bound, declared_global, _ = _bindings(body)
    return _scope_effects(
        body, purity, visible | (bound - declared_global), declared_global, inner=visible
    )


def _comprehension_effects(
    node: Comprehension,
    purity: Purity,
    visible: frozenset[str],
    declared_global: frozenset[str],
) -> Deferred:
    inner = visible | comprehension_targets(node)
    parts: list[ast.AST] = [*comprehension_elements(node)]
    for generator in node.generators:
        parts += [generator.iter, *generator.ifs]
    return _scope_effects(parts, purity, inner, declared_global)


def comprehension_targets(node: Comprehension) -> frozenset[str]:
    """Names that the ``for`` clauses of a comprehension bind in its own scope."""
    return frozenset(
        name.id
        for generator in node.generators
        for name in ast.walk(generator.target)
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
        pending.extend(reversed(list(_same_scope_children(node))))


def _same_scope_children(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, FunctionNode):
        if not isinstance(node, ast.Lambda):
            yield from node.decorator_list
            yield from annotations_of(node)
        yield from node.args.defaults
        yield from (default for default in node.args.kw_defaults if default is not None)
    elif isinstance(node, ast.ClassDef):
        yield from node.decorator_list
        yield from node.bases
        yield from (keyword.value for keyword in node.keywords)
    elif isinstance(node, Comprehension):
        yield node.generators[0].iter
        # A walrus inside binds in the scope that holds the comprehension (PEP 572).
        for child in ast.walk(node):
            if isinstance(child, ast.NamedExpr):
                yield child.target
    else:
        yield from ast.iter_child_nodes(node)


def annotations_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    """The annotations of a function's arguments and result."""
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    yield from (a.annotation for a in every if a.annotation is not None)
    if node.returns is not None:
        yield node.returns


def _bindings(body: list[ast.AST]) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
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


def _argument_names(arguments: ast.arguments) -> frozenset[str]:
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return frozenset(a.arg for a in every)


def _type_parameters(node: ast.AST) -> frozenset[str]:
    """Names of PEP 695 type parameters, on Pythons that parse them."""
    return frozenset(parameter.name for parameter in getattr(node, "type_params", ()))
