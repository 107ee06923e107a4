"""The kinds of objects of Kubernetes that Kale reads or makes, and where its API has them."""

from __future__ import annotations

from kale.dataclass import dataclass

SNAPSHOT_GROUP = "snapshot.storage.k8s.io"


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of objects: ``group`` is empty for Kubernetes' first ones, ``plural`` its path."""

    kind: str
    plural: str
    group: str = ""
    namespaced: bool = True

    @property
    def name(self) -> str:
        """What rules of access and ``kubectl`` call it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def version(self) -> str:
        """The ``apiVersion`` of its objects."""
        return f"{self.group}/v1" if self.group else "v1"

    def path(self, namespace: str) -> str:
        """The path of the API that lists its objects."""
        root = f"/apis/{self.version}" if self.group else "/api/v1"
        return (
            f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"
        )


PODS = Resource("Pod", "pods")
CLAIMS = Resource("PersistentVolumeClaim", "persistentvolumeclaims")
STORAGE_CLASSES = Resource("StorageClass", "storageclasses", "storage.k8s.io", namespaced=False)
SNAPSHOTS = Resource("VolumeSnapshot", "volumesnapshots", SNAPSHOT_GROUP)
SNAPSHOT_CLASSES = Resource(
    "VolumeSnapshotClass", "volumesnapshotclasses", SNAPSHOT_GROUP, namespaced=False
)
