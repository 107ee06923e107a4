"""Copies of volumes for a run: snapshots of their claims first, then claims made of these.

All snapshots are asked for before the first is waited for, so that they are of one moment as far
as the storage lets them be. The snapshots stay as long as the copies: a claim whose storage class
waits for a first pod is filled when that pod comes, which may be after we are gone.
"""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from kale.cluster.copies import Copy, plan_copies
from kale.cluster.kubernetes_api import Kubernetes, Object
from kale.cluster.kubernetes_failures import UNREACHED
from kale.cluster.kubernetes_resources import CLAIMS, SNAPSHOTS, Resource
from kale.cluster.snapshot_waiting import Waiting, sizes_when_ready
from kale.dataclass import dataclass
from kale.errors import ClusterError
from kale.printable import printable
from kale.volumes import Volume

#: Letters of names that nobody takes for a word, or one for another.
_LETTERS = "bcdfghjkmnpqrstvwxz2456789"
#: Snapshots and claims by their names, in the order they were made in.
_Made = list[tuple[Resource, str]]
_INSTANCE = "app.kubernetes.io/instance"


@dataclass(frozen=True, slots=True)
class Clones:
    """What was made for a run; ``arguments`` give its parameters the names of the copies.

    ``objects`` are the snapshots and the claims by their names, in the order they were made in.
    """

    kubernetes: Kubernetes | None
    namespace: str
    labels: Mapping[str, str]
    arguments: Mapping[str, str]
    objects: tuple[tuple[Resource, str], ...] = ()

    def delete(self) -> None:
        """Delete the copies and then their snapshots; a claim that a pod uses goes after the pod.

        Raises:
            ClusterError: something is left (KALE638); the message names it, the hint how it goes.
        """
        if left := _remaining(self):
            raise ClusterError("KALE638", f"{left[0]} ({left[1]})", hint=self.commands()[0])

    def commands(self) -> tuple[str, ...]:
        """The commands that delete the copies and their snapshots."""
        if not self.objects:
            return ()
        selector = f"{_INSTANCE}={self.labels[_INSTANCE]}"
        words = ["kubectl", "delete", "pvc,volumesnapshots", "-n", self.namespace, "-l", selector]
        return (shlex.join(words),)


def clone_volumes(
    volumes: Sequence[Volume],
    namespace: str,
    tell: Callable[[str], None],
    *,
    pipeline: str,
    kubernetes: Kubernetes | None = None,
    snapshot_class: str = "",
    waiting: Waiting | None = None,
    flush: Callable[[], None] | None = None,
) -> Clones:
    """Copy the claims of the volumes of kind ``clone``, for one run of ``pipeline``.

    ``namespace`` is the run's; empty is that of the cluster's login. Each line of progress goes to
    ``tell``. In a pod, what programs have written is first written to disk, by ``flush`` or else
    by the system.

    Whatever ends this early, Ctrl-C too, what was made is deleted; what cannot be is told, with
    the command that deletes it.

    Raises:
        ClusterError: there is no way to Kubernetes (KALE630, KALE631, KALE639), it does not allow
            it (KALE632) or has no snapshots (KALE633), a claim cannot be copied (KALE634), nothing
            says the namespace (KALE635), a snapshot fails (KALE636), or Kubernetes refuses or
            fails (KALE637).
    """
    wanted = [volume for volume in volumes if volume.kind == "clone"]
    if not wanted:
        return Clones(None, namespace, {}, {})
    kubernetes = kubernetes or Kubernetes.connect()
    where = namespace or kubernetes.namespace
    if not where:
        raise ClusterError(
            "KALE635",
            "nothing says the namespace whose volumes are to be copied",
            hint="name the one that runs are in with --namespace",
        )
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(8))
    copies = plan_copies(kubernetes, wanted, where, suffix, snapshot_class)
    labels = {
        "app.kubernetes.io/managed-by": "kale",
        "app.kubernetes.io/part-of": pipeline[:63].strip("-"),
        _INSTANCE: f"kale-{suffix}",
    }
    arguments = {copy.volume.parameter: copy.name for copy in copies}
    clones = Clones(kubernetes, where, labels, arguments)
    made: _Made = []
    if kubernetes.in_pod:
        (flush or os.sync)()
    try:
        _make(clones, kubernetes, copies, made, tell, waiting or Waiting())
    except BaseException:
        _clean_up(replace(clones, objects=tuple(made)), tell)
        raise
    return replace(clones, objects=tuple(made))


