"""Where a server is, from what people write and copy: base addresses, origins, who may overhear."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from kale.errors import UsageError
from kale.printable import printable

_DEFAULT_PORTS = {"http": 80, "https": 443}

#: Words between dots, of letters of any language.
_NAME = re.compile(r"(?!-)[\w-]{1,63}(\.(?!-)[\w-]{1,63})*\.?")


def base_address(text: str, source: str) -> str:
    """The address of a server, with its scheme and without a slash at its end.

    What a browser's address bar has behind the path (``?…``, ``#/runs``) is left out. Without a
    scheme it is https, or http for this machine and for services in the cluster.

    Raises:
        UsageError: it is no address (KALE601), or has a password in it (KALE603).
    """
    found = _split(text.strip())
    if found is None:
        raise UsageError(
            "KALE601",
            f"{source} is no address of a server",
            hint="write it as https://kubeflow.example.org or http://localhost:8080",
        )
    if found.username is not None:
        raise UsageError(
            "KALE603",
            f"{source} has a user name or a password in the address",
            hint="leave it out, and give a token (KALE_KFP_TOKEN) or cookies (KALE_KFP_COOKIES)",
        )
    path = re.sub(r"/(?:index\.html)?$", "", found.path.rstrip("/"))
    return f"{found.scheme}://{found.netloc.lower()}{path}"


def origin(address: str) -> tuple[str, str, int]:
    """Scheme, host and port of an absolute address."""
    parts = urlsplit(address)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)


def host_and_port(address: str) -> str:
    """Where an absolute address is served, for messages: ``kf.example.org:443``."""
    _, host, port = origin(address)
    return printable(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine's."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_service(host: str) -> bool:
    """Whether a host name is a service's, which only resolves inside its cluster."""
    return host.endswith((".svc", ".svc.cluster.local"))


def is_overheard(address: str) -> bool:
    """Whether others on the way could read what is sent there."""
    scheme, host, _ = origin(address)
    return scheme != "https" and not is_loopback(host) and not is_service(host)


def _split(text: str) -> SplitResult | None:
    if not text or printable(text) != text or re.search(r"\s|\\", text):
        return None
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", text)
    try:
        if scheme is None:
            host = urlsplit(f"//{text}").hostname or ""
            text = f"{'http' if is_loopback(host) or is_service(host) else 'https'}://{text}"
        found = urlsplit(text)
        host = found.hostname or ""
        named = ":" in host or _NAME.fullmatch(host) is not None
        valid = found.scheme in _DEFAULT_PORTS and named and found.port != 0
    except ValueError:  # a port that is no number, or half an IPv6 address
        return None
    return found if valid else None
