"""Reads and writes that no run of whole steps can keep in the notebook's order."""

from __future__ import annotations

from kale.errors import AnalysisError, GraphError, KaleError, Location
from kale.static_analysis.facts import Facts, Kind, Write
from kale.static_analysis.needs import Need
from kale.static_analysis.order import Order


def changed_code(need: Need, change: Write, code: Write) -> KaleError | None:
    """A step changes a function or a class that a later step uses: it reaches it as defined.

    A module is no code of the notebook; what a step changes of one is a hidden channel.
    """
    assert code.definition is not None
    if code.definition.is_import:
        return None
    return AnalysisError(
        "KALE305",
        f"step `{change.owners[0]}` changes `{change.name}`, which is code, and step "
        f"`{need.step}` uses it later; code reaches a step as it was defined",
        at=change.at,
        hint="keep what changes in a variable or an instance instead",
    )


def made_too_late(need: Need, base: Write, owner: str) -> KaleError:
    """The step that makes a value runs after the step that reads it."""
    return GraphError(
        "KALE211",
        f"step `{need.step}` reads `{need.name}` as step `{owner}` leaves it in cell {base.cell}, "
        f"but `{owner}` runs after `{need.step}`",
        at=need.at,
        hint=f"move the cell, or take the `prev:` away that puts `{owner}` after `{need.step}`",
    )


def unordered_writers(
    facts: Facts, order: Order, need: Need, base: Write, chosen: str
) -> KaleError | None:
    """Another ancestor that writes what ``need`` reads, and that nothing orders with ``chosen``."""
    if not order.apart(facts.timeline(need.name).writers, need.step, chosen):
        return None  # as a rule; else the cells decide
    writes = facts.writes[need.name]
    # Before a shared cell that sets the name anew, it does not matter who wrote it.
    reset = max((w.cell for w in writes if w.shared and w.cell < base.cell), default=0)
    for write in writes:
        if write.kind is Kind.TOUCH or not reset <= write.cell < need.cell:
            continue
        if write.tied and _only_ties(facts, write):
            continue
        if write.shared or write.cell == base.cell:
            continue
        for owner in write.owners:
            if owner not in order[need.step] or owner == chosen:
                continue
            if owner not in order[chosen] and chosen not in order[owner]:
                return AnalysisError(
                    "KALE210",
                    f"step `{need.step}` reads `{need.name}`, which steps `{owner}` (cell "
                    f"{write.cell}) and `{chosen}` (cell {base.cell}) both write, and "
                    "nothing orders the two",
                    at=need.at,
                    hint=f"tag a cell of `{chosen}` with `prev:{owner}`, or use two names",
                )
    return None


def _only_ties(facts: Facts, write: Write) -> bool:
    """Whether a write does no more than make the name share its object with another one."""
    cells = facts.cells_of(write.owners[0])
    cell = next(cell for cell in cells if cell.number == write.cell)
    return not cell.effects.through[write.name][1]


def later_write(facts: Facts, need: Need, producer: str) -> KaleError | None:
    """A producer saves when it ends: a later cell of it must not change the value."""
    write = facts.timeline(need.name).next_of(producer, need.cell)
    return interleaved(producer, need.name, write, need.at, need.cell) if write else None


def interleaved(step: str, name: str, write: Write, at: Location, cell: int) -> KaleError:
    """A step's cells stand on both sides of a cell that needs them in another order."""
    writer = "shared code" if write.shared else f"step `{write.owners[0]}`"
    return AnalysisError(
        "KALE212",
        f"`{name}` is read in cell {cell} and {writer} {write.kind.value} it in cell {write.cell}; "
        f"all cells of step `{step}` run together, so the two cannot keep their order",
        at=at,
        hint=f"put the cells of `{step}` together, or give the later ones a step of their own",
    )
