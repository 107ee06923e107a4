"""Where a pod's user may write: home and caches move only where they cannot be written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kale.pod.home import is_writable, use_home

CACHES = ("XDG_CACHE_HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in; variables are as before when the test ends."""
    for name in ("HOME", *CACHES):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    (tmp_path / "kale").mkdir()
    return tmp_path / "kale"


def test_a_home_that_can_be_written_stays(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    before = dict(os.environ)
    use_home(folder)
    assert dict(os.environ) == before
    assert [*folder.iterdir()] == []


def test_a_home_that_cannot_be_written_is_still_found(folder, tmp_path, monkeypatch):
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text("mine")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    access = os.access  # which lets root write anywhere but where the file system is read-only
    monkeypatch.setattr(
        os, "access", lambda path, mode: home not in [path, *path.parents] and access(path, mode)
    )
    use_home(folder)
    assert Path("~/.aws/config").expanduser().read_text() == "mine"
    Path("~/new").expanduser().write_text("written")
    assert sorted(path.name for path in home.iterdir()) == [".aws"]
    assert os.environ["XDG_CACHE_HOME"] == str(tmp_path / "cache")
    assert not [name for name in CACHES[1:] if name in os.environ]


@pytest.mark.parametrize(
    "home",
    [
        pytest.param("/dev/null/home", id="which is not there"),
        pytest.param("~", id="of nobody"),
        pytest.param("/dev/null", id="which is no folder"),
    ],
)
def test_a_home_that_is_none(folder, monkeypatch, home):
    monkeypatch.setenv("HOME", home)
    monkeypatch.setenv("IPYTHONDIR", "/dev/null/ipython")
    use_home(folder)
    assert os.environ["HOME"] == str(folder / "home")
    assert os.environ["IPYTHONDIR"] == str(folder / "ipythondir")
    assert [*(folder / "home").iterdir()] == []


def test_what_can_be_made_can_be_written(tmp_path):
    assert is_writable(tmp_path / "a" / "b")
    (tmp_path / "file").touch()
    assert not is_writable(tmp_path / "file" / "b")
    assert not is_writable(Path("relative"))
