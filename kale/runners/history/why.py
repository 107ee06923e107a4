"""Why each step of a run ran, or did not: one sentence a step, down to the cell that was edited."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kale.ir import Plan, PortKind, Task
from kale.runners.cache.records import StepKey, StepRecord
from kale.runners.history.differences import differences, sentence
from kale.runners.history.past_runs import EarlierSteps

#: How many steps are named as the reason for one input.
_MOST_ROOTS = 2


class Reasons:
    """The reasons of one run; to be asked for in the order in which the steps end.

    It remembers of each step the root of its reason, for the steps that read from it.
    ``parameters`` are the values given for this run.
    """

    def __init__(self, plan: Plan, earlier: EarlierSteps, parameters: Mapping[str, Any]) -> None:
        self._tasks = {task.name: task for task in plan.tasks}
        self._earlier = earlier
        defaults = {known.name: known.default for known in plan.pipeline.parameters}
        self._parameters = {**defaults, **parameters}
        #: Step to "step: what happened", of the step where it all began.
        self._roots: dict[str, str] = {}

    def know(self, task: Task) -> None:
        """Be ready to be asked about an instance of a step, which the plan does not have."""
        self._tasks[task.name] = task

    def ran(
        self, step: str, key: StepKey | None, *, miss: str | None = None, asked: str = ""
    ) -> str:
        """Why a step runs: ``ran: cell 7 edited``.

        ``key`` is its key, ``miss`` why a record of that key could not be used (which is not told
        if the newest record is of another key), and ``asked`` the words by which the user wants it
        run in any case.
        """
        task = self._tasks[step]
        root = ""
        if asked:
            cause = asked
        elif task.options.caching is False:
            cause = "cache:disabled"
        elif key is None:
            cause = "what it depends on cannot be told"
        else:
            cause, root = self._compared(task, key, miss)
        self._roots[step] = root or f"{step}: {cause}"
        return f"ran: {cause}"

    def taken(self, step: str, record: StepRecord) -> str:
        """Why a step did not run; ``record`` is that of the run it was taken from."""
        name = Path(record.run).name
        self._roots[step] = f"{step}: taken from run {name}"
        return f"taken from run {name}: nothing it depends on changed"

    def _compared(self, task: Task, key: StepKey, miss: str | None) -> tuple[str, str]:
        """The reason that the newest known record gives, and its root if it is not just that."""
        before = self._earlier.record(task.name)
        if before is None:
            return miss or self._without_record(task.name), ""
        producers = _producers(task)

        def root_of(name: str) -> str:
            roots = (self._roots.get(step, "") for step in producers.get(name, ()))
            return "; ".join([*dict.fromkeys(filter(None, roots))][:_MOST_ROOTS])

        then = self._earlier.run(before.run)
        known = {} if then is None else {**then.defaults, **then.parameters}
        found = differences(key, before.key, values=(self._parameters, known), root_of=root_of)
        if not found:
            return miss or "its results are not in the cache", ""
        first = [name for name in producers if found[0].startswith(f'its input "{name}" changed')]
        root = root_of(first[0]) if first else ""
        return sentence(found), root or f"{task.name}: {found[0]}"

    def _without_record(self, step: str) -> str:
        last = self._earlier.last(step)
        if last is None:
            return "never ran before"
        run, known = last
        if known is None:
            return f"run {run.name} was killed before it ended"
        if known.error.startswith("KeyboardInterrupt"):
            return f"it was interrupted in run {run.name}"
        if known.status == "skipped":
            return f"it was stopped in run {run.name}"
        if known.status == "failed":
            return f"it failed in run {run.name}"
        return "no run knows what it depended on"


def _producers(task: Task) -> dict[str, tuple[str, ...]]:
    """The steps that each variable is loaded from."""
    found: dict[str, tuple[str, ...]] = {}
    for port in task.inputs:
        if port.kind is PortKind.ARTIFACT and port.source is not None:
            found[port.name] = (*found.get(port.name, ()), port.source[0])
    return found
