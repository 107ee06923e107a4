"""What a cluster would refuse of a package's volumes, and what goes otherwise than one thinks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import normpath

from kale.codegen.kfp_versions import spelled, version_of
from kale.codegen.names import parameter_keys
from kale.codegen.volume_tasks import is_fleeting, side_by_side, volume_of_values
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import Location, PackageError
from kale.ir import Plan, Task
from kale.volumes import WORKSPACE_PATH, Volumes

#: A claim's name is that of the pod's volume, too, which Kubernetes wants to be a label.
_LABEL = re.compile("[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")

#: Access modes of volumes that one node, or one pod, mounts at a time.
_SINGLE = ("ReadWriteOnce", "ReadWriteOncePod")

#: The first releases that mount the workspace (12078), a folder of a volume (12595), and that
#: make a volume from a snapshot (12696): issues and pull requests of kubeflow/pipelines.
_WORKSPACE, _SUB_PATH, _SNAPSHOT = (2, 15), (2, 16), (2, 16)


def volume_errors(plan: Plan) -> Iterator[PackageError]:
    """What would fail at run time, or mount other data than those asked for."""
    at, volumes = Location(plan.pipeline.path), plan.pipeline.volumes
    version = version_of(plan.environment.options.kfp_version)
    asked = [(_WORKSPACE, "workspace")] if volumes.workspace else []
    for volume in volumes.mounted:
        if volume.sub_path:
            asked.append((_SUB_PATH, f"`sub_path` (of the volume `{volume.name}`)"))
        if volume.snapshot:
            asked.append((_SNAPSHOT, f"volume from a snapshot (`{volume.name}`)"))
        if volume.annotations:
            yield PackageError(
                "KALE437",
                f"the volume `{volume.name}` has annotations, at which Kubeflow Pipelines up to"
                " 2.17 fails",
                at=at,
                hint="leave them out, or make the claim yourself and mount it with type `pvc`",
            )
    for since, what in asked:
        if version < since:
            yield PackageError(
                "KALE440",
                f"Kubeflow Pipelines {spelled(version)} knows no {what}",
                at=at,
                hint=f"leave it out, or run on {spelled(since)} or later",
            )
    keys = {*parameter_keys(parameter.name for parameter in plan.pipeline.parameters).values()}
    for volume in volumes.clones:
        if volume.parameter in keys:
            yield PackageError(
                "KALE442",
                f"the parameter `{volume.parameter}` is called like the one that names the copy of"
                f" the volume `{volume.name}`",
                at=at,
                hint="rename the parameter",
            )
    for task in plan.tasks:
        yield from _mount_errors(plan, task)


def _mount_errors(plan: Plan, task: Task) -> Iterator[PackageError]:
    """What one pod cannot mount together; what the pipeline mounts alone is checked before."""
    at = next((s.at for s in plan.pipeline.steps if s.name == task.name), None)
    volumes = plan.pipeline.volumes
    seen = [
        (volume.name if volume.kind == "existing" else "", volume.mount_path)
        for volume in volumes.mounted
    ]
    if volumes.workspace:
        seen.append(("", WORKSPACE_PATH))
    for volume in task.options.volumes:
        path = f"/{normpath(volume.mount_path).lstrip('/')}"
        problem = ""
        if not _LABEL.fullmatch(volume.claim):
            problem = "a pod cannot have a volume of that name"
        elif any(path == other for _, other in seen):
            problem = "something else is mounted there"
        elif _hides_values(path, volumes):
            problem = "it would hide the folder that values go through"
        elif any(volume.claim == claim for claim, _ in seen):
            problem = "Kubeflow Pipelines mounts a claim once, and it is mounted elsewhere, too"
        if problem:
            yield PackageError(
                "KALE441",
                f"step `{task.name}` cannot mount the claim `{volume.claim}` at"
                f" `{volume.mount_path}`: {problem}",
                at=at,
                hint="give each volume of a step a path and a claim of its own, called by at most"
                " 63 lower-case letters, digits and `-`",
            )
        seen.append((volume.claim, path))


def _hides_values(path: str, volumes: Volumes) -> bool:
    """Whether what is mounted at ``path`` lies between the folder of values and its volume."""
    holder = volume_of_values(volumes)
    place = holder.mount_path if holder else WORKSPACE_PATH
    return f"{volumes.marshal}/".startswith(f"{path}/") and len(path) > len(place)


def volume_warnings(plan: Plan) -> Iterator[Diagnostic]:
    """What works on some clusters only, or less well than it could."""
    at, volumes = Location(plan.pipeline.path), plan.pipeline.volumes
    single = [(f"the volume `{v.name}`", v.access_mode) for v in volumes.mounted]
    if volumes.workspace:
        single.append(("the workspace", volumes.workspace.access_mode))
    single = [(what, mode) for what, mode in single if mode in _SINGLE]
    if single and (pair := next(side_by_side(plan), None)):
        for what, mode in single:
            yield diagnose(
                "KALE436",
                f"{what} is {mode}, which {'one pod' if mode == _SINGLE[1] else 'one node'} mounts"
                f" at a time, and steps such as `{pair[0]}` and `{pair[1]}` may run side by side;"
                " on several nodes one of them waits, maybe for ever",
                at=at,
                hint="use `rwm` (ReadWriteMany), or order the steps with `prev:` tags",
            )
    unnamed = [v for v in volumes.mounted if v.kind == "new" and not (v.storage_class or v.source)]
    if unnamed:
        names = ", ".join(f"`{volume.name}`" for volume in unnamed)
        yield diagnose(
            "KALE438",
            f"no storage class is named for {names}, and Kubeflow Pipelines up to 2.17 then takes"
            " the one that is called `standard`, not the cluster's default",
            at=at,
            hint="name one of `kubectl get storageclass` as `storage_class_name`",
        )
    if volumes.snapshot:
        copied = ", ".join(f"`{volume.name}`" for volume in volumes.clones)
        needs = ", ".join(f"`{volume.parameter}`" for volume in volumes.clones)
        yield diagnose(
            "KALE443",
            f"a run needs copies of the volumes {copied}, named by the parameters {needs}"
            if copied
            else "which volumes the notebook server has is not in the notebook, so the package"
            " mounts none of them",
            at=at,
            hint="`kale deploy`, on the notebook server, copies them and starts the run",
        )
    if is_fleeting(plan):
        for task in plan.tasks:
            if task.options.caching:
                yield diagnose(
                    "KALE439",
                    f"step `{task.name}` is not cached: its values lie on a volume that only its"
                    " run has",
                    at=next((s.at for s in plan.pipeline.steps if s.name == task.name), at),
                    hint='have the values go through a claim of yours, as `"marshal_volume":'
                    ' "CLAIM"`, or drop `cache:enabled`',
                )
