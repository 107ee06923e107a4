"""Names that may share an object, so that a change of one counts for the others.

Flow-insensitive: names once tied by an assignment, a container or a function of the notebook stay
tied (Steensgaard, *Points-to analysis in almost linear time*, 1996). A cell that changes one name
of a group, or ties two of them, then *touches* all of the group that is read later: it loads them,
so that they share there what they shared before, and saves them, so that they share it afterwards.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace

from kale.dataclass import dataclass
from kale.static_analysis.cells import Cell
from kale.static_analysis.effects import Use
from kale.static_analysis.writes import SHARED

Groups = Mapping[str, frozenset[str]]


@dataclass(slots=True)
class _Lifetimes:
    """The names of one group by their first binding; those alive move along with the cells."""

    waiting: list[tuple[int, str]]
    alive: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Spans:
    """Cells between which sharing matters.

    ``lifetimes``, the cell by which each name is ``bound`` and the cells that ``read`` it say which
    names of a group have a value; ``changed`` and ``surely_changed`` map a group to the last cell
    that may, or does, change it. ``since`` maps a cell that another step's cells part from earlier
    ones of its step to the first of these: what the step saves at its end is read there, too.
    """

    lifetimes: Mapping[frozenset[str], _Lifetimes]
    read: Mapping[str, tuple[Cell, ...]]
    changed: Mapping[frozenset[str], int]
    surely_changed: Mapping[frozenset[str], int]
    bound: Mapping[str, int]
    since: Mapping[int, int]

    def alive(self, group: frozenset[str], cell: Cell) -> list[str]:
        """The names of a group that have a value in a cell which another step reads later.

        To be asked in notebook order: names are dropped as they die, so that the cost of a
        cell is that of the names alive in it, however many the notebook has.
        """
        if cell.number in self.since:
            since = self.since[cell.number]
            names = (
                n
                for n in group
                if n in self.read and self.bound.get(n, cell.number + 1) <= cell.number
            )
            return sorted(name for name in names if self._read_elsewhere(name, cell, since))
        lifetimes = self.lifetimes[group]
        waiting = lifetimes.waiting
        while waiting and waiting[-1][0] <= cell.number:
            lifetimes.alive.append(waiting.pop()[1])
        lifetimes.alive[:] = [
            name for name in lifetimes.alive if self.read[name][-1].number > cell.number
        ]
        last = cell.number
        return sorted(name for name in lifetimes.alive if self._read_elsewhere(name, cell, last))

    def _read_elsewhere(self, name: str, cell: Cell, last: int) -> bool:
        for reader in reversed(self.read[name]):
            if reader.number <= last:
                return False
            if not set(reader.owners) <= set(cell.owners):
                return True
        return False


class _Bonds:
    """Names that surely are, hold or lie inside one object, as the cells run one after the other.

    Unlike in a group, a name that is bound anew leaves those that it was tied to.
    """

    def __init__(self) -> None:
        self._number = 0
        self._of: dict[str, int] = {}  # the bond of each name, by its number
        self._names: dict[int, set[str]] = {}
        self._left: dict[str, int] = {}  # the bonds that names of this cell have had before it
        self._concerned: set[str] = set()

    def enter(self, cell: Cell) -> None:
        """Go on to a cell: what held before it holds in it, too."""
        effects = cell.effects
        pairs = {pair for pair in effects.sure_aliases if pair[0] != pair[1]}
        self._concerned = {name for pair in pairs for name in pair} | effects.certain
        self._left = {}
        for name in effects.certain & self._of.keys():
            self._left[name] = self._of.pop(name)
            self._names[self._left[name]].discard(name)
        for one, other in sorted(pairs):
            self._join(self._bond(one), self._bond(other))

    def _bond(self, name: str) -> int:
        if name not in self._of:
            self._number += 1
            self._of[name] = self._number
            self._names[self._number] = {name}
            self._left.setdefault(name, self._number)
        return self._of[name]

    def _join(self, one: int, other: int) -> None:
        if one == other:
            return
        # The names of the smaller one move, so that each moves only a few times.
        small, large = sorted((one, other), key=lambda bond: len(self._names[bond]))
        for name in self._names.pop(small):
            self._left.setdefault(name, small)
            self._of[name] = large
            self._names[large].add(name)

    def hold(self, name: str, other: str) -> bool:
        """Whether two names are tied for sure, at the start or at the end of the cell."""
        now = self._of.get(name)
        if now is not None and now == self._of.get(other):
            return True
        before = self._left.get(name, now)
        return (
            name in self._concerned
            and before is not None
            and before == self._left.get(other, self._of.get(other))
        )


def tie(cells: Iterable[Cell], parameters: Iterable[str]) -> tuple[list[Cell], Groups]:
    """The cells with the changes that sharing adds, and the group of each name that is in one.

    ``cells`` are in notebook order; ``parameters`` have values from the start.
    """
    cells = list(cells)
    groups = _groups(cells)
    readers: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        for name in cell.effects.uses:
            readers[name].append(cell)
    changes = [
        (groups[name], cell.number, certain)
        for cell in cells
        for name, (_, certain) in cell.effects.mutations.items()
        if name in groups
    ]
    bound = {name: cell.number for cell in reversed(cells) for name in cell.effects.binds}
    bound |= dict.fromkeys(parameters, 0)
    spans = _Spans(
        lifetimes={
            group: _Lifetimes(
                sorted(
                    ((bound[name], name) for name in group if name in bound and name in readers),
                    reverse=True,
                )
            )
            for group in set(groups.values())
        },
        read={name: tuple(found) for name, found in readers.items()},
        changed={group: number for group, number, _ in changes},
        surely_changed={group: number for group, number, certain in changes if certain},
        bound=bound,
        since=_parted(cells),
    )
    bonds, so_far = _Bonds(), _Ties()
    tied = []
    for cell in cells:
        bonds.enter(cell)
        so_far.enter(cell)
        tied.append(_tied(cell, groups, spans, bonds, so_far))
    return tied, groups


def _parted(cells: Iterable[Cell]) -> dict[int, int]:
    """The cells that stand apart from earlier ones of their step, each with the first of these."""
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    parted: dict[int, int] = {}
    for position, cell in enumerate(cells):
        for owner in cell.owners:
            first.setdefault(owner, cell.number)
            if last.get(owner, position - 1) != position - 1 and owner != SHARED:
                parted[cell.number] = min(first[owner], parted.get(cell.number, cell.number))
            # Once parted, the cells that follow are so, too.
            last[owner] = position if cell.number not in parted else -2
    return parted


class _Ties:
    """Names that some cell has tied, as union-find over the cells entered so far."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def find(self, name: str) -> str:
        """The name that stands for all that are tied to this one."""
        parent = self.parent
        while (above := parent.get(name, name)) != name:
            parent[name] = name = parent.get(above, above)  # halves the path for the next one
        return name

    def enter(self, cell: Cell) -> None:
        """Add the ties of one more cell."""
        for one, other in sorted(cell.effects.aliases):
            self.parent[self.find(one)] = self.parent[self.find(other)] = self.find(other)

    def hold(self, name: str, other: str) -> bool:
        """Whether two names are tied by now."""
        return self.find(name) == self.find(other)


