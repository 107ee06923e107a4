"""What cannot be copied: nothing is made of it, and the message says why."""

from __future__ import annotations

import subprocess
import sys

import pytest
from cluster.copying import BOTH, CLAIMS, SNAPSHOTS, Deploy, deny, refused, two_claims, volume
from cluster.kubeconfigs import write_kubeconfig

from kale.cluster.snapshots import clone_volumes
from kale.errors import ClusterError


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    with two_claims(tmp_path, monkeypatch) as server:
        yield server


def _claim(name="data", **more):
    return lambda server: server.claim(name, **more)


def _no_snapshots(server):
    server.has_snapshots = False


def _no_storage_class(server):
    del server.objects["storageclasses", "fast"]


def _another_driver(server):
    server.storage_class("slow", "nfs.example")


def _by_hand(server):
    server.storage_class("fast", "kubernetes.io/no-provisioner")


@pytest.mark.parametrize(
    ("prepare", "volumes", "code", "words"),
    [
        pytest.param(
            lambda server: None, [volume("model")], "KALE634", "model is not in the namespace team",
            id="a claim that is not there"),
        pytest.param(
            _claim(phase="Pending"), BOTH, "KALE634", "data has no volume yet: it is Pending",
            id="a claim that no pod has used"),
        pytest.param(
            _claim(phase="Lost"), BOTH, "KALE634", "it is Lost, not Bound",
            id="a claim that has lost its volume"),
        pytest.param(
            _claim(mode="Block"), BOTH, "KALE634", "data is a block device", id="a block device"),
        pytest.param(
            _claim(storage_class=""), BOTH, "KALE634", "data has no storage class",
            id="a claim of no class: its copy would be of the cluster's default"),
        pytest.param(
            _no_storage_class, BOTH, "KALE634", "is of the storage class fast, by which no copy",
            id="a class that was deleted"),
        pytest.param(
            _by_hand, BOTH, "KALE634", "is of the storage class fast, by which no copy",
            id="volumes made by hand: the copy would be any that is free"),
        pytest.param(
            _another_driver, [volume("data", storage_class="slow")], "KALE634",
            "data is of the driver csi.example, and the storage class slow of its copy is of nfs",
            id="a copy by another driver"),
        pytest.param(
            lambda server: None, [volume("data", "/a"), volume("data", "/b/c", sub_path="b")],
            "KALE634", "is mounted at /a and at /b/c, and the same files are in both",
            id="a folder of a claim beside all of it: writes to one would not be in the other"),
        pytest.param(
            _claim(driver="local.example"), BOTH, "KALE633",
            "no VolumeSnapshotClass for the driver local.example of the claim data",
            id="a driver without a snapshot class"),
        pytest.param(
            _no_snapshots, BOTH, "KALE633", "the cluster has no snapshots of volumes",
            id="no snapshot controller"),
        pytest.param(
            deny("get", CLAIMS), BOTH, "KALE632",
            "default-editor get persistentvolumeclaims in the namespace team",
            id="no right to read claims"),
        pytest.param(
            deny("create", SNAPSHOTS), BOTH, "KALE632",
            "default-editor create volumesnapshots.snapshot.storage.k8s.io in the namespace team",
            id="no right to make snapshots"),
    ],
)  # fmt: skip
def test_nothing_is_made_of(cluster, prepare, volumes, code, words):
    prepare(cluster)
    deploy = Deploy()
    error = refused(deploy, volumes)
    assert (error.code, error.exit_code) == (code, 3)
    assert words in error.message
    assert cluster.made() == []
    assert deploy.told == []


def test_the_rights_that_are_missing_come_as_commands(cluster):
    cluster.denied.add(("create", SNAPSHOTS))
    assert refused(Deploy()).hint == (
        "an administrator allows it: kubectl create role kale-copies --namespace team"
        " --verb=get,create,delete"
        " --resource=persistentvolumeclaims,volumesnapshots.snapshot.storage.k8s.io"
        " && kubectl create rolebinding kale-copies --namespace team --role=kale-copies"
        " --serviceaccount=team:default-editor"
    )


def test_what_surely_was_not_made_is_not_said_to_be_left(cluster):
    cluster.denied |= {("create", SNAPSHOTS), ("get", SNAPSHOTS)}
    deploy = Deploy()
    refused(deploy)
    assert deploy.told == []


def test_without_a_namespace_nothing_is_asked(cluster, tmp_path):
    write_kubeconfig(tmp_path / "kubeconfig", cluster.url, namespace="")
    error = refused(Deploy())
    assert (error.code, cluster.requests) == ("KALE635", [])
    assert "--namespace" in error.hint


def test_a_namespace_that_is_named_beats_the_kubeconfig(cluster):
    error = refused(Deploy(), [volume("model")], "other")
    assert error.message == "the claim model is not in the namespace other"


def test_without_the_client_the_extra_is_named(cluster, monkeypatch):
    for name in list(sys.modules):
        if name.partition(".")[0] == "kubernetes":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(ClusterError) as caught:
        clone_volumes(BOTH, "team", print, pipeline="iris")
    assert caught.value.code == "KALE630"
    assert "pip install 'kale[snapshots]'" in caught.value.hint


def test_the_client_is_imported_when_something_is_copied_only():
    code = (
        "import sys, kale.cluster.snapshots, kale.cluster.notebook_server as n;"
        "assert kale.cluster.snapshots.clone_volumes([], '', print, pipeline='p').arguments == {};"
        "assert 'kubernetes' not in sys.modules, 'imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
