"""The step runtime, as the runs of these tests ship it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

import kale.marshal
from kale.ir import Files


@pytest.fixture(scope="session")
def runtime() -> Files:
    """The step runtime as it is shipped, its text unstripped."""
    folder = Path(kale.marshal.__file__).parent
    return {
        PurePosixPath("kale_runtime", file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*.py")
    }
