"""The script: the same package in the SDK's own words, for people to read, change and run."""

from __future__ import annotations

import functools
import importlib.resources
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kale.codegen.components import is_cached
from kale.codegen.container import image_of
from kale.codegen.literals import python_layout, python_literal
from kale.codegen.names import METRICS_KEY, identifier, parameter_keys, unique
from kale.codegen.package_checks import check_package
from kale.codegen.parameters import package_default
from kale.codegen.platform_spec import toleration
from kale.codegen.pod_notebook import pod_notebook
from kale.codegen.resources import resources_of
from kale.codegen.runtime_bundle import LOADER, pod_runtime
from kale.codegen.step_notebook import lines_of
from kale.ir import Plan, Port, PortKind, Task

if TYPE_CHECKING:
    from jinja2 import Template

#: Globals of the script that stand where a parameter of the same name would hide them.
_SHADOWED = ("container", "dsl", "kubernetes")


def emit_script(plan: Plan) -> bytes:
    """The script as UTF-8: run, it writes the package; compiled, it gives what the package says.

    It needs the SDK and the standard library. Cells stand in it as lists of lines, those that
    all steps begin with once, and are encoded when it runs; user text stands in literals only.

    Raises:
        PackageError: Kubernetes or Kubeflow Pipelines would refuse the package.
    """
    check_package(plan)
    pipeline = plan.pipeline
    keys = parameter_keys(parameter.name for parameter in pipeline.parameters)
    names: dict[str, str] = {}
    taken = {*keys.values(), *(port.key for task in plan.tasks for port in _ports(task))}
    for word in _SHADOWED:
        names[word] = unique(word, taken)
    taken.update(names.values())
    for task in plan.tasks:
        for word in ("step", "task", "NOTEBOOK"):
            name = f"{word}_{identifier(task.key)}"
            names[f"{word} {task.name}"] = unique(name.upper() if word.isupper() else name, taken)
    steps = [_step(plan, task, names, keys) for task in plan.tasks]
    text = _template().render(
        name=pipeline.name,
        title=pipeline.title,
        description=pipeline.description,
        experiment=pipeline.experiment or None,
        loader=lines_of(LOADER),
        runtime=re.findall(".{1,88}", pod_runtime(plan.backends)),
        kubernetes=any(step["needs_kubernetes"] for step in steps),
        names=names,
        alias=lambda word: "" if names[word] == word else f" as {names[word]}",
        parameters=list(_signature(plan, keys)),
        shared=[cell for cell in _cells(plan.tasks[0]) if _is_shared(cell)] if plan.tasks else [],
        steps=steps,
    )
    return text.encode()


@functools.cache
def _template() -> Template:
    import jinja2

    source = importlib.resources.files("kale.templates").joinpath("kfp_script.py.jinja2")
    environment = jinja2.Environment(
        autoescape=False,  # noqa: S701  # Python, not HTML; user text comes as literals
        keep_trailing_newline=True,
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["literal"] = python_literal
    environment.filters["layout"] = python_layout
    return environment.from_string(source.read_text("utf-8"))


def _ports(task: Task) -> tuple[Port, ...]:
    return (*task.inputs, *task.outputs)


def _signature(plan: Plan, keys: Mapping[str, str]) -> Iterator[str]:
    for parameter in plan.pipeline.parameters:
        default = python_literal(package_default(parameter))
        yield f"{keys[parameter.name]}: {parameter.type} = {default}"


def _step(
    plan: Plan, task: Task, names: Mapping[str, str], keys: Mapping[str, str]
) -> dict[str, Any]:
    document = json.loads(task.notebook)
    variable = names[f"task {task.name}"]
    calls = [f"{variable}.{call}" for call in _task_calls(plan, task, names)]
    pod_calls = [f"{names['kubernetes']}.{call}" for call in _pod_calls(task, variable)]
    is_used = calls or pod_calls or any(task.name in other.after for other in plan.tasks)
    return {
        "arguments": list(_arguments(plan, task, names, keys)),
        "assignment": f"{variable} = " if is_used else "",
        "calls": [*calls, *pod_calls],
        "cells": list(_with_shared_cells_as_one(_cells(task))),
        "function": names[f"step {task.name}"],
        "image": image_of(plan.pipeline, task),
        "kale": document["metadata"]["kale"],
        "kernel": document["metadata"]["kernelspec"]["name"],
        "key": task.key,
        "name": task.name,
        "notebook": names[f"NOTEBOOK {task.name}"],
        "packages": task.options.packages,
        "needs_kubernetes": bool(pod_calls),
        "ports": list(_component_arguments(plan, task, names["dsl"])),
    }


def _cells(task: Task) -> list[dict[str, Any]]:
    return [
        {"about": cell["metadata"]["kale"], "lines": cell["source"]}
        for cell in json.loads(pod_notebook(task.notebook))["cells"]
    ]


def _is_shared(cell: Mapping[str, Any]) -> bool:
    return cell["about"]["role"] in ("imports", "functions")


def _with_shared_cells_as_one(cells: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any] | None]:
    """The cells of a step, ``None`` in the place of those that all steps begin with."""
    for is_shared, group in itertools.groupby(cells, _is_shared):
        yield from [None] if is_shared else group


