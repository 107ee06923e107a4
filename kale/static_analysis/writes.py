"""The writes of one name along the notebook, and which of them come before a cell."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from kale.dataclass import dataclass
from kale.errors import Location
from kale.static_analysis.definitions import Definition

#: The owner of ``imports`` and ``functions`` cells: they run in every step.
SHARED = "imports and functions cells"
#: The owner of the pipeline's parameters: each step that reads one is given it.
PARAMETERS = "pipeline parameters"


class Kind(Enum):
    """What a write does: all but ``TOUCH`` order the steps that read the name later."""

    BIND = "binds"
    MAYBE = "may bind"
    UNBIND = "deletes"
    MUTATE = "changes"
    TOUCH = "may change"


@dataclass(frozen=True, slots=True)
class Write:
    """One cell's write of one name; ``owners`` are the steps that the cell belongs to.

    A ``tied`` one changes no more than an object that the name may share with another.
    """

    name: str
    kind: Kind
    cell: int
    owners: tuple[str, ...]
    at: Location
    definition: Definition | None = None
    tied: bool = False

    @property
    def shared(self) -> bool:
        """Whether every step runs it itself: it stands in a shared cell or is a parameter."""
        return self.owners[0] in {SHARED, PARAMETERS}


class Timeline:
    """All writes of one name, in notebook order; questions cost the logarithm of their number.

    ``writers`` are the steps that write the name for sure or perhaps; those that only touch it
    are none.
    """

    __slots__ = ("_binds", "_of", "_ordering", "_touches", "writers")

    def __init__(self, writes: Sequence[Write]) -> None:
        self._ordering = [w for w in writes if w.kind is not Kind.TOUCH]
        self._binds = [w for w in writes if w.kind in _BINDING]
        self._touches = [w for w in writes if w.kind is Kind.TOUCH and not w.shared]
        owned: dict[str, list[Write]] = defaultdict(list)
        for write in writes:
            for owner in write.owners:
                owned[owner].append(write)
        self._of: Mapping[str, Sequence[Write]] = owned
        self.writers = frozenset(o for w in self._ordering if not w.shared for o in w.owners)

    def last_from_outside(self, step: str, before: int) -> Write | None:
        """The last write before a cell that orders its readers, and that is not the step's own."""
        position = bisect_left(self._ordering, before, key=_cell)
        while position:
            position -= 1
            if step not in self._ordering[position].owners:
                return self._ordering[position]
        return None

    def last_binding(self, until: int, *, certain: bool = False) -> Write | None:
        """The last write up to a cell, that cell included, which binds the name."""
        position = bisect_right(self._binds, until, key=_cell)
        while position:
            position -= 1
            if not certain or self._binds[position].kind is Kind.BIND:
                return self._binds[position]
        return None

    def last_of(self, owner: str, before: int | None = None) -> Write | None:
        """The last write of an owner, before a cell if one is given."""
        found = self._of.get(owner, ())
        position = len(found) if before is None else bisect_left(found, before, key=_cell)
        return found[position - 1] if position else None

    def next_of(self, owner: str, after: int) -> Write | None:
        """The first write of an owner below a cell."""
        found = self._of.get(owner, ())
        position = bisect_right(found, after, key=_cell)
        return found[position] if position < len(found) else None

    def touches(self, after: int, before: int) -> Iterator[Write]:
        """The writes of steps between two cells that only may change the value."""
        start = bisect_right(self._touches, after, key=_cell)
        return iter(self._touches[start : bisect_left(self._touches, before, key=_cell)])


_BINDING = frozenset({Kind.BIND, Kind.MAYBE})

#: A name that nothing writes.
NEVER = Timeline(())


def _cell(write: Write) -> int:
    return write.cell
