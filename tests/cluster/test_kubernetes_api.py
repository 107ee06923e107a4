"""The way to Kubernetes: which cluster, and a plain sentence for each way that it fails."""

from __future__ import annotations

import socket
import traceback
from pathlib import Path

import pytest
import yaml
from cluster.kubeconfigs import CANARY, connected, write_kubeconfig
from cluster.kubernetes_server import KubernetesServer

from kale.cluster.kubernetes_api import Kubernetes
from kale.cluster.kubernetes_login import log_in
from kale.cluster.kubernetes_resources import CLAIMS, PODS, SNAPSHOTS
from kale.errors import ClusterError


@pytest.fixture
def cluster():
    server = KubernetesServer()
    server.claim("data")
    yield server
    server.close()


@pytest.fixture
def config(tmp_path, monkeypatch, cluster):
    path = write_kubeconfig(tmp_path / "kubeconfig", cluster.url)
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def failed(action):
    with pytest.raises(ClusterError) as caught:
        action()
    error = caught.value
    shown = "".join(traceback.format_exception(error)) + error.message + error.hint
    assert CANARY not in shown
    assert "\n" not in error.message + error.hint
    return error


def read():
    return connected().find(CLAIMS, "data", "team")


# --------------------------------------------------------------------------- which cluster


def test_nothing_says_which_cluster(monkeypatch):
    monkeypatch.delenv("KUBECONFIG", raising=False)
    error = failed(log_in)
    assert error.code == "KALE631"
    assert "there is no file ~/.kube/config" in error.message


def test_a_kubeconfig_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setenv("KUBECONFIG", "/nowhere/config")
    assert "/nowhere/config" in failed(log_in).message


def test_the_kubeconfig_of_the_home_folder_is_found(monkeypatch, cluster):
    monkeypatch.delenv("KUBECONFIG", raising=False)
    folder = Path("~/.kube").expanduser()
    folder.mkdir(parents=True)
    write_kubeconfig(folder / "config", cluster.url)
    assert (log_in().namespace, log_in().in_pod) == ("team", False)
    assert read()["metadata"]["name"] == "data"


@pytest.fixture
def pod(tmp_path, monkeypatch):
    """What Kubernetes gives a pod; the client wants TLS there, which is not spoken here."""
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    for name, text in (("token", CANARY), ("namespace", "mine\n"), ("ca.crt", "x")):
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return folder


def test_a_pod_asks_its_own_cluster_whatever_the_home_folder_says(pod, monkeypatch, cluster):
    monkeypatch.delenv("KUBECONFIG", raising=False)
    folder = Path("~/.kube").expanduser()
    folder.mkdir(parents=True)
    write_kubeconfig(folder / "config", cluster.url)
    login = log_in(pod)
    assert (login.host, login.namespace, login.in_pod) == ("https://10.0.0.1:443", "mine", True)
    assert set(login.configuration.api_key.values()) == {f"bearer {CANARY}"}


def test_a_pod_asks_another_cluster_when_it_is_told_to(pod, config, cluster):
    login = log_in(pod)
    assert (login.host, login.in_pod) == (cluster.url, False)


def test_a_pod_without_a_service_account_has_no_cluster(pod, monkeypatch):
    monkeypatch.delenv("KUBECONFIG", raising=False)
    (pod / "token").unlink()
    assert failed(lambda: log_in(pod)).code == "KALE631"


@pytest.mark.parametrize("name", ["token", "namespace", "ca.crt"])
def test_a_service_account_without_a_part_is_said(pod, monkeypatch, name):
    monkeypatch.delenv("KUBECONFIG", raising=False)
    (pod / name).write_text("", encoding="utf-8")
    if name == "namespace":
        (pod / name).unlink()
    error = failed(lambda: log_in(pod))
    assert error.message == "the pod's service account says not how to log in to Kubernetes"


# --------------------------------------------------------------------------- bad kubeconfigs


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(f"users: [{{token: {CANARY}", id="no YAML, with a token in the broken line"),
        pytest.param(f"- {CANARY}", id="a list"),
        pytest.param(
            yaml.safe_dump({
                "current-context": "here",
                "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1"}}],
                "contexts": [{"name": "here", "context": {"cluster": "c", "user": "me"}}],
                "users": [{"name": "me", "usr": {"token": CANARY}}],
            }),
            id="a user whose token the client's own message would quote"),
        pytest.param(
            yaml.safe_dump({"current-context": "gone", "contexts": [], "clusters": [],
                            "users": [{"name": "me", "user": {"token": CANARY}}]}),
            id="a context that is not there"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_kubeconfig(config, capfd, text):
    config.write_text(text, encoding="utf-8")
    error = failed(log_in)
    assert error.code == "KALE631"
    assert error.message == f"{config} says not how to log in to Kubernetes"
    assert capfd.readouterr() == ("", "")


def test_a_login_command_that_fails_says_nothing_on_our_streams(config, cluster, capfd, caplog):
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "sh",
        "args": ["-c", f"echo {CANARY} >&2; exit 3"],
    }
    cluster.token = "another"
    write_kubeconfig(config, cluster.url, user={"exec": plugin})
    assert failed(read).message.endswith("does not accept the credentials it is given")
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_a_password_in_the_address_of_the_server_is_not_shown(config):
    write_kubeconfig(config, f"http://me:{CANARY}@127.0.0.1:9")
    assert failed(read).code == "KALE639"
    assert CANARY not in repr(connected()) + repr(log_in())


