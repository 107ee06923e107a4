"""How each claim is copied: what is read of the cluster before anything is made in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import PurePosixPath
from typing import Any

from kale.cluster.kubernetes_api import Kubernetes, Object
from kale.cluster.kubernetes_failures import NOT_ALLOWED
from kale.cluster.kubernetes_resources import (
    CLAIMS,
    SNAPSHOT_CLASSES,
    SNAPSHOT_GROUP,
    SNAPSHOTS,
    STORAGE_CLASSES,
)
from kale.dataclass import dataclass
from kale.errors import ClusterError
from kale.printable import printable
from kale.quantities import quantity_value
from kale.volumes import Volume

_DEFAULT = "snapshot.storage.kubernetes.io/is-default-class"
#: The provisioner of storage classes whose volumes somebody makes by hand.
_BY_HAND = "kubernetes.io/no-provisioner"
#: Where Kubernetes notes the driver on a claim; a storage class may be secret, a claim is not.
_DRIVERS = (
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
)
_MOUNTED_BY_ONE = ("ReadWriteOnce", "ReadWriteOncePod")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A VolumeSnapshot to make of a claim.

    ``snapshot_class`` is empty where the cluster is to choose it; ``stays`` is whether the storage
    keeps what it took when the object is deleted.
    """

    claim: str
    name: str
    snapshot_class: str
    stays: bool

    def body(self, labels: Mapping[str, str]) -> Object:
        """The object to make."""
        spec: Object = {"source": {"persistentVolumeClaimName": self.claim}}
        if self.snapshot_class:
            spec["volumeSnapshotClassName"] = self.snapshot_class
        return {
            "apiVersion": SNAPSHOTS.version,
            "kind": SNAPSHOTS.kind,
            "metadata": {"name": self.name, "labels": dict(labels)},
            "spec": spec,
        }


@dataclass(frozen=True, slots=True)
class Copy:
    """A claim to make of a snapshot, for the one volume that mounts it.

    ``sizes`` are quantities of which it needs the largest.
    """

    name: str
    snapshot: Snapshot
    volume: Volume
    storage_class: str
    access_modes: tuple[str, ...]
    sizes: tuple[str, ...]

    @property
    def is_mounted_by_one(self) -> bool:
        """Whether only one node, or one pod, can mount the copy at a time."""
        return all(mode in _MOUNTED_BY_ONE for mode in self.access_modes)

    def body(self, labels: Mapping[str, str], restore_size: str) -> Object:
        """The object to make; the snapshot needs ``restore_size`` at least."""
        annotations = dict(self.volume.annotations)
        return {
            "apiVersion": CLAIMS.version,
            "kind": CLAIMS.kind,
            "metadata": {"name": self.name, "labels": dict(labels), "annotations": annotations},
            "spec": {
                "accessModes": list(self.access_modes),
                "storageClassName": self.storage_class,
                "volumeMode": "Filesystem",
                "resources": {"requests": {"storage": _largest((restore_size, *self.sizes))}},
                "dataSource": {
                    "apiGroup": SNAPSHOT_GROUP,
                    "kind": SNAPSHOTS.kind,
                    "name": self.snapshot.name,
                },
            },
        }


def plan_copies(
    kubernetes: Kubernetes,
    volumes: Sequence[Volume],
    namespace: str,
    suffix: str,
    snapshot_class: str = "",
) -> tuple[Copy, ...]:
    """A copy for each volume, and one snapshot for each claim; nothing is made yet.

    A pod has one volume a claim, so that two folders of one claim are two copies.

    Raises:
        ClusterError: a claim cannot be copied (KALE634), the cluster has no snapshots for it
            (KALE633), or Kubernetes cannot be asked.
    """
    mounts: dict[str, list[Volume]] = {}
    for volume in volumes:
        mounts.setdefault(volume.name, []).append(volume)
    claims = {name: _claim(kubernetes, name, namespace) for name in mounts}
    classes = _snapshot_classes(kubernetes)
    copies: list[Copy] = []
    for number, (name, mounting) in enumerate(mounts.items(), start=1):
        _check_apart(name, mounting)
        claim = claims[name]
        own = claim["spec"].get("storageClassName") or ""
        drivers = _drivers(kubernetes, claim, own)
        chosen = _snapshot_class(name, drivers, classes, snapshot_class)
        stem = re.sub("[^a-z0-9-]", "-", name[:40]).rstrip("-")
        called = f"{stem}-{suffix}{number}"
        stays = any(_name(one) == chosen and not _goes(one) for one in classes or ())
        snapshot = Snapshot(name, called, chosen, stays)
        for place, volume in enumerate(mounting):
            _check_class(kubernetes, name, own, volume.storage_class or own, drivers)
            made = f"{called}-{place + 1}" if place else called
            copies.append(_copy(made, snapshot, volume, claim))
    return tuple(copies)


def _copy(name: str, snapshot: Snapshot, volume: Volume, claim: Object) -> Copy:
    spec = claim["spec"]
    capacity = (claim.get("status") or {}).get("capacity") or {}
    requests = (spec.get("resources") or {}).get("requests") or {}
    sizes = (capacity.get("storage"), requests.get("storage"), volume.size)
    modes = (volume.access_mode,) if volume.access_mode else tuple(spec.get("accessModes") or ())
    storage_class = volume.storage_class or spec.get("storageClassName") or ""
    return Copy(name, snapshot, volume, storage_class, modes, tuple(filter(None, sizes)))


