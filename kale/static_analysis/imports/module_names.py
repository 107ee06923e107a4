"""The public names that a module without ``__all__`` surely has once it has been imported.

A forward pass over its top level keeps the names bound on every path and those bound on some; if
the two differ at the end, nobody knows. Known gap: what other modules put into this one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import reduce

from kale.dataclass import dataclass
from kale.static_analysis.binding import TYPE_ALIAS, bound_names, defined_name, imported_name
from kale.static_analysis.scopes import FunctionNode, walk_scope


class UnknownNamesError(Exception):
    """Which names a module has cannot be read from its file."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Names bound on all paths, and on some path, to a point of a module."""

    surely: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()

    def bind(self, names: Iterable[str]) -> Bound:
        """After these names were bound."""
        names = frozenset(names)
        return Bound(self.surely | names, self.perhaps | names)

    def maybe(self, names: Iterable[str]) -> Bound:
        """After these names may have been bound."""
        return Bound(self.surely, self.perhaps.union(names))

    def unbind(self, names: Iterable[str]) -> Bound:
        """After these names were deleted."""
        return Bound(self.surely.difference(names), self.perhaps.difference(names))


def runs_when_imported(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements without what only type checkers read and what only a script runs."""
    for statement in body:
        if isinstance(statement, ast.If) and _is_false(statement.test):
            yield from runs_when_imported(statement.orelse)
        else:
            yield statement


def _is_false(test: ast.expr) -> bool:
    match test:
        case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
            return True
        case ast.Compare(
            left=ast.Name(id="__name__"),
            ops=[ast.Eq()],
            comparators=[ast.Constant(value="__main__")],
        ):
            return True
    return False


def public_names(
    tree: ast.Module,
    of_star: Callable[[ast.ImportFrom], frozenset[str]],
    submodules_of: Callable[[ast.stmt], Iterable[str]],
    submodules: Iterable[str] = (),
) -> frozenset[str]:
    """The names that a star import of a module brings in.

    ``of_star`` gives those that a star import in it brings, ``submodules_of`` the submodules that
    an import of a package from itself leaves in it, and ``submodules`` all that it has: any may
    be loaded before the star import, by whatever code, and then is a name too.

    Raises:
        UnknownNamesError: it depends on what happens when the module runs.
    """
    _refuse_hidden_names(tree)
    end = _Pass(of_star, submodules_of).over(tree.body, Bound())
    if end is None:
        raise UnknownNamesError
    declared = {n for node in ast.walk(tree) if isinstance(node, ast.Global) for n in node.names}
    perhaps = end.perhaps.union(declared, submodules)
    if any(not name.startswith("_") for name in perhaps - end.surely):
        raise UnknownNamesError
    return frozenset(name for name in end.surely if not name.startswith("_"))


def _refuse_hidden_names(tree: ast.Module) -> None:
    """Refuse a module that may bind names by other means than statements."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name="__getattr__") if node in tree.body:
                raise UnknownNamesError
            case ast.Call(func=ast.Name(id="globals" | "exec")):
                raise UnknownNamesError
            case ast.Subscript(slice=ast.Name(id="__name__")):  # sys.modules[__name__]
                raise UnknownNamesError
    for node in walk_scope(tree.body):
        match node:
            case ast.Call(func=ast.Name(id="vars" | "locals"), args=[], keywords=[]):
                raise UnknownNamesError
            case ast.Name(id="__getattr__") | ast.alias(name="__getattr__"):
                raise UnknownNamesError


@dataclass(frozen=True, slots=True)
class _Pass:
    of_star: Callable[[ast.ImportFrom], frozenset[str]]
    submodules_of: Callable[[ast.stmt], Iterable[str]]

    def over(self, body: Iterable[ast.stmt], bound: Bound | None) -> Bound | None:
        """What is bound after some statements; ``None`` if they end by an exception."""
        for statement in runs_when_imported(body):
            if bound is None:
                return None
            bound = self.after(statement, bound)
        return bound

    def after(self, statement: ast.stmt, bound: Bound) -> Bound | None:
        """What is bound after one statement."""
        match statement:
            case ast.Raise():
                return None
            case ast.If():
                before = bound.maybe(_stored(statement.test))
                return _meet(
                    [self.over(statement.body, before), self.over(statement.orelse, before)]
                )
            case ast.Try():
                return self._after_try(statement, bound)
            case ast.Delete():
                return bound.unbind(_stored(statement))
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return bound.maybe(_stored(statement)).bind([statement.name])
            case ast.Import() | ast.ImportFrom():
                return bound.bind(self._imported(statement))
            case ast.AnnAssign(value=None):
                return bound
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                targets = getattr(statement, "targets", None) or [getattr(statement, "target")]  # noqa: B009 - one of the two
                value = [] if statement.value is None else [statement.value]
                made = {n for target in targets for n in _stored(target)}
                return bound.maybe(_stored(*value)).bind(made)
        if isinstance(statement, TYPE_ALIAS):
            return bound.bind([defined_name(statement)])
        return bound.maybe(self._anywhere(statement))

    def _after_try(self, statement: ast.Try, bound: Bound) -> Bound | None:
        done = self.over([*statement.body, *statement.orelse], bound)
        # A handler runs after some part of the body, or all of it.
        begun = bound.maybe(n for s in statement.body for n in self._anywhere(s))
        deleted = {
            name
            for s in statement.body
            for node in walk_scope([s])
            if isinstance(node, ast.Delete)
            for name in _stored(node)
        }
        begun = Bound(begun.surely - deleted, begun.perhaps)
        ends = [done]
        for handler in statement.handlers:
            caught = self.over(handler.body, begun)
            if caught is not None and handler.name:
                caught = caught.unbind([handler.name])
            ends.append(caught)
        end = _meet(ends)
        return None if end is None else self.over(statement.finalbody, end)

    def _imported(self, statement: ast.Import | ast.ImportFrom) -> set[str]:
        names = set(self.submodules_of(statement))
        for alias in statement.names:
            if alias.name != "*":
                names.add(imported_name(alias))
            elif isinstance(statement, ast.ImportFrom):
                names |= self.of_star(statement)
        return names

    def _anywhere(self, statement: ast.stmt) -> set[str]:
        """All names that a statement, or one inside of it, may bind."""
        names: set[str] = set()
        for node in walk_scope([statement]):
            names.update(bound_names(node))
            if isinstance(node, ast.Import | ast.ImportFrom):
                names |= self._imported(node)
        return names


def _stored(*nodes: ast.AST) -> set[str]:
    """The names that the expressions in some nodes bind or delete."""
    return {
        name
        for node in walk_scope(nodes)
        if not isinstance(node, FunctionNode | ast.ClassDef)
        for name in bound_names(node)
    }


def _meet(ends: Iterable[Bound | None]) -> Bound | None:
    reached = [end for end in ends if end is not None]
    if not reached:
        return None
    return reduce(lambda a, b: Bound(a.surely & b.surely, a.perhaps | b.perhaps), reached)
