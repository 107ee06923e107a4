"""The steps of a run as a graph by level, for the eye."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Levels:
    """Steps by level: the length of the longest path from a step that waits for none.

    ``rows`` holds the steps of each level in the plan's order. ``producers`` maps each step to
    those that it waits for, without those that another of them waits for already: an arrow
    from them tells nothing new.
    """

    rows: tuple[tuple[str, ...], ...]
    producers: Mapping[str, tuple[str, ...]]

    def grown(self, step: str, into: Sequence[str]) -> Levels:
        """The same levels, with several steps in the place of one.

        They wait for what that one did, and who waited for it still names it.
        """
        rows = tuple(
            tuple(chain.from_iterable(into if name == step else (name,) for name in row))
            for row in self.rows
        )
        before = dict.fromkeys(into, self.producers[step])
        known = {name: names for name, names in self.producers.items() if name != step}
        return Levels(rows, known | before)

    @property
    def order(self) -> tuple[str, ...]:
        """All steps, level by level."""
        return tuple(name for row in self.rows for name in row)


def levels_of(after: Mapping[str, Sequence[str]]) -> Levels:
    """The levels of steps; ``after`` maps each, in topological order, to those it waits for."""
    level: dict[str, int] = {}
    rows: list[list[str]] = []
    producers: dict[str, tuple[str, ...]] = {}
    # Sets of steps are the bits of numbers, which makes a thousand steps a matter of milliseconds.
    bit = {name: 1 << rank for rank, name in enumerate(after)}
    ancestors: dict[str, int] = {}
    for name, before in after.items():
        level[name] = max((level[producer] + 1 for producer in before), default=0)
        if level[name] == len(rows):
            rows.append([])
        rows[level[name]].append(name)
        further = 0
        for producer in before:
            further |= ancestors[producer]
        ancestors[name] = further
        for producer in before:
            ancestors[name] |= bit[producer]
        near = (producer for producer in before if not further & bit[producer])
        producers[name] = tuple(dict.fromkeys(near))
    return Levels(tuple(map(tuple, rows)), producers)
