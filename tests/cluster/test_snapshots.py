"""Copies of volumes: what is made, and by which classes; the real client against a stand-in."""

from __future__ import annotations

import pytest
from cluster.copying import CLAIMS, SNAPSHOTS, Deploy, deny, two_claims, volume
from cluster.kubeconfigs import CANARY, connected

from kale.cluster.snapshots import Waiting
from kale.errors import ClusterError
from kale.options import Pairs
from kale.volumes import Volume


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    with two_claims(tmp_path, monkeypatch) as server:
        yield server


def test_nothing_is_asked_when_no_volume_is_a_clone(cluster):
    others = (Volume("existing", "data", "/data"), Volume("new", "scratch", "/scratch"))
    clones = Deploy().clone(others)
    assert (clones.arguments, clones.commands(), cluster.requests) == ({}, (), [])
    clones.delete()


def test_every_claim_becomes_a_snapshot_and_a_claim_of_it(cluster):
    deploy = Deploy()
    clones = deploy.clone()
    assert clones.arguments.keys() == {"clone_of_workspace2", "clone_of_data1"}
    assert sorted(clones.arguments.values()) == [
        name for name in cluster.names(CLAIMS) if name not in ("data", "workspace")
    ]
    name = clones.arguments["clone_of_data1"]
    snapshot = cluster.objects[SNAPSHOTS, name]
    assert snapshot["spec"] == {
        "source": {"persistentVolumeClaimName": "data"},
        "volumeSnapshotClassName": "usual",
    }
    claim = cluster.objects[CLAIMS, name]
    assert claim["spec"] == {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "fast",
        "volumeMode": "Filesystem",
        "resources": {"requests": {"storage": "50Gi"}},
        "dataSource": {
            "apiGroup": "snapshot.storage.k8s.io",
            "kind": "VolumeSnapshot",
            "name": name,
        },
    }
    labels = claim["metadata"]["labels"]
    assert labels == snapshot["metadata"]["labels"]
    assert labels["app.kubernetes.io/managed-by"] == "kale"
    assert labels["app.kubernetes.io/part-of"] == "iris"


def test_all_snapshots_are_asked_for_before_one_is_waited_for(cluster):
    Deploy().clone()
    asked = [str(one) for one in cluster.requests if one.plural in (CLAIMS, SNAPSHOTS)]
    assert asked == [
        "get persistentvolumeclaims",
        "get persistentvolumeclaims",
        "create volumesnapshots",
        "create volumesnapshots",
        "get volumesnapshots",
        "get volumesnapshots",
        "create persistentvolumeclaims",
        "create persistentvolumeclaims",
    ]


def test_progress_names_claims_sizes_and_where_the_copies_go(cluster):
    deploy = Deploy()
    made = deploy.clone().arguments
    first, second = made["clone_of_workspace2"], made["clone_of_data1"]
    warning = (
        "is ReadWriteOnce: steps that run at the same time wait for one another, or need one node"
    )
    assert deploy.told == [
        f"snapshot of workspace in the namespace team: {first} by the class usual",
        f"snapshot of data in the namespace team: {second} by the class usual",
        "snapshots: 1 of 2 ready (workspace, 10Gi)",
        "snapshots: 2 of 2 ready (data, 10Gi)",
        f"copy of workspace: {first}, 10Gi, for /home/jovyan",
        f"{first} {warning}",
        f"copy of data: {second}, 50Gi, for /data",
        f"{second} {warning}",
    ]


def test_two_folders_of_one_claim_are_two_copies_of_one_snapshot(cluster):
    volumes = (volume("data", "/a", sub_path="a"), volume("data", "/b/c", sub_path="ab"))
    clones = Deploy().clone(volumes)
    name = cluster.one(SNAPSHOTS)["metadata"]["name"]
    assert clones.arguments == {"clone_of_data1": name, "clone_of_data2": f"{name}-2"}
    sources = [
        cluster.objects[CLAIMS, each]["spec"]["dataSource"]["name"] for each in cluster.made()[1:]
    ]
    assert sources == [name, name]


@pytest.mark.parametrize(("in_pod", "times"), [(True, 1), (False, 0)])
def test_what_programs_wrote_goes_to_disk_first_where_the_volume_is_mounted(cluster, in_pod, times):
    deploy = Deploy()
    deploy.clone(kubernetes=connected(in_pod=in_pod))
    assert deploy.flushed == times


# --------------------------------------------------------------------------- choices


def _classes(*classes):
    def prepare(server):
        del server.objects["volumesnapshotclasses", "usual"]
        for name, more in classes:
            server.snapshot_class(name, **more)

    return prepare


@pytest.mark.parametrize(
    ("prepare", "chosen"),
    [
        pytest.param(
            _classes(("a", {}), ("z", {"default": True, "policy": "Retain"})), "z",
            id="the default comes first"),
        pytest.param(
            _classes(("a", {"policy": "Retain"}), ("b", {})), "b",
            id="then a class whose snapshots go with their object"),
        pytest.param(_classes(("b", {}), ("a", {})), "a", id="then the name decides"),
        pytest.param(
            _classes(("a", {"driver": "other", "default": True}), ("b", {})), "b",
            id="the default of another driver is none"),
        pytest.param(
            deny("list", "volumesnapshotclasses"), None,
            id="the cluster chooses where its classes may not be read"),
        pytest.param(
            deny("get", "storageclasses"), "usual",
            id="the claim itself names its driver where storage classes may not be read"),
    ],
)  # fmt: skip
def test_the_snapshot_class(cluster, prepare, chosen):
    prepare(cluster)
    Deploy().clone([volume("data")])
    assert cluster.one(SNAPSHOTS)["spec"].get("volumeSnapshotClassName") == chosen


