"""Where each name that a step reads comes from: the last write before the step's first access.

The notebook's own order decides (the contract: what its cells compute when run top to bottom), so
the writer of a read is found on the time line; the graph then has to agree with it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import replace

from kale.dataclass import dataclass
from kale.errors import Location
from kale.static_analysis.ambient import AMBIENT
from kale.static_analysis.facts import SHARED, Facts, Kind, Write

#: Where a definition stands: its cell, line and column.
Place = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Need:
    """A name that ``step`` reads before it binds it, first touched by the step in ``cell``.

    ``last`` is the last cell of the step that reads the value from outside. A strong need
    is a read that certainly happens when its statement runs; a tied one is no read, the name
    may only share an object with another that the step reads. An idle one would happen in a
    function that the step mentions, and is not seen to call.
    """

    step: str
    name: str
    cell: int
    last: int
    at: Location
    strong: bool
    tied: bool = False
    idle: bool = False


def step_needs(facts: Facts, step: str) -> dict[str, Need]:
    """The upward-exposed reads of a step, its cells taken in order."""
    needs: dict[str, Need] = {}
    bound: set[str] = set()
    for cell in facts.cells_of(step):
        for name, use in cell.effects.uses.items():
            if name in bound:
                continue
            known = needs.get(name)
            if known is None:
                first = first_access(facts, step, name, cell.number)
                at = cell.place(use.node)
                needs[name] = Need(
                    step, name, first, cell.number, at, use.strong, use.tied, use.idle
                )
            else:
                needs[name] = replace(
                    known,
                    last=cell.number,
                    strong=known.strong or use.strong,
                    tied=known.tied and use.tied,
                    idle=known.idle and use.idle,
                )
        bound |= cell.effects.certain
        bound -= cell.effects.unbound
    return needs


def first_access(facts: Facts, step: str, name: str, default: int) -> int:
    """The first cell of a step that reads or writes a name."""
    for cell in facts.cells_of(step):
        effects = cell.effects
        if name in effects.uses or name in effects.binds or name in effects.mutations:
            return cell.number
    return default


def read_spans(facts: Facts, step: str) -> dict[str, tuple[int, int]]:
    """The cells of a step's first access to, and last read of, each name it reads.

    Empty for a step whose cells stand together: nothing can come in between.
    """
    cells = facts.cells_of(step)
    if not cells:
        return {}
    first_place, last_place = (
        bisect_left(facts.cells, cell.number, key=lambda c: c.number)
        for cell in (cells[0], cells[-1])
    )
    if last_place - first_place < len(cells):
        return {}
    first: dict[str, int] = {}
    spans: dict[str, tuple[int, int]] = {}
    for cell in cells:
        effects = cell.effects
        for name in (*effects.uses, *effects.binds, *effects.mutations):
            first.setdefault(name, cell.number)
        for name in effects.uses:
            spans[name] = (first[name], cell.number)
    return spans


def optional_need(facts: Facts, step: str, name: str) -> Need | None:
    """What a step that only *may* bind a name needs, so that it can hand the name on."""
    for cell in facts.cells_of(step):
        if name in cell.effects.binds:
            at = cell.place(cell.effects.binds[name].node)
            return Need(step, name, cell.number, cell.number, at, strong=False)
    return None


def base_write(facts: Facts, name: str, step: str, before: int) -> Write | None:
    """The last write before a cell that orders its readers; a step's own cells do not count.

    Cells of ``imports`` and ``functions`` that stand *later* serve a name that nothing else
    defines: they run at the head of every step.
    """
    last = facts.timeline(name).last_from_outside(step, before)
    if last is None and name not in AMBIENT:
        for write in facts.writes.get(name, ()):
            if SHARED in write.owners and write.kind in {Kind.BIND, Kind.MAYBE}:
                return write
    return last


def code_under(facts: Facts, write: Write) -> Write | None:
    """The definition of a function, class or module that this write changes, if it does so."""
    under = facts.timeline(write.name).last_binding(write.cell, certain=True)
    return under if under is not None and under.definition is not None else None


def stands_alone(facts: Facts, write: Write, seen: frozenset[str] = frozenset()) -> bool:
    """Whether a definition means the same at the head of another step as where it stands.

    It does when it keeps no state and all that it reads on definition (decorators, defaults,
    bases) is code that stands alone itself, or comes from a shared cell, a parameter or the
    language.
    """
    definition = write.definition
    if definition is None or definition.stateful:
        return False
    owner = write.owners[0]
    for name in definition.reads - seen:
        inner = _last_before(facts, name, write, owner, write.cell + 1)
        if inner is None or inner.shared:
            continue
        if not stands_alone(facts, inner, seen | definition.names):
            return False
    return True


def _last_before(facts: Facts, name: str, write: Write, owner: str, limit: int) -> Write | None:
    """The write of a name that a definition sees: of its own cell, of its step, or from outside."""
    last = None
    for other in facts.writes.get(name, ()):
        if other.cell >= limit:
            break
        if other.cell < write.cell or owner in other.owners:
            last = other if other.kind is not Kind.TOUCH else last
    return last


def place_of(write: Write) -> Place:
    """Where a definition stands; two may share a line."""
    assert write.definition is not None
    at = write.definition.source.at
    return write.cell, at.line or 0, at.column or 0


def imports_again(write: Write, before: Write) -> bool:
    """Whether a write imports what the one before it has imported: the name stays as it is."""
    one, other = write.definition, before.definition
    if one is None or other is None or one.extends or other.extends:
        return False
    origin = one.imported_from(write.name)
    return origin is not None and origin == other.imported_from(write.name)


def closure(facts: Facts, write: Write) -> Mapping[Place, Write]:
    """A definition and the definitions it reads in turn, by place."""
    found: dict[Place, Write] = {}
    pending = [write]
    while pending:
        current = pending.pop()
        assert current.definition is not None
        place = place_of(current)
        if place in found:
            continue
        found[place] = current
        for name in current.definition.reads:
            pending += _code_before(facts, name, current, current.cell + 1)
        if current.definition.extends:
            for name in current.definition.names:
                pending += _code_before(facts, name, current, current.cell)
    return found


def _code_before(facts: Facts, name: str, write: Write, limit: int) -> Iterator[Write]:
    """The code that a definition sees under a name, if a step has defined it above a cell."""
    inner = _last_before(facts, name, write, write.owners[0], limit)
    if inner is not None and not inner.shared and inner.definition is not None:
        yield inner
