"""Files that appear whole or not at all in a folder that several processes work in.

Such a folder has a file ``lock`` and a folder ``tmp``, both made when they are needed.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

#: Seconds to wait for the lock; nothing may depend on it but the exactness of counts.
_PATIENCE = 10.0

#: Linux' request to share the blocks of another file (``man 2 ioctl_ficlone``).
_FICLONE = 0x40049409


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of their own ``locked`` blocks, if the file system has locks.

    A stopped process that has the lock keeps the others waiting for some seconds, not for good.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        deadline = time.monotonic() + _PATIENCE
        with suppress(OSError):
            while not _taken(lock) and time.monotonic() < deadline:
                time.sleep(0.002)
        yield
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def temporary(folder: Path) -> Iterator[Path]:
    """A path in ``tmp`` for a new file; nothing is there at the end."""
    path = folder / "tmp" / secrets.token_hex(16)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def copied(source: Path, folder: Path) -> Iterator[Path]:
    """A copy of a file in ``tmp``, gone at the end; until then it is not abandoned.

    Raises:
        OSError: it cannot be written.
    """
    with temporary(folder) as path:
        with locked(folder):
            file = path.open("xb")
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_SH)
        with file:
            copy(source, file)
            yield path


def remove_abandoned(path: Path) -> int:
    """Remove a file of ``tmp`` unless somebody is at it; the bytes freed. To be called locked."""
    with suppress(OSError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(file.fileno())
        path.unlink()
        return status.st_size if status.st_nlink == 1 else 0
    return 0


def link_or_clone(source: Path, target: Path) -> None:
    """Another name for a file, or else a file that shares its blocks.

    Raises:
        OSError: the file system has neither, or the two are of different ones.
    """
    try:
        os.link(source, target)
    except OSError:
        with source.open("rb") as old, target.open("xb") as new:
            fcntl.ioctl(new, _FICLONE, old.fileno())


def copy(source: Path, file: BinaryIO) -> None:
    """Fill a new file with the bytes of another, by shared blocks if it can; they are on the disk.

    Raises:
        OSError: the disk is full, or ``source`` is not there.
    """
    with source.open("rb") as old:
        try:
            fcntl.ioctl(file, _FICLONE, old.fileno())
        except OSError:
            shutil.copyfileobj(old, file, 8 << 20)
    file.flush()
    os.fsync(file.fileno())
