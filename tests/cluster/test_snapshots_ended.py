"""Copies that are slow, fail or are interrupted: what was made goes, or is named."""

from __future__ import annotations

import pytest
from cluster.copying import CLAIMS, SNAPSHOTS, Deploy, deny, refused, two_claims, volume
from cluster.kubeconfigs import connected

from kale.cluster.snapshots import Waiting


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    with two_claims(tmp_path, monkeypatch) as server:
        yield server


def test_a_slow_snapshot_is_waited_for_and_told_of(cluster):
    cluster.reads_until_ready = 20
    deploy = Deploy(interval=2)
    deploy.clone([volume("data")])
    assert deploy.clock.now == 38
    assert [line for line in deploy.told if "ready" in line] == [
        "snapshots: 0 of 1 ready after 16 s",
        "snapshots: 0 of 1 ready after 32 s",
        "snapshots: 1 of 1 ready (data, 10Gi)",
    ]


def test_an_error_that_the_driver_takes_back_is_told_and_waited_out(cluster):
    cluster.failing["data"] = "the object has been modified", 5
    deploy = Deploy()
    deploy.clone([volume("data")])
    assert [line for line in deploy.told if "modified" in line] == [
        "snapshot of data: the object has been modified; waiting for another try"
    ]


def test_a_snapshot_that_keeps_failing_ends_it_and_nothing_is_left(cluster):
    cluster.failing["data"] = "no space for snapshots\x1b[2J\nat all", 1000
    deploy = Deploy(patience=120)
    error = refused(deploy)
    assert error.code == "KALE636"
    assert error.message == (
        "the snapshot of the claim data failed: no space for snapshots\\x1b[2J at all"
    )
    assert 120 <= deploy.clock.now < 130
    assert cluster.made() == []


def test_a_snapshot_that_never_comes_ends_it_and_nothing_is_left(cluster):
    cluster.reads_until_ready = 10_000
    error = refused(Deploy(timeout=60))
    assert error.message == "the snapshot of the claim workspace is not ready after 60 seconds"
    assert cluster.made() == []


def test_a_snapshot_that_somebody_deletes_ends_it_and_nothing_is_left(cluster):
    cluster.reads_until_ready = 10
    deploy = Deploy()
    sleep = deploy.clock.sleep

    def meanwhile(seconds):
        sleep(seconds)
        for name in cluster.names(SNAPSHOTS)[:1]:
            del cluster.objects[SNAPSHOTS, name]

    deploy.waiting = Waiting(sleep=meanwhile, clock=deploy.clock)
    assert refused(deploy).message.endswith("was deleted by somebody else")
    assert cluster.made() == []


def test_a_server_that_is_away_for_a_minute_is_waited_for(cluster):
    cluster.fault("get", SNAPSHOTS, 503, 4 * 30)
    deploy = Deploy(interval=2)
    deploy.clone([volume("data")])
    assert deploy.clock.now == 60
    assert len([line for line in deploy.told if "503" in line]) == 1


def test_a_server_that_is_away_for_longer_ends_it(cluster):
    cluster.fault("get", SNAPSHOTS, 503, 10_000)
    deploy = Deploy()
    error = refused(deploy, [volume("data")])
    assert "failed: Kubernetes answers `get volumesnapshots" in error.message
    (name,) = cluster.made()
    assert name in deploy.told[-1]


# --------------------------------------------------------------------------- cleaning up


@pytest.mark.parametrize("line", range(1, 9))
def test_ctrl_c_at_any_line_leaves_nothing(cluster, line):
    deploy = Deploy()
    deploy.interrupt_at = line
    with pytest.raises(KeyboardInterrupt):
        deploy.clone()
    assert len(deploy.told) == line
    assert cluster.made() == []
    assert cluster.names(CLAIMS) == ["data", "workspace"]


def test_ctrl_c_without_the_right_to_delete_names_what_is_left(cluster):
    cluster.denied.add(("delete", SNAPSHOTS))
    deploy = Deploy()
    deploy.interrupt_at = 6
    with pytest.raises(KeyboardInterrupt):
        deploy.clone()
    assert cluster.names(CLAIMS) == ["data", "workspace"]
    data, workspace = cluster.names(SNAPSHOTS)
    instance = cluster.objects[SNAPSHOTS, data]["metadata"]["labels"]["app.kubernetes.io/instance"]
    assert deploy.told[-1] == (
        f"left in the namespace team: VolumeSnapshot {data}, VolumeSnapshot {workspace} (Kubernetes"
        " does not let system:serviceaccount:team:default-editor delete"
        " volumesnapshots.snapshot.storage.k8s.io in the namespace team); this deletes it: kubectl"
        f" delete pvc,volumesnapshots -n team -l app.kubernetes.io/instance={instance}"
    )


