"""Projects whose plans are run with the cache."""

from __future__ import annotations

import pytest
from runners.cache.cached_runs import Project, StepServer


@pytest.fixture(scope="module")
def step_server():
    server = StepServer()
    yield server
    server.close()


@pytest.fixture
def project(tmp_path, step_server, runtime, monkeypatch):
    folder = tmp_path / "my project"
    folder.mkdir()
    monkeypatch.delenv("KALE_CACHE_DIR", raising=False)
    return Project(folder, step_server, runtime)
