"""What a pod is told of loops, and the output parameters by which it tells of its step."""

from __future__ import annotations

import json

import pytest

from kale.pod.ports import Ports
from kale.pod.told import context_of, show, tell

INDEX = {"kale_index_1": {"type": "int", "default": 0}}


def ports_of(tmp_path, artifacts=None, **values):
    given = {
        "inputs": {"parameterValues": values, "artifacts": artifacts or {}},
        "outputs": {"outputFile": str(tmp_path / "output.json")},
    }
    return Ports(json.dumps(given))


def said(tmp_path, names, decisions=None, shown=None):
    """The parameters that KFP is told, by what the step has left."""
    ports = ports_of(tmp_path)
    if decisions is not None:
        (tmp_path / "decisions.json").write_text(json.dumps(decisions))
    if shown is not None:
        (tmp_path / "shown.json").write_text(json.dumps(shown))
    tell(ports, names, context_of(ports, {"parameters": {}, **names}, tmp_path))
    ports.finish()
    return json.loads((tmp_path / "output.json").read_bytes()).get("parameterValues")


def test_a_step_that_decides_nothing_tells_nothing(tmp_path):
    assert said(tmp_path, {"told": {}}) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({}, 0, id="no value, which is the default"),
        pytest.param({"kale_index_1": "0"}, 0, id="the first"),
        pytest.param({"kale_index_1": "12"}, 12, id="a later one"),
    ],
)
def test_the_number_of_an_item_arrives_as_text(tmp_path, value, expected):
    names = {"parameters": INDEX, "index": ["kale_index_1"], "told": {}}
    found = context_of(ports_of(tmp_path, **value), names, tmp_path)
    assert found["index"] == [expected]


def test_an_input_may_be_many_artifacts_or_none(tmp_path):
    many = [{"name": "a", "uri": "/a"}, {"name": "b", "uri": "/b"}]
    ports = ports_of(tmp_path, {"in_ys": {"artifacts": many}, "in_zs": {}})
    assert [artifact["uri"] for artifact in ports.lists["in_ys"]] == ["/a", "/b"]
    assert ports.lists["in_zs"] == []
    assert "in_zs" not in ports.inputs


@pytest.mark.parametrize(
    ("told", "decisions", "expected"),
    [
        pytest.param({"loop:1": "kale_loop_1_items"}, {"loop:1": 0}, [], id="a loop without items"),
        pytest.param(
            {"loop:1": "kale_loop_1_items"}, {"loop:1": 3}, ["0", "1", "2"], id="numbers as texts"
        ),
        pytest.param({"if:1": "kale_if_1_branch"}, {"if:1": 1}, 1, id="the number of a branch"),
    ],
)
def test_what_a_step_decides(tmp_path, told, decisions, expected):
    (output,) = told.values()
    assert said(tmp_path, {"told": told}, decisions) == {output: expected}


@pytest.mark.parametrize(
    ("decisions", "message"),
    [
        pytest.param(None, "decisions.json", id="the code has taken the file away"),
        pytest.param({"loop:1": 10_001}, "has 10001 items, and a cluster takes", id="too many"),
    ],
)
def test_what_a_step_cannot_decide(tmp_path, decisions, message):
    with pytest.raises(OSError, match=message):
        said(tmp_path, {"told": {"loop:1": "kale_loop_1_items"}}, decisions)


@pytest.mark.parametrize(
    ("value", "kind", "arrives"),
    [
        pytest.param(3, "NUMBER_INTEGER", True, id="an integer"),
        pytest.param(2**53 + 1, "NUMBER_INTEGER", False, id="an integer that is no double"),
        pytest.param(True, "NUMBER_INTEGER", False, id="a bool for an integer"),
        pytest.param("3", "NUMBER_INTEGER", False, id="a text for an integer"),
        pytest.param(3, "NUMBER_DOUBLE", True, id="an integer for a number"),
        pytest.param(float("nan"), "NUMBER_DOUBLE", False, id="no number"),
        pytest.param("größe", "STRING", True, id="a text"),
        pytest.param("{{workflow.name}}", "STRING", False, id="a text that Argo expands"),
        pytest.param("$(HOME)", "STRING", False, id="a text that Kubernetes expands"),
        pytest.param("\ud800", "STRING", False, id="half of a surrogate pair"),
        pytest.param("x" * 10_001, "STRING", False, id="a long text"),
        pytest.param(True, "BOOLEAN", True, id="a bool"),
        pytest.param([1, "a", {"b": [None]}], "LIST", False, id="a list with a null in it"),
        pytest.param([1, "a", {"b": [True]}], "LIST", True, id="a list"),
        pytest.param({"a": 1.5}, "STRUCT", True, id="a dict"),
        pytest.param({1: "a"}, "STRUCT", False, id="a dict whose keys are no texts"),
    ],
)
def test_results_are_shown_as_they_are_or_not_at_all(tmp_path, monkeypatch, value, kind, arrives):
    monkeypatch.setenv("KALE_STEP_CONTEXT", str(tmp_path / "context.json"))
    shows = [("x", "x", kind), ("y", "y", "STRING")]
    show({"x": value}, shows)
    found = said(tmp_path, {"told": {}, "shows": shows})
    assert found == {"x": value if arrives else None, "y": None}
