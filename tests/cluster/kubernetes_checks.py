"""What Kubernetes refuses: new objects that it would not take, and how it says so."""

from __future__ import annotations

import re

SNAPSHOTS = "snapshot.storage.k8s.io"
#: Which resources there are, and whether they are in namespaces.
SERVED = {
    ("", "pods"): True,
    ("", "persistentvolumeclaims"): True,
    ("storage.k8s.io", "storageclasses"): False,
    (SNAPSHOTS, "volumesnapshots"): True,
    (SNAPSHOTS, "volumesnapshotclasses"): False,
}
#: The fields of a PersistentVolumeClaim's spec, as of Kubernetes 1.34.
_CLAIM_FIELDS = {
    "accessModes", "dataSource", "dataSourceRef", "resources", "selector", "storageClassName",
    "volumeAttributesClassName", "volumeMode", "volumeName",
}  # fmt: skip
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_LABEL = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


class RefusedError(Exception):
    """An answer of another status than 200."""

    def __init__(self, status, reason, message, details=None):
        super().__init__(message)
        self.status = status
        self.body = {
            "apiVersion": "v1",
            "kind": "Status",
            "metadata": {},
            "status": "Failure",
            "reason": reason,
            "message": message,
            "code": status,
            "details": details or {},
        }


def wrong(group, plural, body):
    """Why the server would not take a new object, by the fields that its models know."""
    metadata, spec = body["metadata"], body["spec"]
    if not _NAME.fullmatch(metadata["name"]):
        return "metadata.name"
    if not all(map(_LABEL.fullmatch, metadata["labels"].values())):
        return "metadata.labels"
    if body["apiVersion"] != (f"{group}/v1" if group else "v1"):
        return "apiVersion"
    if plural == "volumesnapshots":
        return "spec" if set(spec) - {"source", "volumeSnapshotClassName"} else ""
    modes = {"ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod"}
    if set(spec) - _CLAIM_FIELDS or set(spec["dataSource"]) - {"apiGroup", "kind", "name"}:
        return "spec"
    if not spec["accessModes"] or set(spec["accessModes"]) - modes:
        return "spec.accessModes"
    return (
        ""
        if re.fullmatch(r"\d+(\.\d+)?[KMGT]?i?", spec["resources"]["requests"]["storage"])
        else "size"
    )
