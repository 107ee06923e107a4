"""A server of Kubernetes on loopback: claims, snapshots and their controller, with its faults."""

from __future__ import annotations

import copy
import json
import re
import ssl
import threading
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from cluster.kubernetes_checks import SERVED, SNAPSHOTS, RefusedError, wrong

USER = "system:serviceaccount:team:default-editor"
_PATH = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/v1)(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?"
)


@dataclass(frozen=True)
class Request:
    """What came in."""

    verb: str
    plural: str
    name: str
    headers: dict = field(repr=False)
    body: object = field(repr=False)

    def __str__(self):
        return f"{self.verb} {self.plural}"


class KubernetesServer:
    """A running server; ``url`` is its address, ``objects`` what it holds by (plural, name).

    A snapshot is ready when it was read ``reads_until_ready`` times. ``failing`` are what the
    storage says of a claim's snapshots, for so many reads. ``denied`` are pairs (verb, plural).
    """

    def __init__(self, *, certificate=None):
        self.objects = {}
        self.requests = []
        self.errors = []
        self.token = ""
        self.denied = set()
        self.quota = None
        self.has_snapshots = True
        self.drops_data_source = False
        self.reads_until_ready = 1
        self.restore_size = "10Gi"
        self.failing = {}
        self._reads = {}
        self._faults = []
        self._lock = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.state = self
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
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
        if self.errors:
            raise ExceptionGroup("the stand-in failed", self.errors)

    def fault(self, verb, plural, kind, times=1):
        """Let the next requests of a kind fail: a status, or "cut", "lost", "page", "login" …

        "lost" does what is asked before the connection breaks; "cut" breaks in the answer.
        """
        self._faults.append([verb, plural, kind, times])

    def names(self, plural):
        return sorted(name for kind, name in self.objects if kind == plural)

    def one(self, plural):
        (name,) = self.names(plural)
        return self.objects[plural, name]

    def made(self):
        """The names of what somebody has made here, beside what was there."""
        return sorted(
            name for (_, name), one in self.objects.items() if one["metadata"].get("labels")
            and "app.kubernetes.io/managed-by" in one["metadata"]["labels"]
        )  # fmt: skip

    # ------------------------------------------------------------------ what is there

    def add(self, plural, name, spec=None, **more):
        metadata = {"name": name, "uid": str(uuid.uuid4()), **more.pop("metadata", {})}
        self.objects[plural, name] = {"metadata": metadata, "spec": spec or {}, **more}

    def claim(self, name, *, size="10Gi", driver="csi.example", storage_class="fast",
              modes=("ReadWriteOnce",), phase="Bound", mode="Filesystem"):  # fmt: skip
        noted = {"volume.kubernetes.io/storage-provisioner": driver} if driver else {}
        spec = {
            "accessModes": list(modes),
            "volumeMode": mode,
            "resources": {"requests": {"storage": size}},
            **({"storageClassName": storage_class} if storage_class else {}),
        }
        self.add(
            "persistentvolumeclaims",
            name,
            spec,
            metadata={"annotations": noted},
            status={"phase": phase, "capacity": {"storage": size}},
        )

    def storage_class(self, name, driver="csi.example"):
        self.add("storageclasses", name, provisioner=driver)

    def snapshot_class(self, name, driver="csi.example", *, default=False, policy="Delete"):
        key = "snapshot.storage.kubernetes.io/is-default-class"
        noted = {"annotations": {key: "true"}} if default else {}
        self.add(
            "volumesnapshotclasses", name, metadata=noted, driver=driver, deletionPolicy=policy
        )

    # ------------------------------------------------------------------ requests

    def answer(self, method, path, headers, body):
        """The object that answers, or :class:`RefusedError`; a fault is its kind."""
        with self._lock:
            found = _PATH.fullmatch(urlsplit(path).path)
            if found is None:
                raise RefusedError(404, "NotFound", "the server could not find it")
            group, plural = found["group"] or "", found["plural"]
            name, namespace = unquote(found["name"] or ""), found["namespace"]
            verb = {"POST": "create", "DELETE": "delete"}.get(method, "get" if name else "list")
            self.requests.append(Request(verb, plural, name, headers, body))
            kind = self._fault_of(verb, plural)
            if kind not in (None, "lost"):
                return kind, None
            self._let_in(verb, group, plural, namespace, headers)
            made = self._done(verb, group, plural, name, namespace, body)
            return kind, copy.deepcopy(made)

    def _fault_of(self, verb, plural):
        for fault in self._faults:
            if fault[:2] == [verb, plural] and fault[3]:
                fault[3] -= 1
                return fault[2]
        return None

    def _let_in(self, verb, group, plural, namespace, headers):
        if self.token and headers.get("authorization", "").lower() != f"bearer {self.token}":
            raise RefusedError(401, "Unauthorized", "Unauthorized")
        if (verb, plural) in self.denied:
            where = f' in the namespace "{namespace}"' if namespace else " at the cluster scope"
            raise RefusedError(
                403,
                "Forbidden",
                f'{plural} is forbidden: User "{USER}" cannot {verb} resource "{plural}" in API'
                f' group "{group}"{where}',
            )
        if (group, plural) not in SERVED or (group == SNAPSHOTS and not self.has_snapshots):
            raise RefusedError(404, "", "404 page not found")
        assert SERVED[group, plural] == bool(namespace)

    def _done(self, verb, group, plural, name, namespace, body):
        if verb == "list":
            items = [one for (kind, _), one in self.objects.items() if kind == plural]
            return {"kind": "List", "metadata": {}, "items": items}
        if verb == "create":
            return self._create(group, plural, namespace, body)
        key = plural, name
        if key not in self.objects:
            details = {"name": name, "group": group, "kind": plural}
            raise RefusedError(404, "NotFound", f'{plural} "{name}" not found', details)
        if verb == "delete":
            wanted = (body or {}).get("preconditions", {}).get("uid")
            if wanted and wanted != self.objects[key]["metadata"]["uid"]:
                raise RefusedError(409, "Conflict", "the UID in the precondition does not match")
            return self.objects.pop(key)
        if plural == "volumesnapshots":
            self._control(self.objects[key])
        return self.objects[key]

    def _create(self, group, plural, namespace, body):
        if namespace == "nowhere":
            details = {"name": namespace, "kind": "namespaces"}
            raise RefusedError(404, "NotFound", f'namespaces "{namespace}" not found', details)
        name = body["metadata"]["name"]
        if self.quota is not None and len(self.made()) >= self.quota:
            raise RefusedError(
                403, "Forbidden", f'{plural} "{name}" is forbidden: exceeded quota: team-quota'
            )
        if (plural, name) in self.objects:
            raise RefusedError(409, "AlreadyExists", f'{plural} "{name}" already exists')
        why = wrong(group, plural, body)
        if why:
            raise RefusedError(422, "Invalid", f'{plural} "{name}" is invalid: {why}')
        made = copy.deepcopy(body)
        made["metadata"]["uid"] = str(uuid.uuid4())
        made["status"] = {"phase": "Pending"} if plural == "persistentvolumeclaims" else {}
        if self.drops_data_source:
            made["spec"].pop("dataSource", None)
        self.objects[plural, name] = made
        return made

    def _control(self, snapshot):
        """What the snapshot controller has done when a snapshot is read."""
        name, claim = snapshot["metadata"]["name"], snapshot["spec"]["source"]
        seen = self._reads[name] = self._reads.get(name, 0) + 1
        words, times = self.failing.get(claim["persistentVolumeClaimName"], ("", 0))
        if seen <= times:
            snapshot["status"] = {"readyToUse": False, "error": {"message": words}}
        elif seen >= self.reads_until_ready:
            snapshot["status"] = {"readyToUse": True, "restoreSize": self.restore_size}
        else:
            snapshot["status"] = {"readyToUse": False}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer in one piece: no waiting for acknowledgements

    def log_message(self, *_):
        """Say nothing."""

    def handle(self):
        try:
            super().handle()
        except OSError:  # a client that went away
            self.close_connection = True

    def do_GET(self):
        self._serve()

    do_POST = do_DELETE = do_GET  # noqa: N815 - names that http.server calls

    def _serve(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or "null")
        headers = {key.lower(): value for key, value in self.headers.items()}
        try:
            fault, found = self.server.state.answer(self.command, self.path, headers, body)
        except RefusedError as error:
            if error.body["message"].startswith("404 page"):
                return self._send(404, b"404 page not found\n", "text/plain")
            return self._send(error.status, json.dumps(error.body).encode())
        except Exception as error:  # noqa: BLE001 - for the test to see
            self.server.state.errors.append(error)
            return self._send(500, b"")
        if fault is not None:
            return self._fail(fault)
        return self._send(200, json.dumps(found).encode())

    def _fail(self, kind):
        if kind in ("lost", "silent"):
            self.close_connection = True
            return None
        if kind == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"metadata":')
            self.close_connection = True
            return None
        if kind == "page":
            return self._send(200, b"<html>log in</html>", "text/html")
        if kind == "login":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:9/login")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if kind == "anonymous":
            error = RefusedError(
                403, "Forbidden", 'pods is forbidden: User "system:anonymous" cannot'
            )
            return self._send(403, json.dumps(error.body).encode())
        error = RefusedError(kind, "InternalError", "etcdserver: leader changed\x1b[31m")
        return self._send(kind, json.dumps(error.body).encode())

    def _send(self, status, content, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
