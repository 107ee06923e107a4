"""Step contexts: what the runtime in a step is told of where its values are."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kale.ir import Plan, PortKind, Task
from kale.runners.run_directory import RunDirectory

#: Longest name of a folder made from a variable, in bytes; file systems end at 255.
_NAME_BYTES = 120


class StepContexts:
    """The contexts of one run's steps; each costs as much as the step has ports."""

    def __init__(self, plan: Plan, directory: RunDirectory) -> None:
        self._plan, self._directory = plan, directory
        #: Step and key of each output, to the variable's folder.
        self._folders: dict[tuple[str, str], Path] = {}
        #: The same, to the steps that read it.
        self._readers: dict[tuple[str, str], list[str]] = {}
        for task in plan.tasks:
            names = value_folders(port.name for port in task.outputs)
            for port in task.outputs:
                folder = directory.values(task.name) / names[port.name]
                self._folders[task.name, port.key] = folder
            for source in dict.fromkeys(port.source for port in task.inputs if port.source):
                self._readers.setdefault(source, []).append(task.name)

    def of(self, task: Task) -> dict[str, Any]:
        """A step's inputs, outputs and their readers, metrics file, and how to pickle."""
        inputs: dict[str, list[str]] = {}
        for port in task.inputs:
            if port.kind is PortKind.ARTIFACT and port.source is not None:
                inputs.setdefault(port.name, []).append(str(self._folders[port.source]))
        places = {port.name: (task.name, port.key) for port in task.outputs}
        context: dict[str, Any] = {
            "step": task.name,
            "inputs": inputs,
            "outputs": {name: str(self._folders[place]) for name, place in places.items()},
            "readers": {name: self._readers.get(place, []) for name, place in places.items()},
        }
        if task.metrics:
            context["metrics"] = str(self._directory.metrics_of(task.name))
        if asked := self._plan.pipeline.pickling.as_json():
            context["marshal"] = asked
        return context


def value_folders(names: Iterable[str]) -> dict[str, str]:
    """A folder name for each variable: the variable's own, wherever a file system allows.

    Names that a file system might hold for equal (``x`` and ``X``) or that are too long get
    a number; the result depends on ``names`` and their order alone.
    """
    folders: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        short = name.encode()[:_NAME_BYTES].decode(errors="ignore")
        folder, number = short, 2
        while folder.casefold() in taken:
            folder, number = f"{short}~{number}", number + 1
        taken.add(folder.casefold())
        folders[name] = folder
    return folders
