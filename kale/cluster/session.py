"""Requests to one server, and no other: sent again where it does no harm, failing in words."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin

import requests
from requests.auth import AuthBase

from kale.cluster import failures
from kale.cluster.address import is_loopback, is_service, origin
from kale.cluster.connection import Connection
from kale.dataclass import dataclass

#: An answer of more bytes is not read to its end.
_LARGEST = 64 * 1024 * 1024
_LARGEST_ERROR = 64 * 1024


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a request is sent at most, and how many seconds lie between."""

    attempts: int = 4
    first_wait: float = 0.25
    longest_wait: float = 30.0

    def seconds(self, attempt: int, asked: str) -> float:
        """The wait after an attempt; the first is 1, ``asked`` is the server's ``Retry-After``."""
        seconds = float(asked) if asked.isdecimal() else self.first_wait * 2.0 ** (attempt - 1)
        return min(seconds, self.longest_wait)


class Session:
    """Requests with a connection's credentials.

    Each method raises a :class:`kale.errors.ClusterError` (KALE604 to KALE609) when it fails.
    """

    def __init__(self, connection: Connection, patience: Patience) -> None:
        self._connection = connection
        self._patience = patience
        self._session = requests.Session()
        # Proxies and the system's certificates are the environment's. But cookies are those that
        # the user gave, and ~/.netrc is for other programs: with an `auth` it is not looked into.
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.auth = _Credentials(connection)
        # Nothing compressed: what it grows to would have no bound.
        self._session.headers.update({"Accept-Encoding": "identity", "User-Agent": "kale"})
        _, host, _ = origin(connection.host)
        # No proxy can reach this machine or a service as this process does.
        self._proxies = {"no_proxy": host} if is_loopback(host) or is_service(host) else None

    def content(
        self, method: str, base: str, path: str, query: Mapping[str, str], **more: Any
    ) -> bytes:
        """The whole answer to a request; asked for again where it breaks off and may be."""
        for attempt in range(1, self._patience.attempts + 1):
            found = bytearray()
            try:
                with self.answer(method, base, path, query, **more) as response:
                    for piece in response.iter_content(65536):
                        found += piece
                        if len(found) > _LARGEST:
                            raise failures.too_large(self._connection, f"{method} {path}")
                return bytes(found)
            except requests.RequestException as error:
                lost = failures.unreached(self._connection, error, unsure=method != "GET")
                again = method == "GET" and failures.is_cut(error)
                if not again or attempt == self._patience.attempts:
                    raise lost from None
                time.sleep(self._patience.seconds(attempt, ""))
        raise AssertionError  # the last attempt has returned or raised

    def answer(
        self, method: str, base: str, path: str, query: Mapping[str, str], **more: Any
    ) -> requests.Response:
        """The answer to a request, its content not yet read; one of status 400 is an error."""
        for attempt in range(1, self._patience.attempts + 1):
            last = attempt == self._patience.attempts
            try:
                response = self._send(method, base + path, query, more)
            except (requests.RequestException, OSError, ValueError) as error:
                again = failures.is_unsent(error) or (method == "GET" and failures.is_cut(error))
                if last or not again:
                    unsure = method != "GET" and not failures.is_unsent(error)
                    raise failures.unreached(self._connection, error, unsure=unsure) from None
                time.sleep(self._patience.seconds(attempt, ""))
                continue
            if response.status_code < 400:
                if "html" in response.headers.get("Content-Type", "").lower():
                    response.close()
                    raise failures.login_page(self._connection, response.status_code)
                return response
            asked = response.headers.get("Retry-After", "")
            if last or not _may_repeat(method, response.status_code, asked):
                raise failures.refused(
                    self._connection,
                    f"{method} {path}",
                    response.status_code,
                    _beginning(response),
                    query.get("namespace", ""),
                )
            response.close()
            time.sleep(self._patience.seconds(attempt, asked))
        raise AssertionError  # the last attempt has returned or raised

    def _send(
        self, method: str, address: str, query: Mapping[str, str], more: Mapping[str, Any]
    ) -> requests.Response:
        """One request, and those that the same server sends it on to."""
        if method != "GET":
            # A kept connection may have ended, and then nobody knows whether this one arrived.
            self._session.close()
        params: Mapping[str, str] | None = query
        for _ in range(5):
            response = self._session.request(
                method,
                address,
                params=params,
                timeout=(failures.CONNECT, self._connection.timeout),
                allow_redirects=False,
                stream=True,
                proxies=self._proxies,
                verify=self._connection.ca_cert or True,
                **more,
            )
            if not response.is_redirect:
                return response
            response.close()
            target = urljoin(address, response.headers["Location"])
            if origin(target) != origin(address) or method != "GET":
                raise failures.sent_on(self._connection, target, response.status_code)
            address, params = target, None
        raise failures.login_page(self._connection, response.status_code)


class _Credentials(AuthBase):
    """Adds the headers that prove who asks."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._connection.headers())
        return request


def _may_repeat(method: str, status: int, asked: str) -> bool:
    """Whether a request that was answered so may be sent again."""
    if method == "GET":
        return status in (429, 500, 502, 503, 504)
    # Only then does the server say that it has not begun.
    return status == 429 or (status == 503 and bool(asked))


def _beginning(response: requests.Response) -> bytes:
    """The first bytes of an error's content, as far as they arrive."""
    try:
        with response:
            return next(response.iter_content(_LARGEST_ERROR), b"")
    except requests.RequestException:
        return b""
