"""Waiting for snapshots to be ready: what can be told of them meanwhile, and when to give up."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence

from kale.cluster.copies import Snapshot
from kale.cluster.kubernetes_api import Kubernetes, Object
from kale.cluster.kubernetes_failures import may_pass, shown
from kale.cluster.kubernetes_resources import SNAPSHOTS
from kale.dataclass import dataclass
from kale.errors import ClusterError
from kale.printable import printable


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait for snapshots, in seconds.

    An error is a snapshot's end once there has been one for ``patience``: drivers try again and
    take it back, and servers come back.
    """

    timeout: float = 3600.0
    interval: float = 2.0
    patience: float = 120.0
    between_words: float = 15.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def sizes_when_ready(
    kubernetes: Kubernetes,
    namespace: str,
    snapshots: Sequence[Snapshot],
    tell: Callable[[str], None],
    waiting: Waiting,
) -> dict[str, str]:
    """Wait until all snapshots are ready; the size that a claim of each needs, by its name.

    Raises:
        ClusterError: one fails or does not come (KALE636), or Kubernetes refuses.
    """
    sizes: dict[str, str] = {}
    troubles: dict[str, tuple[str, float]] = {}  # what a snapshot says, and since when
    start = spoken = waiting.clock()
    while True:
        for snapshot in snapshots:
            if snapshot.name in sizes:
                continue
            status, now = _status(kubernetes, namespace, snapshot), waiting.clock()
            if status.get("readyToUse") is True:
                sizes[snapshot.name] = size = printable(str(status.get("restoreSize") or ""))
                what = ", ".join(filter(None, (snapshot.claim, size)))
                tell(f"snapshots: {len(sizes)} of {len(snapshots)} ready ({what})")
                continue
            words = shown((status.get("error") or {}).get("message") or "")
            before, since = troubles.pop(snapshot.name, ("", now))
            if words:
                troubles[snapshot.name] = words, since
                if words != before:
                    tell(f"snapshot of {snapshot.claim}: {words}; waiting for another try")
                if now - since >= waiting.patience:
                    raise _failed(snapshot, f"failed: {words}", namespace)
        if len(sizes) == len(snapshots):
            return sizes
        now = waiting.clock()
        if now - start >= waiting.timeout:
            late = next(one for one in snapshots if one.name not in sizes)
            said = f"; it says: {troubles[late.name][0]}" if late.name in troubles else ""
            raise _failed(late, f"is not ready after {waiting.timeout:g} seconds{said}", namespace)
        if now - spoken >= waiting.between_words:
            spoken = now
            tell(f"snapshots: {len(sizes)} of {len(snapshots)} ready after {now - start:.0f} s")
        waiting.sleep(waiting.interval)


def _status(kubernetes: Kubernetes, namespace: str, snapshot: Snapshot) -> Object:
    """What the cluster says of a snapshot; that it says nothing is an error among others."""
    try:
        found = kubernetes.find(SNAPSHOTS, snapshot.name, namespace)
    except ClusterError as error:
        if not may_pass(error):
            raise
        return {"error": {"message": error.message}}
    if found is None or found["metadata"].get("deletionTimestamp"):
        raise _failed(snapshot, "was deleted by somebody else", namespace)
    status: Object = found.get("status") or {}
    return status


def _failed(snapshot: Snapshot, why: str, namespace: str) -> ClusterError:
    return ClusterError(
        "KALE636",
        f"the snapshot of the claim {printable(snapshot.claim)} {why}",
        hint="the events may say more: kubectl get events -n " + shlex.quote(namespace),
    )
