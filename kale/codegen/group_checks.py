"""What Kubeflow Pipelines cannot do with loops, conditions and exit handlers, said beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from kale.codegen.groups import Group, group_tasks
from kale.codegen.kfp_versions import ARTIFACT_CHOICES, LOOP_ENDS, Version, spelled
from kale.codegen.package_layout import PackagedTask
from kale.codegen.parameters import package_default
from kale.codegen.volume_tasks import VolumeTask
from kale.control import Branch, Context, ExitHandler, Loop
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import PackageError
from kale.ir import Pipeline


def group_errors(
    tasks: Sequence[PackagedTask], volumes: Iterable[VolumeTask], version: Version
) -> Iterator[PackageError]:
    """What a cluster of that version would refuse or do otherwise."""
    if not any(task.within for task in tasks):
        return
    by_key = {task.key: task for task in tasks}
    for task in tasks:
        for key in task.artifacts:
            yield from _wire_errors(task, key, by_key, version)
        yield from _waits_for_loops(task, by_key, version)
    yield from _empty_loops(tasks)
    volumes = [*volumes]
    yield from _equal_names(tasks, group_tasks(tasks, volumes))
    handlers = [task for task in tasks if task.exits]
    if handlers and volumes:
        yield PackageError(
            "KALE758",
            f"the exit step `{handlers[0].title}` cannot mount a volume that the run makes:"
            " Kubeflow Pipelines lets an exit step wait for no task",
            at=handlers[0].at,
            hint="name a claim that is there, or drop the exit handler",
        )


def group_warnings(pipeline: Pipeline, tasks: Iterable[PackagedTask]) -> Iterator[Diagnostic]:
    """What fails at runs that do not give all values."""
    by_name = {parameter.name: parameter for parameter in pipeline.parameters}
    inside = {port.name: task for task in tasks if task.within for port in task.parameters}
    for name, task in inside.items():
        if package_default(by_name[name]) is None:
            yield diagnose(
                "KALE760",
                f"parameter `{name}` has no default in the package, and Kubeflow Pipelines fails"
                f" at a run that gives it no value, as step `{task.title}` stands in a group",
                at=by_name[name].at,
                hint="give it a value in each run, or a default that the package can hold",
            )


def _wire_errors(
    task: PackagedTask, key: str, by_key: Mapping[str, PackagedTask], version: Version
) -> Iterator[PackageError]:
    """What is wrong with where an input comes from: the first thing, if any."""
    outputs = {*task.choices.get(key, (task.artifacts[key],))}
    for producer in (by_key[owner] for owner, _ in sorted(outputs)):
        left = _left(producer.within, task.within)
        made = f"step `{task.title}` reads what step `{producer.title}` makes in"
        if any(isinstance(context, ExitHandler) for context in left):
            yield PackageError(
                "KALE755",
                f"{made} an exit handler's group, and Kubeflow Pipelines hands nothing out of one",
                at=task.at,
                hint="have the step that reads it stand in the group, too",
            )
            return
        if not _expressible(task, key, left, producer, len(outputs)):
            yield PackageError(
                "KALE756",
                f"{made} a loop or a condition, and Kubeflow Pipelines cannot hand that on from"
                " there",
                at=task.at,
                hint="have a step right behind that loop or condition take it, and read its result",
            )
            return
    if key in task.choices and version < ARTIFACT_CHOICES:
        yield PackageError(
            "KALE759",
            f"step `{task.title}` reads a value from either branch, which Kubeflow Pipelines"
            f" {spelled(version)} cannot hand on",
            at=task.at,
            hint=f"run on {spelled(ARTIFACT_CHOICES)} or later",
        )


def _waits_for_loops(
    task: PackagedTask, by_key: Mapping[str, PackagedTask], version: Version
) -> Iterator[PackageError]:
    """Where a task waits for a loop that it does not stand in, which old clusters do not know."""
    before = (by_key[key] for key in task.after if key in by_key)
    left = (_left(other.within, task.within) for other in before)
    if version < LOOP_ENDS and any(
        isinstance(context, Loop) for first in left for context in first[:1]
    ):
        yield PackageError(
            "KALE759",
            f"step `{task.title}` waits for a loop, which nothing can in Kubeflow Pipelines"
            f" {spelled(version)}",
            at=task.at,
            hint=f"run on {spelled(LOOP_ENDS)} or later",
        )


def _expressible(
    task: PackagedTask, key: str, left: Sequence[Context], producer: PackagedTask, branches: int
) -> bool:
    """Whether a value can go from one step to the other; ``left`` is what it goes out of.

    ``branches`` counts those that may have made it.
    """
    if key in task.lists:
        beside = len(producer.within) - len(left) == len(task.within)
        return beside and bool(left) and all(isinstance(context, Loop) for context in left)
    if key in task.choices:
        return len(left) == 1 and isinstance(left[0], Branch) and left[0].of == branches
    return not left


def _left(within: Sequence[Context], other: Sequence[Context]) -> Sequence[Context]:
    """Those contexts that are not around the other, too."""
    same = 0
    while same < min(len(within), len(other)) and within[same] == other[same]:
        same += 1
    return within[same:]


def _empty_loops(tasks: Iterable[PackagedTask]) -> Iterator[PackageError]:
    loops = {c.key: c for task in tasks for c in task.within if isinstance(c, Loop)}
    for loop in loops.values():
        if loop.count == 0:
            yield PackageError(
                "KALE757",
                f"the loop over `{loop.items}` has no items, as Kubeflow Pipelines takes none",
                at=loop.at,
                hint="delete the loop, or have a step make its items",
            )


def _equal_names(tasks: Iterable[PackagedTask], root: Group) -> Iterator[PackageError]:
    """A step and a group of one name would be one task."""
    taken = {*_names(root)}
    for task in tasks:
        if task.key in taken:
            yield PackageError(
                "KALE761",
                f"step `{task.title}` is called as Kubeflow Pipelines calls a loop or condition of"
                " this pipeline",
                at=task.at,
                hint="rename it",
            )


def _names(group: Group) -> Iterator[str]:
    for child in group.children:
        if isinstance(child, Group):
            yield child.name
            yield from _names(child)
