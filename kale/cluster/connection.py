"""Where Kubeflow Pipelines is and who asks: what the options, the environment and files say.

The first that says something counts: the command line, the environment (``KALE_KFP_…``, then
``KF_PIPELINES_ENDPOINT``), the configuration file, the cluster that this process runs in. A
credential goes to no other server than it was said for: those of the configuration file to the
host beside them, a pod's own to services of its cluster.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from kale.cluster.address import base_address, is_overheard, is_service, origin
from kale.cluster.config_file import Cluster, Clusters, config_path, read_clusters
from kale.cluster.secret import Secret, SecretFile
from kale.credentials import without_credentials
from kale.dataclass import dataclass
from kale.errors import UsageError
from kale.options import ENVIRONMENT_PREFIX

#: Where Kubernetes puts the token for Kubeflow Pipelines, unless the variable says otherwise.
_POD_TOKEN = "/var/run/secrets/kubeflow/pipelines/token"  # noqa: S105 - a path
_POD_TOKEN_VARIABLE = "KF_PIPELINES_SA_TOKEN_PATH"  # noqa: S105 - a name
_POD_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
_SERVICE = "http://ml-pipeline.kubeflow.svc.cluster.local:8888"

#: Seconds to wait for a server that says nothing.
TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """What the command line says; empty is not said.

    ``host`` may be the name of a cluster of the configuration file. ``token`` is the text itself,
    ``token_file`` the path of a file that is read anew at each request. ``allow_http`` lets
    credentials travel unencrypted.
    """

    host: str = ""
    namespace: str = ""
    token: str = ""
    token_file: str = ""
    cookies: str = ""
    ca_cert: str = ""
    allow_http: bool = False

    def __repr__(self) -> str:
        return f"ConnectionOptions(host={self.host!r}, namespace={self.namespace!r}, …)"


@dataclass(frozen=True, slots=True)
class Connection:
    """A server, and what to prove oneself to it with; neither ``repr`` nor ``str`` shows that.

    ``host`` is the base address without a slash at its end, ``namespace`` the one that was asked
    for and ``usual_namespace`` what to use where the server wants one and none was asked for.
    ``ca_cert`` is a file of certificates, empty for those of the system; ``timeout`` in seconds.
    ``source`` says what named the host.
    """

    host: str
    namespace: str = ""
    usual_namespace: str = ""
    token: Secret | None = None
    cookies: Secret | None = None
    ca_cert: str = ""
    timeout: float = TIMEOUT
    source: str = ""

    def headers(self) -> dict[str, str]:
        """The headers that prove who asks; for requests to ``host`` alone.

        A secret may begin with the name of its header, as a browser's tools copy it.

        Raises:
            UsageError: a secret cannot be read or sent (KALE603).
        """
        found = {}
        if self.token is not None:
            token = re.sub(r"(?i)^(authorization:)?\s*(bearer\s+)?", "", self.token.reveal())
            found["Authorization"] = f"Bearer {token}"
        if self.cookies is not None:
            found["Cookie"] = re.sub(r"(?i)^cookie:\s*", "", self.cookies.reveal())
        return found

    def without_secrets(self, text: str) -> str:
        """A text of the server, which may have sent back what it was given."""
        for secret in (self.token, self.cookies):
            text = text if secret is None else secret.hidden_in(text)
        return without_credentials(text)


def find_connection(options: ConnectionOptions | None = None) -> Connection:
    """The server that the options, the environment or the configuration file name.

    Raises:
        UsageError: none does, or not by an address (KALE601); the configuration file cannot be
            used (KALE602), or the credentials cannot (KALE603).
    """
    said = options or ConnectionOptions()
    clusters = read_clusters(config_path())
    host, source, cluster = _server(said, clusters)
    mine = cluster.values if cluster is not None else {}
    ca_cert = said.ca_cert or _environment("CA_CERT") or _path(mine.get("ca_cert", ""))
    if ca_cert and not Path(ca_cert).exists():
        raise UsageError(
            "KALE603",
            f"there is no file of certificates {ca_cert}",
            hint="name a file in PEM format that holds the authority's certificates",
        )
    found = Connection(
        host,
        said.namespace or _environment("NAMESPACE") or mine.get("namespace", ""),
        _usual_namespace(),
        _token(said, cluster, host),
        _cookies(said, cluster),
        ca_cert,
        _timeout(),
        source,
    )
    allowed = (
        said.allow_http
        or _environment("ALLOW_HTTP").lower() in ("1", "true")
        or bool(mine.get("allow_http"))
    )
    if (found.token or found.cookies) and is_overheard(host) and not allowed:
        raise UsageError(
            "KALE603",
            f"credentials would go to {host} unencrypted, where others on the way can read them",
            hint="use an address that begins with https, or kubectl port-forward and "
            "http://localhost:PORT; KALE_KFP_ALLOW_HTTP=1 sends them all the same",
        )
    return found


def _environment(name: str) -> str:
    return os.environ.get(f"{ENVIRONMENT_PREFIX}KFP_{name}", "")


def _server(said: ConnectionOptions, clusters: Clusters) -> tuple[str, str, Cluster | None]:
    """The server's address, what named it, and the cluster of the configuration file it is."""
    text, source = _host(said)
    named = {cluster.name: cluster for cluster in clusters.all}
    cluster = named.get(text) if text else clusters.default
    if cluster is not None:
        source = f"`host` in {cluster.place}"
        return base_address(cluster.values["host"], source), source, cluster
    if not text:
        text, source = _in_cluster(clusters)
    host = base_address(text, source)
    for each in clusters.all:
        place = f"`host` in {each.place}"
        if origin(base_address(each.values["host"], place)) == origin(host):
            return host, source, each
    return host, source, None


