"""The few requests to the API of Kubernetes that copies of volumes need.

The official client logs in and travels; objects are plain JSON, so that no field of a newer
server is lost. It is imported late: it is an extra, and takes a third of a second.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal
from urllib.parse import quote

from kale.cluster import kubernetes_failures as failures
from kale.cluster.kubernetes_failures import Request
from kale.cluster.kubernetes_login import Login, log_in, silent
from kale.cluster.kubernetes_resources import Resource
from kale.errors import ClusterError

__all__ = ["Kubernetes"]

#: An object of Kubernetes, as its API has it.
Object = dict[str, Any]
Method = Literal["GET", "POST", "DELETE"]

#: Seconds for a connection, and for an answer.
TIMEOUT = (10.0, 60.0)
_WAITS: Final = (0.5, 1.0, 2.0)


class Kubernetes:
    """A cluster's API, to which every request may be sent again.

    Gets and deletions change nothing the second time, and each object that is made has a name
    and a label of its own. What fails is a :class:`ClusterError` (KALE631 to KALE633, KALE637).
    """

    def __init__(
        self,
        login: Login,
        *,
        timeout: tuple[float, float] = TIMEOUT,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        with silent():
            from kubernetes.client import ApiClient

            self._client = ApiClient(login.configuration)
        self._timeout = timeout
        self._sleep = sleep
        self.host = login.host
        #: The namespace that the login is about, empty when it says none.
        self.namespace = login.namespace
        #: Whether the login is that of the pod this process runs in.
        self.in_pod = login.in_pod

    def __repr__(self) -> str:
        return f"Kubernetes({self.host!r})"

    @classmethod
    def connect(cls) -> Kubernetes:
        """The cluster that this machine knows; nothing is sent yet.

        Raises:
            ClusterError: the package ``kubernetes`` is missing (KALE630), or nothing says which
                cluster (KALE631).
        """
        return cls(log_in())

    def find(self, resource: Resource, name: str, namespace: str = "") -> Object | None:
        """An object, or ``None`` when there is none of that name."""
        try:
            return self._ask("GET", resource, namespace, name)
        except ClusterError as error:
            if error.status == 404 and error.code == failures.MISSING:
                return None
            raise

    def every(self, resource: Resource) -> list[Object]:
        """All objects of a resource that is in no namespace."""
        items = self._ask("GET", resource, "", "").get("items") or []
        return [each for each in items if isinstance(each, dict)]

    def create(self, resource: Resource, namespace: str, body: Object) -> Object:
        """Make an object and return it, with what the server has added and left out.

        The object has a name of its own: it is there already when an answer got lost. It surely is
        not when the error has a status of 4xx.
        """
        name = body["metadata"]["name"]
        try:
            return self._ask("POST", resource, namespace, name, body)
        except ClusterError as error:
            if error.status != 409:
                raise
            made = self.find(resource, name, namespace)
            if made is None:  # it was a conflict about something else, such as a quota
                return self._ask("POST", resource, namespace, name, body)
            if not is_same(made, body):
                raise
            return made

    def delete(self, resource: Resource, namespace: str, made: Object) -> None:
        """Delete an object, if the one of its name still is the one that was made.

        ``made`` needs name and labels alone.
        """
        name = made["metadata"]["name"]
        there = self.find(resource, name, namespace)
        if there is None or not is_same(there, made):
            return
        uid = there["metadata"].get("uid")
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        try:
            self._ask("DELETE", resource, namespace, name, body)
        except ClusterError as error:
            if error.status not in (404, 409):  # gone, or another one by now
                raise

    def _ask(
        self, method: Method, resource: Resource, namespace: str, name: str, body: Any = None
    ) -> Object:
        request = Request(self.host, method, resource, namespace, name)
        path = resource.path(quote(namespace, safe=""))
        if name and method != "POST":
            path += f"/{quote(name, safe='')}"
        sent = False
        for wait in (*_WAITS, None):
            try:
                return self._answer(request, path, body)
            except ClusterError as error:
                if wait is None or not failures.may_pass(error):
                    if sent and method == "POST" and error.status != 409:
                        error.status = None  # an earlier one may have done it
                    raise
            sent = True
            self._sleep(wait)
        raise AssertionError  # the last one returned or raised

    def _answer(self, request: Request, path: str, body: Any) -> Object:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        status, found = 0, None
        problem: Exception | None = None
        try:
            with silent():
                status, found = self._send(request.method, path, body)
        except ApiException as error:
            status, problem = error.status or 0, error
        except (HTTPError, OSError, ValueError) as error:
            problem = error
        # Raised here, so that no traceback shows the headers of a request or an answer.
        if problem is not None and not status:
            raise failures.unreached(request, problem)
        if isinstance(problem, ApiException):
            found = problem.body
        if not 200 <= status < 300:
            raise failures.refused(request, status, found)
        if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
            raise failures.no_api(request)
        return found

    def _send(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and content of an answer, by whichever of its two makes the client is of."""
        client = self._client
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        login = ["BearerToken"]
        if hasattr(client, "param_serialize"):
            parts = client.param_serialize(
                method, path, header_params=headers, body=body, auth_settings=login
            )
            response = client.call_api(*parts, _request_timeout=self._timeout)
            return response.status, _json(response.read())
        status: int
        found, status, _ = client.call_api(
            path,
            method,
            header_params=headers,
            body=body,
            response_type="object",
            auth_settings=login,
            _request_timeout=self._timeout,
        )
        return status, found


def _json(content: bytes) -> Any:
    """The value of a JSON text; another text as it is."""
    text = content.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether an object of Kubernetes is the one that was made, by the labels it was given."""
    there = one["metadata"].get("labels") or {}
    given: dict[str, str] = other["metadata"]["labels"]
    return given.items() <= there.items()
