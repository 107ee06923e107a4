"""The notebooks of this repository as packages."""

from __future__ import annotations

from pathlib import Path

import pytest
from codegen.builders import compiled, package

from kale.codegen import check_package
from kale.core import plan

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted([*ROOT.glob("examples/*.ipynb"), *ROOT.glob("tests/notebooks/*.ipynb")])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_script_of_a_notebook_compiles_to_its_package(path):
    made = plan(path)
    assert {found.code for found in check_package(made)} <= {"KALE410"}
    assert compiled(made) == package(made)