def _component_arguments(plan: Plan, task: Task, dsl: str) -> Iterator[str]:
    """The arguments of the component's function, those without a default first."""
    by_name = {parameter.name: parameter for parameter in plan.pipeline.parameters}
    optional = []
    for port in task.inputs:
        if port.kind is PortKind.ARTIFACT:
            yield f"{port.key}: {dsl}.Input[{dsl}.Artifact]"
        elif package_default(by_name[port.name]) is None:
            optional.append(f"{port.key}: {by_name[port.name].type} = None")
        else:
            yield f"{port.key}: {by_name[port.name].type}"
    for port in task.outputs:
        yield f"{port.key}: {dsl}.Output[{dsl}.Artifact]"
    if task.metrics:
        yield f"{METRICS_KEY}: {dsl}.Output[{dsl}.Metrics]"
    yield from optional


def _arguments(
    plan: Plan, task: Task, names: Mapping[str, str], keys: Mapping[str, str]
) -> Iterator[str]:
    for port in task.inputs:
        producer, key = port.source or ("", port.name)
        if port.kind is PortKind.PARAMETER:
            yield f"{port.key}={keys[key]}"
        else:
            feeding = names[f"task {plan.task(producer).name}"]
            yield f"{port.key}={feeding}.outputs[{python_literal(key)}]"


def _task_calls(plan: Plan, task: Task, names: Mapping[str, str]) -> Iterator[str]:
    options = task.options
    fed_by = {port.source[0] for port in task.inputs if port.source}
    for name in task.after:
        if name not in fed_by:
            yield f"after({names[f'task {name}']})"
    if task.name != task.key:
        yield f"set_display_name({python_literal(task.name)})"
    asked = resources_of(options, plan.pipeline.step(task.name).at)
    for field in ("cpu_request", "cpu_limit", "memory_request", "memory_limit"):
        if (quantity := getattr(asked, field)) is not None:
            yield f"set_{field}({python_literal(quantity)})"
    if asked.accelerator:
        yield f"set_accelerator_type({python_literal(asked.accelerator[0])})"
        yield f"set_accelerator_limit({asked.accelerator[1]})"
    if options.retries:
        yield f"set_retry({options.retries})"
    if not is_cached(task):
        yield "set_caching_options(False)"
    for name, value in options.env:
        yield f"set_env_variable({python_literal(name)}, {python_literal(value)})"


def _pod_calls(task: Task, variable: str) -> Iterator[str]:
    options = task.options
    if options.timeout:
        yield f"set_timeout({variable}, {options.timeout})"
    for secret in options.secrets:
        keys = python_literal({secret.key: secret.env})
        yield f"use_secret_as_env({variable}, {python_literal(secret.secret)}, {keys})"
    for volume in options.volumes:
        claim, path = python_literal(volume.claim), python_literal(volume.mount_path)
        yield f"mount_pvc({variable}, {claim}, {path})"
    for tolerated in options.tolerations:
        fields = (f"{k}={python_literal(v)}" for k, v in toleration(tolerated).items())
        yield f"add_toleration({variable}, {', '.join(fields)})"
    for function, pairs in (
        ("add_node_selector", options.node_selectors),
        ("add_pod_label", options.labels),
        ("add_pod_annotation", options.annotations),
    ):
        for key, value in pairs:
            yield f"{function}({variable}, {python_literal(key)}, {python_literal(value)})"
