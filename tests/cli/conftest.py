"""A project with two runs, and a cache of the tests' own."""

from __future__ import annotations

import pytest
from runners.cache.saved_values import make_run


@pytest.fixture
def own_cache(monkeypatch, tmp_path):
    """No test may leave anything in the cache of whoever runs it."""
    monkeypatch.delenv("KALE_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home cache"))


@pytest.fixture
def here(own_cache, tmp_path, monkeypatch):
    """The current folder, with two runs that share a value."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    make_run(folder, {"x": b"shared" * 500, "y": b"first"})
    make_run(folder, {"x": b"shared" * 500, "é\x1b": b"second"})
    return folder
