"""Where the body of a pipeline binds and reads its variables, seen before anything is lowered."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import field

from kale.dataclass import dataclass
from kale.sdk.lowering.global_names import bound_names

#: The loops, branches and handlers that a place stands in, outermost first: the `id` of each
#: statement, and 1 for its `else`.
Path = tuple[tuple[int, int], ...]

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_VIEWS = frozenset({"enumerate", "zip", "reversed", "list", "tuple", "sorted", "parallel"})


@dataclass(frozen=True, slots=True)
class Sites:
    """The places of each local variable: ``bound`` and ``read`` as paths, in their order.

    ``looped`` counts the reads that only loop over the variable. ``appended`` are the names of
    lists that a statement ``NAME.append(…)`` adds to.
    """

    bound: Mapping[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    read: Mapping[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    looped: Counter[str] = field(default_factory=Counter)
    appended: set[str] = field(default_factory=set)

    def only_below(self, name: str, path: Path) -> bool:
        """Whether a variable is bound once, at ``path``, and read nowhere but below that."""
        return len(self.bound[name]) == 1 and all(
            read[: len(path)] == path for read in self.read[name]
        )

    def only_at_top(self, name: str) -> bool:
        """Whether all that binds a variable stands in no loop, branch or handler."""
        return not any(self.bound[name])


def sites_of(function: ast.FunctionDef) -> Sites:
    """The places of the local variables of a function, its parameters included."""
    sites = Sites()
    arguments = function.args
    for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        sites.bound[one.arg].append(())
    _Walk(sites).block(function.body, ())
    return sites


def below(path: Path, statement: ast.stmt, suite: int = 0) -> Path:
    """The path of what stands in a statement at ``path``."""
    return (*path, (id(statement), suite))


class _Walk:
    def __init__(self, sites: Sites) -> None:
        self.sites = sites

    def block(self, statements: Iterable[ast.stmt], path: Path) -> None:
        for statement in statements:
            self.statement(statement, path)

    def statement(self, statement: ast.stmt, path: Path) -> None:
        match statement:
            case ast.For(target=target, iter=items, body=body, orelse=orelse):
                self.reads(items, path)
                self.loops_over(items)
                self.binds(target, below(path, statement))
                self.block(body, below(path, statement))
                self.block(orelse, below(path, statement, 1))
            case ast.If(test=test, body=body, orelse=orelse):
                self.reads(test, path)
                self.block(body, below(path, statement))
                self.block(orelse, below(path, statement, 1))
            case ast.With(items=withs, body=body):
                for one in withs:
                    self.reads(one.context_expr, path)
                self.block(body, below(path, statement))
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=a)
            ):
                self.sites.appended.add(name)
                for argument in a:
                    self.reads(argument, path)
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    self.reads(value, path)
                    self.binds(target, path)
            case ast.AugAssign(target=target, value=value):
                self.reads(value, path)
                if isinstance(target, ast.Name):
                    self.sites.read[target.id].append(path)
                self.binds(target, path)
            case _:
                self.reads(statement, path)
                self.binds(statement, path)

    def binds(self, node: ast.AST, path: Path) -> None:
        for name in bound_names(node):
            self.sites.bound[name].append(path)

    def reads(self, node: ast.AST, path: Path, hidden: frozenset[str] = frozenset()) -> None:
        if isinstance(node, _COMPREHENSIONS):
            for generator in node.generators:
                self.loops_over(generator.iter, hidden)
                hidden = hidden.union(bound_names(generator.target))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in hidden:
            self.sites.read[node.id].append(path)
        for child in ast.iter_child_nodes(node):
            self.reads(child, path, hidden)

    def loops_over(self, items: ast.expr, hidden: frozenset[str] = frozenset()) -> None:
        match items:
            case ast.Name(id=name):
                self.sites.looped[name] += name not in hidden
            case ast.Call(func=ast.Name(id=view), args=arguments) if view in _VIEWS:
                for argument in arguments:
                    self.loops_over(argument, hidden)
            case ast.Call(func=ast.Attribute(value=value, attr="items" | "keys" | "values")):
                self.loops_over(value, hidden)
