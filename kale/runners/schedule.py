"""Which step may start: a step is ready as soon as all that it waits for has succeeded."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType

_NOBODY: Mapping[str, Sequence[str]] = MappingProxyType({})


def _any_step(name: str) -> bool:  # noqa: ARG001 - what a step is admitted by
    return True


class Schedule:
    """The order of a run; it knows no clock, no process and no file.

    ``after`` maps each step, in topological order, to the steps that it waits for, ``after_any``
    to those whose failure does not keep it from running. Of several ready steps the first in that
    order starts first. ``open`` ones never start: they give way to others (:meth:`grow`).
    ``done`` ones need not start. A run costs O(steps + edges) overall.
    """

    def __init__(
        self,
        after: Mapping[str, Sequence[str]],
        *,
        after_any: Mapping[str, Sequence[str]] = _NOBODY,
        open: Collection[str] = (),  # noqa: A002 - as in Node
        done: Collection[str] = (),
    ) -> None:
        #: Where each step stands; those that others gave way to stand behind these.
        self._rank: dict[str, tuple[int, ...]] = {n: (rank,) for rank, n in enumerate(after)}
        self._names = {rank: name for name, rank in self._rank.items()}
        self._waits_for: dict[str, set[str]] = {}
        self._blockers: dict[str, set[str]] = defaultdict(set)
        #: Of each step those that wait for it: for its success, or for any end.
        self._followers: dict[str, dict[str, None]] = defaultdict(dict)
        self._watchers: dict[str, dict[str, None]] = defaultdict(dict)
        self._open, self._ended = set(open), set(done)
        self._ready: list[tuple[int, ...]] = []
        for name, before in after.items():
            self._add(name, before, after_any.get(name, ()))

    def _add(self, name: str, before: Sequence[str], watched: Sequence[str] = ()) -> None:
        if name in self._ended:
            return
        for producers, found in ((before, self._followers), (watched, self._watchers)):
            for producer in producers:
                found[producer][name] = None
        self._waits_for[name] = {*before, *watched} - self._ended
        self._look(name)

    def _look(self, name: str) -> None:
        """Have a step start if nothing keeps it."""
        if not self._waits_for[name] and name not in self._open and name not in self._blockers:
            heapq.heappush(self._ready, self._rank[name])

    def take(self, admits: Callable[[str], bool] = _any_step) -> str | None:
        """The next step to start, or ``None`` while none is ready.

        A step that ``admits`` says no to stays ready, and one behind it may come first.
        """
        passed: list[tuple[int, ...]] = []
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
        followers = {
            name
            for step in running
            for name in (*self._followers[step], *self._watchers[step])
            if name not in self._open and name not in self._blockers
        }
        soon = (name for name in followers if self._waits_for[name] <= running)
        return min(soon, key=self._rank.__getitem__, default=None)

    def succeed(self, name: str) -> None:
        """Note that a step that was taken is done: what waited for it alone is ready."""
        self._ended.add(name)
        self._release(name, self._followers)
        self._release(name, self._watchers)

    def _release(self, name: str, waiting: Mapping[str, Collection[str]]) -> None:
        for follower in waiting.get(name, ()):
            waits = self._waits_for[follower]
            if name in waits:
                waits.discard(name)
                self._look(follower)

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
        for ended in (name, *skipped):
            self._release(ended, self._watchers)
        return tuple(sorted(skipped, key=self._rank.__getitem__))

    def blocked_by(self, name: str) -> tuple[str, ...]:
        """The failed steps that keep ``name`` from running, in topological order."""
        return tuple(sorted(self._blockers.get(name, ()), key=self._rank.__getitem__))

    def is_blocked(self, name: str) -> bool:
        """Whether a failed step keeps ``name`` from running."""
        return name in self._blockers

    # ------------------------------------------------------------------------- growing

    def grow(
        self,
        grown: Mapping[str, Sequence[str]],
        after: Mapping[str, Sequence[str]],
        *,
        open: Collection[str] = (),  # noqa: A002 - as in Node
        done: Collection[str] = (),
    ) -> None:
        """Let open steps give way to those of ``grown``, which wait for what ``after`` says.

        Who waited for an open step waits for all that have come in its place. Among these one may
        have the old one's name.
        """
        waiting = [(name, self._unhook(name)) for name in grown]
        self._open |= {*open}
        self._ended |= {*done}
        for name, names in grown.items():
            self._place(name, names)
        for name in (new for names in grown.values() for new in names):
            self._add(name, after[name])
        for name, (followers, watchers) in waiting:
            for found, kept in ((self._followers, followers), (self._watchers, watchers)):
                for follower in kept:
                    if follower not in grown:
                        self._replace(name, grown[name], follower, found)

    def _unhook(self, name: str) -> tuple[Collection[str], Collection[str]]:
        """Forget an open step; who waits for its success, and who for its end."""
        self._open.discard(name)
        for producer in self._waits_for.pop(name):
            self._followers[producer].pop(name, None)
        return self._followers.pop(name, {}), self._watchers.pop(name, {})

    def _place(self, name: str, names: Sequence[str]) -> None:
        rank = self._rank[name]
        for number, new in enumerate(names):
            self._rank[new] = rank if new == name else (*rank, number)
            self._names[self._rank[new]] = new

    def _replace(
        self,
        name: str,
        names: Sequence[str],
        follower: str,
        found: Mapping[str, dict[str, None]],
    ) -> None:
        """Have ``follower`` wait for ``names`` in the place of ``name``."""
        waits = self._waits_for[follower]
        waits.discard(name)
        for new in names:
            found[new][follower] = None
            if new not in self._ended:
                waits.add(new)
        self._look(follower)
