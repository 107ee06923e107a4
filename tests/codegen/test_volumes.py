"""Volumes in a package: made, mounted, deleted; and the same by the official compiler."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace

import pytest
from codegen.builders import analyzed, compiled, one, package, parameter, plan, refused
from codegen.protobuf_messages import check_executors_differ, check_messages, check_wires

from kale.codegen import check_package, make_plan
from kale.ir import Environment, PackageOptions, StepOptions, VolumeMount
from kale.volumes import Volume, Volumes, Workspace

CLAIM = Volume("existing", "data", "/data", sub_path="a/b")
NEW = Volume(
    "new", "made", "/made", size="5Gi", storage_class="fast", access_mode="ReadWriteMany",
    delete=True,
)  # fmt: skip
PLAIN = Volume("new", "plain", "/plain", size="1Gi", access_mode="ReadWriteOnce")
SNAP = Volume(
    "new", "snap", "/snap", size="5Gi", storage_class="fast", access_mode="ReadWriteMany",
    snapshot="of-monday",
)  # fmt: skip
STATIC = Volume("new", "nfs-1", "/nfs", size="5Gi", access_mode="ReadWriteMany", source="nfs-1")
CLONE = Volume("clone", "home", "/home/jovyan", parameter="clone_of_home")
MARSHAL = Volume(
    "new", "kale-marshal", "/marshal", size="1Gi", storage_class="fast",
    access_mode="ReadWriteMany", delete=True,
)  # fmt: skip
WORKSPACE = Workspace("2Gi", "fast", "ReadWriteMany")
EVERYTHING = Volumes(
    (CLAIM, NEW, SNAP, STATIC, CLONE, MARSHAL), "/marshal/.kale", WORKSPACE, snapshot=True
)


def chain(volumes, *more, **rest):
    """`load`, then `train` and `test`, which read what it made and may run side by side."""
    wires = [("x", "load", "train"), ("x", "load", "test")]
    return plan("load", "train", "test", *more, wires=wires, volumes=volumes, **rest)


def for_kfp(made, version):
    return replace(made, environment=Environment(options=PackageOptions(kfp_version=version)))


CASES = [
    pytest.param(Volumes((CLAIM,)), id="a folder of a claim"),
    pytest.param(Volumes((NEW,)), id="a volume that is made and deleted"),
    pytest.param(Volumes((PLAIN,)), id="a volume without a storage class"),
    pytest.param(Volumes((SNAP,)), id="a volume from a snapshot"),
    pytest.param(Volumes((STATIC,)), id="a PersistentVolume"),
    pytest.param(Volumes((CLONE,), snapshot=True), id="a copy that the run is told of"),
    pytest.param(Volumes(workspace=Workspace("2Gi")), id="a workspace as the cluster makes it"),
    pytest.param(Volumes(workspace=WORKSPACE), id="a workspace as one wants it"),
    pytest.param(EVERYTHING, id="all of it"),
]


@pytest.mark.parametrize("volumes", CASES)
def test_the_script_compiles_to_the_package(volumes):
    made = chain(
        volumes,
        parameters=[parameter("alpha", 0.1)],
        reads={"test": ["alpha"]},
        options={"train": StepOptions(volumes=(VolumeMount("own", "/own"),))},
    )
    documents = package(made)
    assert compiled(made) == documents
    check_messages(documents)
    check_wires(documents)
    check_executors_differ(documents)


def test_steps_called_like_the_tasks_of_volumes_keep_their_names():
    names = ("create-volume-made", "delete-volume-made", "create-volume-made-2")
    made = plan(*names, volumes=Volumes((NEW, replace(NEW, mount_path="/b"))))
    documents = package(made)
    assert compiled(made) == documents
    check_wires(documents)
    tasks = documents[0]["root"]["dag"]["tasks"]
    assert {*names} < {*tasks}
    assert len(tasks) == 3 + 4


def test_a_parameter_of_the_notebook_hides_no_task():
    names = ["task_create_volume_made", "step_create_volume_made", "kale_workspace", "kubernetes"]
    made = chain(
        replace(EVERYTHING, marshal=""),
        parameters=[parameter(name, 1) for name in names],
        reads={"train": names},
    )
    assert compiled(made) == package(made)


def tasks_of(volumes, **rest):
    return package(chain(volumes, **rest))[0]["root"]["dag"]["tasks"]


def test_what_a_volume_is_made_of():
    task = tasks_of(EVERYTHING)["create-volume-made"]
    values = {name: one["runtimeValue"]["constant"] for name, one in
              task["inputs"]["parameters"].items()}  # fmt: skip
    assert values == {
        "access_modes": ["ReadWriteMany"],
        "pvc_name_suffix": "-made",
        "size": "5Gi",
        "storage_class_name": "fast",
    }
    assert task["cachingOptions"] == {}
    assert "dependentTasks" not in task


def test_no_class_is_left_to_kubeflow_and_a_persistent_volume_has_none():
    tasks = tasks_of(Volumes((PLAIN, STATIC, SNAP)))
    plain, static, snap = (
        tasks[f"create-volume-{name}"]["inputs"]["parameters"]
        for name in ("plain", "nfs-1", "snap")
    )
    assert "storage_class_name" not in plain
    assert static["storage_class_name"]["runtimeValue"]["constant"] == ""
    assert static["volume_name"]["runtimeValue"]["constant"] == "nfs-1"
    assert snap["data_source"]["runtimeValue"]["constant"] == {
        "apiGroup": "snapshot.storage.k8s.io",
        "kind": "VolumeSnapshot",
        "name": "of-monday",
    }


def test_the_name_of_a_claim_has_room_for_what_kubeflow_puts_before_it():
    long = replace(PLAIN, name="a" * 25 + "-" + "b" * 20)
    inputs = tasks_of(Volumes((long,)))[f"create-volume-{long.name}"]["inputs"]["parameters"]
    suffix = inputs["pvc_name_suffix"]["runtimeValue"]["constant"]
    assert suffix == "-" + "a" * 25
    assert 36 + len(suffix) <= 63


def test_every_step_waits_for_the_volumes_and_what_deletes_them_waits_for_every_step():
    tasks = tasks_of(Volumes((NEW, PLAIN)))
    makers = ["create-volume-made", "create-volume-plain"]
    assert tasks["load"]["dependentTasks"] == makers
    assert tasks["train"]["dependentTasks"] == [*makers, "load"]
    deleting = tasks["delete-volume-made"]
    assert deleting["dependentTasks"] == ["create-volume-made", "load", "test", "train"]
    claim = {"outputParameterKey": "name", "producerTask": "create-volume-made"}
    assert deleting["inputs"]["parameters"] == {"pvc_name": {"taskOutputParameter": claim}}
    assert "delete-volume-plain" not in tasks


def test_every_pod_mounts_them_and_its_own_last():
    options = {"train": StepOptions(volumes=(VolumeMount("own", "/own"),))}
    documents = package(chain(Volumes((CLAIM, NEW, CLONE)), options=options))
    pods = documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert {*pods} == {"exec-load", "exec-train", "exec-test"}
    output = {"outputParameterKey": "name", "producerTask": "create-volume-made"}
    shared = [
        {
            "constant": "data",
            "mountPath": "/data",
            "pvcNameParameter": {"runtimeValue": {"constant": "data"}},
            "subPath": "a/b",
        },
        {
            "mountPath": "/made",
            "pvcNameParameter": {"taskOutputParameter": output},
            "taskOutputParameter": output,
        },
        {
            "componentInputParameter": "clone_of_home",
            "mountPath": "/home/jovyan",
            "pvcNameParameter": {"componentInputParameter": "clone_of_home"},
        },
    ]
    assert pods["exec-load"]["pvcMount"] == shared
    assert [mount["mountPath"] for mount in pods["exec-train"]["pvcMount"]] == [
        "/data", "/made", "/home/jovyan", "/own",
    ]  # fmt: skip
    parameters = documents[0]["root"]["inputDefinitions"]["parameters"]
    assert parameters == {"clone_of_home": {"parameterType": "STRING"}}


def test_a_step_may_mount_a_volume_beside_and_around_the_values():
    paths = ("/marshal/own", "/deep", "/marshal/.kale-2")
    own = tuple(VolumeMount(f"own-{number}", path) for number, path in enumerate(paths))
    marshal = replace(MARSHAL, mount_path="/deep/marshal")
    for volume in (MARSHAL, marshal):
        made = one(
            StepOptions(volumes=own), volumes=Volumes((volume,), f"{volume.mount_path}/.kale")
        )
        assert compiled(made) == package(made)


def test_what_hands_the_runtime_on_mounts_nothing():
    documents = package(chain(EVERYTHING, *(f"s{number}" for number in range(20))))
    pods = documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert "exec-kale-runtime" not in pods
    tasks = documents[0]["root"]["dag"]["tasks"]
    assert tasks["kale-runtime"]["cachingOptions"] == {"enableCache": True}
    assert "kale-runtime" not in tasks["delete-volume-made"]["dependentTasks"]


def test_the_workspace_is_an_input_of_every_step():
    documents = package(chain(Volumes(workspace=WORKSPACE)))
    for name in ("load", "train"):
        inputs = documents[0]["root"]["dag"]["tasks"][name]["inputs"]["parameters"]
        assert inputs == {"kale_workspace": {"runtimeValue": {"constant": "{{$.workspace_path}}"}}}
    patch = {"accessModes": ["ReadWriteMany"], "storageClassName": "fast"}
    assert documents[1]["platforms"]["kubernetes"] == {
        "pipelineConfig": {
            "workspace": {"kubernetes": {"pvcSpecPatch": patch}, "size": "2Gi"},
        }
    }


CACHED, NOT_CACHED = {"enableCache": True}, {}


@pytest.mark.parametrize(
    ("volumes", "asked", "expected"),
    [
        pytest.param(Volumes(), None, CACHED, id="without volumes"),
        pytest.param(Volumes((CLAIM,)), None, NOT_CACHED, id="a volume may hold anything"),
        pytest.param(Volumes((CLAIM,)), True, CACHED, id="but as you say"),
        pytest.param(Volumes(workspace=WORKSPACE), None, NOT_CACHED, id="so may the workspace"),
        pytest.param(
            Volumes((CLAIM,), "/data/.kale"), True, CACHED, id="values on a claim of yours stay"
        ),
        pytest.param(
            Volumes((MARSHAL,), "/marshal/.kale"),
            True,
            NOT_CACHED,
            id="values that go with the run",
        ),
        pytest.param(
            Volumes((CLONE,), "/home/jovyan/.kale"), True, NOT_CACHED, id="values on a copy"
        ),
        pytest.param(
            Volumes((CLAIM, replace(NEW, mount_path="/data/new")), "/data/new/.kale"),
            True,
            NOT_CACHED,
            id="values on a new volume within a claim",
        ),
        pytest.param(
            Volumes((CLAIM, replace(NEW, mount_path="/data/.kale")), "/data/.kale"),
            True,
            NOT_CACHED,
            id="values on a new volume that hides the claim's folder",
        ),
        pytest.param(
            Volumes((CLAIM,), "/kfp-workspace/.kale", WORKSPACE),
            True,
            NOT_CACHED,
            id="values in the workspace",
        ),
    ],
)
def test_what_the_cluster_may_take_from_an_earlier_run(volumes, asked, expected):
    made = one(StepOptions(caching=asked), volumes=volumes)
    task = package(made)[0]["root"]["dag"]["tasks"]["train"]
    assert task["cachingOptions"] == expected
    codes = [found.code for found in check_package(made)]
    assert ("KALE439" in codes) == (asked is True and expected == NOT_CACHED)


def notebook_of(made):
    executors = package(made)[0]["deploymentSpec"]["executors"]
    text = executors["exec-train"]["container"]["args"][2]
    return json.loads(zlib.decompress(base64.b64decode(text)))["metadata"]["kale"]


def test_the_caches_key_has_what_the_code_sees_of_volumes():
    plain = notebook_of(one(StepOptions()))
    seen = [notebook_of(one(StepOptions(), volumes=Volumes((volume,))))
            for volume in (CLAIM, NEW, SNAP, CLONE)]  # fmt: skip
    assert "sees" not in plain
    assert [kale["sees"]["mounted"] for kale in seen] == [
        [["existing", "data", "/data", "a/b", ""]],
        [["new", "made", "/made", "", ""]],
        [["new", "snap", "/snap", "", "of-monday"]],
        [["clone", "home", "/home/jovyan", "", ""]],
    ]
    larger = replace(NEW, size="9Gi", storage_class="slow", delete=False)
    assert notebook_of(one(StepOptions(), volumes=Volumes((larger,)))) == seen[1]


def test_the_pod_is_told_the_folder_that_values_go_through():
    made = one(StepOptions(), volumes=Volumes((MARSHAL,), "/marshal/.kale"))
    assert notebook_of(made)["on_volume"] == "/marshal/.kale"
    assert "on_volume" not in notebook_of(one(StepOptions(), volumes=Volumes((MARSHAL,))))


RWO = replace(NEW, access_mode="ReadWriteOnce")


@pytest.mark.parametrize(
    ("volumes", "steps", "told"),
    [
        pytest.param(Volumes((NEW,)), "ab", "", id="many nodes may mount it"),
        pytest.param(
            Volumes((RWO,)), "ab", "the volume `made` is ReadWriteOnce", id="one node may"
        ),
        pytest.param(Volumes((RWO,)), "a", "", id="one step"),
        pytest.param(Volumes((CLAIM,)), "ab", "", id="of a claim of yours nothing is known"),
        pytest.param(
            Volumes((replace(CLAIM, access_mode="ReadWriteOncePod"),)),
            "ab",
            "one pod mounts",
            id="unless you say it",
        ),
        pytest.param(
            Volumes(workspace=Workspace("1Gi", "", "ReadWriteOnce")),
            "ab",
            "the workspace is ReadWriteOnce",
            id="the workspace",
        ),
    ],
)
def test_a_volume_for_one_node_and_steps_side_by_side(volumes, steps, told):
    found = [one for one in check_package(plan(*steps, volumes=volumes)) if one.code == "KALE436"]
    assert len(found) == bool(told)
    assert all(told in one.message and "`a` and `b`" in one.message for one in found)


def test_steps_that_wait_for_one_another_may_share_a_node():
    order = [("b", "a"), ("c", "b")]
    made = make_plan(analyzed("a", "b", "c", after=order, volumes=Volumes((RWO,))))
    assert "KALE436" not in [found.code for found in check_package(made)]


@pytest.mark.parametrize(
    ("volumes", "told"),
    [
        pytest.param(
            Volumes((CLONE,), snapshot=True),
            "a run needs copies of the volumes `home`, named by the parameters `clone_of_home`",
            id="copies that are listed",
        ),
        pytest.param(
            Volumes(snapshot=True),
            "which volumes the notebook server has is not in the notebook, so the package mounts"
            " none of them",
            id="those of a notebook server",
        ),
    ],
)
def test_a_run_is_said_to_need_copies(volumes, told):
    [found] = check_package(one(StepOptions(), volumes=volumes))
    assert (found.code, found.message) == ("KALE443", told)


def test_a_storage_class_is_missed():
    found = check_package(one(StepOptions(), volumes=Volumes((PLAIN, NEW, STATIC))))
    [told] = [one.message for one in found if one.code == "KALE438"]
    assert told.startswith("no storage class is named for `plain`, and Kubeflow Pipelines")


@pytest.mark.parametrize(
    ("made", "code", "told"),
    [
        pytest.param(
            one(StepOptions(), volumes=Volumes((replace(NEW, annotations=(("a", "b"),)),))),
            "KALE437",
            "`made` has annotations",
            id="annotations, at which the driver fails",
        ),
        pytest.param(
            for_kfp(one(StepOptions(), volumes=Volumes(workspace=WORKSPACE)), "2.14"),
            "KALE440",
            "Kubeflow Pipelines 2.14 knows no workspace",
            id="a cluster without workspaces",
        ),
        pytest.param(
            for_kfp(one(StepOptions(), volumes=Volumes((CLAIM,))), "2.15"),
            "KALE440",
            "knows no `sub_path` (of the volume `data`)",
            id="a cluster that would mount all of the volume",
        ),
        pytest.param(
            for_kfp(one(StepOptions(), volumes=Volumes((SNAP,))), "2.5"),
            "KALE440",
            "knows no volume from a snapshot (`snap`)",
            id="a cluster that would make an empty volume",
        ),
        pytest.param(
            one(StepOptions(volumes=(VolumeMount("data", "/other"),)), volumes=Volumes((CLAIM,))),
            "KALE441",
            "mounts a claim once",
            id="a claim that the pipeline mounts, too",
        ),
        pytest.param(
            one(StepOptions(volumes=(VolumeMount("own", "/data/"),)), volumes=Volumes((CLAIM,))),
            "KALE441",
            "something else is mounted there",
            id="a path where the pipeline mounts",
        ),
        pytest.param(
            one(StepOptions(volumes=(VolumeMount("a", "/d//e"), VolumeMount("b", "/d/./e")))),
            "KALE441",
            "something else is mounted there",
            id="one path, written in two ways",
        ),
        pytest.param(
            one(
                StepOptions(volumes=(VolumeMount("own", "/kfp-workspace"),)),
                volumes=Volumes(workspace=WORKSPACE),
            ),
            "KALE441",
            "something else is mounted there",
            id="a path where the workspace is",
        ),
        pytest.param(
            one(
                StepOptions(volumes=(VolumeMount("own", "/marshal/.kale"),)),
                volumes=Volumes((MARSHAL,), "/marshal/.kale"),
            ),
            "KALE441",
            "hide the folder that values go through",
            id="a path over the values",
        ),
        pytest.param(
            one(
                StepOptions(volumes=(VolumeMount("own", "/kfp-workspace/.kale"),)),
                volumes=Volumes((), "/kfp-workspace/.kale", WORKSPACE),
            ),
            "KALE441",
            "hide the folder that values go through",
            id="a path over the values in the workspace",
        ),
        pytest.param(
            one(StepOptions(volumes=(VolumeMount("a", "/a"), VolumeMount("a", "/b")))),
            "KALE441",
            "mounts a claim once",
            id="two tags for one claim",
        ),
        pytest.param(
            one(StepOptions(volumes=(VolumeMount("a.b", "/a"),))),
            "KALE441",
            "a pod cannot have a volume of that name",
            id="a claim with a dot",
        ),
        pytest.param(
            one(
                StepOptions(),
                volumes=Volumes((CLONE,)),
                parameters=[parameter("clone_of_home", "x")],
            ),
            "KALE442",
            "the parameter `clone_of_home` is called like",
            id="a parameter of the same name",
        ),
        pytest.param(
            one(StepOptions(), volumes=Volumes((replace(CLAIM, mount_path="/{{x}}"),))),
            "KALE406",
            "which Kubeflow Pipelines would expand",
            id="a path that would be expanded",
        ),
    ],
)
def test_what_a_cluster_would_refuse_is_refused(made, code, told):
    [(found, _, message, hint)] = refused(made)
    assert found == code
    assert told in message
    assert hint


@pytest.mark.parametrize("version", ["2.0", "2.4"])
def test_an_older_cluster_is_told_the_claims_in_its_own_words(version):
    made = for_kfp(chain(Volumes((NEW, CLONE, Volume("existing", "data", "/data")))), version)
    documents = package(made)
    assert compiled(made) == documents
    pods = documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    for mount in pods["exec-load"]["pvcMount"]:
        assert "pvcNameParameter" not in mount
        assert {*mount} & {"constant", "taskOutputParameter", "componentInputParameter"}
