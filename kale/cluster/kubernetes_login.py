"""Which cluster of Kubernetes is meant, and who asks it: the pod's own, or the kubeconfig's.

A pod's own counts first, unless ``KUBECONFIG`` is set: the claims that a notebook server mounts
are in its own cluster, and a claim of the same name in another one holds other data.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import getproxies

from kale.credentials import without_credentials
from kale.dataclass import dataclass
from kale.errors import ClusterError
from kale.printable import printable

#: Where Kubernetes puts what a pod logs in with.
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Login:
    """How to reach a cluster: ``configuration`` is the client's own and holds secrets."""

    configuration: Any
    host: str
    namespace: str
    in_pod: bool

    def __repr__(self) -> str:
        return f"Login({self.host!r})"


def log_in(service_account: Path | None = None) -> Login:
    """The login of this pod or, elsewhere, of the kubeconfig's current context.

    Raises:
        ClusterError: the package ``kubernetes`` is missing (KALE630); there is neither login, or
            it cannot be read (KALE631).
    """
    try:
        with silent():
            from kubernetes.client import Configuration
    except ImportError:
        raise ClusterError(
            "KALE630",
            "copies of volumes need the package `kubernetes`, which is not installed here",
            hint="run `pip install 'kale[snapshots]'`, or set snapshot_volumes to false",
        ) from None
    configuration = Configuration()
    configuration.retries = False  # Kale asks again itself, and follows no redirection
    account = service_account or SERVICE_ACCOUNT
    explicit = os.environ.get("KUBECONFIG", "")
    in_pod = not explicit and bool(os.environ.get("KUBERNETES_SERVICE_HOST"))
    in_pod = in_pod and (account / "token").is_file()
    place = "the pod's service account" if in_pod else printable(explicit or "~/.kube/config")
    if not in_pod and not any(Path(one).expanduser().is_file() for one in _files(explicit)):
        raise ClusterError(
            "KALE631",
            f"nothing says how to reach Kubernetes: there is no file {place}",
            hint="run this in a notebook server, or get a kubeconfig for the cluster",
        )
    failed = False
    namespace = ""
    try:
        with silent():
            if in_pod:
                namespace = _of_pod(configuration, account)
            else:
                namespace = _of_kubeconfig(configuration, explicit or "~/.kube/config")
    except Exception:  # noqa: BLE001 - of any kind, and its text may quote a token of the file
        failed = True
    if failed:
        raise ClusterError(
            "KALE631",
            f"{place} says not how to log in to Kubernetes",
            hint="does `kubectl config view --minify` show a cluster, a user and a context?",
        )
    host = printable(without_credentials(str(configuration.host)))
    return Login(configuration, host, namespace, in_pod)


@contextmanager
def silent() -> Iterator[None]:
    """Keep the client's warnings and log off our streams; what it says may hold a secret."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _files(explicit: str) -> list[str]:
    return [path for path in explicit.split(os.pathsep) if path] or ["~/.kube/config"]


def _of_pod(configuration: Any, folder: Path) -> str:
    from kubernetes.config.incluster_config import InClusterConfigLoader

    InClusterConfigLoader(str(folder / "token"), str(folder / "ca.crt")).load_and_set(configuration)
    return (folder / "namespace").read_text(encoding="utf-8").strip()


def _of_kubeconfig(configuration: Any, files: str) -> str:
    from kubernetes import config

    config.load_kube_config(config_file=files, client_configuration=configuration)
    _, current = config.list_kube_config_contexts(config_file=files)
    if configuration.proxy is None:
        proxies = getproxies()
        configuration.proxy = proxies.get(str(configuration.host).partition(":")[0])
        configuration.no_proxy = proxies.get("no")
    return str(current["context"].get("namespace") or "")
