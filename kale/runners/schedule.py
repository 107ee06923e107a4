"""Which step may start: a step is ready as soon as all that it waits for has succeeded."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet


def _any_step(name: str) -> bool:  # noqa: ARG001 - what a step is admitted by
    return True


class Schedule:
    """The order of a run; it knows no clock, no process and no file.

    ``after`` maps each step, in topological order, to the steps that it waits for. Of several
    ready steps the first in that order starts first. A run costs O(steps + edges) overall.
    """

    def __init__(self, after: Mapping[str, Sequence[str]]) -> None:
        self._rank = {name: rank for rank, name in enumerate(after)}
        self._names = tuple(after)
        self._waits_for = {name: set(before) for name, before in after.items()}
        self._blockers: dict[str, set[str]] = defaultdict(set)
        self._followers: dict[str, list[str]] = defaultdict(list)
        for name, before in self._waits_for.items():
            for producer in before:
                self._followers[producer].append(name)
        # Ascending ranks are a heap already.
        self._ready = [self._rank[name] for name, before in self._waits_for.items() if not before]

    def take(self, admits: Callable[[str], bool] = _any_step) -> str | None:
        """The next step to start, or ``None`` while none is ready.

        A step that ``admits`` says no to stays ready, and one behind it may come first.
        """
        passed: list[int] = []
        found = None
        while self._ready and found is None:
            rank = heapq.heappop(self._ready)
            if admits(self._names[rank]):
                found = self._names[rank]
            else:
                passed.append(rank)
        for rank in passed:
            heapq.heappush(self._ready, rank)
        return found

    def next_after(self, running: AbstractSet[str]) -> str | None:
        """The first step that will be ready once ``running`` ones alone have succeeded."""
        followers = {name for step in running for name in self._followers[step]}
        soon = (n for n in followers if n not in self._blockers and self._waits_for[n] <= running)
        return min(soon, key=self._rank.__getitem__, default=None)

    def succeed(self, name: str) -> None:
        """Note that a step that was taken is done: what waited for it alone is ready."""
        for follower in self._followers[name]:
            waits = self._waits_for[follower]
            waits.discard(name)
            if not waits and follower not in self._blockers:
                heapq.heappush(self._ready, self._rank[follower])

    def fail(self, name: str) -> tuple[str, ...]:
        """Note that a step that was taken failed.

        Returns its descendants that will now not run and were not known to, in topological order.
        """
        skipped: list[str] = []
        blocked = [name]
        while blocked:
            for follower in self._followers[blocked.pop()]:
                known = follower in self._blockers
                if name in self._blockers[follower]:
                    continue
                self._blockers[follower].add(name)
                blocked.append(follower)
                if not known:
                    skipped.append(follower)
        return tuple(sorted(skipped, key=self._rank.__getitem__))

    def blocked_by(self, name: str) -> tuple[str, ...]:
        """The failed steps that keep ``name`` from running, in topological order."""
        return tuple(sorted(self._blockers.get(name, ()), key=self._rank.__getitem__))
