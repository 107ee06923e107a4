"""What tests of copies share: a cluster with two claims, and a deploy that copies them."""

from __future__ import annotations

import traceback
from contextlib import contextmanager

import pytest
from cluster.kubeconfigs import CANARY, Clock, connected, write_kubeconfig
from cluster.kubernetes_server import KubernetesServer

from kale.cluster.snapshots import Waiting, clone_volumes
from kale.errors import ClusterError
from kale.volumes import Volume

CLAIMS, SNAPSHOTS = "persistentvolumeclaims", "volumesnapshots"


@contextmanager
def two_claims(tmp_path, monkeypatch):
    """A cluster with the claims workspace and data, that KUBECONFIG names."""
    server = KubernetesServer()
    server.token = CANARY
    server.storage_class("fast")
    server.snapshot_class("usual")
    server.claim("workspace")
    server.claim("data", size="50Gi")
    monkeypatch.setenv("KUBECONFIG", str(write_kubeconfig(tmp_path / "kubeconfig", server.url)))
    try:
        yield server
    finally:
        server.close()


def volume(claim, path="/work", **more):
    return Volume("clone", claim, path, parameter=f"clone_of_{claim}{path.count('/')}", **more)


BOTH = (volume("workspace", "/home/jovyan"), volume("data", "/data"))


class Deploy:
    """One deploy's copies: what it told, and a clock that nobody waits for."""

    def __init__(self, **waiting):
        self.told, self.clock, self.flushed = [], Clock(), 0
        self.waiting = Waiting(sleep=self.clock.sleep, clock=self.clock, **waiting)
        self.interrupt_at = None

    def tell(self, line):
        self.told.append(line)
        if self.interrupt_at == len(self.told):
            raise KeyboardInterrupt

    def flush(self):
        self.flushed += 1

    def clone(self, volumes=BOTH, namespace="", *, kubernetes=None, **more):
        return clone_volumes(
            volumes,
            namespace,
            self.tell,
            pipeline="iris",
            kubernetes=kubernetes or connected(),
            waiting=self.waiting,
            flush=self.flush,
            **more,
        )


def refused(deploy, *arguments, **more):
    """Why nothing was copied; no text of it shows the token."""
    with pytest.raises(ClusterError) as caught:
        deploy.clone(*arguments, **more)
    error = caught.value
    shown = "".join(traceback.format_exception(error)) + error.message + error.hint
    assert CANARY not in shown + "".join(deploy.told)
    return error


def deny(verb, plural):
    return lambda server: server.denied.add((verb, plural))
