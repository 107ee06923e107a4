"""Where a function's arguments go in its body: what is changed, returned, or kept elsewhere.

A forward may-analysis of where the objects come from that the names of a body hold (after Andersen,
*Program analysis and specialization for the C programming language*, 1994, chapter 4, but with the
assignments to a name taken in order). Known imprecision: statements after a ``return`` count.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence

from kale.static_analysis.idioms import pattern_names
from kale.static_analysis.mutation import mutated_roots
from kale.static_analysis.origins import NEW, Value, Values
from kale.static_analysis.own_calls import Summary
from kale.static_analysis.purity import Purity
from kale.static_analysis.scopes import (
    FunctionNode,
    argument_names,
    bindings,
    defaults_of,
    type_parameters,
    walk_scope,
)
from kale.static_analysis.syntax_tree import nodes_of

#: Statements whose visit notes what they change, in parts or before they bind a name.
_NOTED_WHEN_VISITED = (
    ast.Assign,
    ast.AnnAssign,
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
)


def summary_of(node: FunctionNode, purity: Purity) -> Summary:
    """What a function does with its arguments and with names from outside its body."""
    return _Body(node, purity, {}).summary()


class _Body(Values):
    """One pass over a body; nested functions see what a name held at any time of it."""

    def __init__(
        self, node: FunctionNode, purity: Purity, known: dict[FunctionNode, Summary]
    ) -> None:
        super().__init__(purity)
        self.known = known  # the functions inside, each looked at once
        self.node = node
        self.body: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else [*node.body]
        bound, declared, outer = bindings(self.body)
        self.arguments = argument_names(node.args)
        self.locals = (bound | self.arguments | type_parameters(node)) - declared - outer
        self.changes: dict[str, bool] = {}

    def summary(self) -> Summary:
        nested = any(isinstance(n, FunctionNode | ast.ClassDef) for n in walk_scope(self.body))
        for _ in range(1 + nested):  # the second time, nested functions know all that names hold
            self.names = {name: Value(frozenset({name})) for name in self.arguments}
            for name, value in self.names.items():
                self.ever[name] = self.ever.get(name, NEW) | value
            self.statements(self.body)
        arguments = self.node.args
        return Summary(
            positional=tuple(a.arg for a in (*arguments.posonlyargs, *arguments.args)),
            named=tuple(a.arg for a in arguments.kwonlyargs),
            rest=tuple(a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None),
            changes=self.changes,
            returns=self.returned.all,
            gives=self.returned.same | self.returned.inside,
            defaults=dict(defaults_of(arguments)),
            keeps=frozenset(self.keeps),
        )

    def change(self, origins: Iterable[str], *, certain: bool) -> None:
        for origin in origins:
            self.changes[origin] = self.changes.get(origin, False) or certain

    def changed(self, node: ast.AST) -> None:
        """Note what a node changes in place: an expression, or a statement without a body."""
        for root in mutated_roots(node, self.purity):
            value = self.value_of(root.name)
            certain = root.certain and len(value.same) == 1 and not _adds_number(root.node)
            self.change(value.same, certain=certain)
            others = value.all if root.deep else value.perhaps
            self.change(others - value.same, certain=False)

    def run(self, node: ast.AST) -> Value:
        """Visit an expression, or a statement without a body, and note what it changes."""
        self.changed(node)
        value = self.visit(node)
        if any(isinstance(child, ast.NamedExpr) for child in nodes_of(node)):
            self.changed(node)
        return value if isinstance(value, Value) else NEW

    # -- statements

    def statements(self, body: Iterable[ast.AST]) -> None:
        for node in body:
            if isinstance(node, ast.expr):  # the body of a lambda
                self.returned |= self.run(node)
            elif isinstance(node, _NOTED_WHEN_VISITED):
                self.visit(node)
            else:
                self.run(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.returned |= self.value(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._assign(node, node.targets, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._assign(node, [node.target], node.value)

    def _assign(self, node: ast.AST, targets: Iterable[ast.expr], value: ast.expr) -> None:
        held = self.value(value)
        self.changed(node)
        for target in targets:
            pairs = _pairs(target, value)
            if pairs:
                each = [(element, self.value(one)) for element, one in pairs]
                for element, one in each:
                    self.store(element, one)
            else:
                self.store(target, held)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        held = self.value(node.value)
        if isinstance(node.target, ast.Name):
            self.set(node.target.id, self.value_of(node.target.id) | Value(inside=held.all))
        else:
            self.store(node.target, held)

    def visit_If(self, node: ast.If) -> None:
        self.run(node.test)
        self.branches([node.body, node.orelse])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        held = self.run(node.iter)
        self.changed(ast.For(node.target, ast.Constant(None), [], []))
        self.loop(node.body, node.target, held.part)
        self.branches([node.orelse, []])

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        self.run(node.test)
        self.loop(node.body)
        self.branches([node.orelse, []])

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            held = self.value(item.context_expr)
            self.changed(item)
            if item.optional_vars is not None:
                self.store(item.optional_vars, held)
        self.statements(node.body)

    visit_AsyncWith = visit_With

    def visit_Try(self, node: ast.Try) -> None:
        # A handler may run after any part of the body: nothing that a name held is forgotten.
        self.weak += 1
        self.statements([*node.body, *node.orelse])
        self.branches([*(handler.body for handler in node.handlers), []])
        self.weak -= 1
        self.statements(node.finalbody)

    visit_TryStar = visit_Try  # type: ignore[assignment]  # the same fields under another class

    def visit_Match(self, node: ast.Match) -> None:
        held = self.run(node.subject).part
        for case in node.cases:
            for name in (n for p in nodes_of(case.pattern) for n in pattern_names(p)):
                self.set(name, held | self.value_of(name))
            if case.guard is not None:
                self.run(case.guard)
        self.branches([*(case.body for case in node.cases), []])

    def visit_FunctionDef(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    ) -> None:
        self.set(node.name, self._nested(node))

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> Value:
        return self._nested(node)

    def loop(
        self, body: Sequence[ast.AST], target: ast.expr | None = None, held: Value = NEW
    ) -> None:
        """Run a body any number of times."""
        while True:
            before = dict(self.names)
            if target is not None:
                self.store(target, held)
            self.statements(body)
            self.names = _joined([before, self.names])
            if self.names == before:
                return

    def branches(self, bodies: Iterable[Sequence[ast.AST]]) -> None:
        """Run one of several bodies."""
        before, ends = self.names, []
        for body in bodies:
            self.names = dict(before)
            self.statements(body)
            ends.append(self.names)
        self.names = _joined(ends)

    def _nested(self, node: FunctionNode | ast.ClassDef) -> Value:
        """A function or class made in the body: it may do at any time what its own body does."""
        if isinstance(node, ast.ClassDef):
            self.statements(s for s in node.body if not isinstance(s, FunctionNode))
            functions = [c for c in walk_scope(node.body) if isinstance(c, FunctionNode)]
        else:
            functions = [node]
        for function in functions:
            if function not in self.known:
                self.known[function] = _Body(function, self.purity, self.known).summary()
            summary = self.known[function]
            for name, certain in summary.changes.items():
                self.change(self._held_by(name, summary), certain=certain)
            for keeper, kept in summary.keeps:
                into = self._held_by(keeper, summary)
                self.keep_in(into, Value(self._held_by(kept, summary)))
        names = {child.id for child in nodes_of(node) if isinstance(child, ast.Name)}
        held = frozenset().union(*(self._at_any_time(name) for name in names & self.locals))
        return Value(held, inside=held)

    def _held_by(self, name: str, summary: Summary) -> frozenset[str]:
        """What a name that a nested function does not bind itself may stand for."""
        return frozenset() if name in summary.arguments else self._at_any_time(name)

    def _at_any_time(self, name: str) -> frozenset[str]:
        if name not in self.locals:
            return self.outer(name).all
        return (self.ever.get(name, NEW) | self.names.get(name, NEW)).all


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """The targets of ``a, b = x, y`` with what each is given; none if they do not match."""
    if not isinstance(target, ast.Tuple | ast.List) or not isinstance(value, ast.Tuple | ast.List):
        return []
    every = [*target.elts, *value.elts]
    if len(target.elts) != len(value.elts) or any(isinstance(e, ast.Starred) for e in every):
        return []
    return list(zip(target.elts, value.elts, strict=True))


def _adds_number(node: ast.AST) -> bool:
    """``n += 1``: in all likelihood a number, which is no change in place."""
    return isinstance(node, ast.AugAssign) and isinstance(node.value, ast.Constant)


def _joined(states: Iterable[Mapping[str, Value]]) -> dict[str, Value]:
    joined: dict[str, Value] = {}
    for state in states:
        for name, value in state.items():
            joined[name] = joined.get(name, NEW) | value
    return joined
