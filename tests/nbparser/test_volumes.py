"""The volumes of a pipeline, as every version of Kale wrote them into the notebook metadata."""

from __future__ import annotations

import pytest

from kale.errors import KaleError
from kale.volumes import Volume, Volumes, Workspace, clone_parameter, with_clones

STEP = ("x = 1", "block:a")
#: What the editor of earlier versions wrote for a new volume.
EDITOR = {
    "type": "new_pvc",
    "name": "data",
    "mount_point": "/data",
    "size": 5,
    "size_type": "Gi",
    "annotations": [{"key": "", "value": ""}],
    "snapshot": False,
    "snapshot_name": "",
}
PVC = {"type": "pvc", "name": "data", "mount_point": "/data"}
CLONE = {"type": "clone", "name": "workspace-x", "mount_point": "/home/jovyan"}
NEW = Volume("new", "data", "/data", size="5Gi", access_mode="ReadWriteMany")
MARSHAL = Volume(
    "new", "kale-marshal", "/marshal", size="1Gi", access_mode="ReadWriteMany", delete=True
)
COPY = Volume("clone", "workspace-x", "/home/jovyan", parameter="clone_of_workspace_x")


@pytest.fixture
def read(parse):
    """What a notebook with these metadata mounts, and the messages of its diagnostics."""

    def build(**metadata):
        pipeline = parse(STEP, metadata={"kubeflow_notebook": metadata})
        assert pipeline.settings == ()
        return pipeline.volumes, [(d.code, d.message) for d in pipeline.diagnostics]

    return build


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({}, id="no metadata"),
        pytest.param(
            {"volumes": [], "snapshot_volumes": False, "autosnapshot": True, "marshal_path": ""},
            id="what editors wrote when nothing was asked",
        ),
        pytest.param({"marshal_volume": False}, id="values are artifacts"),
        pytest.param({"workspace": False, "workspace_size": ""}, id="no workspace"),
        pytest.param(
            {"storage_class_name": "fast", "volume_access_mode": "rwo"}, id="a class for nothing"
        ),
    ],
)
def test_nothing_is_mounted_unasked(read, metadata):
    assert read(**metadata) == (Volumes(), [])


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param({"volumes": [PVC]}, [Volume("existing", "data", "/data")], id="a claim"),
        pytest.param(
            {"volumes": [{"name": "data", "mount_path": "/data/", "sub_path": "a/b"}]},
            [Volume("existing", "data", "/data", sub_path="a/b")],
            id="a folder of a claim, without a type, as the newest versions write it",
        ),
        pytest.param({"volumes": [EDITOR]}, [NEW], id="a new volume from the editor"),
        pytest.param(
            {"volumes": [{**EDITOR, "size": "1.5", "size_type": "Ti", "delete": True}]},
            [Volume("new", "data", "/data", size="1.5Ti", access_mode="ReadWriteMany", delete=True)],
            id="a new volume that goes at the end",
        ),
        pytest.param(
            {
                "volumes": [{**EDITOR, "volume_access_mode": "rwo"}, {**EDITOR, "name": "b",
                    "mount_point": "/b", "storage_class_name": "slow"}],
                "storage_class_name": "fast",
                "volume_access_mode": "rom",
            },
            [
                Volume("new", "data", "/data", size="5Gi", storage_class="fast",
                       access_mode="ReadWriteOnce"),
                Volume("new", "b", "/b", size="5Gi", storage_class="slow",
                       access_mode="ReadOnlyMany"),
            ],
            id="a volume's own class and mode beat the pipeline's",
        ),
        pytest.param(
            {"volumes": [{**EDITOR, "size": "5Gi", "size_type": None,
                          "annotations": {"a/b": "c"}}]},
            [Volume("new", "data", "/data", size="5Gi", access_mode="ReadWriteMany",
                    annotations=(("a/b", "c"),))],
            id="annotations",
        ),
        pytest.param(
            {"volumes": [{**EDITOR, "type": "snap", "snapshot_name": "of-monday"}]},
            [Volume("new", "data", "/data", size="5Gi", access_mode="ReadWriteMany",
                    snapshot="of-monday")],
            id="a volume from a snapshot",
        ),
        pytest.param(
            {"volumes": [{**EDITOR, "type": "pv"}], "storage_class_name": "fast"},
            [Volume("new", "data", "/data", size="5Gi", access_mode="ReadWriteMany",
                    source="data")],
            id="a PersistentVolume needs no class",
        ),
    ],
)  # fmt: skip
def test_a_volume_is_read(read, metadata, expected):
    assert read(**metadata) == (Volumes(tuple(expected)), [])


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        pytest.param(
            {"marshal_volume": True}, Volumes((MARSHAL,), "/marshal/.kale"), id="a volume for values"
        ),
        pytest.param(
            {"marshal_volume": "True"}, Volumes((MARSHAL,), "/marshal/.kale"), id="asked for in text"
        ),
        pytest.param({"marshal_volume": "false"}, Volumes(), id="not asked for in text"),
        pytest.param(
            {"marshal_volume": True, "marshal_volume_size": "10Gi", "marshal_path": "/data/marshal"},
            Volumes(
                (
                    Volume("new", "kale-marshal", "/data/marshal", size="10Gi",
                           access_mode="ReadWriteMany", delete=True),
                ),
                "/data/marshal/.kale",
            ),
            id="its size and its place",
        ),
        pytest.param(
            {"marshal_volume": {"delete": False, "storage_class_name": "fast", "size": "2Gi"}},
            Volumes(
                (
                    Volume("new", "kale-marshal", "/marshal", size="2Gi", storage_class="fast",
                           access_mode="ReadWriteMany"),
                ),
                "/marshal/.kale",
            ),
            id="it may stay",
        ),
        pytest.param(
            {"marshal_volume": "team-values"},
            Volumes((Volume("existing", "team-values", "/marshal"),), "/marshal/.kale"),
            id="a claim for values",
        ),
        pytest.param(
            {"volumes": [PVC], "marshal_volume": False, "marshal_path": "/data/values"},
            Volumes((Volume("existing", "data", "/data"),), "/data/values/.kale"),
            id="a folder of a volume that is mounted anyway",
        ),
        pytest.param(
            {"marshal_volume": "workspace", "marshal_volume_size": "8Gi"},
            Volumes(marshal="/kfp-workspace/.kale", workspace=Workspace("8Gi")),
            id="values go through the workspace",
        ),
        pytest.param(
            {"workspace": "4Gi"}, Volumes(workspace=Workspace("4Gi")), id="a workspace by its size"
        ),
        pytest.param(
            {"workspace": True, "workspace_size": "4Gi", "storage_class_name": "fast"},
            Volumes(workspace=Workspace("4Gi", "fast")),
            id="a workspace by its keys",
        ),
        pytest.param(
            {"workspace": {"size": "4Gi", "volume_access_mode": "rwm"}, "marshal_volume": True},
            Volumes((MARSHAL,), "/marshal/.kale", Workspace("4Gi", "", "ReadWriteMany")),
            id="a workspace beside a volume for values",
        ),
        pytest.param(
            {"volumes": [CLONE]}, Volumes((COPY,), snapshot=True), id="a copy of a claim"
        ),
        pytest.param(
            {"snapshot_volumes": True},
            Volumes(snapshot=True),
            id="copies of what the notebook server mounts",
        ),
    ],
)  # fmt: skip
def test_where_values_go_and_what_is_copied(read, metadata, expected):
    assert read(**metadata) == (expected, [])


