"""What a user's machine knows of the stand-in of Kubernetes: a kubeconfig with a secret in it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import yaml

from kale.cluster.kubernetes_api import Kubernetes
from kale.cluster.kubernetes_login import log_in

#: A token that nothing may show.
CANARY = "canary-3f9c1e7a"


def write_kubeconfig(path, server, *, user=None, cluster=None, namespace="team", **more):
    """A kubeconfig with one cluster, user and context; ``more`` replaces whole parts."""
    context = {"cluster": "c", "user": "me", **({"namespace": namespace} if namespace else {})}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": server, **(cluster or {})}}],
        "users": [{"name": "me", "user": user or {"token": CANARY}}],
        "contexts": [{"name": "here", "context": context}],
        **more,
    }
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def connected(*, in_pod=False, sleep=lambda seconds: None):
    """The cluster that KUBECONFIG names, asked again without a pause."""
    return Kubernetes(replace(log_in(), in_pod=in_pod), timeout=(5, 5), sleep=sleep)


class Clock(SimpleNamespace):
    """A clock that sleeping moves, and nothing else."""

    def __init__(self):
        super().__init__(now=0.0)

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
