"""Step contexts: what the runtime in a step is told of where its values are."""

from __future__ import annotations

from typing import Any

from kale.ir import Plan, PortKind, Task
from kale.runners.expansion import index_of, step_of
from kale.runners.run_directory import RunDirectory
from kale.runners.value_places import ValuePlaces


class StepContexts:
    """The contexts of one run's steps; each costs as much as the step has ports."""

    def __init__(self, plan: Plan, directory: RunDirectory) -> None:
        self._plan, self._directory = plan, directory
        self._folders = ValuePlaces(plan, directory)
        #: Step and key of each output, to the steps that read it.
        self._readers: dict[tuple[str, str], list[str]] = {}
        for task in plan.tasks:
            for source in dict.fromkeys(port.source for port in task.inputs if port.source):
                self._readers.setdefault(source, []).append(task.name)

    def of(self, task: Task) -> dict[str, Any]:
        """A step's inputs, outputs and their readers, metrics file, and how to pickle.

        Of an instance of a step in loops also the numbers of its items. The folders of an input
        that is collected are in the order of its ports.
        """
        inputs: dict[str, list[str]] = {}
        for port in task.inputs:
            if port.kind is PortKind.ARTIFACT:
                folders = inputs.setdefault(port.name, [])
                folders += [str(self._folders[port.source])] if port.source else []
        places = {port.name: (task.name, port.key) for port in task.outputs}
        step = step_of(task)
        context: dict[str, Any] = {
            "step": task.name,
            "logged": str(self._directory.logged(task.name)),
            "inputs": inputs,
            "outputs": {name: str(self._folders[place]) for name, place in places.items()},
            "readers": {p.name: self._readers.get((step, p.key), []) for p in task.outputs},
        }
        if task.metrics:
            context["metrics"] = str(self._directory.metrics_of(task.name))
        if index := index_of(task):
            context["index"] = list(index)
        if collected := {port.name for port in task.inputs if port.collected}:
            context["collected"] = sorted(collected)
        if task.decides:
            context["decisions"] = str(self._directory.decisions_of(task.name))
        if asked := self._plan.pipeline.pickling.as_json():
            context["marshal"] = asked
        return context