def test_a_command_line_may_name_class_and_mode(parse):
    pipeline = parse(
        STEP,
        metadata={"kubeflow_notebook": {"volumes": [EDITOR], "storage_class_name": "slow"}},
        override={"storage_class_name": "fast"},
        default={"volume_access_mode": "rwo"},
    )
    [volume] = pipeline.volumes.mounted
    assert (volume.storage_class, volume.access_mode) == ("fast", "ReadWriteOnce")


def entry(**more):
    return {"volumes": [{**EDITOR, **more}]}


PATH = "a volume is mounted at an absolute path without `:` and spaces, as `/data`"
SIZE = "a size is a number and a unit, as `500Mi` or `5Gi`"


@pytest.mark.parametrize(
    ("metadata", "code", "message"),
    [
        pytest.param({"volumes": ["data"]}, "KALE125", "volumes[1]` is not an object", id="text"),
        pytest.param(entry(type="new-pvc"), "KALE125", "did you mean `new_pvc`?", id="type"),
        pytest.param(entry(type="s3"), "KALE125", "types are `pvc`", id="a type there never was"),
        pytest.param(entry(naem="x"), "KALE125", "did you mean `name`?", id="an unknown key"),
        pytest.param(entry(name=""), "KALE125", ".name` is ``", id="no name"),
        pytest.param(entry(name="a.b"), "KALE125", "at most 63", id="no name of a pod's volume"),
        pytest.param(entry(name="a" * 64), "KALE125", "at most 63", id="a long name"),
        pytest.param(entry(mount_point=""), "KALE125", PATH, id="no path"),
        pytest.param(entry(mount_point="data"), "KALE125", PATH, id="a relative path"),
        pytest.param(entry(mount_point="/da ta"), "KALE125", PATH, id="a path with a space"),
        pytest.param(entry(mount_point="/a/../b"), "KALE125", "without `.`", id="a path that climbs"),
        pytest.param(entry(mount_point="/"), "KALE125", "would hide", id="the root"),
        pytest.param(entry(mount_point="/tmp/"), "KALE125", "would hide", id="where Kale works"),
        pytest.param(entry(mount_point="/usr/local"), "KALE125", "would hide", id="Python's folder"),
        pytest.param(entry(mount_point="/proc/x"), "KALE125", "not for volumes", id="Linux's"),
        pytest.param(entry(mount_point="/kfp-workspace"), "KALE125", "not for volumes", id="KFP's"),
        pytest.param(entry(mount_point="/minio/b"), "KALE125", "not for volumes", id="artifacts'"),
        pytest.param(entry(sub_path="../x"), "KALE125", "no folder on a volume", id="sub path"),
        pytest.param(entry(size_type=""), "KALE125", SIZE, id="a size without a unit"),
        pytest.param(entry(size="5 "), "KALE125", SIZE, id="a size with a space"),
        pytest.param(entry(size=0), "KALE125", SIZE, id="nothing"),
        pytest.param(entry(size=True), "KALE125", SIZE, id="a size that is no number"),
        pytest.param(entry(size_type="m"), "KALE125", SIZE, id="thousandths of a byte"),
        pytest.param(entry(size=None), "KALE125", "says no `size`", id="no size"),
        pytest.param(entry(volume_access_mode="rw"), "KALE125", "it is `ReadWriteOnce`", id="mode"),
        pytest.param(entry(storage_class_name="A b"), "KALE125", "storage class", id="class"),
        pytest.param(entry(annotations=["a"]), "KALE125", "`key` and `value`", id="annotation"),
        pytest.param(entry(annotations={"a b": "c"}), "KALE125", "a key is", id="annotation's key"),
        pytest.param(entry(snapshot="no"), "KALE125", "true or false", id="a word for a flag"),
        pytest.param({"volumes": [{**PVC, "delete": True}]}, "KALE125", "only what a run makes",
                     id="a claim of yours is never deleted"),
        pytest.param(entry(type="snap"), "KALE125", "no VolumeSnapshot", id="no snapshot named"),
        pytest.param({"volumes": [PVC, EDITOR]}, "KALE126", "both mounted at `/data`", id="paths"),
        pytest.param({"volumes": [PVC, {**PVC, "mount_point": "/b"}]}, "KALE126", "a claim once",
                     id="one claim in two places"),
        pytest.param({"volumes": [PVC], "marshal_volume": True, "marshal_path": "/data"},
                     "KALE126", "both mounted at `/data`", id="values in the place of a volume"),
        pytest.param({"marshal_volume": True, "marshal_volume_size": 10}, "KALE127", SIZE,
                     id="a number of what?"),
        pytest.param({"marshal_volume": True, "marshal_path": "/dev/x"}, "KALE127", "`/dev`",
                     id="values among the devices"),
        pytest.param({"marshal_volume": "Team Values"}, "KALE127", "at most 63", id="no claim"),
        pytest.param({"marshal_volume": {"claim": "x"}}, "KALE127", "keys are", id="unknown key"),
        pytest.param({"marshal_volume": {"name": "x", "delete": True}}, "KALE127",
                     "only what a run makes", id="a claim for values is never deleted"),
        pytest.param({"workspace": "large"}, "KALE127", SIZE, id="a workspace of what size?"),
        pytest.param({"workspace": {"size": "1Gi", "name": "x"}}, "KALE127", "keys are",
                     id="the workspace has no name"),
    ],
)  # fmt: skip
def test_what_no_volume_can_be_is_refused(parse, metadata, code, message):
    with pytest.raises(KaleError) as caught:
        parse(STEP, metadata={"kubeflow_notebook": metadata})
    [error] = caught.value.parts()
    assert error.code == code
    assert message in f"{error.message} ({error.hint})"


