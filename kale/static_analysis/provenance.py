"""Why a step is given a name: the writes that its value comes from, for people to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kale.ir import Input, InputKind, Origin, Reason, Wire
from kale.static_analysis.cells import Cell
from kale.static_analysis.facts import PARAMETERS, Facts, Kind, Write
from kale.static_analysis.needs import Need

#: What a write does that changes nothing, but makes two names share an object.
_TIES = "ties"

#: The writes that each (step, name) comes from, in notebook order.
Sources = Mapping[tuple[str, str], Iterable[Write]]


def trace_inputs(
    facts: Facts,
    needs: Mapping[str, Mapping[str, Need]],
    sources: Sources,
    wires: Iterable[Wire],
) -> Mapping[str, tuple[Input, ...]]:
    """The inputs of each step, sorted by name.

    The names of ``wires`` travel as values. What only a star import can
    have made is left out: nothing in the notebook shows its names.
    """
    cells = {cell.number: cell for cell in facts.cells}
    producers = {(wire.consumer, wire.name): wire.producers for wire in wires}
    inputs: dict[str, tuple[Input, ...]] = {}
    for step, found in needs.items():
        inputs[step] = tuple(
            _input(facts, cells, found[name], writes, producers.get((step, name), ()))
            for name in sorted(found)
            if (writes := tuple(sources.get((step, name), ())))
        )
    return inputs


def _input(
    facts: Facts,
    cells: Mapping[int, Cell],
    need: Need,
    writes: tuple[Write, ...],
    producers: tuple[str, ...],
) -> Input:
    reading = _first_read(facts, need)
    reason, at, shares = Reason.READ, need.at, ""
    if reading is not None:
        use = reading.effects.uses[need.name]
        at = reading.place(use.node)
        if use.shared:
            shares, changes = reading.effects.through[need.name]
            reason = Reason.SHARE if changes else Reason.TIE
    elif any(need.name in cell.effects.binds for cell in facts.cells_of(need.step)):
        reason = Reason.HAND_ON
    else:
        reason = Reason.CODE
    origins = [_origin(write, cells.get(write.cell), producers) for write in writes]
    # That two names are tied is told of a step that does nothing else to either.
    busy = {origin.step for origin in origins if origin.effect != _TIES}
    kept = tuple(one for one in origins if one.effect != _TIES or one.step not in busy)
    return Input(need.name, _kind(writes, producers), kept, at, reason, shares)


def _first_read(facts: Facts, need: Need) -> Cell | None:
    """The first cell that reads the name, or else needs it for what it may share."""
    shared = None
    for cell in facts.cells_of(need.step):
        if cell.number > need.last:
            break
        use = cell.effects.uses.get(need.name)
        if use is not None and not use.shared:
            return cell
        if use is not None and shared is None:
            shared = cell
    return shared


def _kind(writes: tuple[Write, ...], producers: tuple[str, ...]) -> InputKind:
    if producers:
        return InputKind.VALUE
    if writes[0].owners == (PARAMETERS,):
        return InputKind.PARAMETER
    return InputKind.CODE if writes[0].definition is not None else InputKind.SHARED


def _origin(write: Write, cell: Cell | None, producers: tuple[str, ...]) -> Origin:
    step = next((owner for owner in write.owners if owner in producers), write.owners[0])
    through, effect = "", write.kind.value
    if write.definition is not None:
        effect = "imports" if write.definition.is_import else "defines"
    if cell is not None and write.name in cell.effects.through and _changes(write):
        through, changes = cell.effects.through[write.name]
        effect = effect if changes else _TIES
    return Origin("" if write.shared else step, effect, write.at, through)


def _changes(write: Write) -> bool:
    return write.kind in {Kind.MUTATE, Kind.TOUCH}


def writes_behind(
    facts: Facts, need: Need, base: Write, producers: Iterable[str]
) -> tuple[Write, ...]:
    """The writes to tell of: the binding, the base write, and the last of each producer.

    What other steps did in between is told where the producers' own inputs are.
    """
    timeline = facts.timeline(need.name)
    binding = timeline.last_binding(min(base.cell, need.cell - 1)) or base
    last = (timeline.last_of(producer, need.cell) or base for producer in producers)
    chosen = {write.cell: write for write in (base, binding, *last)}
    return tuple(chosen[cell] for cell in sorted(chosen))
