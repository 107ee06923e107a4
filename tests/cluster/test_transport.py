"""The way to a server: TLS and its troubles, and proxies."""

from __future__ import annotations

import traceback

import pytest
from cluster.kfp_server import KfpServer
from cluster.proxy import Proxy

from kale.cluster.api import Api
from kale.cluster.connection import Connection
from kale.cluster.secret import Secret
from kale.cluster.session import Patience
from kale.errors import ClusterError

pytest.importorskip("cryptography", reason="certificates are made with cryptography")

from cluster.certificates import Authority

RUNS = "/apis/v2beta1/runs"
CANARY = "canary-91be"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def open_api(host, ca_cert=""):
    token = Secret(CANARY, "KALE_KFP_TOKEN")
    return Api(Connection(host, token=token, ca_cert=ca_cert), Patience(attempts=2, first_wait=0.0))


def failure(api):
    with pytest.raises(ClusterError) as caught:
        api.get(RUNS)
    error = caught.value
    shown = "".join(traceback.format_exception(error)) + error.message + error.hint
    assert CANARY not in shown
    assert "requests.exceptions" not in shown
    return error


def test_a_certificate_of_a_known_authority(authority, monkeypatch):
    with KfpServer(certificate=authority.certificate("127.0.0.1")) as server:
        assert open_api(server.url, authority.path).get(RUNS) == {}
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", authority.path)
        assert open_api(server.url).get(RUNS) == {}


def test_the_option_beats_the_environment(authority, monkeypatch, tmp_path):
    (tmp_path / "other").mkdir()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", Authority(tmp_path / "other").path)
    with KfpServer(certificate=authority.certificate("127.0.0.1")) as server:
        assert open_api(server.url, authority.path).get(RUNS) == {}


@pytest.mark.parametrize(
    ("host", "days", "trusted", "message", "hint"),
    [
        pytest.param("127.0.0.1", 1, False, "is from an authority that this machine does not know", "--ca-cert FILE", id="an unknown authority"),
        pytest.param("kf.example.org", 1, True, "is for another name", "use the name", id="another name"),
        pytest.param("127.0.0.1", -1, True, "has expired", "a new one", id="expired"),
    ],
)  # fmt: skip
def test_a_certificate_that_is_not_trusted(authority, host, days, trusted, message, hint):
    with KfpServer(certificate=authority.certificate(host, days=days, name=host)) as server:
        error = failure(open_api(server.url, authority.path if trusted else ""))
        assert error.code == "KALE605"
        assert error.message == f"the certificate of 127.0.0.1:{server.port} {message}"
        assert hint in error.hint
        assert server.requests == []


def test_https_to_a_port_of_http(kfp):
    error = failure(open_api(f"https://127.0.0.1:{kfp.port}"))
    assert error.code == "KALE605"
    assert "speaks no encrypted HTTP" in error.message
    assert "http://" in error.hint


def test_http_to_a_port_of_https(authority):
    with KfpServer(certificate=authority.certificate("127.0.0.1")) as server:
        error = failure(open_api(f"http://127.0.0.1:{server.port}"))
    assert error.code in ("KALE604", "KALE605")
    assert "https://" in error.hint


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="an empty file"),
        pytest.param(b"no certificate", id="a file of something else"),
        pytest.param(None, id="no file"),
    ],
)
@pytest.mark.parametrize("said", ["option", "environment"])
def test_certificates_that_cannot_be_read(authority, tmp_path, monkeypatch, content, said):
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_bytes(content)
    if said == "environment":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    with KfpServer(certificate=authority.certificate("127.0.0.1")) as server:
        error = failure(open_api(server.url, str(path) if said == "option" else ""))
    assert error.code == "KALE605"
    assert "cannot be read" in error.message
    assert "--ca-cert" in error.hint


def test_a_proxy_is_used_and_sees_no_credentials(authority, monkeypatch):
    certificate = authority.certificate("kf.example.org", name="proxied")
    with KfpServer(certificate=certificate) as server, Proxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert open_api("https://kf.example.org", authority.path).get(RUNS) == {}
        assert proxy.seen
        for line, headers in proxy.seen:
            assert line.startswith("CONNECT kf.example.org:443 ")
            assert CANARY not in str(headers)
        assert all(request.headers["Authorization"].endswith(CANARY) for request in server.requests)


def test_a_proxy_without_encryption_is_used(kfp, monkeypatch):
    with Proxy(kfp.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        assert Api(Connection("http://kf.example.org")).get(RUNS) == {}
        assert len(proxy.seen) == len(kfp.requests) == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_this_machine_is_reached_without_the_proxy(kfp, monkeypatch, host):
    with Proxy(kfp.port) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert open_api(f"http://{host}:{kfp.port}").get(RUNS) == {}
        assert proxy.seen == []


def test_no_proxy_names_hosts_to_reach_without_it(kfp, monkeypatch):
    with Proxy(kfp.port) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "kale.invalid")
        assert "no server named kale.invalid" in failure(open_api("http://kale.invalid")).message
        assert proxy.seen == []


@pytest.mark.parametrize("status", [403, 407, 502])
def test_a_proxy_that_refuses(monkeypatch, status):
    with Proxy(1, status=status) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", f"//me:{CANARY}@"))
        error = failure(open_api("https://kf.example.org"))
    assert error.code == "KALE604"
    assert (
        error.message == f"the proxy answers {status} and makes no connection to kf.example.org:443"
    )
    assert "HTTPS_PROXY" in error.hint


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(f"http://me:{CANARY}@127.0.0.1:1", id="nothing listens"),
        pytest.param(f"http://me:{CANARY}@kale.invalid:3128", id="no such name"),
        pytest.param("http://", id="no address"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(monkeypatch, address, scheme):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, address)
    error = failure(open_api(f"{scheme}://kf.example.org"))
    assert error.code == "KALE604"
    assert error.message.startswith("the proxy is not there, or makes no connection to")
