"""Cells that run at the head of every step must mean there what they mean where they stand."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from pyflakes import checker, messages

from kale.diagnostics import Diagnostic, diagnose
from kale.errors import AnalysisError, KaleError, Location
from kale.ir import Pipeline
from kale.static_analysis.ambient import AMBIENT
from kale.static_analysis.cells import Cell
from kale.static_analysis.facts import PARAMETERS, SHARED, Facts, Kind, Write
from kale.static_analysis.needs import imports_again
from kale.static_analysis.scopes import FunctionNode
from kale.static_analysis.syntax_tree import children
from kale.static_analysis.unseen import first_unseen, may_bind_unseen


def check_shared_cells(pipeline: Pipeline, facts: Facts) -> Iterator[KaleError]:
    """Errors of ``imports`` and ``functions`` cells that cannot be moved to the head of a step.

    One import may be wrong for many names, and is reported for the first.
    """
    reported: set[tuple[str, Location | None]] = set()
    for error in _errors_of_shared_cells(pipeline, facts):
        if (error.code, error.at) not in reported:
            reported.add((error.code, error.at))
            yield error


def _errors_of_shared_cells(pipeline: Pipeline, facts: Facts) -> Iterator[KaleError]:
    imports = {source.at.cell for source in pipeline.imports}
    yield from _read_before(facts)
    yield from _redefined_after_use(facts)
    yield from _rebound_perhaps(facts)
    for name, writes in facts.variables.items():
        shared = [w for w in writes if SHARED in w.owners]
        parameter = next((w for w in writes if w.owners == (PARAMETERS,)), None)
        for write in shared:
            if parameter is not None and write.cell < parameter.cell:
                yield AnalysisError(
                    "KALE214",
                    f"`{name}` is a pipeline parameter and cell {write.cell} assigns it before "
                    f"cell {parameter.cell} declares it; in a step the parameters come first",
                    at=write.at,
                    hint="take the assignment away, or put it below the parameters",
                )
        for early in shared:
            for late in shared:
                if early.cell not in imports and late.cell in imports and _replaces(late, early):
                    yield AnalysisError(
                        "KALE213",
                        f"cell {late.cell} (imports) sets `{name}` after cell {early.cell} "
                        "(functions) did; in a step the imports come first",
                        at=late.at,
                        hint="put the imports cell above the functions cell",
                    )


def _read_before(facts: Facts) -> Iterator[KaleError]:
    """A shared cell reads what only a step defines."""
    bound: set[str] = set()
    for cell in facts.cells_of(SHARED):
        for name, use in cell.effects.uses.items():
            writes = facts.writes.get(name, ())
            if not use.strong or name in AMBIENT or name in bound:
                continue
            if any(w.owners == (PARAMETERS,) for w in writes) or cell.effects.stars:
                continue
            owners = [w.owners[0] for w in writes if not w.shared and w.kind is not Kind.TOUCH]
            text = (
                f"which step `{owners[0]}` defines; this cell runs at the head of every step"
                if owners
                else "which no cell before it defines"
            )
            yield AnalysisError(
                "KALE304",
                f"the shared cell uses `{name}`, {text}",
                at=cell.place(use.node),
                hint="tag the cell with the `block:` that it belongs to"
                if owners
                else "correct the spelling, or define it in a cell above",
            )
        bound |= cell.effects.binds.keys()


def _redefined_after_use(facts: Facts) -> Iterator[KaleError]:
    """A shared cell sets a name anew that a cell above it has already used."""
    for name, writes in facts.variables.items():
        for write in writes:
            if SHARED not in write.owners or write.kind is Kind.TOUCH:
                continue
            reader = _first_reader(facts, name, write, writes)
            if reader is not None:
                yield AnalysisError(
                    "KALE213",
                    f"cell {write.cell} sets `{name}`, which cell {reader.number} uses with its "
                    "earlier meaning; imports and functions cells run at the head of every step",
                    at=write.at,
                    hint=f"move cell {write.cell} above cell {reader.number}, or use another name",
                )
                break


def _rebound_perhaps(facts: Facts) -> Iterator[KaleError]:
    """A shared cell that only may set a name would leave it without a step's value above it."""
    for name, writes in facts.variables.items():
        for late in writes:
            if SHARED not in late.owners or late.kind is not Kind.MAYBE:
                continue
            before = [w for w in writes if w.cell < late.cell and w.kind is not Kind.TOUCH]
            if before and not before[-1].shared:
                yield AnalysisError(
                    "KALE213",
                    f"cell {late.cell} may or may not set `{name}`, which cell {before[-1].cell} "
                    "sets above it; imports and functions cells run at the head of every step",
                    at=late.at,
                    hint=f"move cell {late.cell} above cell {before[-1].cell}, or use another name",
                )


def _replaces(late: Write, early: Write) -> bool:
    """Whether shared code gives a name another meaning than shared code above it."""
    return early.shared and early.cell < late.cell and not imports_again(late, early)


