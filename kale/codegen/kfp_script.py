"""The script: the same package in the SDK's own words, for people to read, change and run."""

from __future__ import annotations

import base64
import functools
import itertools
import json
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from kale.codegen.components import WORKSPACE, is_cached
from kale.codegen.group_script import PYTHON_TYPES, Blocks
from kale.codegen.groups import group_tasks
from kale.codegen.kfp_versions import DISPLAY_NAMES, unknown_fields, version_of
from kale.codegen.literals import python_literal
from kale.codegen.names import WORKSPACE_KEY, identifier, parameter_keys, unique
from kale.codegen.package_checks import check_package
from kale.codegen.package_layout import PackagedTask, lay_out
from kale.codegen.parameters import package_default
from kale.codegen.platform_spec import toleration
from kale.codegen.resources import resources_of
from kale.codegen.retries import retry_call
from kale.codegen.runtime_bundle import LOADER, bundle
from kale.codegen.script_text import (
    call_lines,
    container_lines,
    exit_line,
    fill,
    imports_line,
    literals,
    pipeline_lines,
    run_option_lines,
    shared_lines,
    step_lines,
    usage_lines,
)
from kale.codegen.step_notebook import lines_of
from kale.codegen.volume_script import (
    mount_call,
    volume_lines,
    volume_step,
    workspace_argument,
)
from kale.codegen.volume_tasks import volume_tasks
from kale.ir import Plan, StepOptions

#: Globals of the script that stand where a parameter of the same name would hide them.
_SHADOWED = ("container", "dsl", "kubernetes")

#: What the SDK can set of a security context.
_SECURITY = ("run_as_user", "run_as_group", "run_as_non_root")


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
    tasks, volumes = lay_out(plan), volume_tasks(plan)
    names: dict[str, str] = {}
    taken = {*keys.values(), *(key for task in tasks for key in _ports(task))}
    taken.update(volume.parameter for volume in pipeline.volumes.clones)
    for word in _SHADOWED:
        names[word] = unique(word, taken)
    taken.update(names.values())
    for key in (*(task.key for task in tasks), *(task.key for task in volumes)):
        for word in ("step", "task", "NOTEBOOK"):
            name = f"{word}_{identifier(key)}"
            names[f"{word} {key}"] = unique(name.upper() if word.isupper() else name, taken)
    version = version_of(plan.environment.options.kfp_version)
    taken.update(names.values())
    flow = Blocks(group_tasks(tasks, volumes), names, taken, displays=version >= DISPLAY_NAMES)
    waited_for = {key for task in tasks for key in task.after}
    waited_for.update(task.key for task in tasks if task.exits)
    steps = [_step(plan, task, names, keys, waited_for, flow) for task in tasks]
    carried = any(task.carries for task in tasks)
    runtime = bundle(plan.backends, {}, volume=bool(pipeline.volumes.marshal)) if carried else ""
    files = sorted(plan.environment.files.items()) if carried else []
    kubernetes = any(step["needs_kubernetes"] for step in steps)
    shared = next(([c for c in _cells(t) if _is_shared(c)] for t in tasks if t.step), [])
    calls = {step["key"]: step for step in steps}
    calls.update((task.key, volume_step(task, names)) for task in volumes)
    workspace = pipeline.volumes.workspace
    more = workspace_argument(workspace, names["dsl"]) if workspace else []
    blocks = {
        "usage": usage_lines(pipeline.name),
        "from kfp": [imports_line(names, kubernetes=kubernetes)],
        "exit": [exit_line(kubernetes=kubernetes)],
        "name": [f"NAME = {python_literal(pipeline.name)}"],
        "loader": literals(4, lines_of(LOADER), end="") if carried else [],
        "runtime": literals(4, _rows(runtime), end=""),
        "files": [line for path, content in files for line in _file(path, content)],
        "command": [] if carried else literals(4, next((t.command for t in tasks if t.step), ())),
        "container": container_lines(names["container"], names["dsl"], carried=carried),
        "shared": shared_lines(shared),
        "steps": [
            *(line for step in steps for line in step_lines(step, names)),
            *(line for task in volumes for line in volume_lines(task, names)),
        ],
        "pipeline": [
            *pipeline_lines(pipeline, names["dsl"], [*_signature(plan, keys)], more),
            *flow.lines(lambda leaf, indent: call_lines(calls[leaf.key], indent)),
        ],
        "hidden": ["yes"] if flow.hide_parameters(pipeline) else [],
        "left out": literals(4, unknown_fields(version)),
        "run": list(run_option_lines(pipeline)),
    }
    return fill(_template(), blocks).encode()


