"""The step runtime, as the runs of these tests ship it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import PurePosixPath

import pytest

from kale.ir import Files


@pytest.fixture(scope="session")
def runtime() -> Files:
    """The step runtime as it is shipped, its text unstripped."""
    return {
        PurePosixPath("kale_runtime", file.name): file.read_bytes()
        for file in files("kale").joinpath("marshal").iterdir()
        if file.name.endswith(".py")
    }
