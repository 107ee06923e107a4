"""A pipeline's volumes in its package: the tasks that make and delete them, and their mounts.

Kubeflow Pipelines knows such a task by its image, which is none: the driver does what it says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from kale.codegen.remembering import remembering
from kale.dataclass import dataclass
from kale.ir import Plan
from kale.volumes import Volume, Volumes, Workspace

_CREATE, _DELETE = "argostub/createpvc", "argostub/deletepvc"

#: The output of a task that makes a volume, and the input of one that deletes it.
CLAIM_OUTPUT, CLAIM_INPUT = "name", "pvc_name"

#: Characters of a claim's name that are left to the author: the driver puts a UUID before them,
#: and the pod has a volume of that name, which may have 63.
_LONGEST = 63 - 36

#: The types of inputs in a specification.
_TYPES: dict[type, str] = {list: "LIST", str: "STRING", dict: "STRUCT"}


@dataclass(frozen=True, slots=True)
class VolumeTask:
    """A task that makes a volume, or deletes the one that the task ``claim_of`` has made.

    ``constants`` are the values of its parameters, ``after`` the keys of all tasks that it waits
    for, sorted.
    """

    key: str
    image: str
    about: str
    constants: Mapping[str, Any]
    claim_of: str
    after: tuple[str, ...]

    @property
    def parameters(self) -> dict[str, type]:
        """Its inputs and their types."""
        deleted = {CLAIM_INPUT: str} if self.claim_of else {}
        return {**{name: type(value) for name, value in self.constants.items()}, **deleted}


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume in a pod; its claim is called ``claim``, or as ``task`` or ``parameter`` says."""

    path: str
    sub_path: str
    claim: str = ""
    task: str = ""
    parameter: str = ""


@remembering
def volume_tasks(plan: Plan) -> tuple[VolumeTask, ...]:
    """The tasks for the volumes of ``plan``, those that make one first."""
    keys = _keys(plan)
    steps = [task.key for task in plan.tasks]
    made = [
        VolumeTask(key, _CREATE, f"Makes the volume `{volume.name}`", _constants(volume), "", ())
        for volume, key in keys.items()
    ]
    taken = {*steps, *keys.values()}
    for volume, key in keys.items():
        if volume.delete:
            own = _unique(f"delete-volume-{volume.name}", taken)
            taken.add(own)
            about = f"Deletes the volume `{volume.name}` when all steps have succeeded"
            after = tuple(sorted([*steps, key]))
            made.append(VolumeTask(own, _DELETE, about, {}, key, after))
    return tuple(made)


def mounts(plan: Plan) -> tuple[Mount, ...]:
    """What every step of ``plan`` mounts."""
    keys = _keys(plan)
    return tuple(
        Mount(
            volume.mount_path,
            volume.sub_path,
            claim=volume.name if volume.kind == "existing" else "",
            task=keys.get(volume, ""),
            parameter=volume.parameter,
        )
        for volume in plan.pipeline.volumes.mounted
    )


def is_fleeting(plan: Plan) -> bool:
    """Whether the values of steps lie where no other run finds them."""
    volumes = plan.pipeline.volumes
    holder = volume_of_values(volumes)
    return bool(volumes.marshal) and (holder is None or holder.kind != "existing")


def volume_of_values(volumes: Volumes) -> Volume | None:
    """The mounted volume that values go through, if any: the one that is mounted deepest."""
    folder = f"{volumes.marshal}/"
    under = [v for v in volumes.mounted if folder.startswith(f"{v.mount_path}/")]
    return max(under, key=lambda volume: len(volume.mount_path), default=None)


def pvc_mount(mount: Mount, feed: dict[str, Any] | None = None) -> dict[str, Any]:
    """A mount as the platform specification writes it: older back ends know only the first key.

    ``feed`` says where the claim comes from for a task in a group, if a task or parameter tells it.
    """
    claim: dict[str, Any] = {"constant": mount.claim}
    parameter: dict[str, Any] = {"runtimeValue": claim}
    if feed:
        claim = parameter = feed
    elif mount.task:
        output = {"outputParameterKey": CLAIM_OUTPUT, "producerTask": mount.task}
        claim = parameter = {"taskOutputParameter": output}
    elif mount.parameter:
        claim = parameter = {"componentInputParameter": mount.parameter}
    spec = {**claim, "mountPath": mount.path, "pvcNameParameter": dict(parameter)}
    return {**spec, "subPath": mount.sub_path} if mount.sub_path else spec


