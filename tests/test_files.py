"""Files are there whole or not at all."""

import os
from pathlib import PurePosixPath

import pytest

from kale.errors import UsageError
from kale.files import write_files


def files(**contents):
    return {PurePosixPath(name.replace("__", "/")): text for name, text in contents.items()}


def found(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def test_old_files_are_replaced_and_others_left_alone(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "mine").write_bytes(b"mine")
    write_files(files(a=b"new", s__b=b"b"), tmp_path)
    assert found(tmp_path) == {"a": b"new", "mine": b"mine", "s/b": b"b"}


def test_the_umask_decides_who_may_read_them(tmp_path):
    write_files(files(a=b""), tmp_path)
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_only_step_notebooks_of_a_steps_folder_are_cleared_away(tmp_path):
    steps = tmp_path / "nb.steps"
    steps.mkdir()
    for name in ("gone.ipynb", "notes.txt"):
        (steps / name).write_bytes(b"")
    write_files({PurePosixPath("nb.steps/a.ipynb"): b"a"}, tmp_path)
    assert found(steps) == {"a.ipynb": b"a", "notes.txt": b""}


def test_a_move_that_fails_takes_the_others_back(tmp_path):
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_uid == os.getuid() and folder.name:
            folder.chmod(folder.stat().st_mode | 0o111)
    root = os.geteuid() == 0
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o755 if root else 0o555)
    (tmp_path / "a").write_bytes(b"old")
    tmp_path.chmod(0o777)
    before = found(tmp_path)
    if root:
        os.seteuid(65534)  # the superuser may write everywhere
    try:
        with pytest.raises(UsageError) as caught:
            write_files(files(a=b"new", sub__b=b"b", c=b"c", locked__d=b"d"), tmp_path)
    finally:
        if root:
            os.seteuid(0)
    assert caught.value.message == f"the folder `{tmp_path}` cannot be written: Permission denied"
    assert found(tmp_path) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "locked"]
