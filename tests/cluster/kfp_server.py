"""A server of Kubeflow Pipelines on loopback: its REST API v2beta1 with state, and its faults."""

from __future__ import annotations

import json
import re
import ssl
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from cluster.kfp_checks import RefusedError
from cluster.kfp_faults import ANSWERS, JSON, LOGIN_PAGE, OTHERS, TEXT
from cluster.kfp_runs import KfpState


@dataclass(frozen=True)
class Request:
    """What came in; ``body`` is the JSON value, or (file name, bytes) of an upload."""

    method: str
    path: str
    query: dict
    headers: dict = field(repr=False)
    body: object = field(repr=False)

    def __str__(self):
        return f"{self.method} {self.path}"


class KfpServer(KfpState):
    """A running server; ``url`` is its address. Its state is that of :class:`KfpState`.

    ``prefix`` ("/pipeline") is where the API begins; all else is the dashboard's page. ``version``
    is what it says of itself; "1.8.5" has no API v2beta1. ``pod_logs`` are bytes by pod name.
    """

    def __init__(self, *, prefix="", certificate=None):
        super().__init__()
        self.prefix = prefix
        self.version = "2.17.0"
        self.requests = []
        self.pod_logs = {}
        self.errors = []
        self._token = ""
        self._cookie = ""
        self._faults = []
        self._ending = threading.Event()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.kfp = self
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._http.socket = context.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
            scheme = "https"
        self.port = self._http.server_address[1]
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        # The poll is how long stopping takes.
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        if self.errors:
            raise ExceptionGroup("the stand-in failed", self.errors)

    # -- what tests say

    def fault(self, path_part, kind, times=1):
        """Let the next requests whose "METHOD /path" holds ``path_part`` end as ``kind`` says.

        Beside the names of ``ANSWERS``: ``slow`` (no answer until the client has gone), ``drop``
        (the connection ends, nothing was done), ``cut`` (it is done, and the answer ends midway),
        ``stall`` (the same, but the connection stays), ``stale`` (the connection ends if an
        earlier request came by it, with nothing done), or the status, headers and body to answer.
        """
        assert isinstance(kind, tuple) or kind in ANSWERS or kind in OTHERS, kind
        with self.lock:
            self._faults.append([path_part, kind, times])

    def require_token(self, text):
        """Answer 401 to all that comes without this token."""
        self._token = text

    def require_cookies(self, text):
        """Show the page to log in to all that comes without these cookies."""
        self._cookie = text

    def sent(self, text=""):
        """The requests so far whose "METHOD /path" holds a text, but those for health."""
        with self.lock:
            return [
                each for each in self.requests if text in str(each) and "healthz" not in each.path
            ]

    # -- what requests get

    def take_fault(self, request):
        with self.lock:
            for fault in self._faults:
                if fault[0] in str(request) and fault[2] > 0:
                    fault[2] -= 1
                    return fault[1]
        return ""

    def wait_for_client(self, connection):
        """Until the other side has gone, or the server ends."""
        connection.settimeout(0.02)
        while not self._ending.is_set():
            with suppress(TimeoutError):
                if not connection.recv(1):
                    return
            time.sleep(0)

    def answer(self, request):
        """Status, headers and body for a request."""
        if self._token and request.headers.get("Authorization") != f"Bearer {self._token}":
            return ANSWERS["401"]
        if self._cookie and self._cookie not in request.headers.get("Cookie", ""):
            return ANSWERS["redirect"]
        path = request.path.removeprefix(self.prefix)
        inside = request.path.startswith(f"{self.prefix}/")
        if not inside or not re.match("/(apis|k8s)/", path):
            return 200, {"Content-Type": "text/html"}, LOGIN_PAGE
        with self.lock:
            try:
                found = self._found(request, path)
            except RefusedError as refusal:
                return refusal.status, JSON, json.dumps(refusal.body()).encode()
            if isinstance(found, bytes):
                return 200, TEXT, found
            return 200, JSON, json.dumps(_bare(found, names=self.has_names)).encode()

    def _found(self, request, path):
        old = self.version.startswith("1.")
        if path.endswith("/healthz") and (path.startswith("/apis/v1beta1") or not old):
            return self._health()
        if path == "/k8s/pod/logs":
            return self._log(request.query.get("podname", ""))
        if node := re.fullmatch("/apis/v1alpha1/runs/([^/]+)/nodes/([^/]+)/log", path):
            self.run(node[1], {})
            return self._log(node[2])
        if old or not path.startswith("/apis/v2beta1/"):
            raise RefusedError(404, "Not Found")
        words = path.removeprefix("/apis/v2beta1/").split("/")
        *words, last = words
        last, _, verb = last.partition(":")
        route = (request.method, *_shape([*words, last]), *([verb] if verb else []))
        handler = _ROUTES.get(route)
        if handler is None:
            raise RefusedError(404, "Not Found")
        return handler(self, request, *[*words, last][1::2])

    def _health(self):
        return {
            "commit_sha": "a1b2c3",
            "tag_name": self.version,
            "multi_user": self.multi_user,
            "pipeline_store": self.store,
        }

    def _log(self, pod):
        if pod not in self.pod_logs:
            raise RefusedError(404, "pod not found")
        return self.pod_logs[pod]