# --------------------------------------------------------------------------- no answer


@pytest.fixture
def dead_port():
    """A port of this machine at which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_nothing_listens(config, dead_port, capfd):
    write_kubeconfig(config, f"http://127.0.0.1:{dead_port}")
    error = failed(read)
    assert (error.code, error.status) == ("KALE639", None)
    assert error.message == f"nothing listens at http://127.0.0.1:{dead_port}"
    assert capfd.readouterr() == ("", "")


def test_no_server_of_that_name(config):
    write_kubeconfig(config, "http://nowhere.invalid")
    assert "there is no server named as in http://nowhere.invalid" in failed(read).message


def test_a_server_that_says_nothing(config, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        write_kubeconfig(config, f"http://127.0.0.1:{silent.getsockname()[1]}")
        kubernetes = Kubernetes(log_in(), timeout=(1, 0.05), sleep=lambda seconds: None)
        error = failed(lambda: kubernetes.find(PODS, "nb-0", "team"))
    assert error.message.endswith("has not answered in time")


def test_a_server_that_speaks_no_tls(config, cluster):
    write_kubeconfig(config, cluster.url.replace("http:", "https:"))
    assert "is not trusted" in failed(read).message


def test_the_proxy_of_the_environment_is_used_and_named(config, dead_port, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{dead_port}")
    write_kubeconfig(config, "http://kubernetes.invalid")
    assert "the proxy does not connect to Kubernetes at" in failed(read).message


def test_the_proxy_is_passed_by_where_the_environment_says_so(config, dead_port, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{dead_port}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert read()["metadata"]["name"] == "data"


# --------------------------------------------------------------------------- bad answers


@pytest.mark.parametrize(
    ("kind", "times", "code", "words"),
    [
        pytest.param(401, 1, "KALE631", "does not accept the credentials", id="not logged in"),
        pytest.param("anonymous", 1, "KALE631", "does not accept the credentials",
                     id="taken for nobody"),
        pytest.param("page", 1, "KALE631", "is not the API of Kubernetes", id="a web page"),
        pytest.param("login", 1, "KALE631", "is not the API of Kubernetes",
                     id="the way to another server, not followed"),
        pytest.param(410, 1, "KALE637", "answers `get persistentvolumeclaims data in the namespace"
                     " team` with 410: etcdserver: leader changed\\x1b[31m", id="gone"),
        pytest.param(422, 1, "KALE637", "with 422", id="invalid"),
        pytest.param(500, 4, "KALE637", "with 500", id="broken, four times"),
        pytest.param(429, 4, "KALE637", "with 429", id="asked too much, four times"),
        pytest.param("cut", 4, "KALE639", "broke off", id="half an answer, four times"),
    ],
)  # fmt: skip
def test_what_is_no_answer(config, cluster, capfd, kind, times, code, words):
    cluster.fault("get", "persistentvolumeclaims", kind, times)
    error = failed(read)
    assert (error.code, words in error.message) == (code, True)
    assert len(cluster.requests) == times
    assert capfd.readouterr() == ("", "")


def test_pauses_between_attempts_grow(config, cluster):
    waited = []
    cluster.fault("get", "persistentvolumeclaims", 503, 3)
    assert connected(sleep=waited.append).find(CLAIMS, "data", "team")
    assert waited == [0.5, 1.0, 2.0]


def test_a_name_cannot_lead_to_another_path(config, cluster):
    assert connected().find(CLAIMS, "../secrets/x?y#z", "team") is None
    assert cluster.requests[-1].name == "../secrets/x?y#z"


def test_a_namespace_that_is_not_there(config):
    body = {"apiVersion": "v1", "kind": "VolumeSnapshot", "metadata": {"name": "x", "labels": {}}}
    error = failed(lambda: connected().create(SNAPSHOTS, "nowhere", body))
    assert error.message.endswith('with 404: namespaces "nowhere" not found')
    assert error.hint == "is the namespace right?"


def test_an_object_of_somebody_else_is_neither_taken_nor_deleted(config, cluster):
    spec = {"source": {"persistentVolumeClaimName": "data"}}
    cluster.add("volumesnapshots", "x", spec)
    mine = {"metadata": {"name": "x", "labels": {"a": "b"}}}
    assert failed(lambda: connected().create(SNAPSHOTS, "team", mine)).status == 409
    connected().delete(SNAPSHOTS, "team", mine)
    assert cluster.names("volumesnapshots") == ["x"]
    assert "delete" not in [one.verb for one in cluster.requests]