def _groups(cells: Iterable[Cell]) -> Groups:
    ties = _Ties()
    for cell in cells:
        ties.enter(cell)
    members: dict[str, set[str]] = defaultdict(set)
    for name in ties.parent:
        members[ties.find(name)].add(name)
    return {name: group for group in map(frozenset, members.values()) for name in group}


def _tied(cell: Cell, groups: Groups, spans: _Spans, bonds: _Bonds, so_far: _Ties) -> Cell:
    effects = cell.effects
    mutations, uses = dict(effects.mutations), dict(effects.uses)
    through: dict[str, tuple[str, bool]] = {}
    changed = {name: change for name, change in effects.mutations.items() if name in groups}
    for name, node in _tying(cell, groups):
        group = groups[name]
        alive = [n for n in spans.alive(group, cell) if so_far.hold(n, name)]
        if len(alive) > 1 and spans.changed.get(group, 0) > cell.number:
            # Whether two names are one object matters once one of them is surely changed.
            certain = spans.surely_changed.get(group, 0) > cell.number
            certain &= name not in cell.effects.soft
            changed.setdefault(name, (node, certain))
    for name, (node, certain) in changed.items():
        alive = [n for n in spans.alive(groups[name], cell) if so_far.hold(n, name)]
        for other in alive:
            sure = certain and (name not in effects.mutations or bonds.hold(name, other))
            if other in mutations and sure and not mutations[other][1]:
                mutations[other] = (node, True)
                through.setdefault(other, (name, name in effects.mutations))
                if other in uses and uses[other].tied:  # what is surely changed has to be there
                    uses[other] = replace(uses[other], tied=False)
            if other not in effects.certain and other not in mutations:
                mutations[other] = (node, sure)
                uses.setdefault(other, Use(node, strong=False, tied=not certain, shared=True))
                with_whom = name if name != other else next(n for n in alive if n != name)
                through[other] = (with_whom, name in effects.mutations)
    effects = replace(effects, mutations=mutations, uses=uses, through=through)
    return replace(cell, effects=effects)


def _tying(cell: Cell, groups: Groups) -> Iterator[tuple[str, ast.AST]]:
    """Names that a cell gives an object of another name, or may leave with the one they had."""
    effects = cell.effects
    for name in sorted({name for pair in effects.aliases for name in pair}):
        if name in effects.binds:
            yield name, effects.binds[name].node
        elif name in effects.uses:
            yield name, effects.uses[name].node
    for name in sorted(effects.binds.keys() & groups.keys()):
        if name not in effects.certain:
            yield name, effects.binds[name].node
