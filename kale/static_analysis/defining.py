"""Statements that define code in the flow of a cell: imports, functions, classes, type aliases."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from kale.static_analysis.binding import extends_package, imported_name
from kale.static_analysis.deferred import NOTHING, Deferred, deferred_effects, union
from kale.static_analysis.expressions import Expressions, mentioned
from kale.static_analysis.scopes import (
    CLASS_NAMES,
    annotations_of,
    bindings,
    type_parameters,
    walk_scope,
)

#: Since Python 3.14, nothing evaluates an annotation before somebody asks for it (PEP 649).
_LAZY_ANNOTATIONS = sys.version_info >= (3, 14)


class Defining(Expressions):
    """Visit the statements that bind names to code."""

    def statements(self, body: Iterable[ast.AST], *, top_level: bool = False) -> None:
        """Visit statements in their order; those at the top level can be definitions as code."""
        for node in body:
            outer = self.statement
            self.statement = node if top_level and isinstance(node, ast.stmt) else None
            self.visit(node)
            self.statement = outer

    @property
    def annotations_wait(self) -> bool:
        """Whether annotations are evaluated when somebody asks for them, if ever."""
        return self.future_annotations or _LAZY_ANNOTATIONS

    def annotation(self, node: ast.expr) -> None:
        """The annotation of a variable of the cell or of a class body.

        One that waits may be read as soon as its class is made: dataclasses do so.
        """
        if not self.annotations_wait:
            self.visit(node)
        elif self.outer:
            for name in sorted(mentioned(node) & self.purity.bound):
                self.use(name, node, strong=False)

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            self.future_annotations |= any(alias.name == "annotations" for alias in node.names)
        for alias in node.names:
            if alias.name == "*":
                assert isinstance(node, ast.ImportFrom)
                self.stars.append(node)
            else:
                if extends_package(node):
                    # `import a.b` adds to the package that an earlier `import a.c` bound.
                    self.use(imported_name(alias), node, strong=False)
                self.carriers.pop(imported_name(alias), None)
                self.bind(imported_name(alias), node)

    visit_ImportFrom = visit_Import

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for expression in [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults]:
            if expression is not None:
                self.visit(expression)
        if not self.annotations_wait:
            with self._hiding(type_parameters(node)):
                for annotation in annotations_of(node):
                    self.visit(annotation)
        self._define(node.name, node, _decorators(self.carriers, node))
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.share(ast.Name(node.name, ast.Store()), default)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for decorator in node.decorator_list:
            self.visit(decorator)
        with self._hiding(type_parameters(node)):
            for expression in [*node.bases, *(keyword.value for keyword in node.keywords)]:
                self.visit(expression)
            self._class_body(node)
        held = [*node.bases, *_values_of(node)]  # a descriptor's methods run for the instances
        inherited = union(
            self.carriers.get(name, NOTHING) for value in held for name in mentioned(value)
        )
        self._define(node.name, node, inherited | _decorators(self.carriers, node))

    def _class_body(self, node: ast.ClassDef) -> None:
        """The body runs now, in a scope of its own, which nothing nested in it sees."""
        before, statement, local = self.state, self.statement, self.local
        carriers = dict(self.carriers)
        start = self.module_state
        self.outer.append(start)
        self.local = set(CLASS_NAMES)
        self.state = None if start is None else start | CLASS_NAMES
        self.statements(node.body)
        self.outer.pop()
        found, self.local = self.local, local
        self.state, self.statement, self.carriers = before, statement, carriers
        for name in sorted(bindings(list(node.body))[1] & found):
            self.bind(name, node)  # declared `global` in the class body

    def visit_TypeAlias(self, node: ast.stmt) -> None:
        """PEP 695: the value is evaluated when somebody asks for it."""
        name = getattr(node, "name")  # noqa: B009 - Python 3.11 does not know the class
        self._define(name.id, node, NOTHING)

    @contextmanager
    def _hiding(self, names: frozenset[str]) -> Iterator[None]:
        """Names that belong to an inner scope for a while."""
        self.hidden.append(names)
        yield
        self.hidden.pop()

    def _define(self, name: str, node: ast.stmt, inherited: Deferred) -> None:
        effects = deferred_effects(node, self.purity, lazy_annotations=self.annotations_wait)
        effects |= inherited
        conditional = self.statement is None
        known = self.carriers.get(name, NOTHING) if conditional else NOTHING
        self.carriers[name] = effects | known
        self.bind(name, node)


def _values_of(node: ast.ClassDef) -> Iterator[ast.expr]:
    """What the class body assigns."""
    for child in walk_scope(node.body):
        if isinstance(child, ast.Assign | ast.AnnAssign | ast.NamedExpr) and child.value:
            yield child.value


def _decorators(
    carriers: Mapping[str, Deferred], node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
) -> Deferred:
    return union(
        carriers.get(name, NOTHING)
        for decorator in node.decorator_list
        for name in mentioned(decorator)
    )
