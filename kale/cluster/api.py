"""Requests to the API of Kubeflow Pipelines: answers, or one plain sentence why there is none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import requests

from kale.cluster import failures
from kale.cluster.connection import Connection
from kale.cluster.session import Patience, Session
from kale.dataclass import dataclass
from kale.errors import ClusterError

#: A line of a log comes in pieces of so many bytes.
_LONGEST_LINE = 1024 * 1024

_HEALTH = "/apis/v2beta1/healthz"
_OLD_HEALTH = "/apis/v1beta1/healthz"

#: The pages of a list that are read; a server that has more to say does not end.
_MOST_PAGES = 1000

#: How an answer about health names the version and where pipelines are kept: the API itself, and
#: the user interface's server, which passes the answer on.
_VERSION_KEYS = ("tag_name", "apiServerTagName")
_STORE_KEYS = ("pipeline_store", "pipelineStore")

#: One of these is in every answer about health.
_HEALTH_KEYS = frozenset({"multi_user", "commit_sha", *_VERSION_KEYS, *_STORE_KEYS})


@dataclass(frozen=True, slots=True)
class Health:
    """What a server says of itself; texts are empty when it does not say it."""

    version: str
    multi_user: bool
    store: str


class Api:
    """A session with a server.

    The first request finds out whether the API is at the host itself or below ``/pipeline``,
    where Kubeflow's dashboard has it. Credentials go to this host alone. Each method raises a
    :class:`ClusterError` (KALE604 to KALE609) when it fails. What may have had an effect is not
    sent again; when the answer to such a request is lost, the error's ``status`` is None, and
    only a look at the server can tell whether it was done.
    """

    def __init__(self, connection: Connection, patience: Patience | None = None) -> None:
        self.connection = connection
        self._session = Session(connection, patience or Patience())
        self._base = ""
        self._health: Health | None = None

    def __repr__(self) -> str:
        return f"Api({self.connection.host!r})"

    @property
    def base(self) -> str:
        """The address that the API's paths follow, and those of the user interface."""
        self.health()
        return self._base

    @property
    def namespace(self) -> str:
        """What requests name as their namespace; empty where the server has but one user."""
        if not self.health().multi_user:
            return ""
        return self.connection.namespace or self.connection.usual_namespace

    def get(self, path: str, /, **query: str) -> dict[str, Any]:
        """What is at a path, such as ``/apis/v2beta1/runs/ID``."""
        return self._json("GET", path, query)

    def post(
        self, path: str, body: Mapping[str, Any] | None = None, /, **query: str
    ) -> dict[str, Any]:
        """Send a body, and return the answer."""
        content = json.dumps({} if body is None else body).encode()
        return self._json(
            "POST", path, query, data=content, headers={"Content-Type": "application/json"}
        )

    def delete(self, path: str, /) -> None:
        """Delete what is at a path."""
        self._json("DELETE", path, {})

    def upload(self, path: str, name: str, content: bytes, /, **query: str) -> dict[str, Any]:
        """Send a file named ``name``, as browsers do."""
        files = {"uploadfile": (name, content, "application/octet-stream")}
        return self._json("POST", path, query, files=files)

    def each(self, path: str, key: str, /, **query: str) -> Iterator[dict[str, Any]]:
        """All of a list, page by page; ``key`` names the list in a page, as ``pipelines``."""
        token, seen = "", set[str]()
        while token not in seen:
            seen.add(token)
            if len(seen) > _MOST_PAGES:
                raise failures.broken(self.connection, f"GET {path}")
            page = self.get(path, **query, **({"page_token": token} if token else {}))
            found = page.get(key) or []  # the server leaves out what is empty
            if not isinstance(found, list):
                raise failures.broken(self.connection, f"GET {path}")
            yield from (each for each in found if isinstance(each, dict))
            token = str(page.get("next_page_token") or "")
            if not token:
                return

    def lines(self, path: str, /, **query: str) -> Iterator[bytes]:
        """The lines of a log as they come, without their ends; long ones come in pieces."""
        response = self._session.answer("GET", self.base, path, query)
        with response:
            rest = b""
            try:
                for piece in response.iter_content(65536):
                    *whole, rest = (rest + piece).split(b"\n")
                    yield from whole
                    while len(rest) > _LONGEST_LINE:
                        yield rest[:_LONGEST_LINE]
                        rest = rest[_LONGEST_LINE:]
            except requests.RequestException as error:
                raise failures.unreached(self.connection, error) from None
            if rest:
                yield rest

    def health(self) -> Health:
        """What the server says of itself; asked once."""
        if self._health is None:
            self._base, self._health = self._find()
        return self._health

    def _find(self) -> tuple[str, Health]:
        """The base address that answers like Kubeflow Pipelines."""
        bases = (self.connection.host, f"{self.connection.host}/pipeline")
        refusals: list[ClusterError] = []
        for base in bases:
            try:
                found = self._health_at(base, _HEALTH)
            except ClusterError as error:
                if error.status is None:
                    raise
                if error.status != 404:
                    refusals.append(error)
                continue
            if found is not None:
                version = _first(found, _VERSION_KEYS).replace("unknown", "")
                store = _first(found, _STORE_KEYS)
                return base, Health(version, found.get("multi_user") is True, store)
        if any(map(self._is_old, bases)):
            raise failures.too_old(self.connection)
        for refusal in refusals:
            raise refusal
        raise failures.no_api(self.connection, "does not answer as Kubeflow Pipelines does")

    def _is_old(self, base: str) -> bool:
        try:
            return self._health_at(base, _OLD_HEALTH) is not None
        except ClusterError:
            return False

    def _health_at(self, base: str, path: str) -> dict[str, Any] | None:
        found = _object(self._session.content("GET", base, path, {}))
        return found if found is not None and not _HEALTH_KEYS.isdisjoint(found) else None

    def _json(
        self, method: str, path: str, query: Mapping[str, str], **more: Any
    ) -> dict[str, Any]:
        content = self._session.content(method, self.base, path, query, **more)
        found = _object(content) if content.strip() else {}
        if found is None and content.lstrip().startswith(b"<"):
            raise failures.login_page(self.connection, 200)  # which does not say that it is one
        if found is None:
            raise failures.broken(self.connection, f"{method} {path}")
        return found


def _object(content: bytes) -> dict[str, Any] | None:
    """The JSON object that an answer is, None when it is none."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):  # no JSON, or a thousand lists in one another
        return None
    return found if isinstance(found, dict) else None


def _first(found: Mapping[str, Any], keys: Iterable[str]) -> str:
    return str(next((found[key] for key in keys if found.get(key)), ""))
