"""The Argo workflow that a run is: which pods a task had, and whether it came from the cache.

Kubeflow Pipelines 2 gives it out as ``workflow_manifest`` of the older API, v1beta1. A task ``t``
is a node ``WORKFLOW.root.t`` with one ``executor`` inside, whose attempts are pods; before it goes
the pod ``WORKFLOW.root.t-driver``.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from kale.cluster.run_state import PENDING, State, Task, TaskState, mapping, text
from kale.dataclass import dataclass

#: The phases of Argo's nodes; all else is pending.
_PHASES: Mapping[str, State] = {
    "Running": "running",
    "Succeeded": "succeeded",
    "Skipped": "skipped",
    "Omitted": "skipped",
    "Failed": "failed",
    "Error": "failed",
}

#: What a pod says while it starts as it should.
_STARTING = re.compile(r"|PodInitializing|ContainerCreating")

#: Argo ends a run that somebody stopped with these words.
_STOPPED = "workflow shutdown with strategy"

#: The most characters of a pod's name that stand in front of its number.
_LONGEST_PREFIX = 242

#: Bytes of the nodes of a workflow that are read.
_LARGEST = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow: its nodes by their names, and what of it says nothing of tasks."""

    name: str
    namespace: str
    message: str
    names_of_nodes: bool
    nodes: Mapping[str, Mapping[str, Any]]


def read_workflow(answer: Mapping[str, Any]) -> Workflow | None:
    """The workflow in the older API's answer for a run; ``None`` where there is none to go by."""
    try:
        manifest = json.loads(text(mapping(answer, "pipeline_runtime"), "workflow_manifest"))
        metadata, status = mapping(manifest, "metadata"), mapping(manifest, "status")
        nodes = status.get("nodes") or _unpacked(text(status, "compressedNodes"))
    except (ValueError, AttributeError, RecursionError, zlib.error):
        return None
    if not isinstance(nodes, Mapping) or not text(metadata, "name"):
        return None
    kind = text(mapping(metadata, "annotations"), "workflows.argoproj.io/pod-name-format")
    found = [each for each in nodes.values() if isinstance(each, Mapping)]
    return Workflow(
        text(metadata, "name"),
        text(metadata, "namespace"),
        text(status, "message"),
        kind == "v1",
        {text(each, "name"): each for each in found},
    )


def _unpacked(packed: str) -> Any:
    """The nodes of a workflow that is too large for Kubernetes to keep them as they are."""
    if not packed:
        return None
    content = zlib.decompressobj(31).decompress(base64.b64decode(packed), _LARGEST)
    return json.loads(content)


def workflow_tasks(workflow: Workflow) -> tuple[Task, ...]:
    """The tasks that a workflow has begun, for when the specification is not known."""
    start = f"{workflow.name}.root."
    names = sorted(
        (text(node, "startedAt"), name.removeprefix(start))
        for name, node in workflow.nodes.items()
        if name.startswith(start) and f"{name}-driver" in workflow.nodes
    )
    return tuple(Task(name, name) for _, name in names if "." not in name)


def workflow_states(workflow: Workflow, tasks: Iterable[Task]) -> dict[str, TaskState]:
    """The states of a pipeline's tasks by their keys."""
    return {task.key: _state(workflow, task.key) for task in tasks}


def _state(workflow: Workflow, key: str) -> TaskState:
    name = f"{workflow.name}.root.{key}"
    node, driver = mapping(workflow.nodes, name), mapping(workflow.nodes, f"{name}-driver")
    if _phase(driver) == "failed":
        pods = _pods(workflow, f"{name}-driver", "failed")
        return _failed(workflow, driver, pods)
    state = _phase(node)
    if state == "failed":
        return _failed(workflow, node, _pods(workflow, name, "failed"))
    if state == "succeeded":
        executor = mapping(workflow.nodes, f"{name}.executor")
        return TaskState("cached" if text(executor, "phase") == "Skipped" else "succeeded")
    if state == "running":
        waiting = _pods(workflow, name, "pending")
        messages = [text(each, "message") for each in waiting]
        return TaskState(
            state, message=next((each for each in messages if not _STARTING.fullmatch(each)), "")
        )
    return PENDING if state == "pending" else TaskState(state)


def _failed(
    workflow: Workflow, node: Mapping[str, Any], pods: list[Mapping[str, Any]]
) -> TaskState:
    """The state of a task that failed: by its pods, or by itself if it had none."""
    messages = [text(each, "message") for each in [*reversed(pods), node]]
    message = next(filter(None, messages), "")
    if _STOPPED in message:
        return TaskState("canceled", message=message)
    kept = re.search(
        r"[a-z0-9]+://[^\"\\?\s]+/executor-logs",
        json.dumps(pods[-1].get("inputs")) if pods else "",
    )
    names = tuple(_pod_name(workflow, each) for each in pods)
    return TaskState("failed", names, message, kept[0] if kept else "")


def _pods(workflow: Workflow, name: str, state: State) -> list[Mapping[str, Any]]:
    """The pods of a node and of all inside it that are in a state, oldest first."""
    found = [
        node
        for each, node in workflow.nodes.items()
        if (each == name or each.startswith((f"{name}.", f"{name}(")))
        and text(node, "type") == "Pod"
        and _phase(node) == state
    ]
    return sorted(found, key=lambda node: (text(node, "startedAt"), text(node, "name")))


def _phase(node: Mapping[str, Any]) -> State:
    return _PHASES.get(text(node, "phase"), "pending")


def _pod_name(workflow: Workflow, node: Mapping[str, Any]) -> str:
    """A pod's name, by Argo's rule: workflow, template and the number of the node."""
    own = text(node, "id")
    if workflow.names_of_nodes:
        return own
    number = own.rpartition("-")[2]
    return f"{workflow.name}-{text(node, 'templateName')}"[:_LONGEST_PREFIX] + f"-{number}"
