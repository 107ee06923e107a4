"""The doctor's look at a cluster: one failure is one line with its remedy, what follows is skipped."""

from __future__ import annotations

import base64
import json
import time

import pytest
from cluster.kfp_server import KfpServer

from kale.cluster.connection import ConnectionOptions
from kale.cluster.doctor import check_cluster, check_snapshots

RELEASES = ((2, 0), (2, 3), (2, 5), (2, 14), (2, 17))
STAGES = [
    "address", "credentials", "server", "version", "namespace", "reading", "writing",
    "artifact store",
]  # fmt: skip
SECRET = "canary-secret-8841"


def look(target=RELEASES[-1], **said):
    """The checks by what they are about, each as (status, detail, remedy, code)."""
    found = [*check_cluster(ConnectionOptions(**said), RELEASES, target)]
    assert SECRET not in repr(found)
    return {one.what: (one.status.value, one.detail, one.remedy, one.code) for one in found}


def statuses(found):
    return [status for status, *_ in found.values()]


def test_nothing_is_asked_when_nothing_names_a_cluster():
    found = look()
    assert statuses(found) == ["skipped"]
    assert "KALE_KFP_HOST" in found["address"][2]


def test_all_that_can_be_asked_is_well(kfp):
    found = look(host=kfp.url)
    assert [*found] == STAGES
    assert statuses(found) == ["ok"] * 6 + ["skipped"] * 2
    assert all(one.method == "GET" for one in kfp.requests), "nothing is made or changed"


def test_a_dashboard_has_it_below_pipeline():
    with KfpServer(prefix="/pipeline") as kfp:
        found = look(host=kfp.url)
    assert found["server"][:2] == ("ok", f"{kfp.url}/pipeline, for one user")


FAULTS = [
    pytest.param("healthz", "401", "server", "KALE606", id="401: no credentials"),
    pytest.param("healthz", "expired", "server", "KALE606", id="an expired token"),
    pytest.param("healthz", "403", "server", "KALE607", id="403: no rights at all"),
    pytest.param("healthz", "404", "server", "KALE608", id="404: another server"),
    pytest.param("healthz", "login", "server", "KALE606", id="a page to log in"),
    pytest.param("healthz", "redirect", "server", "KALE606", id="the way to log in"),
    pytest.param("healthz", "redirect-away", "server", "KALE606", id="the way to another host"),
    pytest.param("healthz", "500", "server", "KALE609", id="500"),
    pytest.param("healthz", "502", "server", "KALE609", id="502 and a page"),
    pytest.param("healthz", "503", "server", "KALE609", id="503"),
    pytest.param("healthz", "429", "server", "KALE609", id="429"),
    pytest.param("healthz", "badjson", "server", "KALE608", id="half of JSON"),
    pytest.param("healthz", "slow", "server", "KALE604", id="no answer"),
    pytest.param("healthz", "drop", "server", "KALE604", id="a connection that ends"),
    pytest.param("healthz", "cut", "server", "KALE604", id="an answer that ends midway"),
    pytest.param("experiments", "403", "reading", "KALE607", id="no right to list experiments"),
    pytest.param("pipelines", "500", "reading", "KALE609", id="a broken list of pipelines"),
    pytest.param("runs", "badjson", "reading", "KALE608", id="a broken list of runs"),
]


@pytest.mark.parametrize(("path", "kind", "stage", "code"), FAULTS)
def test_a_fault_is_one_failure(kfp, monkeypatch, path, kind, stage, code):
    monkeypatch.setenv("KALE_KFP_TIMEOUT", "0.3")
    kfp.fault(path, kind, times=100)
    found = look(host=kfp.url)
    at = STAGES.index(stage)
    assert statuses(found) == ["ok"] * at + ["failed"] + ["skipped"] * (len(STAGES) - at - 1)
    _, detail, remedy, given = found[stage]
    assert (given, bool(detail), bool(remedy)) == (code, True, True)
    assert all(stage in found[later][1] for later in STAGES[at + 1 :])


