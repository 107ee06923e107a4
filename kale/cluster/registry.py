"""Whether a registry of container images has an image, as far as anybody may ask it.

No credentials are used or sent, so what a login would show stays unknown: the cluster may have
one, or get its images elsewhere.
"""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from kale.checkup import Check, Status
from kale.cluster.address import is_loopback
from kale.dataclass import dataclass
from kale.printable import printable

#: Seconds for a connection, and for an answer.
_TIMEOUT = 3.0

_DOCKER = "docker.io"
_ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
#: A token that a registry gives to anybody is not longer.
_LARGEST = 64 * 1024


@dataclass(frozen=True, slots=True)
class Image:
    """Where an image is: ``registry`` is a host, ``reference`` a tag or a digest."""

    registry: str
    repository: str
    reference: str


def parse_image(name: str) -> Image:
    """The parts of an image's name, with what Docker and Kubernetes add where they are missing."""
    rest, _, digest = name.partition("@")
    first, _, path = rest.partition("/")
    if path and (first == "localhost" or {".", ":"} & {*first}):
        registry, rest = first, path
    else:
        registry = _DOCKER
    folder, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    repository = f"{folder}{slash}{last}"
    if registry in (_DOCKER, "index.docker.io"):
        registry = "registry-1.docker.io"
        repository = repository if slash else f"library/{repository}"
    return Image(registry, repository, digest or tag or "latest")


def check_image(what: str, name: str) -> Check:
    """Ask the registry of an image; ``name`` has the form of one."""
    image = parse_image(name)
    with requests.Session() as session:
        session.auth = _Nobody()  # what ~/.netrc holds is for others
        session.headers.update({"Accept": _ACCEPT, "User-Agent": "kale"})
        try:
            status = _status(session, image)
        except (requests.RequestException, ValueError, RecursionError):
            return _unknown(what, name, f"{image.registry} cannot be reached from here")
    if status == 200:
        return Check(what, Status.OK, f"{name} is in its registry")
    if status in (401, 403):
        return _unknown(what, name, "the registry shows it to nobody without a login, or has none")
    if status == 404:
        return Check(
            what,
            Status.WARNING,
            f"{image.registry} has no {name}",
            "correct its name or tag, or push it; a cluster that gets its images elsewhere may"
            " still have it",
            "KALE643",
        )
    return _unknown(what, name, f"{image.registry} answers {status}")


def _unknown(what: str, name: str, why: str) -> Check:
    return Check(what, Status.SKIPPED, f"{name}: {printable(why)}")


def _status(session: requests.Session, image: Image) -> int:
    """The status that the registry answers with, after the token for anybody if it wants one.

    As with Docker, a registry on this machine speaks plain HTTP.
    """
    local = is_loopback(image.registry.partition(":")[0])
    address = f"{'http' if local else 'https'}://{image.registry}/v2/{image.repository}/manifests/{image.reference}"
    headers: dict[str, str] = {}
    for _ in range(2):
        answer = session.head(address, headers=headers, timeout=_TIMEOUT, allow_redirects=False)
        if answer.status_code != 401 or headers:
            break
        challenge = answer.headers.get("WWW-Authenticate", "")
        token = _token(session, challenge, image, local=local)
        if not token:
            break
        headers = {"Authorization": f"Bearer {token}"}
    return answer.status_code


def _token(session: requests.Session, challenge: str, image: Image, *, local: bool) -> str:
    """The token that a registry's server gives to anybody, empty when it gives none."""
    scheme, _, rest = challenge.partition(" ")
    said = dict(re.findall(r'(\w+)="([^"]*)"', rest))
    realm = said.get("realm", "")
    if scheme.lower() != "bearer" or not (local or urlsplit(realm).scheme == "https"):
        return ""
    query = {"service": said.get("service", ""), "scope": f"repository:{image.repository}:pull"}
    answer = session.get(realm, params=query, timeout=_TIMEOUT, allow_redirects=False, stream=True)
    with answer:
        content = answer.raw.read(_LARGEST, decode_content=True)
    if answer.status_code != 200:
        return ""
    found = json.loads(content)
    token = (found.get("token") or found.get("access_token")) if isinstance(found, dict) else None
    return token if isinstance(token, str) and re.fullmatch(r"[\x21-\x7e]+", token) else ""


class _Nobody(AuthBase):
    """Adds nothing to a request."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request