def _check_apart(claim: str, volumes: Sequence[Volume]) -> None:
    """Refuse two mounts of which one shows what is written through the other."""
    for one, other in combinations(volumes, 2):
        folders = [PurePosixPath("/", volume.sub_path) for volume in (one, other)]
        if folders[0].is_relative_to(folders[1]) or folders[1].is_relative_to(folders[0]):
            raise _not_copied(
                claim,
                f"is mounted at {printable(one.mount_path)} and at {printable(other.mount_path)},"
                " and the same files are in both, which copies of it would not be",
                "list one of them in the notebook's metadata",
            )


def _claim(kubernetes: Kubernetes, name: str, namespace: str) -> Object:
    """A claim that can be copied."""
    claim = kubernetes.find(CLAIMS, name, namespace)
    if claim is None:
        raise _not_copied(
            name,
            f"is not in the namespace {printable(namespace)}",
            f"`kubectl get pvc --namespace {printable(namespace)}` lists those that are; another "
            "namespace is named with --namespace",
        )
    phase = (claim.get("status") or {}).get("phase")
    if phase != "Bound":
        raise _not_copied(
            name,
            f"has no volume yet: it is {printable(str(phase))}, not Bound",
            "mount it in a pod once, or leave it out of the volumes",
        )
    if claim["spec"].get("volumeMode") == "Block":
        raise _not_copied(
            name, "is a block device, which steps cannot mount", "leave it out of the volumes"
        )
    return claim


def _drivers(kubernetes: Kubernetes, claim: Object, own: str) -> tuple[str, ...]:
    """The driver of a claim's volume by all its names, none where we may not know.

    Storage classes may still have the name of a driver that was part of Kubernetes once.
    """
    annotations = claim["metadata"].get("annotations") or {}
    noted = next((annotations[key] for key in _DRIVERS if annotations.get(key)), "")
    return tuple(filter(None, (noted, _provisioner(kubernetes, own) if own else "")))


def _check_class(
    kubernetes: Kubernetes, claim: str, own: str, wanted: str, drivers: Sequence[str]
) -> None:
    """Refuse a class by which no copy can be made.

    A claim of a class that makes no volumes would be given any volume that is free.
    """
    made_by = _provisioner(kubernetes, wanted) if wanted else ""
    if made_by in ("", _BY_HAND):
        named = f"is of the storage class {printable(wanted)}" if wanted else "has no storage class"
        raise _not_copied(
            claim,
            f"{named}, by which no copy can be made",
            "name one of the same driver in the notebook's metadata: storage_class_name",
        )
    if wanted != own and made_by is not None and drivers and made_by not in drivers:
        raise _not_copied(
            claim,
            f"is of the driver {printable(drivers[0])}, and the storage class {printable(wanted)}"
            f" of its copy is of {printable(made_by)}",
            "leave storage_class_name out for it, or name a class of its driver",
        )


def _provisioner(kubernetes: Kubernetes, storage_class: str) -> str | None:
    """The driver of a storage class, empty when there is none; ``None`` where we may not know."""
    try:
        found = kubernetes.find(STORAGE_CLASSES, storage_class)
    except ClusterError as error:
        if error.code != NOT_ALLOWED:
            raise
        return None
    return "" if found is None else str(found.get("provisioner") or "")


def _snapshot_classes(kubernetes: Kubernetes) -> list[Object] | None:
    """The cluster's snapshot classes, or ``None`` where we may not know them."""
    try:
        return kubernetes.every(SNAPSHOT_CLASSES)
    except ClusterError as error:
        if error.code != NOT_ALLOWED:
            raise
        return None


def _snapshot_class(
    claim: str, drivers: Sequence[str], classes: Sequence[Object] | None, wanted: str
) -> str:
    """The class for a driver: the default first, then one whose snapshots go with their object.

    Empty, for the cluster's own choice, where we may not know the driver or the classes.
    """
    if wanted or not drivers or classes is None:
        return wanted
    fitting = [each for each in classes if each.get("driver") == drivers[0]]
    if not fitting:
        there = sorted(f"{_name(one)} for {one.get('driver')}" for one in classes)
        said = f"there are {printable(', '.join(there))}" if there else "there is none at all"
        raise ClusterError(
            "KALE633",
            f"the cluster has no VolumeSnapshotClass for the driver {printable(drivers[0])} of the"
            f" claim {printable(claim)}",
            hint=f"{said}; its administrator adds one if the driver can take snapshots",
        )
    return _name(min(fitting, key=lambda one: (not _is_default(one), not _goes(one), _name(one))))


def _name(thing: Object) -> str:
    return str(thing["metadata"]["name"])


def _is_default(snapshot_class: Object) -> bool:
    return (snapshot_class["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"


def _goes(snapshot_class: Object) -> bool:
    return snapshot_class.get("deletionPolicy") == "Delete"


def _largest(sizes: Iterable[Any]) -> str:
    known = [(value, size) for size in map(str, sizes) if (value := quantity_value(size))]
    return max(known)[1] if known else "1Gi"


def _not_copied(claim: str, why: str, hint: str) -> ClusterError:
    return ClusterError("KALE634", f"the claim {printable(claim)} {why}", hint=hint)
