"""What takes long to make, kept from one process to the next where only this user can write.

What stands there goes into packages and is executed in pods: a file or a folder that belongs to
somebody else, or that others may write, is not read. Without such a folder nothing is kept.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path


def recall(name: str) -> dict[str, str]:
    """What was kept as file ``name``; nothing if it is not there or not to be trusted."""
    try:
        folder = _folder()
        if not _is_ours(folder.lstat(), stat.S_ISDIR):
            return {}
        file = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(file, encoding="utf-8") as stream:
            if not _is_ours(os.fstat(file), stat.S_ISREG):
                return {}
            found = json.load(stream)
    except (OSError, ValueError, RuntimeError):
        return {}
    as_kept = isinstance(found, dict) and all(isinstance(text, str) for text in found.values())
    return found if as_kept else {}


def keep(name: str, texts: Mapping[str, str]) -> None:
    """Keep ``texts`` as file ``name`` in the place of what was there, if that can be done."""
    import tempfile  # takes longer than to read what was kept

    try:
        folder = _folder()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(folder.lstat(), stat.S_ISDIR):
            return
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as draft:
            json.dump(texts, draft)
        Path(draft.name).replace(folder / name)
    except (OSError, RuntimeError):  # a full disk, no home: the next process makes it again
        return


def _folder() -> Path:
    """``kale/compile`` in the user's cache, as the XDG specification has it.

    Raises:
        RuntimeError: nobody knows where the user is at home.
    """
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".cache") / "kale" / "compile"


def _is_ours(found: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    others = stat.S_IWGRP | stat.S_IWOTH
    return is_kind(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & others
