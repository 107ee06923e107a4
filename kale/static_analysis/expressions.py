"""Expressions in the flow of a cell: what they read, bind by a walrus, and share."""

from __future__ import annotations

import ast
from itertools import product

from kale.static_analysis.code_in_text import names_in_text
from kale.static_analysis.deferred import NOTHING, deferred_effects, union, value_effects
from kale.static_analysis.own_calls import called_name
from kale.static_analysis.recorder import Recorder, State, meet
from kale.static_analysis.roots import (
    KEEPING_METHODS,
    root_names,
    shallow_names,
    sure_roots,
)
from kale.static_analysis.scopes import (
    Comprehension,
    comprehension_elements,
    comprehension_targets,
)
from kale.static_analysis.syntax_tree import Visitor, nodes_of

#: Calls whose results, when they are several, share no object.
_SEPARATE_RESULTS = frozenset(
    "divmod frexp make_blobs make_classification make_moons make_regression modf partition "
    "polyfit qr rpartition split splitext svd train_test_split unique".split()
)

#: Functions of the language that make numbers and texts.
_PLAIN_RESULTS = frozenset("abs bool float hash id int isinstance len repr round str sum".split())


class Expressions(Recorder, Visitor):
    """Visit expressions in the order in which Python evaluates them."""

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.use(node.id, node)
            self.mention(node.id, node, idle=node in self.idle)
            self._draw(self.purity.random.drawn_by(node), node)
            if self.purity.restless and node.id not in self.purity.fixed:
                self.mutate(node.id, node, certain=False)
            if node.id in self.purity.restless_names:
                self.mutate(node.id, node, certain=self.purity.restless_names[node.id])
        elif isinstance(node.ctx, ast.Store):
            self.bind(node.id, node)
        else:
            self.unbind(node.id, node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.value not in self.called:
            self.idle.add(node.value)
        self.generic_visit(node)
        self._draw(self.purity.random.drawn_by(node), node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.idle.add(node.value)
        self.generic_visit(node)

    def _draw(self, state: str | None, node: ast.AST) -> None:
        """Drawing a random number reads the state and changes it."""
        if state is not None:
            self.use(state, node, strong=False)
            self.mutate(state, node, certain=True)

    def visit_Call(self, node: ast.Call) -> None:
        seeded = self.purity.random.seeded_by(node)
        if seeded is not None:
            if isinstance(node.func, ast.Name):
                self.use(node.func.id, node.func)
            elif isinstance(node.func, ast.Attribute):
                self.visit(node.func.value)
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                self.visit(argument)
            self.bind(seeded, node)
            return
        if isinstance(node.func, ast.Attribute) and self._is_class(node.func.value):
            self.called.add(node.func.value)  # one of its methods
        self.generic_visit(node)
        self._draw(self.purity.random.perhaps_drawn_by(node), node)
        # A function handed to a value's method may be kept by the value: handlers.append(f).
        if isinstance(node.func, ast.Attribute):
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            given = union(
                self.carriers.get(name, NOTHING) for value in arguments for name in mentioned(value)
            )
            if given is not NOTHING:
                for name in root_names(node.func.value):
                    self.carriers[name] = self.carriers.get(name, NOTHING) | given
        self._tie_arguments(node)
        for name in sorted(names_in_text(node, self.purity)):
            self.use(name, node, strong=False)
            self.mention(name, node)

    def _is_class(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self.purity.code.classes

    def _tie_arguments(self, node: ast.Call) -> None:
        """A receiver may keep what it is given, a function of the notebook put it elsewhere."""
        called = self.purity.code.called(node)
        if called is not None:
            for keeper, inside in sorted(called.summary.keeps):
                for into, value in product(
                    called.expressions_of(keeper), called.expressions_of(inside)
                ):
                    kept = root_names(value, self.purity)
                    self.tie(root_names(into, self.purity), kept, sure=True)
            return
        arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
        given = [set(root_names(argument, self.purity)) for argument in arguments]
        keepers: set[str] = set()
        own = called_name(node) in self.purity.own
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in KEEPING_METHODS or own:
                keepers.update(root_names(node.func.value, self.purity))
        elif isinstance(node.func, ast.Name):
            effects = self.carriers.get(node.func.id, NOTHING)
            keepers |= effects.binds | effects.mutates
        for position, names in enumerate(given):
            self.tie(keepers, names, sure=not own)
            if own:  # it may put one argument into another
                self.tie(names, set().union(*given[position + 1 :]))

    def visit_Compare(self, node: ast.Compare) -> None:
        self.visit(node.left)
        self.visit(node.comparators[0])
        first = self.state
        for comparator in node.comparators[1:]:  # evaluated if what stands before it holds
            self.visit(comparator)
        self.state = first
        if any(isinstance(operator, ast.Is | ast.IsNot) for operator in node.ops):
            # Identity tells whether two names share an object, as a change of it would.
            sides = [node.left, *node.comparators]
            named = [side for side in sides if isinstance(side, ast.Name | ast.Attribute)]
            for name in (n for side in named for n in root_names(side) if len(named) > 1):
                if name not in self.purity.fixed:
                    self.mutate(name, node, certain=False)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        first = self.state
        self.guarded += 1  # what follows may not be evaluated
        for value in node.values[1:]:
            self.visit(value)
        self.guarded -= 1
        self.state = first

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is not None:  # one that is unpacked has none
                self.visit(key)
            self.visit(value)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        start = self.state
        self.guarded += 1
        taken = self.evaluate(start, node.body)
        self.state = meet([taken, self.evaluate(start, node.orelse)])
        self.guarded -= 1

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for expression in [*node.args.defaults, *node.args.kw_defaults]:
            if expression is not None:
                self.visit(expression)
        # It may be called where it stands: sorted(xs, key=lambda x: x * k).
        effects = deferred_effects(node, self.purity)
        outside, self.state = self.state, self.nested_state
        for name in sorted(effects.reads):
            self.use(name, node, strong=False, idle=node in self.idle)
            self.mention(name, node, idle=node in self.idle)
        self.state = outside
        for name in sorted(effects.mutates):
            self.mutate(name, node, certain=False)

    def _comprehension(self, node: Comprehension) -> None:
        self.visit(node.generators[0].iter)
        start, self.state = self.state, self.nested_state
        self.hidden.append(comprehension_targets(node))
        local, self.local = self.local, set()
        for position, generator in enumerate(node.generators):
            if position:
                self.visit(generator.iter)
            for condition in generator.ifs:
                self.visit(condition)
        for element in comprehension_elements(node):
            self.visit(element)
        self.hidden.pop()
        self.local = local
        self.state = start  # a walrus inside may not have run

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def share(self, target: ast.expr, value: ast.expr) -> None:
        """Tie the names in a target to the names that share objects with a value."""
        roots = list(sure_roots(value, self.purity))
        sources = [name for name, _ in roots]
        self.tie(root_names(target), [name for name, sure in roots if sure], sure=True)
        known = {
            node.func
            for node in nodes_of(value)
            if isinstance(node, ast.Call) and self.purity.code.called(node) is not None
        }
        for node in nodes_of(value):
            # A function of the notebook may return, or keep, what it reads.
            if isinstance(node, ast.Name) and node.id in self.purity.own and node not in known:
                sources += sorted(self.carriers.get(node.id, NOTHING).names)
        self.tie(root_names(target), sources)
        inside = set(shallow_names(value, self.purity)) - set(sources)
        if inside:
            self.tie(root_names(target), sorted(inside))
            self.soft |= inside.union(() if sources else root_names(target))
        if isinstance(target, ast.Tuple | ast.List) and not _gives_separate_objects(value):
            names = sorted(root_names(target))
            self.tie(names[:1], names[1:])

    def share_elements(self, target: ast.expr, value: ast.expr) -> None:
        """Tie a target to what may be inside of a value, as a copy would be tied to it."""
        names = set(root_names(target))
        inside = {*root_names(value, self.purity), *shallow_names(value, self.purity)} - names
        if inside and not _is_plain(value):
            self.tie(sorted(names), sorted(inside))
            self.soft |= names

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        hidden, self.hidden = self.hidden, []
        self.assign(node.target, node.value)
        self.hidden = hidden

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Bind a target, and note what the names in it share with the value from now on."""
        held = set() if _is_plain(value) else mentioned(value)
        carried = union(self.carriers.get(name, NOTHING) for name in held)
        made = value_effects(value, self.purity)
        carried |= made
        self.share(target, value)
        self.tie(root_names(target), made.reads)  # a function may give back what it reads
        plain = isinstance(target, ast.Name)
        for name in root_names(target):
            if plain:
                self.carriers[name] = carried
            elif carried is not NOTHING:
                self.carriers[name] = self.carriers.get(name, NOTHING) | carried
        self.visit(target)

    def evaluate(self, start: State, expression: ast.expr) -> State:
        """Visit an expression that is evaluated in the given state, and return the state after."""
        self.state = start
        self.visit(expression)
        return self.state


def _gives_separate_objects(value: ast.expr) -> bool:
    """Whether unpacking a value surely gives objects that share nothing."""
    if isinstance(value, ast.Call):
        return called_name(value) in _SEPARATE_RESULTS
    if isinstance(value, ast.Attribute):
        return value.attr == "shape"
    return isinstance(value, ast.Tuple | ast.List | ast.Constant)


def _is_plain(value: ast.expr) -> bool:
    """Whether a value is surely a number, a text or the like, which holds no code."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in _PLAIN_RESULTS
    return isinstance(value, ast.Constant | ast.JoinedStr | ast.Compare)


def mentioned(node: ast.AST) -> set[str]:
    """Names that an expression reads, nested scopes included."""
    return {n.id for n in nodes_of(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
