"""What went wrong between here and Kubernetes, in plain sentences that show no secret."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from kale.cluster.kubernetes_resources import CLAIMS, SNAPSHOT_GROUP, SNAPSHOTS, Resource
from kale.credentials import without_credentials
from kale.dataclass import dataclass
from kale.errors import ClusterError
from kale.printable import printable

#: No answer came; it may the next time.
UNREACHED = "KALE639"
NOT_ALLOWED = "KALE632"
#: Of an object that is not there, when its status is 404.
MISSING = "KALE637"

#: What a server answers that may do so no longer in a moment.
_PASSING = {429, 500, 502, 503, 504}

#: So many characters of a server's words are shown.
_SHOWN = 300
#: What copies of volumes make.
_COPIES = (CLAIMS, SNAPSHOTS)
_LOGIN = "log in to the cluster again, until `kubectl get pods` works here"


@dataclass(frozen=True, slots=True)
class Request:
    """A request, for a sentence about it; an empty name means all objects."""

    host: str
    method: str
    resource: Resource
    namespace: str
    name: str

    @property
    def verb(self) -> str:
        """What rules of access call it."""
        return {"POST": "create", "DELETE": "delete"}.get(
            self.method, "get" if self.name else "list"
        )

    def __str__(self) -> str:
        what = f"{self.resource.plural} {self.name}".rstrip()
        where = f" in the namespace {self.namespace}" if self.namespace else ""
        return printable(f"{self.verb} {what}{where}")


def refused(request: Request, status: int, body: object) -> ClusterError:
    """The error that an answer of another status than 2xx stands for."""
    answer = _answer(body)
    words = shown(answer.get("message") or "")
    if status == 401 or (status == 403 and '"system:anonymous"' in words):
        return ClusterError(
            "KALE631",
            f"Kubernetes at {request.host} does not accept the credentials it is given",
            hint=_LOGIN,
            status=status,
        )
    if 300 <= status < 400:
        return no_api(request, status)
    if status == 403 and "exceeded quota" not in words and "denied the request" not in words:
        return _not_allowed(request, words)
    details = answer.get("details")
    named = isinstance(details, Mapping) and details.get("name")
    if status == 404 and not named:
        if request.resource.group == SNAPSHOT_GROUP:
            return ClusterError(
                "KALE633",
                "the cluster has no snapshots of volumes: nothing there knows "
                f"{request.resource.name}",
                hint="its administrator installs the CSI snapshot controller; without it, set "
                "snapshot_volumes to false and name the claims themselves",
                status=status,
            )
        return no_api(request, status)
    said = f": {words}" if words else ""
    hint = {
        403: "ask who runs the namespace for more, or delete what is no longer needed",
        404: "is the namespace right?",
        429: "the server is asked too much; try again later",
    }.get(status, "the server is broken or overloaded; try again later" if status >= 500 else "")
    return ClusterError(
        "KALE637", f"Kubernetes answers `{request}` with {status}{said}", hint=hint, status=status
    )


def no_api(request: Request, status: int = 200) -> ClusterError:
    """The error for an answer that is not one of Kubernetes."""
    return ClusterError(
        "KALE631",
        f"what answers at {request.host} is not the API of Kubernetes",
        hint="is the `server` of the kubeconfig right, and does no page to log in stand before it?",
        status=status,
    )


def unreached(request: Request, error: Exception) -> ClusterError:
    """The error for a request without an answer. Nothing of ``error`` but its kind is shown."""
    text = f"{type(error).__name__} {error}"
    if re.search(r"SSL|CERTIFICATE", text):
        why = "the certificate of {} is not trusted, or is for another name"
        hint = "is the `certificate-authority` of the kubeconfig that of this cluster?"
        return ClusterError("KALE631", why.format(request.host), hint=hint)
    hint = "is the cluster reachable from here, without a VPN or a proxy (HTTPS_PROXY)?"
    if re.search(r"ProxyError|proxy", text):
        why = "the proxy does not connect to Kubernetes at {}"
    elif re.search(r"Time[d]?\s?out", text, re.IGNORECASE):
        why = "Kubernetes at {} has not answered in time"
    elif re.search(r"NameResolution|resolve|getaddrinfo", text):
        why = "there is no server named as in {}"
    elif "refused" in text:
        why, hint = "nothing listens at {}", "does the cluster run?"
    else:
        why, hint = "the connection to Kubernetes at {} broke off", "try again"
    return ClusterError(UNREACHED, why.format(request.host), hint=hint)


def may_pass(error: ClusterError) -> bool:
    """Whether the same request may be answered a moment later."""
    return error.code == UNREACHED or error.status in _PASSING


def shown(words: Any) -> str:
    """What a server says, on one line of at most 300 characters."""
    line = without_credentials(printable(" ".join(str(words).split())))
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def _answer(body: object) -> Mapping[str, Any]:
    """The ``Status`` that Kubernetes answers with, read or not, empty for another answer."""
    try:
        found = json.loads(body) if isinstance(body, str | bytes) else body
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _not_allowed(request: Request, words: str) -> ClusterError:
    user = found[1] if (found := re.search(r'User "([^"]+)"', words)) else ""
    resource, namespace = request.resource, request.namespace
    where = f" in the namespace {printable(namespace)}" if namespace else ""
    return ClusterError(
        NOT_ALLOWED,
        f"Kubernetes does not let {user or 'you'} {request.verb} {resource.name}{where}",
        hint=f"an administrator allows it: {_role(request, user)}",
        status=403,
    )


def _role(request: Request, user: str) -> str:
    """The commands that give a user the rights that copies of volumes need."""
    account = user.removeprefix("system:serviceaccount:")
    subject = f"--user={user or 'USER'}" if account == user else f"--serviceaccount={account}"
    kind, role, space = "clusterrole", "kale-storage", []
    verbs, names = request.verb, request.resource.name
    if request.namespace:
        kind, role, space = (
            "role",
            f"kale-{request.resource.plural}",
            ["--namespace", request.namespace],
        )
    if request.resource in _COPIES:
        role, verbs, names = "kale-copies", "get,create,delete", ",".join(r.name for r in _COPIES)
    create = ["kubectl", "create", kind, role, *space, f"--verb={verbs}", f"--resource={names}"]
    bind = ["kubectl", "create", f"{kind}binding", role, *space, f"--{kind}={role}", subject]
    return f"{shlex.join(create)} && {shlex.join(bind)}"
