"""The pipeline's metrics: which names are reported, and at the end of which step."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from kale.ir import METRICS_STEP, Wire
from kale.static_analysis.facts import Facts
from kale.static_analysis.order import Order


def metric_names(facts: Facts) -> tuple[str, ...]:
    """The names that the metrics cells print at their top level, or end in, in their order."""
    found: dict[str, None] = {}
    for cell in facts.cells_of(METRICS_STEP):
        for statement in cell.tree.body:
            if isinstance(statement, ast.Expr):
                found.update(dict.fromkeys(_printed(statement.value)))
    return tuple(found)


def _printed(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Tuple):
        for element in node.elts:
            yield from _printed(element)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
        for argument in node.args:
            yield from _printed(argument)
    elif isinstance(node, ast.JoinedStr):
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                yield from _printed(value.value)


def metrics_host(
    facts: Facts,
    steps: Iterable[str],
    after: Mapping[str, tuple[str, ...]],
    wires: Iterable[Wire],
) -> str | None:
    """The step whose notebook can end with the metrics cells, or ``None`` when none can.

    It must come after everything that they read, and have written none of it itself unless
    it is where the value comes from; of several, one that makes the values, then the last.
    """
    reads = {wire.name: wire.producers for wire in wires if wire.consumer == METRICS_STEP}
    shared = {
        name
        for cell in facts.cells_of(METRICS_STEP)
        for name in cell.effects.uses
        if name not in reads
    }
    inputs = {(wire.consumer, wire.name): wire.producers for wire in wires}
    above = Order(after)
    best: tuple[int, int] | None = None
    host = None
    for position, step in enumerate(steps):
        if step == METRICS_STEP:
            continue
        sources = {producer for producers in reads.values() for producer in producers}
        if not all(source == step or source in above[step] for source in sources):
            continue
        if any(
            producers != (step,)
            and (_writes(facts, step, name) or inputs.get((step, name), producers) != producers)
            for name, producers in reads.items()
        ):
            continue
        if not all(_leaves(facts, step, name) for name in shared):
            continue
        extra = sum(
            producers != (step,) and (step, name) not in inputs for name, producers in reads.items()
        )
        rank = (-extra, position)
        if best is None or rank > best:
            best, host = rank, step
    return host


def _writes(facts: Facts, step: str, name: str) -> bool:
    return any(step in write.owners for write in facts.writes.get(name, ()))


def _leaves(facts: Facts, step: str, name: str) -> bool:
    """Whether the metrics cells, at the end of a step, find the name as they do in the notebook.

    That is so if the step never writes it, or made the last of all writes above them.
    """
    writes = facts.writes.get(name, ())
    own = [write for write in writes if step in write.owners]
    if not own:
        return True
    first = facts.cells_of(METRICS_STEP)[0].number
    above = [write for write in writes if write.cell < first]
    return bool(above) and above[-1] is own[-1]
