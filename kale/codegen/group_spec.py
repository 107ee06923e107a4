"""A group in a specification: a component that is a graph, and the task that runs it."""

from __future__ import annotations

import json
from typing import Any

from kale.codegen.components import artifact, present
from kale.codegen.group_wires import Wires
from kale.codegen.groups import Group
from kale.control import Branch, Context, Loop


def group_component(graph: dict[str, Any], wires: Wires) -> dict[str, Any]:
    """The component of a group: its ports, and the tasks of ``graph`` in it."""
    outputs = {
        key: {
            "artifactSelectors": [
                {"outputArtifactKey": output, "producerSubtask": owner} for owner, output in sources
            ]
        }
        for key, (_, sources) in wires.outputs.items()
    }
    definitions = {key: artifact(is_list=many) for key, (many, _) in wires.outputs.items()}
    return {
        "dag": present(tasks=graph, outputs=present(artifacts=outputs)),
        **present(
            inputDefinitions=present(
                artifacts={key: artifact(is_list=many) for key, many in wires.lists.items()},
                parameters={key: {"parameterType": kind} for key, kind in wires.types.items()},
            ),
            outputDefinitions=present(artifacts=definitions),
        ),
    }


def group_task(group: Group, wires: Wires, *, displays: bool) -> dict[str, Any]:
    """The group as a task of the graph around it; ``displays`` says that it may have a title."""
    title = group.title if displays else ""
    spec: dict[str, Any] = {
        "componentRef": {"name": f"comp-{group.name}"},
        "taskInfo": {"name": title or group.name},
    }
    if group.kind in ("loop", "once"):
        spec |= _iterator(group, wires)
    if group.kind == "branch":
        spec["triggerPolicy"] = {"condition": _condition(group, wires)}
    return spec | present(
        dependentTasks=sorted(wires.after),
        inputs=present(artifacts=wires.artifacts, parameters=wires.parameters),
    )


def _iterator(group: Group, wires: Wires) -> dict[str, Any]:
    """What runs a group once for each item: the numbers of the items are texts."""
    context = group.context
    items: dict[str, str] = {"inputParameter": wires.told}
    if group.item:
        items = {"raw": json.dumps(numbers(context))}
    spec: dict[str, Any] = {"parameterIterator": {"itemInput": wires.item, "items": items}}
    if isinstance(context, Loop) and context.parallelism:
        spec["iteratorPolicy"] = {"parallelismLimit": context.parallelism}
    return spec


def numbers(context: Context | None) -> list[str]:
    """The numbers of the items of a loop that does not depend on the run."""
    return [*map(str, range(context.count or 0))] if isinstance(context, Loop) else ["0"]


def _condition(group: Group, wires: Wires) -> str:
    """The expression that says whether a branch runs."""
    context = group.context
    assert isinstance(context, Branch)
    told = f"int(inputs.parameter_values['{wires.told}'])"
    tests = [f"!({told} == {number})" for number in group.before]
    return " && ".join(tests if group.rest else [*tests, f"{told} == {context.number}"])
