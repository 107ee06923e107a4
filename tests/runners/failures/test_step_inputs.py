"""What a step was given, told when it failed."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from kale.marshal import step as runtime
from kale.runners.failures.step_inputs import step_inputs


@pytest.fixture
def context(tmp_path, monkeypatch):
    """A step's context; its inputs are what another step has saved, by the real runtime."""
    made = {
        "df": pd.DataFrame({"a": [1, 2], "b<": ["x", "y"]}),
        "password": "hunter2",
        "count": 3,
    }
    folders = {name: str(tmp_path / "values" / name) for name in [*made, "gone"]}
    saving = tmp_path / "load.json"
    saving.write_text(json.dumps({"step": "load", "inputs": {}, "outputs": folders}))
    monkeypatch.setenv("KALE_STEP_CONTEXT", str(saving))
    runtime.save_outputs(made, [*folders])
    path = tmp_path / "fit.json"
    inputs = {name: [folder] for name, folder in folders.items()}
    inputs["lost"] = [str(tmp_path / "nowhere")]
    path.write_text(json.dumps({"step": "fit", "inputs": inputs, "outputs": {}}))
    return path


def test_inputs_by_type_and_shape(context):
    found = dict(step_inputs(context))
    assert found["df"].startswith("DataFrame, 2 rows, 2 columns")
    assert found["count"] == "int, 3"
    assert found["password"] == "str, <hidden>"
    # A name that was deleted, and values that are not there.
    assert found["gone"] == "no value"
    assert "lost" not in found


def test_values_of_secrets_are_hidden(context):
    assert dict(step_inputs(context, ["rows"]))["df"].startswith("DataFrame, 2 <hidden>, 2 columns")


def test_of_two_versions_the_changed_one_is_told(context, tmp_path):
    told = json.loads(context.read_text())
    for name, changed in (("one", False), ("two", True)):
        folder = tmp_path / name
        folder.mkdir()
        manifest = {"type": "builtins.int", "description": name, "changed": changed}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    told["inputs"] = {"x": [str(tmp_path / "one"), str(tmp_path / "two")]}
    context.write_text(json.dumps(told))
    assert step_inputs(context) == (("x", "int, two"),)


@pytest.mark.parametrize(
    "content", [None, "", "[]", "{}", '{"inputs": 3}', '{"inputs": {"x": [""]}}']
)
def test_what_cannot_be_read_tells_nothing(tmp_path, content):
    path = Path(tmp_path / "fit.json")
    if content is not None:
        path.write_text(content)
    assert step_inputs(path) == ()
