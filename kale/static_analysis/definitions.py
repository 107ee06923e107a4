"""Imports, functions, classes and type aliases of a top level: code that steps get as source."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from kale.dataclass import dataclass
from kale.ir import Source
from kale.static_analysis.binding import (
    TYPE_ALIAS,
    defined_name,
    extends_package,
    imported_name,
)
from kale.static_analysis.def_use import analyze_cell
from kale.static_analysis.deferred import NOTHING, Deferred
from kale.static_analysis.dotted_names import dotted_name
from kale.static_analysis.fresh_calls import CLOCKS, IDENTITIES
from kale.static_analysis.own_state import keeps_state
from kale.static_analysis.purity import Purity
from kale.static_analysis.scopes import walk_scope

_CODE_STATEMENTS = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
    *TYPE_ALIAS,
)


@dataclass(frozen=True, slots=True)
class Definition:
    """One statement that defines names as code, and the names it reads while it does so.

    ``reads`` are those of decorators, default values, annotations, base classes and class
    bodies; what a function's body reads is looked up when it is called. One that ``extends``
    adds to what earlier imports of its names made, and needs them too. A ``stateful`` one keeps
    something from call to call, so it travels as a value.
    """

    names: frozenset[str]
    source: Source
    reads: frozenset[str]
    is_import: bool
    extends: bool = False
    stateful: bool = False

    def imported_from(self, name: str) -> tuple[str, str] | None:
        """The module and the name in it that an import binds a name to; ``None`` of other code."""
        for statement in ast.parse(self.source.python).body if self.is_import else ():
            assert isinstance(statement, ast.Import | ast.ImportFrom)
            module = ast.unparse(statement).partition(" import ")[0]
            for alias in statement.names:
                if alias.name == "*":
                    return module, name
                if imported_name(alias) == name:
                    return module if module.startswith("from ") else "", alias.name
        return None


def definitions(
    tree: ast.Module,
    source: Source,
    carriers: Mapping[str, Deferred],
    purity: Purity,
    *,
    postponed_annotations: bool = False,
) -> Iterator[tuple[ast.stmt, Definition]]:
    """The code statements at the top level of a cell, each with its definition.

    ``carriers`` tells what calling each name may do at the end of the cell.
    """
    packages: dict[frozenset[str], Definition] = {}
    for statement in tree.body:
        if isinstance(statement, _CODE_STATEMENTS):
            found = _definition(tree, statement, source, purity, postponed=postponed_annotations)
            if not found.is_import:
                found = _with_calls(found, statement, carriers, purity)
            if found.extends:
                if found.names in packages:
                    found = _together(packages[found.names], found)
                packages[found.names] = found
            yield statement, found


def _with_calls(
    found: Definition, statement: ast.stmt, carriers: Mapping[str, Deferred], purity: Purity
) -> Definition:
    """Add what the calls do that make the definition: decorators, default values, attributes."""
    called = list(_called(statement))
    reads: set[str] = set()
    stateful = found.stateful
    pending = [node.id for node in called if isinstance(node, ast.Name)]
    while pending:
        effects = carriers.get(pending.pop(), NOTHING)
        stateful |= bool(effects.stores or effects.binds)
        pending += effects.reads - reads
        reads |= effects.reads
    for node in called:
        name = dotted_name(node, purity.random.modules) or ast.unparse(node)
        stateful |= name in CLOCKS or name in IDENTITIES
    return replace(found, reads=found.reads | (reads - found.names), stateful=stateful)


def _called(statement: ast.stmt) -> Iterator[ast.expr]:
    """What is called when a function or class statement runs."""
    roots = [statement, *(statement.body if isinstance(statement, ast.ClassDef) else ())]
    for node in walk_scope(roots):
        if isinstance(node, ast.Call):
            yield node.func
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from (d for d in node.decorator_list if not isinstance(d, ast.Call))


def _definition(
    tree: ast.Module, statement: ast.stmt, source: Source, purity: Purity, *, postponed: bool
) -> Definition:
    is_import = isinstance(statement, ast.Import | ast.ImportFrom)
    names = (
        frozenset(imported_name(alias) for alias in statement.names if alias.name != "*")
        if isinstance(statement, ast.Import | ast.ImportFrom)
        else frozenset({defined_name(statement)})
    )
    alone = ast.Module(body=[statement], type_ignores=[])
    effects = analyze_cell(alone, {}, Purity(), postponed_annotations=postponed)
    strong = frozenset(name for name, use in effects.uses.items() if use.strong)
    text = _slice(tree, statement, source)
    # One that extends what had its name before, `class P(P)`, cannot be made from its source.
    stateful = keeps_state(statement, purity) or (not is_import and not names.isdisjoint(strong))
    return Definition(names, text, strong - names, is_import, extends_package(statement), stateful)


def _together(first: Definition, second: Definition) -> Definition:
    """Two imports of submodules of one package in one cell, as one definition."""
    code = f"{first.source.code}\n{second.source.code}"
    python = f"{first.source.python}\n{second.source.python}"
    return replace(second, source=Source(code, first.source.at, python))


def _slice(tree: ast.Module, statement: ast.stmt, source: Source) -> Source:
    """The statement's own lines; rewritten from its syntax tree where it shares a line."""
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(d.lineno for d in decorators)])
    last = statement.end_lineno or statement.lineno
    at = replace(source.at, line=(source.at.line or 1) + first - 1)
    shared = any(
        other is not statement and other.lineno <= last and (other.end_lineno or 0) >= first
        for other in tree.body
    )
    if shared:
        at = replace(at, column=statement.col_offset + 1)
        star = isinstance(statement, ast.ImportFrom) and ast.get_source_segment(
            source.python, statement
        )
        text = star or ast.unparse(statement)
        return Source(text, at, text)
    return Source(_lines(source.code, first, last), at, _lines(source.python, first, last))


def _lines(code: str, first: int, last: int) -> str:
    return "\n".join(code.split("\n")[first - 1 : last])
