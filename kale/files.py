"""Files that are there whole or not at all: written under a temporary name, then moved."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kale.errors import KaleError, UsageError
from kale.ir import Files


def write_files(files: Files, folder: Path) -> None:
    """Write all of ``files`` below ``folder``, which is made if need be.

    Nothing is moved into place before everything is written, so a full disk changes nothing.
    A folder that ends in ``.steps`` belongs to Kale: notebooks of steps that are no more go.

    Raises:
        UsageError: the folder cannot be written (KALE011).

    """
    with _told_as(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with _temporary(folder) as waiting:
            for number, content in enumerate(files.values()):
                _write(waiting / str(number), content)
            for number, path in enumerate(files):
                target = folder / path
                target.parent.mkdir(parents=True, exist_ok=True)
                (waiting / str(number)).replace(target)
        wanted = {folder / path for path in files}
        for parent in {path.parent for path in wanted}:
            if parent.suffix == ".steps":
                for stale in set(parent.glob("*.ipynb")) - wanted:
                    stale.unlink()


@contextlib.contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    """A folder on the same file system, so that moving out of it is atomic."""
    with tempfile.TemporaryDirectory(prefix=".kale-", dir=folder) as name:
        yield Path(name)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _told_as(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _cannot_write(folder, error) from error


def _cannot_write(folder: Path, error: OSError) -> KaleError:
    return UsageError(
        "KALE011",
        f"the folder `{folder}` cannot be written: {error.strerror or error}",
        hint="name another one with `-o DIR`",
    )