def _make(
    clones: Clones,
    kubernetes: Kubernetes,
    copies: Sequence[Copy],
    made: _Made,
    tell: Callable[[str], None],
    waiting: Waiting,
) -> None:
    labels, namespace = clones.labels, clones.namespace
    snapshots = tuple(dict.fromkeys(copy.snapshot for copy in copies))
    for snapshot in snapshots:
        _create(kubernetes, SNAPSHOTS, namespace, snapshot.body(labels), made)
        by = f" by the class {snapshot.snapshot_class}" if snapshot.snapshot_class else ""
        stays = ", which stays in the storage when it is deleted" if snapshot.stays else ""
        where = f"{snapshot.claim} in the namespace {namespace}"
        tell(printable(f"snapshot of {where}: {snapshot.name}{by}{stays}"))
    sizes = sizes_when_ready(kubernetes, namespace, snapshots, tell, waiting)
    for copy in copies:
        body = copy.body(labels, sizes[copy.snapshot.name])
        claim = _create(kubernetes, CLAIMS, namespace, body, made)
        if not _is_filled(claim, body):
            raise ClusterError(
                "KALE633",
                f"the cluster made the claim {copy.name} without the contents of its snapshot",
                hint="it is too old for snapshots; set snapshot_volumes to false",
            )
        size = body["spec"]["resources"]["requests"]["storage"]
        path = copy.volume.mount_path
        tell(printable(f"copy of {copy.snapshot.claim}: {copy.name}, {size}, for {path}"))
        if copy.is_mounted_by_one:
            modes = ", ".join(copy.access_modes)
            tell(
                printable(
                    f"{copy.name} is {modes}: steps that run at the same time wait for one"
                    " another, or need one node"
                )
            )


def _create(
    kubernetes: Kubernetes, resource: Resource, namespace: str, body: Object, made: _Made
) -> Object:
    """Make an object and note it in ``made``, unless it surely was not made."""
    made.append((resource, body["metadata"]["name"]))
    try:
        return kubernetes.create(resource, namespace, body)
    except ClusterError as error:
        if error.status is not None and 400 <= error.status < 500:
            made.pop()
        raise


def _is_filled(claim: Object, asked: Object) -> bool:
    """Whether a claim has its snapshot as its source; older servers drop what they do not know."""
    source = claim["spec"].get("dataSource") or {}
    return all(source.get(key) == value for key, value in asked["spec"]["dataSource"].items())


def _clean_up(made: Clones, tell: Callable[[str], None]) -> None:
    """Delete what was made, and tell what could not be."""
    if not made.objects:
        return
    command = made.commands()[0]
    try:
        left = _remaining(made)
    except KeyboardInterrupt:  # a second one: the user will not wait
        left = _named(made, made.objects), "interrupted"
    if left:
        tell(f"{left[0]} ({left[1]}); this deletes it: {command}")


def _remaining(made: Clones) -> tuple[str, str] | None:
    """Delete all of it, the last first: what is left, and why."""
    if made.kubernetes is None:
        return None
    left: _Made = []
    reason = lost = ""
    for resource, name in reversed(made.objects):
        if lost:  # each further one would only take its time to fail
            left.append((resource, name))
            continue
        body = {"metadata": {"name": name, "labels": dict(made.labels)}}
        try:
            made.kubernetes.delete(resource, made.namespace, body)
        except ClusterError as error:
            left.append((resource, name))
            reason = reason or error.message
            lost = error.message if error.code == UNREACHED else ""
    return (_named(made, left), reason) if left else None


def _named(made: Clones, objects: Sequence[tuple[Resource, str]]) -> str:
    names = ", ".join(f"{resource.kind} {name}" for resource, name in objects)
    return printable(f"left in the namespace {made.namespace}: {names}")
