"""The volumes that all steps of a pipeline mount, and the one that its values go through."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import replace
from typing import Literal

from kale.dataclass import dataclass
from kale.options import Pairs, VolumeMount

#: A claim that is there, one that is made for the run, and a copy of one that is made before it.
VolumeKind = Literal["existing", "new", "clone"]

#: The access mode of volumes for which nobody named one: steps on several nodes may mount them.
SHARED = "ReadWriteMany"


@dataclass(frozen=True, slots=True)
class Volume:
    """One volume, mounted by every step at the absolute path ``mount_path``.

    ``name`` is the claim: that which is mounted (``existing``), the end of the name of the one
    that is made (``new``), or the one that is copied (``clone``). For a clone ``parameter`` is the
    pipeline parameter that a run gives the name of the copy by. ``sub_path`` is a folder on the
    volume. ``size`` is a Kubernetes quantity, and ``access_mode`` Kubernetes' word; for a clone
    both may be empty, which means those of the claim. ``storage_class`` is empty for the cluster's
    default. ``snapshot`` names a VolumeSnapshot that a new volume begins with, and ``source`` a
    PersistentVolume that it is. ``delete`` is whether the claim goes once all steps succeeded.
    """

    kind: VolumeKind
    name: str
    mount_path: str
    sub_path: str = ""
    size: str = ""
    storage_class: str = ""
    access_mode: str = ""
    annotations: Pairs = ()
    snapshot: str = ""
    source: str = ""
    delete: bool = False
    parameter: str = ""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The volume that Kubeflow Pipelines itself makes for each run, at :data:`WORKSPACE_PATH`."""

    size: str
    storage_class: str = ""
    access_mode: str = ""


#: Where Kubeflow Pipelines mounts its workspace.
WORKSPACE_PATH = "/kfp-workspace"


@dataclass(frozen=True, slots=True)
class Volumes:
    """The volumes of a pipeline; ``mounted`` holds those of its author and, last, the marshal's.

    ``marshal`` is the absolute folder that values of one step for another go through, on one of
    the volumes or in the workspace; empty where they are artifacts. ``snapshot`` is whether a
    deploy copies the notebook server's volumes: those of kind ``clone`` and, if there are none,
    all that the server mounts.
    """

    mounted: tuple[Volume, ...] = ()
    marshal: str = ""
    workspace: Workspace | None = None
    snapshot: bool = False

    @property
    def clones(self) -> tuple[Volume, ...]:
        """Those that a deploy has to copy before the run."""
        return tuple(volume for volume in self.mounted if volume.kind == "clone")

    @property
    def mounts(self) -> tuple[VolumeMount, ...]:
        """What every step mounts; all runs of a step see the same there."""
        found = tuple(VolumeMount(volume.name, volume.mount_path) for volume in self.mounted)
        return (*found, VolumeMount("", WORKSPACE_PATH)) if self.workspace else found

    @property
    def with_data(self) -> tuple[VolumeMount, ...]:
        """Those of them that hold something before the first step runs."""
        return tuple(
            VolumeMount(volume.name, volume.mount_path)
            for volume in self.mounted
            if volume.kind != "new" or volume.snapshot or volume.source
        )


def with_clones(
    volumes: Volumes, claims: Iterable[tuple[str, str, str]], taken: Container[str]
) -> Volumes:
    """``volumes`` and, before them, copies of the claims (name, mount path, sub path).

    Those whose mount path is taken are left out: what the author mounts there is meant.
    ``taken`` are the pipeline's other parameters.
    """
    paths = {volume.mount_path for volume in volumes.mounted}
    names = {volume.parameter for volume in volumes.mounted}
    added = []
    for claim, path, folder in claims:
        if path not in paths:
            parameter = clone_parameter(claim, names, taken)
            names.add(parameter)
            added.append(Volume("clone", claim, path, sub_path=folder, parameter=parameter))
    return replace(volumes, mounted=(*added, *volumes.mounted))


def clone_parameter(claim: str, *taken: Container[str]) -> str:
    """The parameter for the copy of a claim: ``clone_of_CLAIM``, or the next such that is free."""
    name = f"clone_of_{re.sub('[^0-9A-Za-z]', '_', claim)}"
    candidate, number = name, 2
    while any(candidate in names for names in taken):
        candidate, number = f"{name}_{number}", number + 1
    return candidate
