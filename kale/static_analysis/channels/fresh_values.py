"""Values that cells of several steps make anew: each step has its own, the notebook has one.

Clocks, identities and unseeded draws are told by the usual calls, also in a function of the
notebook that makes them. Known gaps: calls of libraries that do the same inside; what a shared
cell reads from a file or a network, which may have changed when the next step runs.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.ir import Wire
from kale.static_analysis.cells import Cell
from kale.static_analysis.channels.code_walk import Verb
from kale.static_analysis.channels.survey import Sight, Survey
from kale.static_analysis.facts import SHARED
from kale.static_analysis.fresh_calls import CLOCKS, IDENTITIES, UNSEEDED
from kale.static_analysis.purity import is_constant
from kale.static_analysis.reaching import Flow

_SEEDS = frozenset({"random.seed", "numpy.random.seed"})

_REMEDY = "tag the cell with a `block:` of its own, so that the value travels"


@dataclass(frozen=True, slots=True)
class _Made:
    """A name, and the call that makes its value another one in each step."""

    name: str
    cell: Cell
    call: Sight


def fresh_values(survey: Survey, flow: Flow) -> Iterator[Diagnostic]:
    """Warnings of values that shared cells, or cells of two steps, make anew in each."""
    fresh = list(_fresh(survey, flow))
    places = {(finding.at.cell, finding.at.line) for finding in fresh if finding.at is not None}
    yield from fresh
    for twin in _twins(survey, flow.wires):
        if twin.at is not None and (twin.at.cell, twin.at.line) not in places:
            yield twin


def _fresh(survey: Survey, flow: Flow) -> Iterator[Diagnostic]:
    calls = {id(sight.node): sight for sight in _fresh_calls(survey)}
    cells = [c for c in survey.facts.cells if SHARED in c.owners or len(c.owners) > 1]
    if not any(sight.cell in cells for sight in calls.values()):
        return
    given = {(wire.name, wire.consumer) for wire in flow.wires}
    for made in _made(cells, calls):
        name = made.name
        if SHARED not in made.cell.owners:
            if _is_read_elsewhere(made, survey):
                yield _each(made)
            continue
        readers = [
            step
            for step, needs in flow.needs.items()
            if name in needs and (name, step) not in given and step in survey.last
        ]
        clock = made.call.name in CLOCKS and readers != list(survey.last)[-1:]
        if len(readers) > 1 or (readers and clock):
            yield diagnose(
                "KALE341",
                f"each step makes its own `{name}`, by `{made.call.text}`, at its start; the "
                "notebook makes one",
                at=made.call.at,
                hint=_REMEDY,
            )


def _fresh_calls(survey: Survey) -> Iterator[Sight]:
    """Calls that give each process another value, those of the notebook's functions included."""
    seeded = any(sight.name in _SEEDS for sight in survey.sights)
    makers: set[str] = set()
    for sight in survey.sights:
        if sight.verb is Verb.CALL and _is_fresh(sight, seeded=seeded):
            if sight.within:
                makers.add(f"@{sight.within}")
            yield sight
    yield from (s for s in survey.sights if s.verb is Verb.CALL and s.name in makers)


def _is_fresh(sight: Sight, *, seeded: bool) -> bool:
    call, name = sight.node, sight.name
    if name in UNSEEDED:
        return isinstance(call, ast.Call) and not (call.args or call.keywords)
    if name in {"time.localtime", "time.gmtime", "time.ctime"}:
        return isinstance(call, ast.Call) and not call.args
    if name.startswith(("random.", "numpy.random.")) and sight.direct and "()" not in name:
        return not seeded and name.rpartition(".")[2].islower()
    return name in CLOCKS | IDENTITIES


def _made(cells: list[Cell], calls: Mapping[int, Sight]) -> Iterator[_Made]:
    """The names that such calls make the values of, also by way of other names."""
    tainted: dict[str, _Made] = {}
    for cell in cells:
        for statement in cell.tree.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            call: Sight | None = None
            bound: list[str] = []
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    call = tainted[node.id].call if node.id in tainted else call
                elif isinstance(node, ast.Name):
                    bound.append(node.id)
                else:
                    call = calls.get(id(node), call)
            for name in bound:
                if call is not None:
                    tainted[name] = _Made(name, cell, call)
                else:
                    tainted.pop(name, None)
    yield from tainted.values()


def _is_read_elsewhere(made: _Made, survey: Survey) -> bool:
    return any(
        made.name in cell.effects.uses and cell.number != made.cell.number
        for cell in survey.facts.cells
    )


def _each(made: _Made) -> Diagnostic:
    return diagnose(
        "KALE341",
        f"steps {_named(made.cell)} each make their own `{made.name}`, by `{made.call.text}`; the "
        "notebook makes one",
        at=made.call.at,
        hint=_REMEDY,
    )


def _twins(survey: Survey, wires: tuple[Wire, ...]) -> Iterator[Diagnostic]:
    """An object that two steps make in one cell, of which a third gets both."""
    twice = [cell for cell in survey.facts.cells if len(cell.owners) > 1]
    if not twice:
        return
    inputs: dict[str, list[Wire]] = defaultdict(list)
    for wire in wires:
        inputs[wire.consumer].append(wire)
    for cell in twice:
        for name, bind in cell.effects.binds.items():
            value = getattr(bind.statement, "value", None)
            if not isinstance(value, ast.expr) or is_constant(value):
                continue
            group = survey.facts.groups.get(name, frozenset()) | {name}
            for step, received in inputs.items():
                makers = {w.producers[0] for w in received if w.name in group}
                if len(makers & set(cell.owners)) > 1:
                    yield diagnose(
                        "KALE341",
                        f"steps {_named(cell)} each make their own `{name}`, and step `{step}` "
                        "gets both; in the notebook they are one object",
                        at=cell.place(bind.node),
                        hint=_REMEDY,
                    )
                    break


def _named(cell: Cell) -> str:
    return " and ".join(f"`{owner}`" for owner in cell.owners)
