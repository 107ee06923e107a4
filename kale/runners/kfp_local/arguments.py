"""The arguments of a run: as the tasks of a plan take them, and as the package names them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kale.ir import Plan, PortKind
from kale.runners.parameters import task_parameters

#: What the compiler puts before the name of a parameter that a group takes in.
_PREFIX = "pipelinechannel--"


def task_arguments(plan: Plan, parameters: Mapping[str, Any]) -> list[list[Any]]:
    """The given values at the tasks that take them: task, input and value."""
    return [
        [task.key, port.key, values[port.name]]
        for task in plan.tasks
        for values in [task_parameters(task, parameters)]
        for port in task.inputs
        if port.kind is PortKind.PARAMETER and port.name in values
    ]


def pipeline_arguments(package: Mapping[str, Any], given: list[list[Any]]) -> dict[str, Any]:
    """The pipeline's arguments by their names in the package, from those of its tasks."""
    tasks = {name: task for graph in _graphs(package) for name, task in graph["tasks"].items()}
    found = {}
    for task, key, value in given:
        name = tasks[task]["inputs"]["parameters"][key]["componentInputParameter"]
        found[name.removeprefix(_PREFIX)] = value
    return found


def leave_out(package: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Take out the inputs that have no value, as the driver on a cluster does.

    An optional parameter without a default and an argument: KFP's local runner would fail.
    """
    root = package["root"].get("inputDefinitions", {}).get("parameters", {})
    absent = {n for n, spec in root.items() if n not in given and "defaultValue" not in spec}
    for name in absent:
        del root[name]
    absent |= {f"{_PREFIX}{name}" for name in absent}
    for graph in _graphs(package):
        for task in graph["tasks"].values():
            wired = task.get("inputs", {}).get("parameters", {})
            component = package["components"][task["componentRef"]["name"]]
            for key in [k for k, f in wired.items() if f.get("componentInputParameter") in absent]:
                del wired[key], component["inputDefinitions"]["parameters"][key]


def _graphs(package: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield package["root"]["dag"]
    yield from (each["dag"] for each in package["components"].values() if "dag" in each)
