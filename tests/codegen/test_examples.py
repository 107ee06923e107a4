"""The notebooks of this repository as packages."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from codegen.builders import compiled, package

from kale.codegen import check_package
from kale.core import compile_notebook, plan

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(ROOT.glob("examples/*.ipynb"))
NOTEBOOKS = [*EXAMPLES, *sorted(ROOT.glob("tests/notebooks/*.ipynb"))]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_script_of_a_notebook_compiles_to_its_package(path):
    made = plan(path)
    assert {found.code for found in check_package(made)} <= {"KALE410"}
    assert compiled(made) == package(made)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_package_of_an_example_loads_as_a_component(path, tmp_path):
    made = compile_notebook(path, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from kfp import components

        loaded = components.load_component_from_file(str(made.package))
    declared = {parameter.name: parameter.default for parameter in plan(path).pipeline.parameters}
    inputs = loaded.component_spec.inputs or {}
    assert {name: value.default for name, value in inputs.items()} == declared
