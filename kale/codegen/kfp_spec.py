"""The package: the pipeline specification as YAML, written as data, without the SDK."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kale.codegen.components import (
    component,
    component_name,
    executor_label,
    root_inputs,
    task_spec,
)
from kale.codegen.container import container
from kale.codegen.kfp_versions import leave_out, unknown_fields, version_of
from kale.codegen.names import parameter_keys
from kale.codegen.package_checks import check_package
from kale.codegen.package_layout import PackagedTask, lay_out
from kale.codegen.parameters import package_default
from kale.codegen.platform_spec import platform_spec
from kale.codegen.volume_tasks import (
    VolumeTask,
    volume_component,
    volume_container,
    volume_task_spec,
    volume_tasks,
)
from kale.codegen.yaml_text import dump
from kale.ir import Pipeline, Plan

SCHEMA_VERSION = "2.1.0"

#: The SDK whose compiler writes the same; the cluster shows it, and nothing depends on it.
SDK_VERSION = "kfp-2.17.0"


def emit_package(plan: Plan) -> bytes:
    """The package as UTF-8 YAML: the specification and, where a step needs it, the platform's.

    The same plan gives the same bytes. Equal to what the official compiler makes of the
    script of the same plan.

    Raises:
        PackageError: Kubernetes or Kubeflow Pipelines would refuse it.
    """
    return (_header(plan.pipeline) + dump(package_documents(plan))).encode()


def package_documents(plan: Plan) -> list[dict[str, Any]]:
    """The documents of the package as JSON values.

    Raises:
        PackageError: Kubernetes or Kubeflow Pipelines would refuse it.
    """
    check_package(plan)
    tasks = lay_out(plan)
    spec = _spec(plan.pipeline, tasks, volume_tasks(plan))
    platform = platform_spec(tasks, plan.pipeline.volumes)
    documents = [each for each in (spec, platform) if each]
    for path in unknown_fields(version_of(plan.environment.options.kfp_version)):
        for document in documents:
            leave_out(document, path)
    return documents


def _spec(
    pipeline: Pipeline, tasks: Iterable[PackagedTask], volumes: Iterable[VolumeTask]
) -> dict[str, Any]:
    info = {
        "description": pipeline.description,
        "displayName": pipeline.title,
        "name": pipeline.name,
    }
    components = {component_name(task): component(pipeline, task) for task in tasks}
    containers = {executor_label(task): container(task) for task in tasks}
    graph = {task.key: task_spec(pipeline, task) for task in tasks}
    for task in volumes:
        components[f"comp-{task.key}"] = volume_component(task)
        containers[f"exec-{task.key}"] = volume_container(task)
        graph[task.key] = volume_task_spec(task)
    root: dict[str, Any] = {"dag": {"tasks": graph}}
    if inputs := root_inputs(pipeline):
        root["inputDefinitions"] = inputs
    return {
        "components": components,
        "deploymentSpec": {
            "executors": {label: {"container": spec} for label, spec in containers.items()}
        },
        "pipelineInfo": {name: text for name, text in info.items() if text},
        "root": root,
        "schemaVersion": SCHEMA_VERSION,
        "sdkVersion": SDK_VERSION,
    }


def _header(pipeline: Pipeline) -> str:
    """The comment that the official compiler puts first; here nothing can break out of it."""
    lines = ["PIPELINE DEFINITION", f"Name: {pipeline.name}"]
    if pipeline.description:
        first, *rest = pipeline.description.split("\n")
        lines += [f"Description: {first}", *(f"             {line}" for line in rest)]
    keys = parameter_keys(parameter.name for parameter in pipeline.parameters)
    inputs = {volume.parameter: "str" for volume in pipeline.volumes.clones}
    for parameter in pipeline.parameters:
        default = package_default(parameter)
        said = "" if default is None else f" [Default: {default!r}]"
        inputs[keys[parameter.name]] = f"{parameter.type}{said}"
    if inputs:
        lines.append("Inputs:")
    lines += [f"   {key}: {about}" for key, about in sorted(inputs.items())]
    return "".join(f"# {_printable(line)}".rstrip() + "\n" for line in lines)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