def test_a_snapshot_class_that_is_named_is_taken(cluster):
    Deploy().clone([volume("data")], snapshot_class="mine")
    assert cluster.one(SNAPSHOTS)["spec"]["volumeSnapshotClassName"] == "mine"


def test_a_claim_that_does_not_note_its_driver_has_that_of_its_class(cluster):
    cluster.claim("data", driver="")
    Deploy().clone([volume("data")])
    assert cluster.one(SNAPSHOTS)["spec"]["volumeSnapshotClassName"] == "usual"


@pytest.mark.parametrize(
    ("more", "restore_size", "expected"),
    [
        pytest.param({}, "60Gi", ("60Gi", "fast", ["ReadWriteOnce"]), id="what a restore needs"),
        pytest.param({}, None, ("50Gi", "fast", ["ReadWriteOnce"]), id="no word of a restore"),
        pytest.param({"size": "1Ti"}, "10Gi", ("1Ti", "fast", ["ReadWriteOnce"]), id="room asked for"),
        pytest.param({"size": "1Gi"}, "10Gi", ("50Gi", "fast", ["ReadWriteOnce"]), id="too little room"),
        pytest.param(
            {"access_mode": "ReadWriteMany"}, "10Gi", ("50Gi", "fast", ["ReadWriteMany"]),
            id="an access mode"),
        pytest.param(
            {"storage_class": "faster"}, "10Gi", ("50Gi", "faster", ["ReadWriteOnce"]),
            id="another class of the driver"),
    ],
)  # fmt: skip
def test_the_copy_is_as_asked_and_large_enough(cluster, more, restore_size, expected):
    cluster.storage_class("faster")
    cluster.restore_size = restore_size
    clones = Deploy().clone([volume("data", **more)])
    spec = cluster.objects[CLAIMS, clones.arguments["clone_of_data1"]]["spec"]
    found = spec["resources"]["requests"]["storage"], spec["storageClassName"], spec["accessModes"]
    assert found == expected


def test_annotations_reach_the_copy(cluster):
    pairs: Pairs = (("team.example/owner", "me"),)
    name = Deploy().clone([volume("data", annotations=pairs)]).arguments["clone_of_data1"]
    assert cluster.objects[CLAIMS, name]["metadata"]["annotations"] == dict(pairs)


def test_a_long_name_stays_a_name(cluster):
    claim = "a-volume-with-a.name-of-forty-letters-or.more-than-that"
    cluster.claim(claim)
    made = Deploy().clone([volume(claim)])
    (name,) = made.arguments.values()
    assert name.startswith("a-volume-with-a-name-of-forty-letters-or-")
    assert len(name) == 50


# --------------------------------------------------------------------------- afterwards


def test_delete_takes_copies_first_and_leaves_what_is_not_ours(cluster):
    clones = Deploy().clone()
    kept = clones.arguments["clone_of_data1"]
    del cluster.objects[SNAPSHOTS, kept]
    theirs = {"source": {"persistentVolumeClaimName": "data"}}
    cluster.add(SNAPSHOTS, kept, theirs)  # somebody else's, by now
    cluster.requests.clear()
    clones.delete()
    assert cluster.names(CLAIMS) == ["data", "workspace"]
    assert cluster.names(SNAPSHOTS) == [kept]
    deleted = [one.plural for one in cluster.requests if one.verb == "delete"]
    assert deleted == [CLAIMS, CLAIMS, SNAPSHOTS]
    uids = [one.body["preconditions"]["uid"] for one in cluster.requests if one.verb == "delete"]
    assert all(uids)
    clones.delete()


@pytest.mark.parametrize("plural", [CLAIMS, SNAPSHOTS])
def test_delete_asked_twice_as_its_answer_is_lost_is_done(cluster, plural):
    clones = Deploy().clone()
    cluster.fault("delete", plural, "lost")
    clones.delete()
    assert cluster.made() == []


def test_delete_says_what_is_left(cluster):
    clones = Deploy().clone()
    cluster.denied.add(("delete", CLAIMS))
    with pytest.raises(ClusterError) as caught:
        clones.delete()
    error = caught.value
    assert error.code == "KALE638"
    assert all(
        f"PersistentVolumeClaim {name}" in error.message for name in clones.arguments.values()
    )
    assert "VolumeSnapshot " not in error.message
    assert (error.hint,) == clones.commands()
    assert cluster.names(SNAPSHOTS) == []


def test_the_command_selects_what_was_made_and_nothing_else(cluster):
    first, second = Deploy().clone(), Deploy().clone()
    (command,) = first.commands()
    label, _, value = command.rpartition(" ")[2].partition("=")
    chosen = [
        name for (_, name), one in cluster.objects.items()
        if one["metadata"].get("labels", {}).get(label) == value
    ]  # fmt: skip
    assert sorted(set(chosen)) == sorted(first.arguments.values())
    assert not set(chosen) & set(second.arguments.values())


def test_names_are_new_in_each_deploy(cluster):
    assert {*Deploy().clone().arguments.values()}.isdisjoint(Deploy().clone().arguments.values())


def test_nothing_shows_the_token(cluster, capfd):
    clones = Deploy().clone()
    assert CANARY not in repr(clones) + repr(clones.kubernetes)
    assert capfd.readouterr() == ("", "")
    assert any(CANARY in str(one.headers) for one in cluster.requests)


def test_a_snapshot_that_outlives_its_object_is_told(cluster):
    cluster.snapshot_class("usual", policy="Retain")
    deploy = Deploy()
    deploy.clone([volume("data")])
    assert deploy.told[0].endswith(
        "by the class usual, which stays in the storage when it is deleted"
    )


def test_waiting_lasts_an_hour_by_default():
    assert Waiting().timeout == 3600
