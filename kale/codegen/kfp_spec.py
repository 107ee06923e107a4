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
    check_package(plan)
    tasks = lay_out(plan)
    documents = [each for each in (_spec(plan.pipeline, tasks), platform_spec(tasks)) if each]
    for path in unknown_fields(version_of(plan.environment.options.kfp_version)):
        for document in documents:
            leave_out(document, path)
    return (_header(plan.pipeline) + dump(documents)).encode()


def _spec(pipeline: Pipeline, tasks: Iterable[PackagedTask]) -> dict[str, Any]:
    info = {
        "description": pipeline.description,
        "displayName": pipeline.title,
        "name": pipeline.name,
    }
    root: dict[str, Any] = {
        "dag": {"tasks": {task.key: task_spec(pipeline, task) for task in tasks}}
    }
    if inputs := root_inputs(pipeline):
        root["inputDefinitions"] = inputs
    return {
        "components": {component_name(task): component(pipeline, task) for task in tasks},
        "deploymentSpec": {
            "executors": {executor_label(task): {"container": container(task)} for task in tasks}
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
    if pipeline.parameters:
        lines.append("Inputs:")
    keys = parameter_keys(parameter.name for parameter in pipeline.parameters)
    for parameter in sorted(pipeline.parameters, key=lambda p: keys[p.name]):
        default = package_default(parameter)
        said = "" if default is None else f" [Default: {default!r}]"
        lines.append(f"   {keys[parameter.name]}: {parameter.type}{said}")
    return "".join(f"# {_printable(line)}".rstrip() + "\n" for line in lines)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
