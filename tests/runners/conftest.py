"""The step runtime, as the runs of these tests ship it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from runners.plans import plan

import kale.marshal
from kale.ir import Files
from kale.runners import RunOptions, Silent, run


@pytest.fixture(scope="session")
def runtime() -> Files:
    """The step runtime as it is shipped, its text unstripped."""
    folder = Path(kale.marshal.__file__).parent
    return {
        PurePosixPath("kale_runtime", file.relative_to(folder)): file.read_bytes()
        for file in folder.rglob("*.py")
    }


@pytest.fixture
def run_plan(tmp_path, runtime):
    """Run a plan in a folder of its own, and again in the next one."""
    numbers = iter(range(100))

    def start(*tasks, origin=None, observer=None, **options):
        return run(
            plan(*tasks),
            runtime=runtime,
            run_dir=tmp_path / f"run-{next(numbers)}",
            cwd=tmp_path,
            options=RunOptions(**options),
            origin=origin,
            observer=observer or Silent(),
        )

    return start
