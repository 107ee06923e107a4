"""The container of a task: its image, command, arguments and environment."""

from __future__ import annotations

import json
from typing import Any

from kale.codegen.package_layout import PackagedTask
from kale.codegen.resources import Resources, cpu_number, memory_number, resources_of

#: KFP's launcher puts the task's inputs and outputs, as JSON, in its place.
EXECUTOR_INPUT = "{{$}}"


def container(task: PackagedTask) -> dict[str, Any]:
    """The executor's container as a pipeline specification writes it.

    The task's name in the arguments keeps any two containers of a package apart: KFP keys a
    component's ports by its container alone.

    Raises:
        PackageError: a resource that cannot be asked for.
    """
    parts = {
        "args": [*task.args] if task.raw else [EXECUTOR_INPUT, *task.args],
        "command": list(task.command),
        "image": task.image,
    }
    spec: dict[str, Any] = {name: part for name, part in parts.items() if part}
    if task.options.env:
        spec["env"] = [
            {"name": name, "value": value} if value else {"name": name}
            for name, value in task.options.env
        ]
    asked = _resources(resources_of(task.options, task.at))
    return {**spec, "resources": asked} if asked else spec


def argv_size(spec: dict[str, Any]) -> int:
    """The bytes of a part of a package as JSON, which is one argument of a process of KFP's.

    Go's encoder, which writes it, escapes what HTML and JavaScript would trip over.
    """
    text = json.dumps(spec, ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode("utf-8", "surrogatepass"))
    return size + 5 * sum(map(text.count, "<>&")) + 3 * sum(map(text.count, "\u2028\u2029"))


def _resources(asked: Resources) -> dict[str, Any]:
    """Both spellings of each field: older back ends know only the numbers."""
    spec: dict[str, Any] = {}
    for kind in ("Request", "Limit"):
        cpu = asked.cpu_request if kind == "Request" else asked.cpu_limit
        memory = asked.memory_request if kind == "Request" else asked.memory_limit
        if cpu is not None:
            spec |= {f"cpu{kind}": cpu_number(cpu), f"resourceCpu{kind}": cpu}
        if memory is not None:
            spec |= {f"memory{kind}": memory_number(memory), f"resourceMemory{kind}": memory}
    if asked.accelerator:
        name, count = asked.accelerator
        spec["accelerator"] = {
            "count": str(count),
            "resourceCount": str(count),
            "resourceType": name,
            "type": name,
        }
    return spec
