"""The components and tasks of a pipeline specification: the interfaces and how they are wired."""

from __future__ import annotations

from typing import Any

from kale.codegen.group_wires import Wires
from kale.codegen.names import WORKSPACE_KEY, parameter_keys
from kale.codegen.package_layout import ANY_ARTIFACT, PackagedTask
from kale.codegen.parameters import PARAMETER_TYPES, package_default
from kale.codegen.retries import retry_policy
from kale.ir import Parameter, Pipeline

#: What stands for the path of the workspace; a pod whose task has it as input mounts that.
WORKSPACE = "{{$.workspace_path}}"


def component(pipeline: Pipeline, task: PackagedTask) -> dict[str, Any]:
    """The component of a task: its ports and the label of its executor."""
    spec: dict[str, Any] = {"executorLabel": executor_label(task)}
    by_name = {parameter.name: parameter for parameter in pipeline.parameters}
    parameters = {port.key: _component_parameter(by_name[port.name]) for port in task.parameters}
    if task.volumes.workspace:
        parameters[WORKSPACE_KEY] = {"parameterType": "STRING"}
    parameters |= {key: {"parameterType": "STRING"} for key in (*task.indices, *task.fed)}
    artifacts = {key: artifact(is_list=key in task.lists) for key in task.artifacts}
    outputs = {key: artifact(title) for key, title in task.outputs.items()}
    told = {key: {"parameterType": kind} for key, kind in task.told.items()}
    return spec | present(
        inputDefinitions=present(artifacts=artifacts, parameters=parameters),
        outputDefinitions=present(artifacts=outputs, parameters=told),
    )


def component_name(task: PackagedTask) -> str:
    """The component's name, as the official compiler builds it."""
    return f"comp-{task.key}"


def executor_label(task: PackagedTask) -> str:
    """The executor's label, as the official compiler builds it."""
    return f"exec-{task.key}"


def task_spec(task: PackagedTask, wires: Wires) -> dict[str, Any]:
    """The task in its graph: what feeds its inputs and what it waits for."""
    parameters = dict(wires.parameters)
    if task.volumes.workspace:
        parameters[WORKSPACE_KEY] = {"runtimeValue": {"constant": WORKSPACE}}
    spec: dict[str, Any] = {
        "cachingOptions": {"enableCache": True} if is_cached(task) else {},
        "componentRef": {"name": component_name(task)},
        "taskInfo": {"name": task.shown},
    }
    if task.options.retries:
        spec["retryPolicy"] = retry_policy(task.options)
    if task.exits:
        spec["triggerPolicy"] = {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}
    return spec | present(
        dependentTasks=sorted(wires.after),
        inputs=present(artifacts=wires.artifacts, parameters=parameters),
    )


def is_cached(task: PackagedTask) -> bool:
    """Whether the cluster may take the outputs of an equal task: as the author says, else mostly.

    What lies on a volume is in no key of the cluster's cache: a step that mounts one runs anew. So
    does one whose values are gone with their run, whatever anybody says.
    """
    if task.fleeting:
        return False
    caching = task.options.caching
    mounts = task.options.volumes or task.mounts or task.volumes.workspace
    return not mounts if caching is None else caching


def root_inputs(pipeline: Pipeline) -> dict[str, Any]:
    """The pipeline's own inputs: its parameters with their types and defaults."""
    keys = parameter_keys(parameter.name for parameter in pipeline.parameters)
    parameters = {keys[p.name]: _root_parameter(p) for p in pipeline.parameters}
    for volume in pipeline.volumes.clones:
        parameters[volume.parameter] = {"parameterType": "STRING"}
    return present(parameters=parameters)


def present(**parts: Any) -> dict[str, Any]:
    """The parts that hold something: a specification leaves the empty ones out."""
    return {name: part for name, part in parts.items() if part}


def artifact(title: str = ANY_ARTIFACT, *, is_list: bool = False) -> dict[str, Any]:
    """The definition of an artifact, or of a list of such."""
    spec: dict[str, Any] = {"artifactType": {"schemaTitle": title, "schemaVersion": "0.0.1"}}
    return {**spec, "isArtifactList": True} if is_list else spec


def _component_parameter(parameter: Parameter) -> dict[str, Any]:
    spec: dict[str, Any] = {"parameterType": PARAMETER_TYPES[parameter.type]}
    # Without a default of the pipeline there may be no value at run time.
    return spec | present(isOptional=package_default(parameter) is None)


def _root_parameter(parameter: Parameter) -> dict[str, Any]:
    default = package_default(parameter)
    spec = {"isOptional": True, "parameterType": PARAMETER_TYPES[parameter.type]}
    return spec if default is None else {**spec, "defaultValue": _protobuf(default)}


def _protobuf(value: Any) -> Any:
    """``value`` as protobuf's JSON holds it, in which all numbers are doubles."""
    match value:
        case bool() | str():
            return value
        case int():
            return float(value)
        case list():
            return [_protobuf(item) for item in value]
        case dict():
            return {key: _protobuf(item) for key, item in value.items()}
        case _:
            return value
