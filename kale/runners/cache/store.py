"""The store of saved values: each file once, under the digest of its bytes, shared by links.

::

    files/<algorithm>/<ab>/<rest>   the entries: read-only, never written to once they are there
    runs/<key>                      symbolic links to the run directories that put files here
    tmp/                            copies that are not finished
    lock                            held for the moments in which an entry comes, goes or is linked

An entry and the files of the runs that hold it are one file of several names, so that an entry
with a single name is held by nobody. Each step of each change is atomic: whatever is killed when,
the store stays valid. Any number of runs and of ``kale cache`` may be at it at once.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kale.runners.cache.linking import (
    copied,
    copy,
    link_or_clone,
    locked,
    remove_abandoned,
    temporary,
)
from kale.runners.cache.sealing import (
    break_seal,
    demand,
    is_sealed,
    matches,
    protect,
    refresh,
    split_digest,
)

#: Seconds in which an entry that nobody holds is not garbage.
GRACE = 3600.0

#: Files up to this many bytes are checked whenever they are put.
_CHEAP_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the store: ``size`` in bytes, ``age`` in seconds since it was put or linked last.

    ``holders`` counts its links outside of the store.
    """

    digest: str
    path: Path
    size: int
    age: float
    holders: int


class Store:
    """The store in the folder ``root``, which is made when the first file is put.

    A digest is ``algorithm:hex``; every method that takes one raises ``ValueError`` if it is not.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    # ---------------------------------------------------------------- files in and out

    def has(self, digest: str) -> bool:
        """Whether the store has the bytes of that digest, with the seal on them unbroken."""
        return self._sound(digest) is not None

    def put(self, path: Path, digest: str) -> None:
        """Take in a file that nobody will write to again, and whose digest is known.

        If the store has its bytes, ``path`` becomes a link to them, or shares their blocks, or
        stays as it is, whatever the file systems allow; if not, it is linked or copied.
        ``path`` exists at every moment and may be read-only afterwards.

        Raises:
            OSError: the store cannot be written; it is as valid as before.
            ValueError: the file is not what its digest says, and was not taken.
        """
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{path} is no file")
        if status.st_size <= _CHEAP_BYTES:
            with suppress(ImportError):
                demand(path, digest)
        with locked(self.root):
            if self._share(path, digest):
                return
            protect(path, digest)
            with suppress(OSError):
                os.link(path, self._room_for(digest), follow_symlinks=False)
                return
        # Not under the lock: this takes as long as the file is large.
        with copied(path, self.root) as made:
            protect(made, digest)
            with locked(self.root):
                if not self._share(path, digest):
                    made.replace(self._room_for(digest))

    def link(self, digest: str, target: Path) -> None:
        """Make ``target``, which does not exist, a file of those bytes: by a link if one can be.

        Raises:
            FileNotFoundError: the store has no sound file of that digest.
            OSError: ``target`` exists or cannot be written; there is no half of it.
        """
        with locked(self.root):
            if self._sound(digest) is None:
                raise FileNotFoundError(errno.ENOENT, f"not in the store {self.root}", digest)
            entry = self.path_of(digest)
            refresh(entry, digest)
            with suppress(OSError):
                os.link(entry, target)
                return
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        part = target.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with part.open("xb") as file:
                copy(entry, file)
            protect(part, digest)
            part.rename(target)
        finally:
            part.unlink(missing_ok=True)

    def _share(self, path: Path, digest: str) -> bool:
        """Make ``path`` a link to the entry; whether there is a sound one. To be called locked."""
        found, own, entry = self._sound(digest), path.stat(), self.path_of(digest)
        if found is None:
            if os.path.lexists(entry):  # damaged, and this one had better not be
                demand(path, digest)
                entry.unlink()
            return False
        if found.st_size != own.st_size:
            demand(path, digest)
            entry.unlink()
            return False
        if not os.path.samestat(found, own):
            # Across file systems neither is possible: the run keeps its own.
            with suppress(OSError), temporary(self.root) as new:
                link_or_clone(entry, new)
                new.replace(path)
        refresh(entry, digest)
        return True

    # ---------------------------------------------------------------------- the entries

    def path_of(self, digest: str) -> Path:
        """Where the entry of that digest is, if it is."""
        algorithm, digits = split_digest(digest)
        return Path(f"{self.root}/files/{algorithm}/{digits[:2]}/{digits[2:]}")

    def entries(self) -> Iterator[Entry]:
        """The entries by algorithm and digest; whatever else lies there is left out."""
        for algorithm in ("blake3", "sha256"):
            for folder in _listed(self.root / "files" / algorithm):
                for path in _listed(folder):
                    with suppress(ValueError):
                        found = self._entry(f"{algorithm}:{folder.name}{path.name}")
                        if found is not None:
                            yield found

    def remove(self, digest: str, *, held: bool = False, older_than: float = 0) -> int | None:
        """Take an entry out, one that is ``held`` only if asked to; its holders keep the bytes.

        Returns the bytes that this frees, or ``None`` if the entry stays: it is gone already,
        is held, or its age is less than ``older_than`` seconds.

        Raises:
            OSError: the store cannot be written.
        """
        with locked(self.root):
            found = self._entry(digest)
            if found is None or found.age < older_than or (found.holders and not held):
                return None
            found.path.unlink()
            return 0 if found.holders else found.size

    def is_damaged(self, digest: str) -> bool | None:
        """Whether an entry's bytes are others than its digest says; ``None`` if it is gone.

        One that is damaged is not used any more, and the next :meth:`put` replaces it.

        Raises:
            ImportError: its algorithm is not installed here.
            OSError: it cannot be read.
        """
        path = self.path_of(digest)
        try:
            while True:
                before = path.stat()
                damaged = not matches(path, digest)
                # Unless another file was put in its place meanwhile.
                if os.path.samestat(before, path.stat()):
                    break
            if damaged:
                break_seal(path)
        except FileNotFoundError:
            return None
        return damaged

    def clean(self) -> int:
        """Remove copies that nobody will finish, links to runs that are gone, and empty folders.

        Returns the bytes that this frees.
        """
        freed = 0
        if not self.root.is_dir():
            return freed
        with locked(self.root):
            for path in _listed(self.root / "tmp"):
                freed += remove_abandoned(path)
            for link in _listed(self.root / "runs"):
                if link.is_symlink() and not link.exists():
                    link.unlink(missing_ok=True)
            for algorithm in _listed(self.root / "files"):
                for folder in _listed(algorithm):
                    with suppress(OSError):
                        folder.rmdir()
        return freed

    # ------------------------------------------------------------------------- the runs

    def add_run(self, run: Path) -> None:
        """Remember that a run directory holds files of the store.

        Raises:
            OSError: the store cannot be written.
        """
        run, folder = run.absolute(), self.root / "runs"
        folder.mkdir(parents=True, exist_ok=True)
        # Relative within one `.kale`, so that the project can be moved.
        near = run.is_relative_to(self.root.parent)
        target = os.path.relpath(run, folder) if near else str(run)
        with suppress(FileExistsError):
            (folder / hashlib.sha256(bytes(run)).hexdigest()[:32]).symlink_to(target)

    def runs(self) -> list[Path]:
        """The run directories that put files here and are still there, by path."""
        links = (link for link in _listed(self.root / "runs") if link.is_symlink())
        return sorted({link.resolve() for link in links if link.is_dir()})

    # ---------------------------------------------------------------------------- parts

    def _entry(self, digest: str) -> Entry | None:
        path = self.path_of(digest)
        try:
            status = path.lstat()
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        age = max(time.time() - status.st_mtime, 0.0)
        return Entry(digest, path, status.st_size, age, status.st_nlink - 1)

    def _sound(self, digest: str) -> os.stat_result | None:
        """The status of an entry that can be trusted, by its seal or else by its bytes."""
        path = self.path_of(digest)
        try:
            status = path.lstat()
            sound = stat.S_ISREG(status.st_mode) and (
                is_sealed(status, digest) or matches(path, digest)
            )
        except (OSError, ImportError):
            return None
        return status if sound else None

    def _room_for(self, digest: str) -> Path:
        path = self.path_of(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
