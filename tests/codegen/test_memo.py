"""What is kept between processes is read again, unless somebody else could have written it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kale.codegen.memo import keep, recall

TEXTS = {"a": "1", "b": "é\U0001f600\n"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where things are kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "kale" / "compile"


def linked(path: Path) -> None:
    real = path.with_name("real")
    path.rename(real)
    path.symlink_to(real)


def written(text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "x").write_text(text, encoding="utf-8") and None


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(lambda folder: folder.chmod(0o770), id="the group may write the folder"),
        pytest.param(lambda folder: folder.chmod(0o707), id="all may write the folder"),
        pytest.param(lambda folder: (folder / "x").chmod(0o620), id="the group may write the file"),
        pytest.param(lambda folder: (folder / "x").chmod(0o602), id="all may write the file"),
        pytest.param(lambda folder: linked(folder), id="the folder is a link"),
        pytest.param(lambda folder: linked(folder / "x"), id="the file is a link"),
        pytest.param(lambda folder: (folder / "x").unlink(), id="there is no file"),
        pytest.param(lambda folder: folder.rename(folder.with_name("y")), id="there is no folder"),
        pytest.param(written("{"), id="the file is cut off"),
        pytest.param(written('["a"]'), id="the file holds a list"),
        pytest.param(written('{"a": 1}'), id="the file holds numbers"),
        pytest.param(lambda folder: (folder / "x").write_bytes(b"\xff"), id="the file is no text"),
    ],
)
def test_nothing_is_read(folder: Path, tamper: Callable[[Path], None]) -> None:
    keep("x", TEXTS)
    assert recall("x") == TEXTS
    tamper(folder)
    assert recall("x") == {}


def test_a_file_in_the_place_of_a_folder_keeps_nothing(folder: Path) -> None:
    folder.parent.parent.joinpath("kale").write_text("")
    keep("x", TEXTS)
    assert recall("x") == {}


def test_what_is_kept_is_for_the_user_alone_and_takes_the_place_of_what_was(folder: Path) -> None:
    mask = os.umask(0)
    try:
        keep("x", {"old": "text"})
        keep("x", TEXTS)
    finally:
        os.umask(mask)
    assert recall("x") == TEXTS
    assert [file.name for file in folder.iterdir()] == ["x"]
    assert (folder.stat().st_mode & 0o777, (folder / "x").stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_relative_cache_folder_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    keep("x", TEXTS)
    assert (tmp_path / "home/.cache/kale/compile/x").is_file()
    assert not (tmp_path / "here").exists()
