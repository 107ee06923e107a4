"""Where the objects of a function's body come from: what an expression may be, hold or lie inside.

What may be meant is an *origin*: an argument, or a name from outside the body. Known gaps: what a
library's function returns is taken for a new object (but for the few in :mod:`roots`), and it is
taken not to put one of its arguments into another.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kale.dataclass import dataclass
from kale.static_analysis.own_calls import Called, called_name
from kale.static_analysis.purity import Purity
from kale.static_analysis.roots import (
    COLLECTING_CALLS,
    KEEPING_METHODS,
    SHALLOW_CALLS,
    is_element,
    may_alias,
    root_names,
)
from kale.static_analysis.scopes import Comprehension, comprehension_elements
from kale.static_analysis.syntax_tree import Visitor, children, nodes_of


@dataclass(frozen=True, slots=True)
class Value:
    """The origins that an object is or lies inside of, and those that may be inside of it.

    With several, it is one of them. Those in ``perhaps`` it may be, or be a copy of; those in
    ``copied`` it is a copy of, which holds the same elements.
    """

    same: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()
    copied: frozenset[str] = frozenset()

    @property
    def all(self) -> frozenset[str]:
        """All origins that a change somewhere in the object may change."""
        return self.same | self.perhaps | self.inside | self.copied

    @property
    def part(self) -> Value:
        """What may be taken out of the object: a change of it changes that, and where it is."""
        sure, unsure = self.same | self.inside, self.perhaps | self.copied
        return Value(sure, unsure, sure, unsure)

    @property
    def guess(self) -> Value:
        """What may be a part of the object, a view of it, or new."""
        return Value(perhaps=self.all, copied=self.all)

    def __or__(self, other: Value) -> Value:
        return Value(
            self.same | other.same,
            self.perhaps | other.perhaps,
            self.inside | other.inside,
            self.copied | other.copied,
        )


NEW = Value()


def union(values: Iterable[Value]) -> Value:
    """All that any of the values may be, hold or lie inside."""
    result = NEW
    for value in values:
        result |= value
    return result


class Values(Visitor):
    """What names hold at a point of a body; ``visit`` gives the value of an expression.

    ``keeps`` are pairs of an origin and another that was put inside of it, ``returned`` is what
    the function gives back.
    """

    def __init__(self, purity: Purity) -> None:
        self.purity = purity
        self.locals: frozenset[str] = frozenset()
        self.names: dict[str, Value] = {}
        self.ever: dict[str, Value] = {}
        self.weak = 0  # where a name may keep what it held before
        self.returned = NEW
        self.keeps: set[tuple[str, str]] = set()

    def value_of(self, name: str) -> Value:
        """What a name of the body stands for."""
        return self.names.get(name, NEW) if name in self.locals else self.outer(name)

    def outer(self, name: str) -> Value:
        """What a name of the notebook stands for, whatever this body calls by that name."""
        return NEW if name in self.purity.fixed else Value(frozenset({name}))

    def set(self, name: str, value: Value) -> None:
        """Give a name a value."""
        if name not in self.locals:
            self.keep_in(frozenset({name}), value)
            return
        self.names[name] = value | self.names.get(name, NEW) if self.weak else value
        self.ever[name] = self.ever.get(name, NEW) | value

    def keep_in(self, keepers: Iterable[str], value: Value) -> None:
        """Note that something was put inside of what the keepers stand for."""
        self.keeps |= {(k, origin) for k in keepers for origin in value.all if origin != k}

    def keep(self, keeper: ast.expr, into: Value, value: Value) -> None:
        """Note that something was put inside of the object ``into`` that an expression gives."""
        self.keep_in(into.all, value)
        head = keeper
        while isinstance(head, ast.Attribute | ast.Subscript):
            head = head.value
        if isinstance(head, ast.Name) and head.id in self.locals:
            self.names[head.id] = self.names.get(head.id, NEW) | Value(inside=value.all)
            self.ever[head.id] = self.ever.get(head.id, NEW) | self.names[head.id]

    def store(self, target: ast.expr, value: Value) -> None:
        """Give a value to a target of any shape."""
        if isinstance(target, ast.Name):
            self.set(target.id, value)
        elif isinstance(target, ast.Attribute | ast.Subscript):
            self.keep(target.value, self.visit(target.value), value)
        elif isinstance(target, ast.Starred):
            self.store(target.value, value)
        elif isinstance(target, ast.Tuple | ast.List):
            for element in target.elts:
                self.store(element, value.part)

    # -- expressions

    def visit(self, node: ast.AST) -> Any:
        """The value of an expression; of a statement, nothing."""
        method = getattr(self, f"visit_{type(node).__name__}", None)
        if method is not None:
            return method(node)
        held = union(self.visit(child) for child in _expressions(node))
        if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict):
            return Value(inside=held.all)
        if isinstance(node, ast.BinOp | ast.UnaryOp):
            # A sum of lists holds what they held; an operator of the notebook's may return itself.
            return held if self.purity.operators else Value(copied=held.all)
        return NEW

    def visit_Constant(self, node: ast.Constant) -> Value:
        return NEW

    def visit_Name(self, node: ast.Name) -> Value:
        return self.value_of(node.id)

    def visit_Attribute(self, node: ast.Attribute | ast.Starred) -> Value:
        return self.value(node.value).part

    visit_Starred = visit_Attribute

    def visit_Subscript(self, node: ast.Subscript) -> Value:
        self.visit(node.slice)
        held = self.value(node.value)
        return held.part if is_element(node.slice) else held.guess

    def value(self, node: ast.expr) -> Value:
        """The value of an expression."""
        value = self.visit(node)
        assert isinstance(value, Value)
        return value

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Value:
        held = self.value(node.value)
        self.weak += 1
        self.set(node.target.id, held)
        self.weak -= 1
        return held

    def visit_Await(self, node: ast.Await) -> Value:
        return self.value(node.value)

    def visit_Yield(self, node: ast.Yield | ast.YieldFrom) -> Value:
        if node.value is not None:
            self.returned |= self.value(node.value).part
        return NEW

    visit_YieldFrom = visit_Yield

    def visit_IfExp(self, node: ast.IfExp) -> Value:
        self.visit(node.test)
        return self.value(node.body) | self.value(node.orelse)

    def visit_BoolOp(self, node: ast.BoolOp) -> Value:
        return union(self.value(value) for value in node.values)

    def _comprehension(self, node: Comprehension) -> Value:
        names, local = dict(self.names), self.locals
        targets = [n for g in node.generators for n in nodes_of(g.target)]
        self.locals |= {n.id for n in targets if isinstance(n, ast.Name)}
        for generator in node.generators:
            self.store(generator.target, self.value(generator.iter).part)
            for condition in generator.ifs:
                self.visit(condition)
        held = union(self.value(element) for element in comprehension_elements(node))
        added, self.names, self.locals = self.names, names, local
        for child in nodes_of(node):
            if isinstance(child, ast.NamedExpr):
                name = child.target.id
                self.set(name, added.get(name, NEW) | names.get(name, NEW))
        return Value(inside=held.all)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def visit_Call(self, node: ast.Call) -> Value:
        given = {a: self.value(a) for a in (*node.args, *(k.value for k in node.keywords))}
        function = NEW
        if isinstance(node.func, ast.Attribute):
            function = given[node.func.value] = self.value(node.func.value)
        else:
            function = self.value(node.func)
        called = self.purity.code.called(node)
        if called is not None:
            return self._own_call(called, given)
        name, everything = called_name(node), union(given.values()) | function
        if name == "super" and len(node.args) > 1:
            return given[node.args[1]]
        if isinstance(node.func, ast.Attribute) and (
            name in KEEPING_METHODS or name in self.purity.own
        ):
            self.keep(node.func.value, function, everything)
        if isinstance(node.func, ast.Name) and name in COLLECTING_CALLS:
            return Value(copied=everything.all)
        if not name or name in self.locals or may_alias(node, self.purity):
            return everything.guess
        if name in SHALLOW_CALLS or name[:1].isupper():
            return Value(copied=everything.all)
        return NEW

    def _own_call(self, called: Called, given: Mapping[ast.expr, Value]) -> Value:
        """A call of a function whose summary is known: its arguments go where it puts them."""
        arguments = called.summary.arguments
        values: dict[str, Value] = {}
        for argument, expression in called.given():
            held = given.get(expression)
            if held is None:  # the argument's default
                held = union(self.outer(name) for name in root_names(expression, self.purity))
            values[argument] = values.get(argument, NEW) | held

        def value(name: str) -> Value:
            return values.get(name, NEW) if name in arguments else self.outer(name)

        for keeper, kept in called.summary.keeps:
            if keeper not in arguments:
                self.keep_in(self.outer(keeper).all, value(kept))
                continue
            for expression in called.expressions_of(keeper):
                self.keep(expression, values[keeper], value(kept))
        sure = union(value(name) for name, gives in called.results() if gives)
        return sure.part | union(value(name) for name, _ in called.results()).guess


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions below a node, through what is no expression itself (a slice's parts)."""
    for child in children(node):
        if isinstance(child, ast.expr):
            yield child
        elif not isinstance(child, ast.expr_context | ast.operator | ast.unaryop | ast.cmpop):
            yield from _expressions(child)
