"""The package: the pipeline specification as YAML, written as data, without the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kale.codegen.components import component, root_inputs, task_spec
from kale.codegen.container import container
from kale.codegen.group_spec import group_component, group_task
from kale.codegen.group_wires import Wires, wires_of
from kale.codegen.groups import Group, group_tasks
from kale.codegen.kfp_versions import DISPLAY_NAMES, leave_out, unknown_fields, version_of
from kale.codegen.names import parameter_keys
from kale.codegen.package_checks import check_package
from kale.codegen.package_layout import PackagedTask, lay_out
from kale.codegen.parameters import package_default
from kale.codegen.platform_spec import platform_spec
from kale.codegen.volume_tasks import (
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
    version = version_of(plan.environment.options.kfp_version)
    root = group_tasks(tasks, volume_tasks(plan))
    wires = wires_of(plan.pipeline, root)
    spec = _spec(plan.pipeline, _Parts(plan.pipeline, wires, version >= DISPLAY_NAMES), root)
    platform = platform_spec(tasks, plan.pipeline.volumes, wires)
    documents = [each for each in (spec, platform) if each]
    for path in unknown_fields(version):
        for document in documents:
            leave_out(document, path)
    return documents


class _Parts:
    """The components and executors of a specification, gathered while its graphs are made."""

    def __init__(self, pipeline: Pipeline, wires: Mapping[str, Wires], displays: bool) -> None:
        self._pipeline, self._wires, self._displays = pipeline, wires, displays
        self.components: dict[str, Any] = {}
        self.executors: dict[str, Any] = {}

    def graph(self, group: Group) -> dict[str, Any]:
        """The tasks of a group, by name."""
        tasks: dict[str, Any] = {}
        for child in group.children:
            if isinstance(child, Group):
                name, wires = child.name, self._wires[child.name]
                self.components[f"comp-{name}"] = group_component(self.graph(child), wires)
                tasks[name] = group_task(child, wires, displays=self._displays)
            elif isinstance(child, PackagedTask):
                self._add(child.key, component(self._pipeline, child), container(child))
                tasks[child.key] = task_spec(child, self._wires[child.key])
            else:
                self._add(child.key, volume_component(child), volume_container(child))
                tasks[child.key] = volume_task_spec(child, self._wires[child.key].after)
        return tasks

    def _add(self, key: str, interface: dict[str, Any], made: dict[str, Any]) -> None:
        self.components[f"comp-{key}"] = interface
        self.executors[f"exec-{key}"] = {"container": made}


def _spec(pipeline: Pipeline, parts: _Parts, root: Group) -> dict[str, Any]:
    info = {
        "description": pipeline.description,
        "displayName": pipeline.title,
        "name": pipeline.name,
    }
    graph: dict[str, Any] = {"dag": {"tasks": parts.graph(root)}}
    if inputs := root_inputs(pipeline):
        graph["inputDefinitions"] = inputs
    return {
        "components": parts.components,
        "deploymentSpec": {"executors": parts.executors},
        "pipelineInfo": {name: text for name, text in info.items() if text},
        "root": graph,
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
