"""What a function, class or value that holds one may do to the notebook's names when it is called.

Python looks up a function's globals when the function runs, not where it is defined (language
reference, section 4.2.2), so the effects of a body count at the place that mentions the function.
Inside a body no order is kept: every read, binding and mutation may happen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from kale.dataclass import dataclass
from kale.random_states import is_random_state
from kale.static_analysis.binding import TYPE_ALIAS, bound_names
from kale.static_analysis.body_flow import summary_of
from kale.static_analysis.code_in_text import names_in_text
from kale.static_analysis.mutation import mutated_roots
from kale.static_analysis.own_state import keeps_state
from kale.static_analysis.purity import Purity
from kale.static_analysis.roots import root_names
from kale.static_analysis.scopes import (
    CLASS_NAMES,
    Comprehension,
    FunctionNode,
    annotations_of,
    argument_names,
    bindings,
    class_annotations,
    comprehension_elements,
    comprehension_targets,
    defaults_of,
    lazy_parts,
    type_parameters,
    type_scope,
    walk_scope,
)


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

_STATEMENTS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

#: The name by which methods know their class (data model, section 3.3.3.6).
_CLASS_CELL = frozenset({"__class__"})


def deferred_effects(
    node: ast.AST, purity: Purity, *, lazy_annotations: bool = False, owner: str = ""
) -> Deferred:
    """The effects on global names of running the body of a function, lambda or class statement.

    For a class these are its methods' effects; what its body does on definition is not deferred.
    Added is what is evaluated on demand: a type alias's value, the bounds of type parameters,
    and with ``lazy_annotations`` the annotations. What a method keeps from call to call belongs to
    the class around it, the ``owner``.
    """
    waiting = lazy_parts(node) if isinstance(node, (*TYPE_ALIAS, *_STATEMENTS)) else []
    if lazy_annotations and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        waiting += annotations_of(node)
    elif lazy_annotations and isinstance(node, ast.ClassDef):
        waiting += class_annotations(node)
    own = NOTHING
    if waiting:
        asked = _scope_effects(waiting, purity, type_parameters(node), frozenset())
        # What nobody defines may stand there too: nobody asks for it, then.
        own = Deferred(reads=asked.reads & purity.bound)
    if isinstance(node, TYPE_ALIAS):
        return own
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and keeps_state(
        node, purity
    ):
        name = frozenset({owner or node.name})
        own |= Deferred(mutates=name, stores=name)
    if isinstance(node, ast.ClassDef):
        # A dataclass calls what its fields mention: `field(default_factory=random.random)`.
        drawn = [_random_states(child, purity)[0] for child in walk_scope(node.body)]
        states = frozenset().union(*drawn)
        own |= Deferred(reads=states, mutates=states, stores=states)
        inner = union(
            deferred_effects(
                child, purity, lazy_annotations=lazy_annotations, owner=owner or node.name
            )
            for child in _functions_of_class(node)
        )
        return own | _without(inner, type_parameters(node) | _CLASS_CELL)
    assert isinstance(node, FunctionNode)
    body = _body_effects(node, purity, enclosing=frozenset())
    return own | body | _changed_from_inside(node, purity)


def _changed_from_inside(node: FunctionNode, purity: Purity) -> Deferred:
    """What a body changes through names of its own: local aliases, and arguments by default."""
    summary = summary_of(node, purity)
    changes = {n: sure for n, sure in summary.changes.items() if n not in summary.arguments}
    for argument, default in defaults_of(node.args):
        if argument in summary.changes:
            for name in root_names(default, purity):
                changes[name] = changes.get(name, False) or summary.changes[argument]
    stores = frozenset(name for name, sure in changes.items() if sure)
    return Deferred(mutates=frozenset(changes), stores=stores) if changes else NOTHING


def _without(effects: Deferred, names: frozenset[str]) -> Deferred:
    """What remains of effects when some names belong to the scope around."""
    if not names & effects.names:
        return effects
    return Deferred(
        effects.reads - names,
        effects.binds - names,
        effects.mutates - names,
        effects.stores - names,
    )


def value_effects(value: ast.expr, purity: Purity) -> Deferred:
    """What the functions that are made in an expression may do when somebody calls them."""
    return union(_made_in([value], purity, frozenset()))


def _made_in(
    roots: Iterable[ast.AST], purity: Purity, hidden: frozenset[str]
) -> Iterator[Deferred]:
    for child in walk_scope(roots):
        if isinstance(child, FunctionNode):
            yield _body_effects(child, purity, hidden) | _changed_from_inside(child, purity)
        elif isinstance(child, Comprehension):
            parts: list[ast.AST] = [*comprehension_elements(child)]
            parts += [part for g in child.generators for part in (g.iter, *g.ifs)]
            yield from _made_in(parts, purity, hidden | comprehension_targets(child))


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
    bound, declared_global, nonlocals = bindings(body)
    local = (bound | argument_names(node.args) | type_parameters(node)) - declared_global
    visible = (enclosing | local) - declared_global - (nonlocals - enclosing)
    return _scope_effects(body, purity, visible, declared_global, unread=_local_annotations(body))


def _local_annotations(body: list[ast.AST]) -> frozenset[ast.AST]:
    """The annotations of a function's variables, which nothing ever evaluates (section 7.2.2)."""
    return frozenset(
        part
        for node in walk_scope(body)
        if isinstance(node, ast.AnnAssign)
        for part in ast.walk(node.annotation)
    )


