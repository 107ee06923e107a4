"""How a file, or a folder's list of names, was at some moment; and names of files in commands.

It is part of the probe's text, so it imports the standard library alone.
"""

# An audit hook has to be quick, and hears of paths as text.
# ruff: noqa: PTH116, PTH118, PTH123, PTH208
from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from typing import Any

#: Names in a folder that say nothing of its content.
_UNLISTED = {".kale", "__pycache__", ".ipynb_checkpoints"}

#: A file this young, in nanoseconds, may change once more without its times showing it.
_YOUNG = 20_000_000

#: Files up to this many bytes are hashed where their times cannot be relied on.
_SMALL = 64 * 1024


def stamp(path: str, *, hashed: bool = False) -> Any:
    """``[size, mtime_ns, ctime_ns, inode, device, digest]`` of a file.

    ``None`` if there is none, ``False`` if it is no regular file. The digest is ``""`` if it need
    not be known, unless ``hashed``, and ``"young"`` if a change could go unnoticed.
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return False
    young = time.time_ns() - max(found.st_ctime_ns, found.st_mtime_ns) < _YOUNG
    digest = ""
    if (hashed or young) and found.st_size <= _SMALL:
        digest = _digest(path)
    elif young:
        digest = "young"
    ids = found.st_ino, found.st_dev
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, *ids, digest]


def listing(path: str) -> str | None:
    """The digest of the names in a folder, without those of no meaning."""
    try:
        names = sorted(set(os.listdir(path)) - _UNLISTED)
    except OSError:
        return None
    return "list:" + hashlib.sha256(os.fsencode("\0".join(names))).hexdigest()


def files_in(path: str) -> Iterator[str]:
    """The files that are in a folder itself; notebooks, which change as they are shown, are not."""
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if not entry.name.endswith(".ipynb") and entry.is_file():
                    yield os.path.join(path, entry.name)
    except OSError:
        return


def split_words(text: Any) -> list[str]:
    """What may be names of files in a command."""
    words: str = os.fsdecode(text)
    for sign in "'\"=;|&<>()`,":
        words = words.replace(sign, " ")
    return words.split()


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return "sha256:" + hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return "young"
