"""What files hold now, by digest; a file that nobody has touched since is not read again.

A digest is remembered with the file's size, times, inode and device. The time of the last change of
the inode cannot be set back, so an edit that restores size and modification time shows; a
file touched so lately that a further change might not show is not remembered, as git does it.

Kinds of digests: ``sha256:`` of the bytes; ``stat:`` of the status, for what is too large or too
much to read; ``list:`` of the names in a folder; ``folder:`` for one that is there; ``unknown:``
for what nobody can tell any more, which is never equal to anything.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from kale.runners.cache.file_marks import listing, stamp
from kale.runners.cache.linking import temporary
from kale.runners.cache.records import FileState

UNKNOWN = "unknown:"
FOLDER = "folder:"

#: Files of more bytes count by their status alone.
_LARGEST = 1 << 30

#: Files of fewer bytes are read again by every run.
_WORTH_REMEMBERING = 64 * 1024

#: So many digests are remembered for later runs.
_MOST = 20_000

#: Size, times of last write and change, inode, device.
Status = tuple[int, ...]


class FileStates:
    """States of files, remembered in the file ``memo`` from one run to the next."""

    def __init__(self, memo: Path) -> None:
        self._memo = memo
        self._known: dict[str, tuple[Status, str]] = {}
        self._kept: dict[str, tuple[Status, str]] | None = None
        self._new = False

    def state(self, path: str, *, by_status: bool = False, whole: bool = False) -> FileState:
        """The state of what is at an absolute path.

        A file that is very large is told by its status, unless ``whole``; ``by_status``, one that
        is not small.
        """
        found = self.status(path)
        if found is None:
            return FileState(path, None)
        if not found:
            return FileState(path, FOLDER if Path(path).is_dir() else UNKNOWN)
        size, modified = found[:2]
        if size > (_WORTH_REMEMBERING if by_status else _LARGEST) and not whole:
            return FileState(path, status_digest(found), size, modified)
        return FileState(path, self._digest(path, found), size, modified)

    def now(self, then: FileState) -> str | None:
        """The digest of what is there now, of the same kind as that of an earlier state."""
        digest = then.digest or ""
        if digest.startswith("list:"):
            return listing(then.path)
        if digest.startswith("stat:"):
            found = self.status(then.path)
            return status_digest(found) if found else None
        # A file of another size is another one: no need to read it.
        if digest.startswith("sha256:"):
            found = self.status(then.path)
            if found and found[0] != then.size:
                return f"size:{found[0]}"
        return self.state(then.path).digest

    def is_unchanged(self, then: FileState) -> bool:
        """Whether what is there equals an earlier state."""
        return then.digest != UNKNOWN and self.now(then) == then.digest

    def status(self, path: str) -> Status | None:
        """The status of a regular file; ``None`` if there is nothing, empty if it is no file."""
        try:
            found = os.stat(path)  # noqa: PTH116 - paths are text here, thousands of them
        except (OSError, ValueError):
            return None
        if not stat.S_ISREG(found.st_mode):
            return ()
        times = found.st_mtime_ns, found.st_ctime_ns
        return (found.st_size, *times, found.st_ino, found.st_dev)

    def save(self) -> None:
        """Have later runs know the digests, if that can be done."""
        if not self._new:
            return
        known = {**self._remembered(), **self._known}
        large = {p: e for p, e in known.items() if e[0][0] >= _WORTH_REMEMBERING}
        text = json.dumps({path: large[path] for path in [*large][-_MOST:]})
        with suppress(OSError), temporary(self._memo.parent.parent) as made:
            made.write_text(text, encoding="utf-8")
            self._memo.parent.mkdir(parents=True, exist_ok=True)
            made.replace(self._memo)
            self._new = False

    def _digest(self, path: str, found: Status) -> str | None:
        known = self._known.get(path)
        if known is None and found[0] >= _WORTH_REMEMBERING:
            known = self._remembered().get(path)
        if known is not None and known[0] == found:
            self._known[path] = known
            return known[1]
        try:
            digest = _content_digest(path)
        except FileNotFoundError:
            return None
        except OSError:
            return UNKNOWN
        after = stamp(path)
        if digest == UNKNOWN or not after or tuple(after[:5]) != found:
            return UNKNOWN
        if not after[5]:
            self._known[path] = found, digest
            self._new = self._new or found[0] >= _WORTH_REMEMBERING
        return digest

    def _remembered(self) -> dict[str, tuple[Status, str]]:
        if self._kept is None:
            self._kept = {}
            with suppress(OSError, ValueError, TypeError, AttributeError):
                found = json.loads(self._memo.read_text(encoding="utf-8"))
                self._kept = {
                    path: (tuple(status), str(digest)) for path, (status, digest) in found.items()
                }
        return self._kept


def _content_digest(path: str) -> str:
    """The digest of a file's bytes; :data:`UNKNOWN` if they are still to come.

    Who reads ``/proc/kmsg``, for one, waits until the system has something to say.
    """
    found = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as file:
        while part := file.read(1 << 18):
            found.update(part)
    return UNKNOWN if part is None else f"sha256:{found.hexdigest()}"


def status_digest(found: Sequence[int]) -> str:
    """A digest of a file's status."""
    return "stat:" + hashlib.sha256(json.dumps(list(found)).encode()).hexdigest()[:32]
