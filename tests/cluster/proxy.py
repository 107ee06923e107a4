"""A proxy for HTTP on loopback that takes every name for one server of this machine."""

from __future__ import annotations

import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Proxy:
    """A running proxy in front of a port; ``seen`` are the request lines and headers it got."""

    def __init__(self, port, *, status=200):
        self.seen = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._http.seen, self._http.port, self._http.status = self.seen, port, status
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append((self.requestline, dict(self.headers)))
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.port)
        upstream.request("GET", self.path.partition("//")[2].partition("/")[2].join(["/", ""]))
        answer = upstream.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers["Content-Type"])
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        upstream.close()

    def do_CONNECT(self):
        self.server.seen.append((self.requestline, dict(self.headers)))
        self.close_connection = True
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        with socket.create_connection(("127.0.0.1", self.server.port)) as upstream:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=_copy, args=(upstream, self.connection), daemon=True)
            back.start()
            _copy(self.connection, upstream)
            back.join()


def _copy(source, target):
    """All that comes from one side, to the other."""
    try:
        while content := source.recv(65536):
            target.sendall(content)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return  # one side has gone
