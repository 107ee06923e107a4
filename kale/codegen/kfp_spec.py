"""The package: the pipeline specification as YAML, written as data, without the SDK."""

from __future__ import annotations

from typing import Any

from kale.codegen.components import (
    component,
    component_name,
    executor_label,
    root_inputs,
    task_spec,
)
from kale.codegen.container import container
from kale.codegen.names import parameter_keys
from kale.codegen.package_checks import check_package
from kale.codegen.parameters import package_default
from kale.codegen.platform_spec import platform_spec
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
    import yaml

    check_package(plan)
    base: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

    class Dumper(base):  # type: ignore[misc]  # one of two classes that are alike
        """Writes a value that occurs twice twice, as the official compiler does."""

        def ignore_aliases(self, _data: object) -> bool:
            return True

    documents = [document for document in (_spec(plan), platform_spec(plan)) if document]
    text: str = yaml.dump_all(documents, Dumper=Dumper, sort_keys=True)
    return (_header(plan.pipeline) + text).encode()


def _spec(plan: Plan) -> dict[str, Any]:
    pipeline = plan.pipeline
    info = {
        "description": pipeline.description,
        "displayName": pipeline.title,
        "name": pipeline.name,
    }
    root: dict[str, Any] = {"dag": {"tasks": {t.key: task_spec(plan, t) for t in plan.tasks}}}
    if inputs := root_inputs(pipeline):
        root["inputDefinitions"] = inputs
    return {
        "components": {component_name(task): component(pipeline, task) for task in plan.tasks},
        "deploymentSpec": {
            "executors": {
                executor_label(task): {"container": container(plan, task)} for task in plan.tasks
            }
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