def _scope_effects(
    body: list[ast.AST],
    purity: Purity,
    visible: frozenset[str],
    declared_global: frozenset[str],
    inner: frozenset[str] | None = None,
    unread: frozenset[ast.AST] = frozenset(),
) -> Deferred:
    """The effects of statements of one scope, but for the nodes that are ``unread``.

    Functions nested in it see the names ``inner``.
    """
    inner = visible if inner is None else inner
    reads: set[str] = set()
    binds: set[str] = set()
    nested: list[Deferred] = []
    for child in (node for node in walk_scope(body) if node not in unread):
        drawn, seeded = _random_states(child, purity)
        reads |= drawn
        binds |= seeded
        if isinstance(child, ast.Call):
            reads |= names_in_text(child, purity) - visible
        if isinstance(child, ast.Name):
            if child.id in visible:
                continue
            if isinstance(child.ctx, ast.Load):
                reads.add(child.id)
        elif isinstance(child, FunctionNode):
            nested.append(_body_effects(child, purity, inner))
        elif isinstance(child, ast.ClassDef):
            nested.append(_class_effects(child, purity, inner))
        elif isinstance(child, Comprehension):
            nested.append(_comprehension_effects(child, purity, inner, declared_global))
        scope = type_scope(child)
        if scope:
            within = visible | type_parameters(child)
            nested.append(_scope_effects(scope, purity, within, frozenset()))
        if declared_global:
            binds |= declared_global.intersection(bound_names(child))
        if isinstance(child, ast.AugAssign) and isinstance(child.target, ast.Name):
            reads.update({child.target.id} - visible)
    roots = [
        root
        for statement in body
        for root in mutated_roots(statement, purity)
        if root.name not in visible
    ]
    states = frozenset(name for name in reads if is_random_state(name))
    looked_at = reads - purity.fixed if purity.restless else frozenset[str]()
    looked_at |= reads & purity.restless_names.keys()
    here = Deferred(
        frozenset(reads),
        frozenset(binds),
        frozenset(root.name for root in roots) | looked_at | states,
        frozenset(root.name for root in roots if root.certain) | states,
    )
    return here | union(nested)


def _random_states(node: ast.AST, purity: Purity) -> tuple[set[str], set[str]]:
    """The random states that a node draws from and those that it sets."""
    drawn: set[str | None] = set()
    seeded: set[str | None] = set()
    if isinstance(node, ast.Call):
        seeded.add(purity.random.seeded_by(node))
        drawn.add(purity.random.perhaps_drawn_by(node))
    elif isinstance(node, ast.Name | ast.Attribute):
        drawn.add(purity.random.drawn_by(node))
    return {name for name in drawn if name}, {name for name in seeded if name}


def _class_effects(node: ast.ClassDef, purity: Purity, visible: frozenset[str]) -> Deferred:
    """A class inside a function: its body runs with the function, its methods see past it."""
    body: list[ast.AST] = list(node.body)
    bound, declared_global, _ = bindings(body)
    visible |= type_parameters(node)
    return _scope_effects(
        body,
        purity,
        visible | (bound - declared_global) | CLASS_NAMES,
        declared_global,
        inner=visible | _CLASS_CELL,
    )


def _comprehension_effects(
    node: Comprehension,
    purity: Purity,
    visible: frozenset[str],
    declared_global: frozenset[str],
) -> Deferred:
    inner = visible | comprehension_targets(node)
    parts: list[ast.AST] = [*comprehension_elements(node)]
    for position, generator in enumerate(node.generators):
        # The first iterable is evaluated outside, in the scope of the comprehension.
        parts += [*([generator.iter] if position else []), *generator.ifs]
    return _scope_effects(parts, purity, inner, declared_global)
