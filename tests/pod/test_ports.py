"""Where artifacts lie; which parameters count; which inputs may stand for an output."""

from __future__ import annotations

import json

import pytest

from kale.pod.ports import Ports, local_path, overrides

RUN = "minio://mlpipeline/v2/artifacts/iris/6f4a"


@pytest.mark.parametrize(
    ("artifact", "expected"),
    [
        pytest.param({"uri": "gs://b/a"}, "/gcs/b/a", id="Google's storage"),
        pytest.param({"uri": "minio://b/a"}, "/minio/b/a", id="MinIO"),
        pytest.param({"uri": "s3://b/a"}, "/s3/b/a", id="S3"),
        pytest.param({"uri": "/tmp/a"}, "/tmp/a", id="a path"),
        pytest.param({"uri": "s3://b/a", "customPath": "/c"}, "/c", id="a path of its own"),
        pytest.param(
            {"uri": "s3://b/a", "metadata": {"_kfp_workspace": True}},
            "/kfp-workspace/.artifacts/s3/b/a",
            id="the workspace",
        ),
    ],
)
def test_where_an_artifact_lies(artifact, expected):
    assert local_path(artifact) == expected


@pytest.mark.parametrize(
    ("kind", "default", "value", "expected"),
    [
        pytest.param("int", 3, 3.0, None, id="an int that arrives as a double"),
        pytest.param("int", 2**60 + 1, float(2**60), None, id="an int that lost digits"),
        pytest.param(
            "list", [1.0, 2.5], [1, 2.5], None, id="a float in a list that arrives as int"
        ),
        pytest.param("dict", {"a": {"b": 2}}, {"a": {"b": 2.0}}, None, id="an int in dicts"),
        pytest.param("str", "1", "1", None, id="a text"),
        pytest.param("str", None, None, None, id="nothing"),
        pytest.param("int", 3, 4.0, 4, id="another int"),
        pytest.param("float", 0.5, 1, 1.0, id="another float"),
        pytest.param("float", None, 1, 1.0, id="a float for nothing"),
        pytest.param("bool", True, False, False, id="another boolean"),
        pytest.param("bool", True, "false", False, id="a boolean as text"),
        pytest.param("list", [1], [True], [True], id="a boolean is no number"),
        pytest.param("dict", {}, '{"a": 1}', {"a": 1}, id="a dict as text"),
        pytest.param("str", "a", "[1]", "[1]", id="a text that looks like a list"),
    ],
)
def test_which_parameters_override_the_notebook(kind, default, value, expected):
    found = overrides({"p": {"type": kind, "default": default}}, {"p": value}).get("p")
    assert (type(found), found) == (type(expected), expected)


def ports(given, wanted):
    """The ports of a task with input ``in_x`` and output ``out_x``, artifacts of those URIs."""

    def artifact(text):
        return text if isinstance(text, dict) else {"uri": text}

    sides = {"inputs": {"in_x": artifact(given)}, "outputs": {"out_x": artifact(wanted)}}
    made = {
        side: {"artifacts": {key: {"artifacts": [a]} for key, a in found.items()}}
        for side, found in sides.items()
    }
    made["outputs"]["outputFile"] = "unused"
    return Ports(json.dumps(made))


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        pytest.param(f"{RUN}/make/7d/out_x", f"{RUN}/use/9c/out_x", True, id="of this run"),
        pytest.param(f"{RUN}/make/out_x", f"{RUN}/use/out_x", True, id="of an older back end"),
        pytest.param("/tmp/r/make/out_x", "/tmp/r/use/out_x", True, id="of KFP's local runner"),
        pytest.param(
            "minio://mlpipeline/v2/artifacts/iris/0b11/make/7d/out_x",
            f"{RUN}/use/9c/out_x",
            False,
            id="of the run whose task was taken from the cache",
        ),
        pytest.param(
            f"{RUN}5/make/7d/out_x", f"{RUN}/use/9c/out_x", False, id="of a run of a like name"
        ),
        pytest.param(
            "gs://elsewhere/make/out_x", f"{RUN}/use/9c/out_x", False, id="of another bucket"
        ),
        pytest.param(
            f"{RUN}/make/7d/out_x", f"{RUN}/9c/out_x", False, id="of what is no task of ours"
        ),
        pytest.param(
            {"uri": f"{RUN}/make/7d/out_x", "customPath": "/data"},
            f"{RUN}/use/9c/out_x",
            False,
            id="in a place of its own",
        ),
        pytest.param(
            f"{RUN}/make/7d/out_x",
            {"uri": f"{RUN}/use/9c/out_x", "customPath": "/data"},
            False,
            id="to a place of its own",
        ),
        pytest.param(
            {"uri": f"{RUN}/make/7d/out_x", "metadata": {"_kfp_workspace": True}},
            f"{RUN}/use/9c/out_x",
            False,
            id="in the workspace",
        ),
    ],
)
def test_which_input_may_stand_for_an_output(given, wanted, expected):
    assert ports(given, wanted).may_hand_on("use", ["in_x"], "out_x") is expected