@functools.cache
def _template() -> str:
    # Beside the package in the sources, in it where it is installed.
    folder = import_module("kale.templates").__path__[0]
    return Path(folder, "kfp_script.py.txt").read_text("utf-8")


def _ports(task: PackagedTask) -> Iterator[str]:
    yield from (port.key for port in task.parameters)
    yield from task.artifacts
    yield from task.outputs


def _signature(plan: Plan, keys: Mapping[str, str]) -> Iterator[str]:
    for volume in plan.pipeline.volumes.clones:
        yield f"{volume.parameter}: str"
    for parameter in plan.pipeline.parameters:
        default = python_literal(package_default(parameter))
        yield f"{keys[parameter.name]}: {parameter.type} = {default}"


def _step(
    plan: Plan,
    task: PackagedTask,
    names: Mapping[str, str],
    keys: Mapping[str, str],
    waited_for: Container[str],
    flow: Blocks,
) -> dict[str, Any]:
    variable = names[f"task {task.key}"]
    calls = [f"{variable}.{call}" for call in _task_calls(task, flow)]
    mounts = (mount_call(mount, variable, names) for mount in task.mounts)
    pod_calls = [
        f"{names['kubernetes']}.{call}" for call in (*mounts, *_pod_calls(task.options, variable))
    ]
    return {
        "arguments": lambda: list(_arguments(task, keys, flow)),
        "assignment": f"{variable} = " if calls or pod_calls or task.key in waited_for else "",
        "calls": [*calls, *pod_calls],
        "carries": task.carries,
        "function": names[f"step {task.key}"],
        "image": task.image,
        "command": task.command if task.raw else None,
        "key": task.key,
        "name": task.title,
        "needs_kubernetes": bool(pod_calls),
        "notebook": _notebook(task, names[f"NOTEBOOK {task.key}"]) if task.step else None,
        "ports": list(_component_arguments(plan, task, names["dsl"])),
        "words": task.words,
    }


def _notebook(task: PackagedTask, name: str) -> dict[str, Any]:
    """A step's notebook as the script writes it, under that name."""
    metadata = json.loads(task.notebook)["metadata"]
    return {
        "cells": list(_with_shared_cells_as_one(_cells(task))),
        "kale": metadata["kale"],
        "kernel": metadata["kernelspec"]["name"],
        "name": name,
    }


def _cells(task: PackagedTask) -> list[dict[str, Any]]:
    return [
        {"about": cell["metadata"]["kale"], "lines": "".join(cell["source"]).split("\n")}
        for cell in json.loads(task.notebook)["cells"]
    ]


def _file(path: PurePosixPath, content: bytes) -> list[str]:
    """A shipped file as the script writes it: text by its lines, all else in base64."""
    try:
        kind, lines = "text", content.decode().split("\n")
    except UnicodeDecodeError:
        kind, lines = "binary", _rows(base64.b64encode(content).decode())
    return [f"    {python_literal(str(path))}: {kind}(", *literals(8, lines), "    ),"]


def _rows(text: str) -> list[str]:
    return re.findall(".{1,88}", text)


def _is_shared(cell: Mapping[str, Any]) -> bool:
    return cell["about"]["role"] in ("imports", "functions")


def _with_shared_cells_as_one(cells: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any] | None]:
    """The cells of a step, ``None`` in the place of those that all steps begin with."""
    for is_shared, group in itertools.groupby(cells, _is_shared):
        yield from [None] if is_shared else group


