"""What a run's JSON says of each task: its state, the pods that hold its log, why it failed.

Three servers tell it in three ways. From 2.0 on ``run_details.task_details`` has an entry for each
node of the Argo workflow, which says nothing of pods and not whether a task came from the cache;
the workflow itself (``kale/cluster/workflow_state.py``) does. 3.0 has ``tasks``, which say all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, Literal

from kale.dataclass import dataclass

State = Literal["pending", "running", "succeeded", "cached", "skipped", "failed", "canceled"]

#: The states that a task does not leave.
FINAL = frozenset({"succeeded", "cached", "skipped", "failed", "canceled"})

#: What the API calls the states of runs and tasks; all else is pending.
_STATES: Mapping[str, State] = {
    "RUNNING": "running",
    "PAUSED": "running",
    "CANCELING": "running",
    "SUCCEEDED": "succeeded",
    "CACHED": "cached",
    "SKIPPED": "skipped",
    "FAILED": "failed",
    "CANCELED": "canceled",
}

#: Nodes that every workflow has, inside a task or around all: no task can be told from them.
_INNER = re.compile(r"executor(\(\d+\))?|root|root-driver|.*\.onExit")

#: The artifact that every step of Kale's has, and no other task.
_STEP_OUTPUT = "executed_notebook"


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a pipeline: its key, its author's name for it, whether it is a step of theirs."""

    key: str
    name: str
    is_step: bool = True


@dataclass(frozen=True, slots=True)
class TaskState:
    """How it is with a task.

    ``pods`` are those whose logs tell of it, oldest attempt first; ``message`` the cluster's own
    words; ``kept_log`` the address of the artifact that keeps the last pod's log, or empty.
    """

    state: State
    pods: tuple[str, ...] = ()
    message: str = ""
    kept_log: str = ""


@dataclass(frozen=True, slots=True)
class StepState:
    """A step's state, for people; ``detail`` says where and why it failed, or what it waits for."""

    step: str
    state: State
    detail: str = ""


PENDING = TaskState("pending")


def run_state(run: Mapping[str, Any]) -> State:
    """The state of a run as a whole."""
    return _STATES.get(text(run, "state"), "pending")


def run_error(run: Mapping[str, Any]) -> str:
    """What the server says is wrong with a run as a whole, or nothing."""
    history = [each for each in items(run, "state_history") if "error" in each]
    for one in [run, *reversed(history)]:
        if found := text(mapping(one, "error"), "message"):
            return found
    return ""


def pipeline_tasks(spec: Mapping[str, Any]) -> tuple[Task, ...]:
    """The tasks of a pipeline's specification, each after those that it waits for.

    A loop or a condition is one, as if it were a step: its state is that of all in it.
    ``spec`` is what a version's or a run's ``pipeline_spec`` holds, with or without a platform's.
    """
    spec = mapping(spec, "pipeline_spec") or spec
    tasks = mapping(mapping(mapping(spec, "root"), "dag"), "tasks")
    components = mapping(spec, "components")
    needs = {key: strings(mapping(tasks, key).get("dependentTasks")) for key in sorted(tasks)}
    try:
        order = [key for key in TopologicalSorter(needs).static_order() if key in tasks]
    except CycleError:
        order = list(needs)
    made = {key: _outputs(mapping(tasks, key), components) for key in order}
    groups = {key for key in order if "dag" in _component(mapping(tasks, key), components)}
    of_kale = any(_STEP_OUTPUT in outputs for outputs in made.values())
    return tuple(
        Task(
            key,
            text(mapping(mapping(tasks, key), "taskInfo"), "name") or key,
            not of_kale or _STEP_OUTPUT in made[key] or key in groups,
        )
        for key in order
    )


def _outputs(task: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(mapping(_component(task, components), "outputDefinitions"), "artifacts")


def _component(task: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(components, text(mapping(task, "componentRef"), "name"))


def task_states(run: Mapping[str, Any], tasks: Iterable[Task]) -> dict[str, TaskState]:
    """The states of a pipeline's tasks by their keys, as a run's JSON has them."""
    native, entries = items(run, "tasks"), _entries(run)
    if native:
        return {task.key: _native(task.key, native) for task in tasks}
    return {task.key: _entry_state(task.key, entries) for task in tasks}


def seen_tasks(run: Mapping[str, Any]) -> tuple[Task, ...]:
    """The tasks that a run has begun, oldest first, for when its specification is not known."""
    native, entries = items(run, "tasks"), _entries(run)
    known = {text(each, "display_name") for each in entries}
    found = [
        (text(each, "start_time"), text(each, "display_name"))
        for each in entries
        if f"{text(each, 'display_name')}-driver" in known
    ]
    names = [text(each, "name") for each in native if text(each, "type") == "RUNTIME"]
    names += [name for _, name in sorted(found) if not _INNER.fullmatch(name)]
    return tuple(Task(name, name) for name in dict.fromkeys(filter(None, names)))


def _entries(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return items(mapping(run, "run_details"), "task_details")


def _entry_state(key: str, entries: list[Mapping[str, Any]]) -> TaskState:
    """A task's state by its own entry and that of the driver, which goes before it.

    The API has names of pods and reasons for failures, which no server up to 2.17 fills in.
    """
    named = {text(each, "display_name"): each for each in entries}
    if _INNER.fullmatch(key):
        return PENDING
    entry, driver = mapping(named, key), mapping(named, f"{key}-driver")
    if _STATES.get(text(driver, "state")) == "failed":
        entry = driver
    own = text(entry, "task_id")
    inside = [each for each in entries if own and text(each, "parent_task_id") == own]
    pods = dict.fromkeys(text(each, "pod_name") for each in [entry, *inside])
    return TaskState(
        _STATES.get(text(entry, "state"), "pending"),
        tuple(filter(None, pods)),
        text(mapping(entry, "error"), "message"),
    )


def _native(key: str, entries: Iterable[Mapping[str, Any]]) -> TaskState:
    entry = next((each for each in entries if text(each, "name") == key), None)
    if entry is None:
        return PENDING
    pods = items(entry, "pods")
    own = [each for each in pods if text(each, "type") == "EXECUTOR"] or pods
    uri = re.search(r'[a-z0-9]+://[^"\\?\s]+/executor-logs', json.dumps(entry.get("outputs")))
    return TaskState(
        _STATES.get(text(entry, "state"), "pending"),
        tuple(filter(None, (text(each, "name") for each in own))),
        text(mapping(entry, "status_metadata"), "message"),
        uri[0] if uri else "",
    )


# ------------------------------------------------------------------- JSON that anybody wrote


def mapping(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object at a key, empty where there is none."""
    value = found.get(key)
    return value if isinstance(value, Mapping) else {}


def items(found: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The objects of the list at a key."""
    value = found.get(key)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def text(found: Mapping[str, Any], key: str) -> str:
    """The text at a key, empty where there is none."""
    value = found.get(key)
    return value if isinstance(value, str) else ""


def strings(value: object) -> list[str]:
    """The texts of a list."""
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