def _host(said: ConnectionOptions) -> tuple[str, str]:
    """What the options or the environment name, and which of them; empty when nothing does."""
    if said.host:
        return said.host, "--host"
    for variable in (f"{ENVIRONMENT_PREFIX}KFP_HOST", "KF_PIPELINES_ENDPOINT"):
        if text := os.environ.get(variable, ""):
            return text, f"the environment's {variable}"
    return "", ""


def _in_cluster(clusters: Clusters) -> tuple[str, str]:
    """The service of the cluster that this process runs in."""
    if os.environ.get("KUBERNETES_SERVICE_HOST"):
        return _SERVICE, "this pod's cluster"
    if clusters.all:
        names = ", ".join(cluster.name for cluster in clusters.all)
        raise UsageError(
            "KALE601",
            f"the configuration file has several clusters ({names}), and nothing says which",
            hint=f'give --host NAME, or write default = "{clusters.all[0].name}" at its top',
        )
    raise UsageError(
        "KALE601",
        "nothing says where Kubeflow Pipelines is",
        hint="give --host https://…, set KALE_KFP_HOST, or write host into "
        f"{config_path()} (mode 600)",
    )


def _token(said: ConnectionOptions, cluster: Cluster | None, host: str) -> Secret | None:
    if said.token:
        return Secret(said.token, "--token")
    if said.token_file:
        return SecretFile(said.token_file)
    if text := _environment("TOKEN"):
        return Secret(text, "the environment's KALE_KFP_TOKEN")
    if path := _environment("TOKEN_FILE"):
        return SecretFile(path)
    if cluster is not None and "token" in cluster.values:
        return Secret(cluster.values["token"], f"`token` in {cluster.place}")
    if cluster is not None and "token_file" in cluster.values:
        return SecretFile(_path(cluster.values["token_file"]))
    path = os.environ.get(_POD_TOKEN_VARIABLE, "") or _POD_TOKEN
    if is_service(origin(host)[1]) and Path(path).exists():
        return SecretFile(path)
    return None


def _cookies(said: ConnectionOptions, cluster: Cluster | None) -> Secret | None:
    if said.cookies:
        return Secret(said.cookies, "--cookies")
    if text := _environment("COOKIES"):
        return Secret(text, "the environment's KALE_KFP_COOKIES")
    if cluster is not None and "cookies" in cluster.values:
        return Secret(cluster.values["cookies"], f"`cookies` in {cluster.place}")
    return None


def _path(text: str) -> str:
    """A path of the configuration file, from that file's folder and with ``~`` read."""
    return str(config_path().parent / Path(text).expanduser()) if text else ""


def _usual_namespace() -> str:
    """The pod's own namespace, or what the official client was last told on this machine."""
    try:
        return Path(_POD_NAMESPACE).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        pass  # not in a pod
    try:
        path = Path("~/.config/kfp/context.json").expanduser()
        context = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    namespace = context.get("namespace") if isinstance(context, Mapping) else None
    return namespace if isinstance(namespace, str) else ""


def _timeout() -> float:
    text = _environment("TIMEOUT")
    try:
        seconds = float(text or TIMEOUT)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 24 * 3600:
        raise UsageError(
            "KALE601",
            "the environment's KALE_KFP_TIMEOUT is no number of seconds",
            hint="write it as 60",
        )
    return seconds