def test_a_host_that_is_no_address_fails_at_once():
    found = look(host="https://kf example")
    assert statuses(found) == ["failed"] + ["skipped"] * 7
    assert found["address"][3] == "KALE601"


def test_nothing_listens():
    with KfpServer() as kfp:
        url = kfp.url
    found = look(host=url)
    assert (found["server"][0], found["server"][3]) == ("failed", "KALE604")


@pytest.mark.parametrize(
    ("version", "target", "status", "words"),
    [
        pytest.param("2.17.0", (2, 17), "ok", "made for 2.17", id="this Kale's own"),
        pytest.param("2.17.3", (2, 17), "ok", "made for 2.17", id="a later correction"),
        pytest.param("v2.17.0", (2, 17), "ok", "made for 2.17", id="with a v"),
        pytest.param("2.18.0", (2, 17), "ok", "newer than what", id="a later one"),
        pytest.param("3.0.0", (2, 17), "ok", "newer than what", id="a far later one"),
        pytest.param("2.14.3", (2, 17), "warning", "--kfp-version 2.14", id="an earlier one"),
        pytest.param("2.16.0", (2, 17), "warning", "--kfp-version 2.14", id="an unknown one"),
        pytest.param("2.5.0-rc.1", (2, 17), "warning", "--kfp-version 2.5", id="a candidate"),
        pytest.param("2.0.5", (2, 17), "warning", "--kfp-version 2.0", id="the first"),
        pytest.param("2.5.0", (2, 5), "ok", "made for 2.5", id="packages are made for it"),
        pytest.param("2.5.0", (2, 3), "ok", "made for 2.3", id="packages are made for less"),
        pytest.param("2.3.0", (2, 5), "warning", "--kfp-version 2.3", id="made for more"),
        pytest.param("master", (2, 17), "skipped", "calls itself master", id="no number"),
        pytest.param("", (2, 17), "skipped", "does not say", id="silence"),
        pytest.param("2.\x1b[31m", (2, 17), "skipped", "\\x1b[31m", id="escape codes"),
        pytest.param("2.99999999999", (2, 17), "skipped", "calls itself", id="an absurd number"),
    ],
)
def test_the_version_of_the_server_is_compared(kfp, version, target, status, words):
    kfp.version = version
    found = look(target, host=kfp.url)["version"]
    assert found[0] == status
    assert words in f"{found[1]} {found[2]}"


def test_the_user_interface_names_the_version_otherwise(kfp):
    body = {"apiServerTagName": "2.3.0", "multi_user": False, "apiServerReady": True}
    kfp.fault("healthz", (200, {"Content-Type": "application/json"}, json.dumps(body).encode()), 9)
    found = look(host=kfp.url)["version"]
    assert found[0] == "warning"
    assert "--kfp-version 2.3" in found[2]


def test_a_server_that_keeps_pipelines_in_kubernetes_takes_manifests(kfp):
    body = {"tag_name": "2.17.0", "multi_user": False, "pipeline_store": "kubernetes"}
    kfp.fault("healthz", (200, {"Content-Type": "application/json"}, json.dumps(body).encode()), 9)
    assert "--format kubernetes" in look(host=kfp.url)["server"][1]


def test_a_server_before_2_is_refused(kfp):
    kfp.version = "1.8.5"
    found = look(host=kfp.url)["server"]
    assert (found[0], found[3]) == ("failed", "KALE608")


def test_several_users_need_a_namespace(kfp, monkeypatch):
    kfp.multi_user = True
    found = look(host=kfp.url)
    assert (found["namespace"][0], found["namespace"][3]) == ("failed", "KALE645")
    assert found["reading"][0] == "skipped"
    found = look(host=kfp.url, namespace="team")
    assert found["namespace"][:2] == ("ok", "team")
    assert {one.query.get("namespace") for one in kfp.sent("GET")} == {"team"}


def test_a_namespace_for_one_user_is_not_used(kfp):
    found = look(host=kfp.url, namespace="team")
    assert "not used" in found["namespace"][1]
    assert not any("namespace" in one.query for one in kfp.requests)


