"""Whether an image is in its registry: asked without a login, and unknown more often than absent."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kale.cluster.registry import Image, check_image, parse_image

DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("name", "image"),
    [
        ("python", Image("registry-1.docker.io", "library/python", "latest")),
        ("python:3.11-slim", Image("registry-1.docker.io", "library/python", "3.11-slim")),
        ("docker.io/python:3", Image("registry-1.docker.io", "library/python", "3")),
        ("team/iris:1", Image("registry-1.docker.io", "team/iris", "1")),
        ("ghcr.io/team/iris", Image("ghcr.io", "team/iris", "latest")),
        ("ghcr.io/iris:1", Image("ghcr.io", "iris", "1")),
        ("localhost/iris", Image("localhost", "iris", "latest")),
        ("registry:5000/a/b/c:1", Image("registry:5000", "a/b/c", "1")),
        (f"ghcr.io/a/b:1@{DIGEST}", Image("ghcr.io", "a/b", DIGEST)),
    ],
)
def test_names_are_read_as_kubernetes_reads_them(name, image):
    assert parse_image(name) == image


class _Handler(BaseHTTPRequestHandler):
    def _answer(self):
        self.server.seen.append(self)
        status, headers, body = self.server.answers(self)
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_GET = do_HEAD = _answer  # noqa: N815 - names that http.server calls

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def registry():
    """A registry on loopback; ``answers`` maps a request to status, headers and body."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.seen = []
    server.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def look(registry, answers, name="team/iris:1"):
    registry.answers = answers
    found = check_image("image", f"{registry.host}/{name}")
    return found.status.value, found.detail, found.code


@pytest.mark.parametrize(
    ("status", "result", "words"),
    [
        pytest.param(200, "ok", "is in its registry", id="it is there"),
        pytest.param(404, "warning", "has no", id="it is not"),
        pytest.param(401, "skipped", "without a login", id="a login is wanted"),
        pytest.param(403, "skipped", "without a login", id="it is forbidden"),
        pytest.param(500, "skipped", "answers 500", id="the registry is broken"),
        pytest.param(302, "skipped", "answers 302", id="it leads elsewhere"),
    ],
)
def test_answers(registry, status, result, words):
    found = look(registry, lambda _: (status, {"Location": "http://127.0.0.1:9/"}, b""))
    assert found[0] == result
    assert words in found[1]
    assert {(one.command, one.path) for one in registry.seen} == {
        ("HEAD", "/v2/team/iris/manifests/1")
    }


def with_token(registry, content, realm=None):
    """A registry that gives manifests to who has its token only."""

    def answers(request):
        if request.path.startswith("/token"):
            return 200, {}, content
        if request.headers.get("Authorization") == "Bearer for-all":
            return 200, {}, b""
        where = realm or f"http://{registry.host}/token"
        return 401, {"WWW-Authenticate": f'Bearer realm="{where}",service="reg"'}, b""

    return answers


@pytest.mark.parametrize(
    ("content", "result"),
    [
        pytest.param({"token": "for-all"}, "ok", id="a token"),
        pytest.param({"access_token": "for-all"}, "ok", id="a token by its other name"),
        pytest.param({"token": "another"}, "skipped", id="a token that does not do"),
        pytest.param({"token": "a\r\nX: y"}, "skipped", id="a token of two lines"),
        pytest.param({}, "skipped", id="no token"),
        pytest.param(["token"], "skipped", id="no object"),
    ],
)
def test_the_token_for_anybody_is_fetched(registry, content, result):
    assert look(registry, with_token(registry, json.dumps(content).encode()))[0] == result
    (token,) = (one for one in registry.seen if one.command == "GET")
    assert token.path == "/token?service=reg&scope=repository%3Ateam%2Firis%3Apull"
    assert "Authorization" not in token.headers


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"<html>", id="a page"),
        pytest.param(b"[" * 60_000, id="nesting without an end"),
        pytest.param(b'{"token": "' + b"x" * 200_000, id="more than a token"),
    ],
)
def test_a_strange_token_service_makes_it_unknown(registry, content):
    assert look(registry, with_token(registry, content))[0] == "skipped"


@pytest.mark.parametrize("realm", ["file:///etc/passwd", "ftp://h/", "", "not an address"])
def test_a_strange_realm_makes_it_unknown(registry, realm):
    assert look(registry, with_token(registry, b"{}", realm or " "))[0] == "skipped"


def test_no_credentials_of_this_machine_are_sent(registry, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password canary\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    look(registry, with_token(registry, b'{"token": "for-all"}'))
    assert all(
        one.headers.get("Authorization") in (None, "Bearer for-all") for one in registry.seen
    )


def test_an_unreachable_registry_makes_it_unknown(registry):
    registry.shutdown()
    registry.server_close()
    assert look(registry, None)[0] == "skipped"
