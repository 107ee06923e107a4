"""Which steps of a run can start now, and what it means for others that one has ended."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from kale.ir import Task
from kale.runners.item_limits import ItemLimits
from kale.runners.ledger import Ledger
from kale.runners.memory import MemoryBudget, available_memory
from kale.runners.schedule import Schedule
from kale.runners.view.progress import Observer


class Frontier:
    """The steps of a run between those that have ended and those that wait.

    It grows as deciders end. Whatever will not run is told to ledger and observer here.
    """

    def __init__(self, ledger: Ledger, observer: Observer) -> None:
        self._ledger, self._observer = ledger, observer
        self._steps = steps = ledger.expansion
        self._memory = MemoryBudget(available_memory())
        self._limits = ItemLimits(steps, lambda n: n in ledger.results or not self._is_wanted(n))
        names = self._wanted(steps.names)
        self._schedule = Schedule(
            {name: self._wanted(steps.after(name)) for name in names},
            after_any={name: self._wanted(steps.after_any(name)) for name in names},
            open=self._open(names),
            done=self._left_out(names),
        )

    def begin(self) -> None:
        """Tell of what is known of loops and conditions before the first step starts."""
        for task in self._steps.plan.tasks:
            names = tuple(self._steps.nodes_of(task.name))
            if names != (task.name,):
                self._observer.step_grown(task.name, names)
        self._tell_left_out(self._wanted(self._steps.names))

    # ---------------------------------------------------------------------- what can start

    def take(self) -> Task | None:
        """The next step to start, if one can."""
        name = self._schedule.take(self._fits)
        return None if name is None else self._steps.task(name)

    def next_after(self, running: AbstractSet[str]) -> Task | None:
        """The step that can start once ``running`` ones alone have succeeded."""
        name = self._schedule.next_after(running)
        return None if name is None else self._steps.task(name)

    def _fits(self, name: str) -> bool:
        node = self._steps[name]
        return self._memory.admits(node.task) and self._limits.admits(node)

    def begun(self, task: Task) -> None:
        """Note that a step has started."""
        self._memory.take(task)
        self._limits.take(self._steps[task.name])

    # -------------------------------------------------------------------- what has ended

    def succeeded(self, task: Task) -> None:
        """Note that a step has ended well: others can start, and more are known of."""
        if task.decides:
            self._grow(task)
        self._schedule.succeed(task.name)
        self._ended(task)

    def failed(self, task: Task) -> list[str]:
        """Note that a step has ended badly; what does not run for it."""
        skipped = self._schedule.fail(task.name)
        for name in skipped:
            blockers = self._schedule.blocked_by(name)
            self._observer.step_finished(self._ledger.skipped(name, blockers))
        self._ended(task)
        return [*skipped]

    def only_exit_steps(self) -> None:
        """Have none start any more but exit steps, whose groups have come to their end."""
        left = [
            name
            for name in self._wanted(self._steps.exit_steps)
            if name not in self._ledger.results
            and all(map(self._has_succeeded, self._wanted(self._steps.after(name))))
        ]
        self._schedule = Schedule(dict.fromkeys(sorted(left), ()))

    def _ended(self, task: Task) -> None:
        self._memory.give_back(task)
        self._limits.give_back(self._steps[task.name])

    def _grow(self, decider: Task) -> None:
        told = self._ledger.decisions(decider)
        grown = self._steps.decide(decider.name, told, self._schedule.is_blocked)
        known = {name: into for name, into in grown.items() if self._is_wanted(into[0])}
        for name, into in grown.items():
            if into != (name,):
                self._ledger.grown(name, into)
                self._observer.step_grown(name, into)
        new = [name for into in known.values() for name in into]
        after = {name: self._wanted(self._steps.after(name)) for name in new}
        left_out = self._left_out(new)
        self._schedule.grow(known, after, open=self._open(new), done=left_out)
        self._tell_left_out(left_out)

    def _tell_left_out(self, names: Iterable[str]) -> None:
        for name in names:
            if why := self._steps[name].left_out:
                self._observer.step_finished(self._ledger.skipped(name, why=why))

    # ------------------------------------------------------------------ kinds of steps

    def _is_wanted(self, name: str) -> bool:
        return self._steps[name].task.name in self._ledger.wanted

    def _wanted(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self._is_wanted(name)]

    def _open(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self._steps[name].open]

    def _left_out(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self._steps[name].left_out]

    def _has_succeeded(self, name: str) -> bool:
        result = self._ledger.results.get(name)
        return result is not None and result.status == "succeeded"
