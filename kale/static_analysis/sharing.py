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
from dataclasses import replace

from kale.static_analysis.cells import Cell
from kale.static_analysis.effects import Use

Groups = Mapping[str, frozenset[str]]


def tie(cells: Iterable[Cell]) -> tuple[list[Cell], Groups]:
    """The cells with the changes that sharing adds, and the group of each name that is in one."""
    cells = list(cells)
    groups = _groups(cells)
    last_read = {name: cell.number for cell in cells for name in cell.effects.uses}
    changes = {
        certain: {
            groups[name]: cell.number
            for cell in cells
            for name, (_, sure) in cell.effects.mutations.items()
            if name in groups and (sure or not certain)
        }
        for certain in (False, True)
    }
    return [_tied(cell, groups, last_read, changes) for cell in cells], groups


def _groups(cells: Iterable[Cell]) -> Groups:
    parent: dict[str, str] = {}

    def find(name: str) -> str:
        while (above := parent.get(name, name)) != name:
            name = above
        return name

    for cell in cells:
        for one, other in sorted(cell.effects.aliases):
            parent[find(one)] = parent[find(other)] = find(other)
    members: dict[str, set[str]] = defaultdict(set)
    for name in parent:
        members[find(name)].add(name)
    return {name: frozenset(group) for group in members.values() for name in group}


def _tied(
    cell: Cell,
    groups: Groups,
    last_read: Mapping[str, int],
    changes: Mapping[bool, Mapping[frozenset[str], int]],
) -> Cell:
    effects = cell.effects
    mutations, uses = dict(effects.mutations), dict(effects.uses)
    changed = {name: change for name, change in effects.mutations.items() if name in groups}
    for name, node in _tying(cell, groups):
        later = [other for other in groups[name] if last_read.get(other, 0) > cell.number]
        if len(later) > 1 and changes[False].get(groups[name], 0) > cell.number:
            # Whether two names are one object matters once one of them is surely changed.
            certain = changes[True].get(groups[name], 0) > cell.number
            changed.setdefault(name, (node, certain))
    for name, (node, certain) in changed.items():
        for other in sorted(groups[name]):
            if other in effects.certain or last_read.get(other, 0) <= cell.number:
                continue
            if other not in mutations:
                mutations[other] = (node, certain and name not in effects.mutations)
                uses.setdefault(other, Use(node, strong=False, tied=not certain))
    return replace(cell, effects=replace(effects, mutations=mutations, uses=uses))


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
