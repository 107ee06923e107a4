"""The volumes of the notebook server that this process runs in."""

from __future__ import annotations

import socket
from collections.abc import Callable

from kale.cluster.kubernetes_api import Kubernetes, Object
from kale.cluster.kubernetes_resources import PODS
from kale.errors import ClusterError
from kale.printable import printable

#: What Kubeflow's notebook controller gives the pods of notebook servers, and the container in it.
_LABEL = "notebook-name"
_VARIABLE = "NB_PREFIX"
#: Volumes that hold no work: they are the pod's memory, or what the cluster tells it.
_NO_WORK = ("configMap", "secret", "projected", "downwardAPI")


def mounted_claims(
    kubernetes: Kubernetes,
    tell: Callable[[str], None],
    *,
    namespace: str = "",
    pod: str = "",
) -> tuple[tuple[str, str, str], ...]:
    """The claims that this notebook server mounts: (name, mount path, sub path).

    ``namespace`` is where the run will be, if that was said; ``pod`` is this process's own unless
    it is named. What the server mounts for reading alone, and volumes that are no claims, are told
    and left out.

    Raises:
        ClusterError: this is no notebook server, or not one of that namespace (KALE635), it mounts
            no claim (KALE634), or Kubernetes cannot be asked.
    """
    if not kubernetes.in_pod:
        raise _elsewhere("and this is not a pod of a cluster, or KUBECONFIG names another one")
    if namespace not in ("", kubernetes.namespace):
        raise _elsewhere(
            f"whose namespace is {printable(kubernetes.namespace)}; a run in"
            f" {printable(namespace)} cannot mount copies of them"
        )
    name = pod or socket.gethostname()
    found = kubernetes.find(PODS, name, kubernetes.namespace)
    if found is None or _LABEL not in (found["metadata"].get("labels") or {}):
        raise _elsewhere(f"and the pod {printable(name)} is not one of Kubeflow's")
    volumes = {each["name"]: each for each in found["spec"].get("volumes") or ()}
    claims = []
    for mount in _container(found).get("volumeMounts") or ():
        volume, path = volumes.get(mount["name"], {}), mount["mountPath"]
        claim = _claim(volume, name)
        why = _left_out(volume, mount, claim)
        if why:
            tell(f"{printable(path)} is not copied: {why}")
        elif claim:
            claims.append((claim, path, mount.get("subPath") or ""))
    if not claims:
        raise ClusterError(
            "KALE634",
            f"the notebook server {printable(name)} mounts no claim that could be copied",
            hint="set snapshot_volumes to false, or list the volumes in the notebook's metadata",
        )
    return tuple(claims)


def _container(pod: Object) -> Object:
    """The notebook's own container; a mesh may have put its own before it."""
    containers: list[Object] = pod["spec"]["containers"]
    for container in containers:
        if any(each.get("name") == _VARIABLE for each in container.get("env") or ()):
            return container
    return containers[0]


def _claim(volume: Object, pod: str) -> str:
    """The claim of a pod's volume, empty when it is of another kind."""
    if "ephemeral" in volume:
        return f"{pod}-{volume['name']}"
    return str((volume.get("persistentVolumeClaim") or {}).get("claimName") or "")


def _left_out(volume: Object, mount: Object, claim: str) -> str:
    """Why a mount is not copied, where somebody might miss it."""
    if claim and mount.get("subPathExpr"):
        return "its folder on the claim is known to the pod alone"
    if claim and (
        mount.get("readOnly") or (volume.get("persistentVolumeClaim") or {}).get("readOnly")
    ):
        return f"it is mounted for reading alone; list the claim {printable(claim)} to mount it"
    if claim or any(kind in volume for kind in _NO_WORK):
        return ""
    if (volume.get("emptyDir") or {}).get("medium") == "Memory":
        return ""
    return "it is no claim"


def _elsewhere(why: str) -> ClusterError:
    return ClusterError(
        "KALE635",
        f"snapshot_volumes means the volumes of the notebook server, {why}",
        hint="run this in a terminal of the notebook server, or list the volumes to copy in the "
        "notebook's metadata",
    )
