"""A module's ``__all__``, as far as it is made of literals."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field

from kale.dataclass import dataclass
from kale.static_analysis.binding import imported_name
from kale.static_analysis.imports.module_names import UnknownNamesError, runs_when_imported
from kale.static_analysis.scopes import bindings

#: Gives the names of the module that an expression stands for, or that an import reads from.
OtherModule = Callable[[ast.expr | ast.ImportFrom], frozenset[str]]

ALL = "__all__"

#: What may be done with a list without changing it.
_READERS = frozenset("all any dict enumerate frozenset len list print set sorted tuple zip".split())
_COPIES = frozenset("frozenset list set sorted tuple".split())

#: In a stub, from each line that begins with the name to the next that begins another statement.
_STATEMENTS = re.compile(rf"^{ALL}\b.*?(?=^[^\s\])#]|\Z)", re.MULTILINE | re.DOTALL)


def mentions_all(tree: ast.Module) -> bool:
    """Whether a module may have an ``__all__``: it names one other than another module's."""
    return any(
        (isinstance(node, ast.Name) and node.id == ALL)
        or (isinstance(node, ast.Constant) and node.value == ALL)
        or (isinstance(node, ast.alias) and ALL in {node.name, node.asname})
        for node in ast.walk(tree)
    )


def all_of_stub(text: str) -> frozenset[str]:
    """The names in the ``__all__`` of a stub, of which nothing else is parsed: it may be long.

    Raises:
        UnknownNamesError: it has none, or not one of literals.
    """
    found = _STATEMENTS.findall(text)
    if not found or re.search(rf"^[ \t]+{ALL}\b", text, re.MULTILINE):
        raise UnknownNamesError
    try:
        tree = ast.parse("".join(found))
    except SyntaxError as error:
        raise UnknownNamesError from error
    return all_of(tree, _of_no_module)


def computed_once(tree: ast.Module) -> bool:
    """Whether one statement makes all of ``__all__``, however it does so."""
    stores = [n for n in ast.walk(tree) if isinstance(n, ast.Name) and n.id == ALL]
    made = [n for n in stores if isinstance(n.ctx, ast.Store)]
    return len(made) == 1 and _Reader(tree, _of_no_module, {*made}).only_read(ALL)


def _of_no_module(_: ast.expr | ast.ImportFrom) -> frozenset[str]:
    raise UnknownNamesError


def all_of(tree: ast.Module, of_module: OtherModule) -> frozenset[str]:
    """The names in a module's ``__all__``; ``of_module`` gives those of other modules.

    Raises:
        UnknownNamesError: it is computed, or changed in some way that is not followed here.
    """
    reader = _Reader(tree, of_module)
    names: frozenset[str] | None = None
    for statement in runs_when_imported(tree.body):
        names = reader.after(statement, names)
    if names is None or not reader.only_read(ALL):
        raise UnknownNamesError
    if not all(name.isidentifier() for name in names):
        raise UnknownNamesError
    return names


@dataclass(slots=True)
class _Reader:
    """Follows one module's statements; ``understood`` are the mentions whose effect is known."""

    tree: ast.Module
    of_module: OtherModule
    understood: set[ast.AST] = field(default_factory=set)

    def after(self, statement: ast.stmt, names: frozenset[str] | None) -> frozenset[str] | None:
        """The names in ``__all__`` after one more statement; ``None`` as long as there is none."""
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id="__all__") as target], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(id="__all__") as target, value=ast.expr() as value)
            ):
                self.understood.add(target)
                return self.value(value)
            case ast.AugAssign(
                target=ast.Name(id="__all__") as target, op=ast.Add() | ast.BitOr(), value=value
            ) if names is not None:
                self.understood.add(target)
                return names | self.value(value)
            case ast.Expr(
                value=ast.Call(
                    func=ast.Attribute(value=ast.Name(id="__all__") as target, attr=method),
                    args=[argument],
                    keywords=[],
                )
            ) if names is not None:
                self.understood.add(target)
                return self._called(method, argument, names)
            case ast.ImportFrom(names=aliases):
                for alias in aliases:
                    if imported_name(alias) == ALL:
                        if alias.name != ALL:
                            raise UnknownNamesError
                        names = self.of_module(statement)
        return names

    def _called(self, method: str, argument: ast.expr, names: frozenset[str]) -> frozenset[str]:
        match method, argument:
            case "extend" | "update", _:
                return names | self.value(argument)
            case "append" | "add", ast.Constant(value=str(name)):
                return names | {name}
            case "remove" | "discard", ast.Constant(value=str(name)):
                return names - {name}
        raise UnknownNamesError

    def value(self, node: ast.expr) -> frozenset[str]:
        """The strings in a list, or the like."""
        match node:
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                return frozenset().union(*map(self._element, elements))
            case ast.BinOp(left=left, op=ast.Add() | ast.BitOr(), right=right):
                return self.value(left) | self.value(right)
            case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _COPIES:
                return self.value(inner)
            case ast.Call(func=ast.Attribute(value=inner, attr="copy"), args=[], keywords=[]):
                return self.value(inner)
            case ast.Attribute(value=module, attr="__all__"):
                return self.of_module(module)
            case ast.Name(id=name):
                return self._named(name)
        raise UnknownNamesError

    def _element(self, node: ast.expr) -> frozenset[str]:
        match node:
            case ast.Constant(value=str(name)):
                return frozenset({name})
            case ast.Starred(value=inner):
                return self.value(inner)
        raise UnknownNamesError

    def _named(self, name: str) -> frozenset[str]:
        """The strings in a list that one statement of the module makes and nothing changes."""
        for statement in self.tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=target) as made], value=value) if (
                    target == name and name != ALL
                ):
                    self.understood.add(made)
                    if self.only_read(name):
                        return self.value(value)
        raise UnknownNamesError

    def only_read(self, name: str) -> bool:
        """Whether nothing else in the module may bind or change the object of a name."""
        return not any(
            child not in self.understood and not _reads(parent, child)
            for parent, child in _mentions(self.tree, name)
        )


def _mentions(tree: ast.Module, name: str) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Each place that may mean a name of the module, with the node around it."""
    pending: list[ast.AST] = [tree]
    while pending:
        parent = pending.pop()
        if isinstance(parent, ast.ClassDef) and name in bindings([*parent.body])[0]:
            continue  # a name of the class
        if isinstance(parent, ast.Global) and name in parent.names:
            yield parent, parent
        for child in ast.iter_child_nodes(parent):
            pending.append(child)
            if (isinstance(child, ast.Name) and child.id == name) or (
                isinstance(child, ast.Constant) and child.value == name == ALL
            ):
                yield parent, child


def _reads(parent: ast.AST, child: ast.AST) -> bool:
    if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
        return False
    match parent:
        case ast.Return() | ast.Compare() | ast.BinOp() | ast.Starred():
            return True
        case ast.For(iter=read) | ast.comprehension(iter=read) | ast.AugAssign(value=read):
            return read is child
        case ast.Call(func=ast.Name(id=function), args=arguments):
            return function in _READERS and _among(child, arguments)
        case ast.Call(func=ast.Attribute(attr="extend" | "update"), args=arguments):
            return _among(child, arguments)
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
    return False


def _among(node: ast.AST, nodes: Iterable[ast.AST]) -> bool:
    return any(node is other for other in nodes)
