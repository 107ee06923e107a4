"""What went wrong between here and a server, in plain sentences that show no secret.

No text of an exception is shown, since it may hold an address with a password; what it says of
the cause is looked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from requests import exceptions

from kale.cluster.address import host_and_port, origin
from kale.cluster.connection import Connection
from kale.errors import ClusterError
from kale.printable import printable

#: Seconds to wait for a connection.
CONNECT = 10.0

#: So many characters of a server's words are shown.
_SHOWN = 300

_LOGIN_HINT = (
    "give a new token (--token-file FILE, KALE_KFP_TOKEN), or the cookies of a browser that is "
    "logged in (KALE_KFP_COOKIES)"
)
_PROXY_HINT = "check HTTPS_PROXY and HTTP_PROXY; NO_PROXY names the hosts to reach without it"

_UNREADABLE = (
    "the certificates to trust cannot be read, so no encrypted connection is made",
    "check --ca-cert, KALE_KFP_CA_CERT and REQUESTS_CA_BUNDLE: files in PEM format",
)


def refused(
    connection: Connection, doing: str, status: int, content: bytes, namespace: str = ""
) -> ClusterError:
    """The error that an answer of status 400 or more stands for.

    ``doing`` names the request ("POST /apis/v2beta1/runs"), ``namespace`` the one it is about.
    """
    if status in (401, 403) and re.search(rb"(?is)^\s*<.*<form", content):
        return login_page(connection, status)
    words = server_words(connection, content)
    said = f": {words}" if words else ""
    who = printable(connection.host)
    if status == 401:
        message = f"{who} does not accept {_given(connection)}{said}"
        return ClusterError("KALE606", message, hint=_LOGIN_HINT, status=status)
    if status == 403:
        where = f" in the namespace {printable(namespace)}" if namespace else ""
        hint = "name your own namespace with --namespace, or ask for the rights"
        if connection.token is None and connection.cookies is None:
            hint = _LOGIN_HINT
        message = f"{who} does not allow {doing}{where}{said}"
        return ClusterError("KALE607", message, hint=hint, status=status)
    if status == 407:
        message = "the proxy wants a user name and a password"
        return ClusterError("KALE604", message, hint=_PROXY_HINT, status=status)
    if status == 400 and re.search(rb"HTTP request (?:was sent )?to (?:an )?HTTPS", content):
        return _wrong_scheme(connection)
    hint = {
        404: "it may have been deleted, or be in another namespace",
        409: "something of that name is there already",
        413: "the package is too large for the server, or for a proxy before it",
        429: "the server is asked too much; try again later",
    }.get(status, "the server is broken or overloaded; try again later" if status >= 500 else "")
    message = f"{who} answers {doing} with {status}{said}"
    return ClusterError("KALE609", message, hint=hint, status=status)


def login_page(connection: Connection, status: int) -> ClusterError:
    """The error for a web page, or the way to one, in place of an answer of the API."""
    return ClusterError(
        "KALE606",
        f"{printable(connection.host)} answers {_given(connection)} with a web page, which is "
        "most often one to log in",
        hint=_LOGIN_HINT,
        status=status,
    )


def sent_on(connection: Connection, target: str, status: int) -> ClusterError:
    """The error for a redirect that no request with credentials may follow."""
    scheme, host, _ = origin(target)
    here = origin(connection.host)
    if (host, scheme, here[0]) == (here[1], "https", "http"):
        return _wrong_scheme(connection)
    return login_page(connection, status)  # as logins do; the way there is full of secrets


def no_api(connection: Connection, why: str, hint: str = "") -> ClusterError:
    """The error for a server that is not Kubeflow Pipelines."""
    return ClusterError(
        "KALE608",
        f"{printable(connection.host)} {why}",
        hint=hint or "give the address at which the user interface of Kubeflow Pipelines opens",
    )


def too_old(connection: Connection) -> ClusterError:
    """The error for Kubeflow Pipelines of another API."""
    return no_api(
        connection,
        "is a Kubeflow Pipelines from before 2.0, whose API is another",
        "upgrade it to 2.0 or later",
    )


def too_large(connection: Connection, doing: str) -> ClusterError:
    """The error for an answer that never ends."""
    return no_api(connection, f"answers {doing} with more than Kale reads")


def broken(connection: Connection, doing: str) -> ClusterError:
    """The error for an answer that should be JSON and is not."""
    return no_api(
        connection,
        f"answers {doing} with what is no JSON",
        "something between here and the server may change its answers; try again",
    )


def unreached(connection: Connection, error: Exception, *, unsure: bool = False) -> ClusterError:
    """The error for a request without an answer; ``unsure`` when it may have had its effect."""
    message, hint = _why_unreached(connection, error)
    if message.startswith("the certificate") or "encrypted" in message:
        return ClusterError("KALE605", message, hint=hint)
    if unsure:
        hint = "it may have been done all the same: look there before you try again"
    return ClusterError("KALE604", message, hint=hint)


def _why_unreached(connection: Connection, error: Exception) -> tuple[str, str]:
    """What to say of a request without an answer, and the remedy."""
    scheme, host, _ = origin(connection.host)
    where = host_and_port(connection.host)
    causes = [*_causes(error)]
    kinds = {type(each).__name__ for each in causes}
    text = " ".join(map(str, causes))
    if "ProxyError" in kinds or isinstance(error, exceptions.InvalidProxyURL):
        denied = re.search(r"Tunnel connection failed: (\d{3})", text)
        why = f"answers {denied[1]} and" if denied else "is not there, or"
        return f"the proxy {why} makes no connection to {where}", _PROXY_HINT
    if isinstance(error, ValueError):
        return f"{where} is no address of a server", "write it as https://kubeflow.example.org"
    # Without a file requests raises an OSError of its own; one without certificates is OpenSSL's.
    if not isinstance(error, exceptions.RequestException) or "[X509" in text:
        return _UNREADABLE
    if isinstance(error, exceptions.SSLError):
        return _why_untrusted(where, text)
    if isinstance(error, exceptions.ConnectTimeout):
        message = f"no connection to {where} within {CONNECT:.0f} seconds"
        return message, "is it reached from here only through a VPN or a proxy (HTTPS_PROXY)?"
    if "ReadTimeoutError" in kinds or isinstance(error, exceptions.ReadTimeout):
        message = f"{where} has not answered within {connection.timeout:g} seconds"
        return message, "try again; KALE_KFP_TIMEOUT=120 waits longer"
    if "NameResolutionError" in kinds or re.search(r"name resolution|not known|getaddrinfo", text):
        message = f"there is no server named {printable(host)}"
        return message, "is the name right, and known in the network of this machine?"
    if "refused" in text:
        message = f"nothing listens at {where}"
        return message, "is the port right, and does kubectl port-forward still run?"
    if is_unsent(error):
        return f"there is no way to {where}", "is this machine connected to its network?"
    hint = "does it want https:// in front of the host? If not, try again"
    message = f"the connection to {where} broke off before the answer was whole"
    return message, hint if scheme == "http" else "try again"


def _why_untrusted(where: str, text: str) -> tuple[str, str]:
    if "WRONG_VERSION_NUMBER" in text or "record layer" in text:
        message = f"{where} speaks no encrypted HTTP, and the address says https"
        return message, "write http:// in front of the host"
    if re.search("mismatch|doesn't match|not valid for", text):
        why, hint = "is for another name", "use the name that the certificate is for"
    elif "has expired" in text:
        why, hint = "has expired", "ask who runs the server for a new one"
    elif "not yet valid" in text:
        why, hint = "is not valid yet", "check the clock of this machine"
    elif "CERTIFICATE_VERIFY_FAILED" in text:
        why = "is from an authority that this machine does not know"
        hint = "give the authority's certificates with --ca-cert FILE"
    else:
        message = f"no encrypted connection to {where} comes about"
        return message, "does the server at this port speak TLS, and is it up?"
    return f"the certificate of {where} {why}", hint


def _wrong_scheme(connection: Connection) -> ClusterError:
    return ClusterError(
        "KALE605",
        f"{host_and_port(connection.host)} wants https, and the address says http",
        hint="write https:// in front of the host, with the port of https",
    )


def server_words(connection: Connection, content: bytes) -> str:
    """What a server says of an error, on one line of at most 300 characters without secrets.

    Kubeflow Pipelines says it in JSON, as `message`, `error` or `error_message`; others in plain
    text. A web page says nothing to quote.
    """
    text = content.decode("utf-8", "replace").strip()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # no JSON, or a thousand lists in one another
        found = None if text.startswith("<") else text
    if isinstance(found, Mapping):
        words = (found.get(key) for key in ("message", "error_message", "error", "error_details"))
        found = next((each for each in words if isinstance(each, str) and each), None)
    if not isinstance(found, str):
        return ""
    line = printable(" ".join(connection.without_secrets(found).split()))
    return line if len(line) <= _SHOWN else line[: _SHOWN - 1] + "…"


def is_unsent(error: Exception) -> bool:
    """Whether there was no connection at all: the server has got nothing, and soon may."""
    kinds = {type(each).__name__ for each in _causes(error)}
    return not kinds.isdisjoint({"NewConnectionError", "NameResolutionError"})


def is_cut(error: Exception) -> bool:
    """Whether a connection broke off, other than by waiting too long or for want of trust."""
    others = (exceptions.Timeout, exceptions.SSLError, exceptions.ProxyError)
    found = (exceptions.ConnectionError, exceptions.ChunkedEncodingError)
    kinds = {type(each).__name__ for each in _causes(error)}
    broke = isinstance(error, found) and not isinstance(error, others)
    return broke and "ReadTimeoutError" not in kinds


def _given(connection: Connection) -> str:
    sources = [one.source for one in (connection.token, connection.cookies) if one is not None]
    if not sources:
        return "a request without credentials"
    return f"the credentials from {' and '.join(sources)}"


def _causes(error: object) -> Iterator[BaseException]:
    """An error and all that it wraps."""
    if isinstance(error, BaseException):
        yield error
        yield from _causes(getattr(error, "reason", None))
        for each in error.args:
            yield from _causes(each)
