"""How much of a package a cluster takes: in one argument of a process, and in one object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from kale.codegen.components import component, task_spec
from kale.codegen.container import argv_size, container
from kale.codegen.group_wires import wires_of
from kale.codegen.groups import group_tasks
from kale.codegen.package_layout import CELLS, PackagedTask
from kale.codegen.parameters import package_default
from kale.codegen.platform_spec import task_config
from kale.codegen.volume_tasks import volume_tasks
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import KaleError, Location, PackageError, raise_all
from kale.ir import Plan

#: Linux takes 128 KiB as one argument of a process; KFP hands each part of a task over as one.
_WARN, _REFUSE = 64 * 1024, 120 * 1024

#: Kubernetes' database takes 1.5 MiB as one object, and a run holds all tasks in one.
_WARN_IN_ALL = 1024 * 1024

#: What the executor input says of an artifact: its names, its address, what its metadata tell.
_ARTIFACT = 512

#: The parts of something large: what people call each, and its bytes.
_Parts = Iterable[tuple[str, int]]


def check_sizes(plan: Plan, tasks: Sequence[PackagedTask]) -> tuple[Diagnostic, ...]:
    """The warnings about a large package and large tasks, the package's first.

    Raises:
        PackageError: a part of a task is larger than Linux takes.
    """
    errors: list[KaleError] = []
    found: list[Diagnostic] = []
    total = 0
    wires = wires_of(plan.pipeline, group_tasks(tasks, volume_tasks(plan)))
    for task in tasks:
        pod = [argv_size(container(task)), argv_size(task_config(task))]
        wiring = [
            argv_size(component(plan.pipeline, task)),
            argv_size(task_spec(task, wires[task.key])),
        ]
        total += sum(pod) + sum(wiring)
        ports = list(_ports(plan, task))
        try:
            found += _size(task, max(pod), _pod(plan, task))
            found += _size(task, max(sum(size for _, size in ports), *wiring), ports, _FEWER)
        except PackageError as error:
            errors.append(error)
    raise_all(errors)
    return (*_size_in_all(plan, total), *found)


#: What to do about a large container, and about large ports.
_SMALLER = (
    "the heaviest parts before compression are {}; read data from a file, or put modules and files"
    " into the image"
)
_FEWER = (
    "its inputs and outputs do, the heaviest being {}; hand fewer values on, in one dict, or split"
    " the step"
)


def _size(task: PackagedTask, size: int, parts: _Parts, remedy: str = _SMALLER) -> list[Diagnostic]:
    if size <= _WARN:
        return []
    heaviest = sorted(parts, key=lambda part: (-part[1], part[0]))[:3]
    named = ", ".join(f"{part} ({weight / 1024:.0f} KiB)" for part, weight in heaviest)
    hint = remedy.format(named)
    step = f"step `{task.title}`" if task.step or task.raw else "the step runtime"
    message = f"{step} takes {size / 1024:.0f} KiB of its package;"
    if size > _REFUSE:
        refusal = f"{message} a cluster takes {_REFUSE // 1024} KiB"
        raise PackageError("KALE408", refusal, at=task.at, hint=hint)
    warning = f"{message} clusters with Argo before 3.7 may refuse more than {_WARN // 1024} KiB"
    return [diagnose("KALE407", warning, at=task.at, hint=hint)]


def _size_in_all(plan: Plan, total: int) -> Iterator[Diagnostic]:
    if total > _WARN_IN_ALL:
        yield diagnose(
            "KALE411",
            f"the {len(plan.tasks)} steps take {total / 1024:.0f} KiB together; a cluster may"
            " refuse a run of more than 1500 KiB",
            at=Location(plan.pipeline.path),
            hint="merge small steps into one, or put modules and files into the image",
        )


def _pod(plan: Plan, task: PackagedTask) -> Iterator[tuple[str, int]]:
    """What makes a pod large; the runtime is compressed already."""
    cells = json.loads(task.step.notebook)["cells"] if task.step else ()
    for cell in cells:
        kale = cell["metadata"]["kale"]
        name = f"cell {kale['cell']}" if "cell" in kale else f"the {kale['role']} cell"
        yield name, len("".join(cell["source"]).encode("utf-8", "surrogatepass"))
    options = task.options
    env = (pair for pair in options.env if pair[0] != CELLS)
    pairs = (*env, *options.labels, *options.annotations)
    for key, value in (*pairs, *((word, "") for word in task.words)):
        yield f"option `{key}`", len(f"{key}{value}".encode())
    if task.carries:
        yield "the step runtime", len(task.command[-1])
        for path, content in plan.environment.files.items():
            yield f"file `{path}`", len(content)


def _ports(plan: Plan, task: PackagedTask) -> Iterator[tuple[str, int]]:
    """What the executor input tells of; a parameter is as large as its default."""
    by_name = {parameter.name: parameter for parameter in plan.pipeline.parameters}
    for port in task.parameters:
        value = {port.key: package_default(by_name[port.name])}
        yield f"parameter `{port.name}`", argv_size(value)
    for key in (*task.artifacts, *task.outputs):
        yield f"artifact `{key}`", _ARTIFACT + len(key)