def jwt(**claims):
    text = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"{SECRET}.{text}.{SECRET}"


@pytest.mark.parametrize(
    ("token", "status", "words"),
    [
        pytest.param("", "ok", "none are given", id="none"),
        pytest.param(SECRET, "ok", "KALE_KFP_TOKEN", id="a text that says nothing"),
        pytest.param(jwt(exp=time.time() + 3600), "ok", "valid until 20", id="valid for an hour"),
        pytest.param(jwt(exp=1_700_000_000), "warning", "expired on 2023-11-14", id="expired"),
        pytest.param(jwt(exp="soon"), "ok", "KALE_KFP_TOKEN", id="an end that is no number"),
        pytest.param(jwt(exp=float("inf")), "ok", "KALE_KFP_TOKEN", id="an end that never comes"),
        pytest.param(jwt(), "ok", "KALE_KFP_TOKEN", id="no end"),
        pytest.param(f"{SECRET}.!!.x", "ok", "KALE_KFP_TOKEN", id="no base64"),
    ],
)
def test_a_token_is_named_by_its_source_alone(kfp, monkeypatch, token, status, words):
    monkeypatch.setenv("KALE_KFP_TOKEN", token)
    if token:
        kfp.require_token(token)
    found = look(host=kfp.url)
    assert found["credentials"][0] == status
    assert words in found["credentials"][1]
    assert found["reading"][0] == "ok"


def test_a_token_file_that_is_not_there_is_named(kfp, tmp_path):
    found = look(host=kfp.url, token_file=str(tmp_path / "none"))
    assert (found["credentials"][0], found["credentials"][3]) == ("failed", "KALE603")
    assert not kfp.requests


def test_credentials_do_not_go_unencrypted_over_the_network(monkeypatch):
    monkeypatch.setenv("KALE_KFP_TOKEN", SECRET)
    found = look(host="http://kf.example.org")
    assert (found["address"][0], found["address"][3]) == ("failed", "KALE603")


def test_the_last_run_that_succeeded_is_told(kfp):
    runs = [
        {"state": "FAILED", "finished_at": "2026-11-23T09:00:00Z"},
        {"state": "SUCCEEDED", "finished_at": "2026-11-21T09:00:00Z"},
        {"state": "SUCCEEDED", "finished_at": "2026-11-22T09:00:00Z"},
        "no run",
    ]
    answer = json.dumps({"runs": runs}).encode()
    kfp.fault("GET /apis/v2beta1/runs", (200, {"Content-Type": "application/json"}, answer), 9)
    found = look(host=kfp.url)["artifact store"]
    assert found[0] == "skipped"
    assert "2026-11-22T09:00:00Z" in found[1]


@pytest.fixture
def kubernetes(tmp_path, monkeypatch):
    """A cluster of Kubernetes, which the kubeconfig names."""
    from cluster.kubeconfigs import CANARY, write_kubeconfig
    from cluster.kubernetes_server import KubernetesServer

    server = KubernetesServer()
    server.token = CANARY
    monkeypatch.setenv("KUBECONFIG", str(write_kubeconfig(tmp_path / "kubeconfig", server.url)))
    yield server
    server.close()


def test_the_classes_of_snapshots_are_named(kubernetes):
    kubernetes.snapshot_class("usual")
    found = check_snapshots()
    assert (found.status.value, found.detail) == ("ok", "classes usual")


def test_a_cluster_without_a_class_makes_no_snapshots(kubernetes):
    found = check_snapshots()
    assert (found.status.value, bool(found.remedy)) == ("failed", True)


def test_snapshots_need_to_know_a_cluster(monkeypatch, tmp_path):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    found = check_snapshots()
    assert (found.status.value, found.code, bool(found.remedy)) == ("failed", "KALE631", True)


def test_a_cluster_that_knows_no_snapshots_is_a_failure(kubernetes):
    kubernetes.has_snapshots = False
    found = check_snapshots()
    assert (found.status.value, bool(found.code), bool(found.remedy)) == ("failed", True, True)
