"""How many items of a loop are worked on at the same time: its ``parallelism``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from kale.control import Loop
from kale.runners.expansion import Expansion, Index, Node, loops_of


class ItemLimits:
    """An item is being worked on from its first step that starts until all its steps have ended.

    ``has_ended`` tells of a node whether there is nothing more to be expected of it.
    """

    def __init__(self, steps: Expansion, has_ended: Callable[[str], bool]) -> None:
        self._steps, self._has_ended = steps, has_ended
        #: Of each loop, and of each item around it, the items that are being worked on.
        self._begun: dict[tuple[str, Index], set[Index]] = defaultdict(set)

    def admits(self, node: Node) -> bool:
        """Whether a step may start now."""
        return all(
            item in self._begun[loop.key, item[:-1]]
            or len(self._begun[loop.key, item[:-1]]) < (loop.parallelism or 0)
            for loop, item in _limited(node)
        )

    def take(self, node: Node) -> None:
        """Note that a step begins."""
        for loop, item in _limited(node):
            self._begun[loop.key, item[:-1]].add(item)

    def give_back(self, node: Node) -> None:
        """Note that a step ended, and all that will not run for it."""
        for loop, item in _limited(node):
            if all(map(self._has_ended, self._steps.items_of(loop, item))):
                self._begun[loop.key, item[:-1]].discard(item)


def _limited(node: Node) -> Iterator[tuple[Loop, Index]]:
    """The items that a node works on in loops that have a limit, each by its numbers."""
    for depth, loop in enumerate(loops_of(node.task)[: len(node.index)], 1):
        if loop.parallelism:
            yield loop, node.index[:depth]