def _shape(words):
    """The collections in a path, and `*` for each id; uploads and names are words of their own."""
    for position, word in enumerate(words):
        named = position == 2 and words[1] == "names"
        fixed = position % 2 == 0 or word in ("upload", "upload_version", "names")
        yield word if fixed and not named else "*"


_ROUTES = {
    ("POST", "pipelines", "upload"): lambda s, r, _: s.upload_pipeline(r.query, *r.body),
    ("POST", "pipelines", "upload_version"): lambda s, r, _: s.upload_version(r.query, *r.body),
    ("POST", "pipelines"): lambda s, r: s.create_pipeline(r.body),
    ("GET", "pipelines"): lambda s, r: s.listed("pipelines", s.pipelines.values(), r.query),
    ("GET", "pipelines", "names", "*"): lambda s, r, _: s.pipeline_named(r.path.rpartition("/")[2], r.query),
    ("GET", "pipelines", "*"): lambda s, r, key: s.pipeline(key),
    ("DELETE", "pipelines", "*"): lambda s, r, key: s.delete_pipeline(key, r.query),
    ("GET", "pipelines", "*", "versions"): lambda s, r, key: s.listed("pipeline_versions", s.versions_of(key), r.query),
    ("GET", "pipelines", "*", "versions", "*"): lambda s, r, key, version: s.version_of(key, version),
    ("DELETE", "pipelines", "*", "versions", "*"): lambda s, r, key, version: s.delete_version(key, version),
    ("GET", "experiments"): lambda s, r: s.listed("experiments", s.experiments.values(), r.query),
    ("POST", "experiments"): lambda s, r: s.create_experiment(r.body),
    ("GET", "experiments", "*"): lambda s, r, key: s.experiment(key),
    ("GET", "runs"): lambda s, r: s.listed("runs", s.runs.values(), r.query),
    ("POST", "runs"): lambda s, r: s.create_run(r.body),
    ("GET", "runs", "*"): lambda s, r, key: s.run(key, r.query),
    ("POST", "runs", "*", "terminate"): lambda s, r, key: s.terminate(key),
    ("GET", "recurringruns"): lambda s, r: s.listed("recurringRuns", s.recurring_runs.values(), r.query),
    ("POST", "recurringruns"): lambda s, r: s.create_recurring_run(r.body),
    ("GET", "recurringruns", "*"): lambda s, r, key: s.recurring_run(key),
    ("DELETE", "recurringruns", "*"): lambda s, r, key: s.delete_recurring_run(key),
    ("POST", "recurringruns", "*", "enable"): lambda s, r, key: s.enable(key, enabled=True),
    ("POST", "recurringruns", "*", "disable"): lambda s, r, key: s.enable(key, enabled=False),
}  # fmt: skip


def _bare(value, *, names):
    """What the server writes: nothing that is empty, zero or false, and no name if it knows none."""
    if isinstance(value, list):
        return [_bare(each, names=names) for each in value]
    if not isinstance(value, dict):
        return value
    hidden = "" if names or "created_at" not in value else "name"
    opaque = ("pipeline_spec", "runtime_config")
    return {
        key: each if key in opaque else _bare(each, names=names)
        for key, each in value.items()
        if key != hidden and (each not in ("", [], {}, 0, None) or key == "multi_user")
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_):
        error = sys.exception()
        # Clients that go away, and handshakes that fail, are what tests make.
        if not isinstance(error, OSError):
            self.kfp.errors.append(error)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The header and the body of an answer are two writes; the second must not wait.
    disable_nagle_algorithm = True
    timeout = 60
    #: Whether a request came by this connection before.
    kept = False

    def log_message(self, *_):
        pass

    def do_GET(self):
        kfp = self.server.kfp
        request = self._request()
        with kfp.lock:
            kfp.requests.append(request)
        kind = kfp.take_fault(request)
        kept, self.kept = self.kept, True
        if kind in ("slow", "drop") or (kind == "stale" and kept):
            self.close_connection = True
            if kind == "slow":
                kfp.wait_for_client(self.connection)
            return
        answer = kind if isinstance(kind, tuple) else ANSWERS.get(kind)
        self._write(*(answer or kfp.answer(request)), half=kind in ("cut", "stall"))
        if kind == "stall":
            kfp.wait_for_client(self.connection)

    do_POST = do_DELETE = do_GET  # noqa: N815 - names that http.server calls

    def _request(self):
        address = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.headers.get("Content-Type", "")
        body = content
        if kind.startswith("multipart/"):
            body = _uploaded(kind, content)
        elif content:
            body = json.loads(content)
        query = dict(parse_qsl(address.query, keep_blank_values=True))
        return Request(self.command, address.path, query, dict(self.headers), body)

    def _write(self, status, headers, body, *, half):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if half else body)
        if half:
            self.close_connection = True


def _uploaded(kind, content):
    """The name and the bytes of the one file in a form."""
    message = BytesParser().parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + content)
    (part,) = message.get_payload()
    assert part.get_param("name", header="content-disposition") == "uploadfile"
    return part.get_filename(), part.get_payload(decode=True)