def test_all_that_is_wrong_is_told_at_once(parse):
    wrong = [{**EDITOR, "mount_point": "x", "size": 0}, {**EDITOR, "type": "?"}]
    with pytest.raises(KaleError) as caught:
        parse(STEP, metadata={"kubeflow_notebook": {"volumes": wrong}})
    told = [error.message.split("`")[1] for error in caught.value.parts()]
    assert told == ["volumes[1].mount_point", "volumes[1].size", "volumes[2].type"]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        pytest.param(entry(snapshot=True), "takes no snapshot", id="a snapshot at the end"),
        pytest.param({"marshal_path": "/data"}, "no volume is mounted there", id="a path alone"),
        pytest.param({"workspace_size": "1Gi"}, "no `workspace` is asked for", id="a size alone"),
        pytest.param(
            {"workspace": "2Gi", "workspace_size": "1Gi"},
            "`workspace` says its size",
            id="two sizes of the workspace",
        ),
        pytest.param(
            {"workspace": {"size": "2Gi"}, "workspace_size": "1Gi"},
            "`workspace` says its size",
            id="a size in the workspace and one beside it",
        ),
        pytest.param(
            {"marshal_volume_size": "1Gi"},
            "no `marshal_volume` is asked for",
            id="a size for a volume that is not there",
        ),
        pytest.param(
            {"marshal_volume": "mine", "marshal_volume_size": "1Gi"},
            "is a claim",
            id="a size for a claim",
        ),
        pytest.param(
            {"marshal_volume": {"size": "2Gi"}, "marshal_volume_size": "1Gi"},
            "says its `size`",
            id="two sizes",
        ),
        pytest.param(
            {"marshal_volume": {"mount_point": "/m"}, "marshal_path": "/m/values"},
            "says where it is mounted",
            id="two paths",
        ),
        pytest.param(
            {"marshal_volume": "workspace", "marshal_path": "/data"},
            "a place of its own",
            id="a path in the workspace",
        ),
    ],
)
def test_what_has_no_effect_is_told(read, metadata, message):
    [(code, told)] = read(**metadata)[1]
    assert code == "KALE128"
    assert message in told


def test_without_snapshots_the_claim_itself_is_mounted_and_that_is_told(read):
    volumes, [(code, told)] = read(volumes=[CLONE], snapshot_volumes=False)
    assert volumes == Volumes((Volume("existing", "workspace-x", "/home/jovyan"),))
    assert code == "KALE128"
    assert "`workspace-x` itself, and no copy of it" in told


def test_volumes_of_the_server_stand_before_the_authors():
    own = Volumes((NEW,), snapshot=True)
    claims = [("home", "/home/jovyan", ""), ("old", "/data", ""), ("ho.me", "/more", "sub")]
    found = with_clones(own, claims, {"clone_of_home"})
    assert found.mounted == (
        Volume("clone", "home", "/home/jovyan", parameter="clone_of_home_2"),
        Volume("clone", "ho.me", "/more", sub_path="sub", parameter="clone_of_ho_me"),
        NEW,
    )
    assert clone_parameter("a", {"clone_of_a"}, {"clone_of_a_2"}) == "clone_of_a_3"
