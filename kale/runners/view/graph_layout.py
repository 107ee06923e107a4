"""Places for the steps of a graph and for its arrows: levels side by side, few crossings.

Steps keep to their levels. An arrow over several levels runs through a place of its own in each
level between, shared with all arrows from the same step, so that it passes beside the boxes and
not below them. All lengths are in pixels.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kale.runners.view.levels import Levels

#: What a picture has at most; beyond it nobody follows an arrow any more.
MOST_BOXES, MOST_BENDS = 120, 400

#: Free room between boxes of a level, between two arrows, and between levels.
_BESIDE, _BEND_ROOM, _BETWEEN_DOWN, _BETWEEN_RIGHT = 20, 14, 34, 52
_BOX_HEIGHT, _MARGIN = 42, 6
#: A graph that is wider than this grows downwards.
_PAGE_WIDTH = 1100
_SWEEPS = 6


@dataclass(frozen=True, slots=True)
class Box:
    """A step's place: its left upper corner."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow between two steps, as the ``d`` of an SVG path."""

    start: str
    end: str
    path: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A graph with places; all boxes are of one size."""

    width: float
    height: float
    box_width: float
    box_height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


#: A step, or the place in a level where all arrows from a producer pass it: (producer, level).
_Node = str | tuple[str, int]


def lay_out(levels: Levels, box_width: float) -> Picture | None:
    """The picture of a graph, to the right if it is short, else downwards; ``None`` if too large.

    The same graph always gives the same picture.
    """
    if sum(map(len, levels.rows)) > MOST_BOXES:
        return None
    depth = {name: number for number, row in enumerate(levels.rows) for name in row}
    rows: list[list[_Node]] = [list(row) for row in levels.rows]
    chains = [
        _chain(producer, consumer, depth)
        for consumer, producers in levels.producers.items()
        for producer in producers
    ]
    bends = {node: None for chain in chains for node in chain if isinstance(node, tuple)}
    if len(bends) > MOST_BENDS:
        return None
    for bend in bends:
        rows[bend[1]].append(bend)
    above: dict[_Node, dict[_Node, None]] = {node: {} for row in rows for node in row}
    below: dict[_Node, dict[_Node, None]] = {node: {} for row in rows for node in row}
    for chain in chains:
        for start, end in itertools.pairwise(chain):
            above[end][start] = None
            below[start][end] = None
    _order(rows, above, below)
    to_the_right = len(rows) * (box_width + _BETWEEN_RIGHT) <= _PAGE_WIDTH
    size = _BOX_HEIGHT if to_the_right else box_width
    beside = _place(rows, above, below, size)
    return _Drawing(rows, depth, beside, box_width, to_the_right).picture(chains)


def _chain(producer: str, consumer: str, depth: Mapping[str, int]) -> list[_Node]:
    """What an arrow passes on its way, both ends among it."""
    between = ((producer, level) for level in range(depth[producer] + 1, depth[consumer]))
    return [producer, *between, consumer]


def _order(
    rows: list[list[_Node]],
    above: Mapping[_Node, Collection[_Node]],
    below: Mapping[_Node, Collection[_Node]],
) -> None:
    """Sort each level by the mean rank of its neighbours, in turns down and up."""
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        down = sweep % 2 == 0
        neighbours = above if down else below
        for number in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            beside = rows[number - 1 if down else number + 1]
            rank = {node: float(place) for place, node in enumerate(beside)}
            own = {node: float(place) for place, node in enumerate(rows[number])}
            rows[number].sort(key=lambda n: _mean([rank[m] for m in neighbours[n]], own[n]))
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    rows[:] = best


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(rows: Sequence[Sequence[_Node]], below: Mapping[_Node, Collection[_Node]]) -> int:
    """How many pairs of arrows between neighbouring levels cross."""
    found = 0
    for upper, lower in itertools.pairwise(rows):
        rank = {node: place for place, node in enumerate(lower)}
        ends: list[int] = []
        for node in upper:
            own = [rank[end] for end in below[node]]
            found += sum(len(ends) - bisect.bisect_right(ends, end) for end in own)
            for end in own:
                bisect.insort(ends, end)
    return found


def _place(
    rows: Sequence[Sequence[_Node]],
    above: Mapping[_Node, Collection[_Node]],
    below: Mapping[_Node, Collection[_Node]],
    size: float,
) -> dict[_Node, float]:
    """Where in its level each node has its middle, as near to its neighbours as there is room."""
    half = {n: (size + _BESIDE if isinstance(n, str) else _BEND_ROOM) / 2 for r in rows for n in r}
    at: dict[_Node, float] = {}
    for row in rows:
        edge = -sum(half[node] for node in row)
        for node in row:
            at[node] = edge + half[node]
            edge += 2 * half[node]
    for sweep in range(2 * _SWEEPS + 1):
        down = sweep % 2 == 0
        # Turns that look at both sides straighten long arrows; the last one straightens chains.
        both = _SWEEPS < sweep < 2 * _SWEEPS
        for row in rows if down else reversed(rows):
            near: list[float] = []
            for node in row:
                beside = (above[node] if down else below[node]) if not both else (
                    *above[node], *below[node]
                )  # fmt: skip
                near.append(_mean([at[neighbour] for neighbour in beside], at[node]))
            at.update(zip(row, _apart(near, [half[node] for node in row]), strict=True))
    least = min((at[n] - half[n] for n in at), default=0.0)
    return {node: place - least for node, place in at.items()}


def _apart(wanted: Sequence[float], half: Sequence[float]) -> list[float]:
    """The places nearest to ``wanted``, in squares, that keep order and distance.

    ``half`` is half the room of each. This is isotonic regression: neighbours that are too
    close are pooled at the mean of what they want, until none are.
    """
    offsets: list[float] = []
    for number in range(len(wanted)):
        before = offsets[-1] + half[number - 1] + half[number] if number else 0.0
        offsets.append(before)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        mean, count = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, others = pools.pop()
            mean = (mean * count + other * others) / (count + others)
            count += others
        pools.append((mean, count))
    means = (mean for mean, count in pools for _ in range(count))
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


class _Drawing:
    """Turns places along and across the levels into a picture."""

    def __init__(
        self,
        rows: Sequence[Sequence[_Node]],
        depth: Mapping[str, int],
        beside: Mapping[_Node, float],
        box_width: float,
        to_the_right: bool,
    ) -> None:
        self._rows, self._depth, self._beside = rows, depth, beside
        self._box_width, self._to_the_right = box_width, to_the_right
        self._size = box_width if to_the_right else float(_BOX_HEIGHT)
        self._step = self._size + (_BETWEEN_RIGHT if to_the_right else _BETWEEN_DOWN)

    def picture(self, chains: Sequence[Sequence[_Node]]) -> Picture:
        across = _BOX_HEIGHT if self._to_the_right else self._box_width
        boxes: list[Box] = []
        for name, level in self._depth.items():
            x, y = self._point(level * self._step, self._beside[name] - across / 2)
            boxes.append(Box(name, x, y))
        arrows = tuple(self._arrow(chain) for chain in chains)
        width = max((box.x + self._box_width for box in boxes), default=0.0) + _MARGIN
        height = max((box.y + _BOX_HEIGHT for box in boxes), default=0.0) + _MARGIN
        bends = [self._point(0, self._beside[n]) for row in self._rows for n in row]
        if self._to_the_right:
            height = max([height, *(y + _MARGIN for _, y in bends)])
        else:
            width = max([width, *(x + _MARGIN for x, _ in bends)])
        return Picture(width, height, self._box_width, _BOX_HEIGHT, tuple(boxes), arrows)

    def _arrow(self, chain: Sequence[_Node]) -> Arrow:
        start, end = chain[0], chain[-1]
        assert isinstance(start, str)
        assert isinstance(end, str)
        level = self._depth[start]
        along, place = level * self._step + self._size, self._beside[start]
        path = f"M{self._text(along, place)}"
        for number, node in enumerate(chain[1:], level + 1):
            to, next_place = number * self._step, self._beside[node]
            # The head of the arrow takes the last of the way.
            to -= 6 if node == end else 0
            middle = (along + to) / 2
            curve = (middle, place), (middle, next_place), (to, next_place)
            path += " C" + " ".join(self._text(*point) for point in curve)
            place, along = next_place, to
            if node != end:
                along += self._size
                path += f" L{self._text(along, place)}"
        return Arrow(start, end, path)

    def _point(self, along: float, across: float) -> tuple[float, float]:
        point = (along, across) if self._to_the_right else (across, along)
        return point[0] + _MARGIN, point[1] + _MARGIN

    def _text(self, along: float, across: float) -> str:
        x, y = self._point(along, across)
        return f"{x:.1f},{y:.1f}"