def _first_reader(facts: Facts, name: str, write: Write, writes: Iterable[Write]) -> Cell | None:
    for cell in facts.cells:
        if cell.number >= write.cell:
            return None
        if SHARED in cell.owners or name not in cell.effects.uses:
            continue
        before = [w for w in writes if w.cell < cell.number and w.kind is not Kind.TOUCH]
        if _replaces(write, before[-1]) if before else name in AMBIENT:
            return cell
    return None


def reserved_names(facts: Facts) -> Iterator[KaleError]:
    """Names that the load and save cells of every step need as Python defines them."""
    for name in ("globals", "__import__"):
        for write in facts.writes.get(name, ()):
            if write.kind is not Kind.TOUCH:
                yield AnalysisError(
                    "KALE307",
                    f"the notebook sets `{name}`, which every step needs as Python defines it",
                    at=write.at,
                    hint="use another name",
                )
                break


def star_imports(facts: Facts) -> Iterator[Diagnostic]:
    """Star imports bring names that nothing in the notebook shows."""
    for cell in facts.cells:
        for node in cell.effects.stars:
            yield diagnose(
                "KALE310",
                f"`from {node.module or '.'} import *` brings in names that Kale cannot see; a "
                "misspelt name is found only when the step runs, and an earlier value that one of "
                "them replaces may come back in a later step",
                at=cell.place(node),
                hint="import the names that are used",
            )


def unused_mistakes(facts: Facts, known: Iterable[KaleError]) -> Iterator[Diagnostic]:
    """Undefined names that pyflakes sees in code which no step is sure to run."""
    reported = {(e.at.cell, e.at.line) for e in known if e.at is not None}
    unseen = first_unseen(facts)
    for cell, inside, message in _undefined_names(facts):
        name = message.message_args[0]
        place = cell.place(ast.Pass(lineno=message.lineno, col_offset=message.col))
        if (place.cell, place.line) in reported or (unseen is not None and unseen <= cell.number):
            continue
        if isinstance(message, messages.UndefinedLocal):
            yield diagnose(
                "KALE303",
                f"`{name}` is a variable of this function, which reads it before it sets it; the "
                "code fails if it runs",
                at=place,
                hint=f"declare `{name}` global, or give the variable another name",
            )
        elif name in AMBIENT or _may_be_bound_unseen(facts, cell):
            continue
        elif not facts.writes.get(name):
            yield diagnose(
                "KALE303",
                f"`{name}` is not defined anywhere; the code that uses it fails if it runs",
                at=place,
                hint="correct the spelling, or define it",
            )
        elif not inside and _is_gone(facts, name, cell):
            yield diagnose(
                "KALE303",
                f"`{name}` is not there any more: the cell has deleted it, or left the `except` "
                "clause that named it",
                at=place,
                hint=f"define `{name}` again, or use it before",
            )


def _may_be_bound_unseen(facts: Facts, cell: Cell) -> bool:
    return any(may_bind_unseen(facts, owner, cell.number) for owner in cell.owners)


def _is_gone(facts: Facts, name: str, cell: Cell) -> bool:
    """Whether a cell of a step may have taken away a name that nothing else gives a value there."""
    writes = facts.writes[name]
    return not any(write.shared for write in writes) and any(
        write.cell == cell.number and write.kind in {Kind.MAYBE, Kind.UNBIND} for write in writes
    )


def _undefined_names(facts: Facts) -> Iterator[tuple[Cell, bool, messages.Message]]:
    """The undefined names that pyflakes finds in the notebook read as one module.

    Each comes with its cell, and with whether it stands in a function.
    """
    statements = [statement for cell in facts.cells for statement in cell.tree.body]
    found = _Checker(ast.Module(body=statements, type_ignores=[]))
    kinds = messages.UndefinedName | messages.UndefinedLocal
    undefined = [message for message in found.messages if isinstance(message, kinds)]
    homes = _homes(facts) if undefined else {}
    for message in undefined:
        node = found.nodes[message]
        while node not in homes:  # a name in an annotation that is text
            node = found.getParent(node)
        yield *homes[node], message


def _homes(facts: Facts) -> dict[ast.AST, tuple[Cell, bool]]:
    """The cell of every node, and whether the node stands in a function."""
    homes: dict[ast.AST, tuple[Cell, bool]] = {}
    for cell in facts.cells:
        pending: list[tuple[ast.AST, bool]] = [(statement, False) for statement in cell.tree.body]
        while pending:
            node, inside = pending.pop()
            homes[node] = cell, inside
            inside |= isinstance(node, FunctionNode)
            pending += [(child, inside) for child in children(node)]
    return homes


class _Checker(checker.Checker):  # type: ignore[misc]  # pyflakes has no types
    """Pyflakes, keeping the node of each message: lines alone do not tell the cells apart."""

    def __init__(self, tree: ast.Module) -> None:
        self.nodes: dict[messages.Message, ast.AST] = {}
        super().__init__(tree, filename="notebook", builtins=set(AMBIENT))

    def report(self, messageClass: type[messages.Message], *args: Any, **options: Any) -> None:  # noqa: N803 - pyflakes' name
        super().report(messageClass, *args, **options)
        self.nodes[self.messages[-1]] = args[0]
