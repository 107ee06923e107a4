"""Which names code looks up and sets as variables of its module, by Python's own scoping rules."""

from __future__ import annotations

import ast
import symtable
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from kale.dataclass import dataclass

_SCOPES = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp,
    ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GlobalNames:
    """The variables of a module: those that its code reads, and how often it binds each.

    ``constants`` are what a name is assigned that is bound just once, by a plain assignment.
    Annotations count as read. A name that a function declares ``global`` is bound once more.
    """

    read: frozenset[str]
    bound: Mapping[str, int]
    constants: Mapping[str, ast.expr]

    @property
    def all(self) -> frozenset[str]:
        """Every name that means a variable of the module, or a builtin, somewhere in its code."""
        return self.read.union(self.bound)


def global_names(statements: Sequence[ast.stmt]) -> GlobalNames:
    """The variables of a module that consists of ``statements``."""
    read: set[str] = set()
    bound: Counter[str] = Counter()
    constants: dict[str, ast.expr] = {}
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                constants[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                constants[name] = value
        bound.update(bound_names(statement))
    module = ast.Module(list(statements), type_ignores=[])
    tables = [symtable.symtable(ast.unparse(module), "<script>", "exec")]
    for table in tables:
        tables += table.get_children()
        top = table.get_type() == "module"
        for symbol in table.get_symbols():
            name = symbol.get_name()
            if symbol.is_referenced() and (top or symbol.is_global()):
                read.add(name)
            if symbol.is_declared_global():
                bound[name] += 1
    once = {name: value for name, value in constants.items() if bound[name] == 1}
    return GlobalNames(frozenset(read), dict(bound), once)


def bound_names(node: ast.AST) -> Iterator[str]:
    """The names that a statement binds in its own scope, once for each place."""
    for one in own_scope(node):
        match one:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name.partition(".")[0]
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.MatchMapping(rest=str(name)):
                yield name


def own_scope(node: ast.AST) -> Iterator[ast.AST]:
    """A node and what is in it, but not what has a scope of its own."""
    yield node
    if isinstance(node, _SCOPES):
        return
    for child in ast.iter_child_nodes(node):
        yield from own_scope(child)