def test_a_token_that_expires_midway_names_what_is_left(cluster):
    deploy = Deploy()
    tell = deploy.tell

    def expiring(line):
        tell(line)
        cluster.token = "the next one" if len(deploy.told) == 2 else cluster.token

    deploy.tell = expiring
    assert refused(deploy).code == "KALE631"
    assert len(cluster.made()) == 2
    assert all(name in deploy.told[-1] for name in cluster.made())
    assert "does not accept the credentials" in deploy.told[-1]


def test_a_server_that_has_gone_is_not_asked_for_each_object(cluster):
    deploy = Deploy()
    deploy.interrupt_at = 4
    tell = deploy.tell

    def then_gone(line):
        if len(deploy.told) == 3:
            cluster.fault("get", SNAPSHOTS, "silent", 10_000)
        tell(line)

    deploy.tell = then_gone
    with pytest.raises(KeyboardInterrupt):
        deploy.clone()
    gone = [one for one in cluster.requests if str(one) == "get volumesnapshots"]
    assert len(gone) == 2 + 4
    assert "broke off" in deploy.told[-1]
    assert len(cluster.made()) == 2
    assert all(name in deploy.told[-1] for name in cluster.made())


def test_a_second_ctrl_c_names_what_may_be_left(cluster):
    def impatient(seconds):
        raise KeyboardInterrupt

    deploy = Deploy()
    deploy.interrupt_at = 3
    cluster.fault("delete", SNAPSHOTS, 503)
    with pytest.raises(KeyboardInterrupt):
        deploy.clone(kubernetes=connected(sleep=impatient))
    assert cluster.made() != []
    for name in cluster.made():
        assert name in deploy.told[-1]
    assert "(interrupted); this deletes it: kubectl delete" in deploy.told[-1]


@pytest.mark.parametrize(
    ("prepare", "code", "words"),
    [
        pytest.param(
            deny("create", CLAIMS), "KALE632", "create persistentvolumeclaims in the namespace",
            id="no right to make claims"),
        pytest.param(
            lambda server: setattr(server, "quota", 3), "KALE637", "exceeded quota: team-quota",
            id="a quota that ends after the first copy"),
        pytest.param(
            lambda server: setattr(server, "drops_data_source", True), "KALE633",
            "without the contents of its snapshot", id="a server that would make an empty volume"),
        pytest.param(
            lambda server: server.fault("create", CLAIMS, 500, 9), "KALE637", "with 500: etcdserver",
            id="a server that fails"),
        pytest.param(
            lambda server: server.fault("create", CLAIMS, "silent", 9), "KALE639", "broke off",
            id="a server that breaks off"),
        pytest.param(
            lambda server: server.fault("get", SNAPSHOTS, "page"), "KALE631",
            "is not the API of Kubernetes", id="a page to log in"),
        pytest.param(
            lambda server: server.fault("get", SNAPSHOTS, 401), "KALE631",
            "does not accept the credentials", id="a token that has expired"),
    ],
)  # fmt: skip
def test_what_was_made_is_deleted_after(cluster, prepare, code, words):
    prepare(cluster)
    deploy = Deploy()
    error = refused(deploy)
    assert (error.code, words in error.message) == (code, True)
    assert cluster.made() == []
    assert not any("left in" in line for line in deploy.told)


@pytest.mark.parametrize("kind", ["lost", "cut", "silent", 429, 500, 502, 503, 504])
@pytest.mark.parametrize(
    "request_", [("create", SNAPSHOTS), ("get", SNAPSHOTS), ("create", CLAIMS)]
)
def test_one_fault_makes_nothing_twice_and_ends_nothing(cluster, request_, kind):
    cluster.fault(*request_, kind)
    made = Deploy().clone()
    assert sorted(made.arguments.values()) == cluster.names(SNAPSHOTS)
    assert len(cluster.made()) == 4


def test_what_was_made_unseen_and_then_refused_is_deleted_too(cluster):
    cluster.fault("create", CLAIMS, "lost")
    cluster.quota = 3
    assert "exceeded quota" in refused(Deploy()).message
    assert [str(one) for one in cluster.requests].count("delete persistentvolumeclaims") == 1
    assert cluster.made() == []


def test_a_conflict_about_a_quota_is_no_end(cluster):
    cluster.fault("create", CLAIMS, 409)
    Deploy().clone()
    assert len(cluster.made()) == 4