def _component_arguments(plan: Plan, task: PackagedTask, dsl: str) -> Iterator[str]:
    """The arguments of the component's function, those without a default first."""
    by_name = {parameter.name: parameter for parameter in plan.pipeline.parameters}
    optional = []
    for port in task.parameters:
        if package_default(by_name[port.name]) is None:
            optional.append(f"{port.key}: {by_name[port.name].type} = None")
        else:
            yield f"{port.key}: {by_name[port.name].type}"
    if task.volumes.workspace:
        yield f"{WORKSPACE_KEY}: str"
    yield from (f"{key}: str" for key in (*task.indices, *task.fed))
    for key in task.artifacts:
        kind = f"list[{dsl}.Artifact]" if key in task.lists else f"{dsl}.Artifact"
        yield f"{key}: {dsl}.Input[{kind}]"
    for key, title in task.outputs.items():
        yield f"{key}: {dsl}.Output[{dsl}.{title.removeprefix('system.')}]"
    for key, kind in task.told.items():
        yield f"{key}: {dsl}.OutputPath({PYTHON_TYPES[kind]})"
    yield from optional


def _arguments(task: PackagedTask, keys: Mapping[str, str], flow: Blocks) -> Iterator[str]:
    for port in task.parameters:
        yield f"{port.key}={keys[port.name]}"
    if task.volumes.workspace:
        yield f"{WORKSPACE_KEY}={python_literal(WORKSPACE)}"
    yield from (f"{key}={flow.index(loop)}" for key, loop in task.indices.items())
    yield from (f"{key}={flow.output(*told)}" for key, told in task.fed.items())
    yield from (f"{key}={flow.artifact(task, key)}" for key in task.artifacts)


def _task_calls(task: PackagedTask, flow: Blocks) -> Iterator[str]:
    options = task.options
    fed_by = {producer for producer, _ in task.artifacts.values()}
    fed_by.update(producer for outputs in task.choices.values() for producer, _ in outputs)
    fed_by.update(mount.task for mount in task.mounts)
    fed_by.update(producer for producer, _ in task.fed.values())
    waited = (
        flow.waited(task, key) for key in task.after if key not in fed_by | flow.implied(task)
    )
    yield from (f"after({variable})" for variable in dict.fromkeys(waited))
    if task.shown != task.key:
        yield f"set_display_name({python_literal(task.shown)})"
    asked = resources_of(options, task.at)
    for field in ("cpu_request", "cpu_limit", "memory_request", "memory_limit"):
        if (quantity := getattr(asked, field)) is not None:
            yield f"set_{field}({python_literal(quantity)})"
    if asked.accelerator:
        yield f"set_accelerator_type({python_literal(asked.accelerator[0])})"
        yield f"set_accelerator_limit({asked.accelerator[1]})"
    if options.retries:
        yield retry_call(options)
    if not is_cached(task):
        yield "set_caching_options(False)"
    for name, value in options.env:
        yield f"set_env_variable({python_literal(name)}, {python_literal(value)})"


def _pod_calls(options: StepOptions, variable: str) -> Iterator[str]:
    if options.timeout:
        yield f"set_timeout({variable}, {options.timeout})"
    for secret in options.secrets:
        keys = python_literal({secret.key: secret.env})
        yield f"use_secret_as_env({variable}, {python_literal(secret.secret)}, {keys})"
    for volume in options.volumes:
        claim, path = python_literal(volume.claim), python_literal(volume.mount_path)
        yield f"mount_pvc({variable}, {claim}, {path})"
    if options.pull_secrets:
        yield f"set_image_pull_secrets({variable}, {python_literal(list(options.pull_secrets))})"
    if options.pull_policy:
        yield f"set_image_pull_policy({variable}, {python_literal(options.pull_policy)})"
    if context := options.security_context:
        asked = {name: getattr(context, name) for name in _SECURITY}
        said = (f"{name}={value}" for name, value in asked.items() if value is not None)
        yield f"set_security_context({variable}, {', '.join(said)})"
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
