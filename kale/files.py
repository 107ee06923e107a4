"""Files that are there whole or not at all: written under a temporary name, then moved."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from kale.errors import KaleError, UsageError
from kale.ir import Files


def write_files(files: Files, folder: Path) -> None:
    """Write all of ``files`` below ``folder``, which is made if need be, or change nothing.

    Nothing is moved into place before everything is written, so a full disk changes nothing;
    should a move fail, those before it are taken back. A folder that ends in ``.steps``
    belongs to Kale: notebooks of steps that are no more go.

    Raises:
        UsageError: the folder cannot be written (KALE011).
    """
    targets = {folder / path: content for path, content in files.items()}
    _check_way(targets, folder)
    with _told_as(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _temporary(folder) as waiting:
            for number, content in enumerate(targets.values()):
                _write(waiting / str(number), content)
            with _taken_back_on_failure() as undo:
                for number, target in enumerate(targets):
                    if not target.parent.exists():
                        target.parent.mkdir(parents=True)
                        undo.callback(target.parent.rmdir)
                    _move(waiting / str(number), target, undo)
        for parent in {target.parent for target in targets}:
            if parent.suffix == ".steps":
                for stale in set(parent.glob("*.ipynb")) - set(targets):
                    stale.unlink()


def _check_way(targets: Mapping[Path, bytes], folder: Path) -> None:
    """Refuse what no writing could get past: a file for a folder, or the other way round."""
    for target in targets:
        if target.is_dir():
            raise _in_the_way(target, "a folder where Kale has to write a file")
        for parent in target.parents:
            if parent == folder:
                break
            if parent.exists() and not parent.is_dir():
                raise _in_the_way(parent, "a file where Kale needs a folder")
    if folder.exists() and not folder.is_dir():
        raise UsageError(
            "KALE011", f"`{folder}` is a file, not a folder", hint="name a folder with `-o DIR`"
        )


def _in_the_way(path: Path, what: str) -> KaleError:
    return UsageError(
        "KALE011",
        f"`{path}` is in the way: {what}",
        hint="move it elsewhere, or name another folder with `-o DIR`",
    )


@contextlib.contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """A folder on the same file system, so that moving out of it is atomic."""
    path = folder / f".kale-{os.getpid()}-{time.monotonic_ns()}"
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        for left in path.iterdir():
            left.unlink()
        path.rmdir()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _taken_back_on_failure() -> Iterator[contextlib.ExitStack]:
    """A stack of what to do, last first, if the body fails; Ctrl-C is a failure too."""
    with contextlib.ExitStack() as undo:
        yield undo
        undo.pop_all()


def _move(new: Path, target: Path, undo: contextlib.ExitStack) -> None:
    """Put ``new`` in the place of ``target``, and on ``undo`` how to take that back."""
    if target.exists():
        # Another name or a copy, so that the target is there at every moment.
        old = new.with_suffix(".old")
        try:
            os.link(target, old)
        except OSError:  # a file system without hard links, a file of somebody else's
            import shutil

            shutil.copy2(target, old)
        new.replace(target)
        undo.callback(old.replace, target)
    else:
        new.replace(target)
        undo.callback(target.unlink)


@contextlib.contextmanager
def _told_as(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            "KALE011",
            f"the folder `{folder}` cannot be written: {error.strerror or error}",
            hint="name another one with `-o DIR`",
        ) from error
