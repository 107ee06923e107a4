"""Where a volume may be mounted in the pod of a step, and what two volumes cannot share."""

from __future__ import annotations

import re

from kale.volumes import Volume

#: A claim's name is the name of a volume in a pod, too, which Kubernetes wants to be a label.
_LABEL = re.compile("[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")

#: Folders that an image has its programs in, or that Kale needs for itself.
_TAKEN = frozenset({
    "/", "/bin", "/etc", "/home", "/lib", "/lib64", "/opt", "/root", "/run", "/sbin", "/tmp",  # noqa: S108 - a path in a pod
    "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/var", "/var/run", "/var/tmp",  # noqa: S108 - a path in a pod
})  # fmt: skip

#: Folders of Linux, of Kubernetes, of Argo and of Kubeflow Pipelines, with all that is in them.
_SYSTEM = (
    "/proc", "/sys", "/dev", "/var/run/secrets", "/run/secrets", "/argo", "/var/run/argo",
    "/run/argo", "/kfp", "/kfp-launcher", "/kfp-workspace", "/gcs", "/minio", "/s3", "/oci",
)  # fmt: skip


def mount_problem(path: str) -> str | None:
    """Why no volume can be mounted at ``path``, or ``None``."""
    plain = path.rstrip("/") or "/"
    parts = plain.split("/")[1:]
    if not path.startswith("/") or re.search(r"[:\s\0-\x1f]", path):
        return "a volume is mounted at an absolute path without `:` and spaces, as `/data`"
    if plain != "/" and not {"", ".", ".."}.isdisjoint(parts):
        return "write the path without `.`, `..` and doubled `/`"
    if plain in _TAKEN:
        return f"a volume at `{plain}` would hide what a step needs there; take `/data`"
    for folder in _SYSTEM:
        if f"{plain}/".startswith(f"{folder}/"):
            return f"`{folder}` is not for volumes; take `/data`"
    return None


def claim_problem(name: str) -> str | None:
    """Why a pod cannot mount a claim called ``name``, or ``None``."""
    if _LABEL.fullmatch(name):
        return None
    return (
        "a claim that Kubeflow Pipelines mounts is called by at most 63 lower-case letters, digits"
        " and `-`, with a letter or digit at both ends"
    )


def clash(one: Volume, other: Volume) -> str | None:
    """Why one pod cannot mount both volumes, or ``None``."""
    if one.mount_path == other.mount_path:
        return f"`{one.name}` and `{other.name}` are both mounted at `{one.mount_path}`"
    if one.name == other.name and one.kind == other.kind == "existing":
        return (
            f"the claim `{one.name}` is mounted at `{one.mount_path}` and at `{other.mount_path}`,"
            " and Kubeflow Pipelines mounts a claim once"
        )
    return None