def pipeline_config(workspace: Workspace) -> dict[str, Any]:
    """The workspace as the platform specification writes it."""
    patch = {"pvcSpecPatch": workspace_patch(workspace)}
    return {"workspace": {"kubernetes": patch, "size": workspace.size}}


def workspace_patch(workspace: Workspace) -> dict[str, Any]:
    """What the workspace's claim has otherwise than the cluster makes it."""
    patch: dict[str, Any] = {}
    if workspace.access_mode:
        patch["accessModes"] = [workspace.access_mode]
    if workspace.storage_class:
        patch["storageClassName"] = workspace.storage_class
    return patch


def volume_component(task: VolumeTask) -> dict[str, Any]:
    """The component of a volume's task."""
    spec: dict[str, Any] = {
        "executorLabel": f"exec-{task.key}",
        "inputDefinitions": {
            "parameters": {
                name: {"parameterType": _TYPES[kind]} for name, kind in task.parameters.items()
            }
        },
    }
    if not task.claim_of:
        spec["outputDefinitions"] = {"parameters": {CLAIM_OUTPUT: {"parameterType": "STRING"}}}
    return spec


def volume_container(task: VolumeTask) -> dict[str, Any]:
    """The container that is none; its argument keeps it apart from others of that image."""
    return {"args": [task.key], "image": task.image}


def volume_task_spec(task: VolumeTask, after: Collection[str]) -> dict[str, Any]:
    """The task in the pipeline's graph; a volume is made anew in each run, and never cached.

    ``after`` are the tasks and groups that it waits for.
    """
    inputs: dict[str, Any] = {
        name: {"runtimeValue": {"constant": value}} for name, value in task.constants.items()
    }
    if task.claim_of:
        output = {"outputParameterKey": CLAIM_OUTPUT, "producerTask": task.claim_of}
        inputs[CLAIM_INPUT] = {"taskOutputParameter": output}
    spec: dict[str, Any] = {
        "cachingOptions": {},
        "componentRef": {"name": f"comp-{task.key}"},
        "inputs": {"parameters": inputs},
        "taskInfo": {"name": task.key},
    }
    return {**spec, "dependentTasks": sorted(after)} if after else spec


def side_by_side(plan: Plan) -> Iterator[tuple[str, str]]:
    """Pairs of steps that may run at the same time."""
    before: dict[str, set[str]] = {}
    for task in plan.tasks:
        before[task.name] = {*task.after}.union(*(before[name] for name in task.after))
        for other in before:
            if other != task.name and other not in before[task.name]:
                yield other, task.name


def _keys(plan: Plan) -> dict[Volume, str]:
    """The task that makes each volume which a run makes."""
    keys: dict[Volume, str] = {}
    taken = {task.key for task in plan.tasks}
    for volume in plan.pipeline.volumes.mounted:
        if volume.kind == "new":
            keys[volume] = _unique(f"create-volume-{volume.name}", taken)
            taken.add(keys[volume])
    return keys


def _unique(key: str, taken: set[str]) -> str:
    """``key``, with the first free number from 2 behind it when a step has it."""
    candidate, number = key, 2
    while candidate in taken:
        candidate, number = f"{key}-{number}", number + 1
    return candidate


def _constants(volume: Volume) -> dict[str, Any]:
    """What a volume is made of; no storage class leaves that to Kubeflow Pipelines."""
    found: dict[str, Any] = {
        "access_modes": [volume.access_mode],
        "pvc_name_suffix": f"-{volume.name}"[:_LONGEST].rstrip("-"),
        "size": volume.size,
    }
    if volume.storage_class or volume.source:
        found["storage_class_name"] = volume.storage_class
    if volume.source:
        found["volume_name"] = volume.source
    if volume.snapshot:
        found["data_source"] = {
            "apiGroup": "snapshot.storage.k8s.io",
            "kind": "VolumeSnapshot",
            "name": volume.snapshot,
        }
    return found
