"""The files of a value: on the disk before they count, known by their digests, shared by links."""

from __future__ import annotations

import ctypes
import hashlib
import io
import json
import os
import shutil
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Buffers of that many bytes are worth a thread to hash them.
_LARGE = 8 << 20

#: What a manifest tells of a file: its size in bytes, and its digest as ``algorithm:hex``.
FileEntry = list[int | str]


#: Digests of buffers by address and size, with what owns the memory; see `remembering_buffers`.
_blocks: dict[object, tuple[Any, str]] | None = None

#: Digests of the files that are being made, of those that were hashed on their way.
_hashed: dict[Path, str] = {}

#: The hash algorithms that manifests may name.
ALGORITHMS = "blake3", "sha256"


def new_hash(algorithm: str = "") -> tuple[str, Any]:
    """The name of a hash algorithm and a new hasher of it.

    That is ``algorithm`` if it is given; else what the step context asks for; else ``blake3``,
    several times as fast, where that package is installed; else ``sha256``.

    Raises:
        ImportError: ``blake3`` is asked for and not installed.
    """
    name = algorithm or step_context().get("digest") or "blake3"
    if name == "blake3":
        try:
            from blake3 import blake3

            return name, blake3(max_threads=blake3.AUTO)
        except ImportError:
            if algorithm:
                raise
            name = "sha256"
    return name, hashlib.sha256()


def digest_file(path: Path, algorithm: str = "") -> str:
    """The digest of a file's bytes, as ``algorithm:hex``."""
    name, hasher = new_hash(algorithm)
    if name == "blake3":
        hasher.update_mmap(path)
        return f"{name}:{hasher.hexdigest()}"
    with path.open("rb") as file:
        return f"{name}:{hashlib.file_digest(file, name).hexdigest()}"


def seal(folder: Path) -> dict[str, FileEntry]:
    """Wait until the files of ``folder`` are on the disk; what a manifest tells of each."""
    paths, (algorithm, _) = sorted(folder.iterdir()), new_hash()
    # The disk and the hash work at the same time.
    with ThreadPoolExecutor(4) as pool:
        synced = pool.map(sync, paths)
        entries: dict[str, FileEntry] = {
            path.name: [path.stat().st_size, _hashed.get(path) or digest_file(path, algorithm)]
            for path in paths
        }
        list(synced)
    return entries


def find_fault(path: Path, entry: FileEntry) -> str:
    """How a file differs from what its manifest tells of it; empty if it does not.

    Raises:
        ImportError: its digest is ``blake3``'s, which is not installed here.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return "is missing"
    if size != entry[0]:
        return f"has {size} bytes, not {entry[0]}"
    same = digest_file(path, str(entry[1]).partition(":")[0]) == entry[1]
    return "" if same else "has changed since it was saved"


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class HashedFile(io.RawIOBase):
    """A new file whose bytes are hashed on their way; large buffers are not copied for it."""

    def __init__(self, path: Path, digest: str = "") -> None:
        self.path, self.digest, self.size = path, digest, 0
        self.name, self.hasher = new_hash()
        self.file = path.open("wb", buffering=0)

    def writable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """How many bytes were written."""
        return self.size

    def write(self, data: Any) -> int:
        """Write all of ``data``."""
        left = memoryview(data).cast("B")
        hashing = None
        if not self.digest and len(left) >= _LARGE:
            hashing = threading.Thread(target=self.hasher.update, args=(left,))
            hashing.start()
        elif not self.digest:
            self.hasher.update(left)
        self.size += (size := len(left))
        while left:  # one call of the system writes 2 GiB at most
            left = left[self.file.write(left) :]
        if hashing:
            hashing.join()
        return size

    def close(self) -> None:
        """Close it; its digest need not be computed again."""
        if not self.closed:
            self.file.close()
            _hashed[self.path] = self.digest or f"{self.name}:{self.hasher.hexdigest()}"
        super().close()


def write_buffer(path: Path, buffer: Any, head: bytes = b"") -> None:
    """Write ``head`` and a buffer to a new file."""
    with HashedFile(path, _known(_place(buffer, head))) as file:
        file.write(head)
        file.write(buffer)


def buffer_digest(owner: Any, buffer: Any, head: bytes = b"") -> str:
    """The digest of the file that :func:`write_buffer` would write.

    ``owner`` is what owns the buffer's memory; for as long as it lives, nothing else lies there.
    """
    place = _place(buffer, head)
    digest = _known(place)
    if not digest:
        name, hasher = new_hash()
        hasher.update(head)
        hasher.update(memoryview(buffer).cast("B"))
        digest = f"{name}:{hasher.hexdigest()}"
        if _blocks is not None and place:
            _blocks[place] = weakref.ref(owner), digest
    return digest


@contextmanager
def remembering_buffers() -> Iterator[None]:
    """While it lasts nobody writes to buffers, so that none has to be hashed twice."""
    global _blocks
    _blocks = {}
    try:
        yield
    finally:
        _blocks = None


def forget_buffers() -> None:
    """Code is about to run that may write to buffers after all."""
    if _blocks:
        _blocks.clear()


def _known(place: object) -> str:
    owner, digest = (_blocks or {}).get(place, (None, ""))
    return digest if owner and owner() is not None else ""


def _place(buffer: Any, head: bytes) -> object:
    """Where a buffer lies; the standard library cannot tell the address of any."""
    numpy, raw = sys.modules.get("numpy"), memoryview(buffer).cast("B")
    place = numpy and raw.nbytes and numpy.frombuffer(raw, "u1").ctypes.data
    return (place, raw.nbytes, head) if place else None


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A folder beside ``target`` to work in, gone at the end unless it was moved."""
    target.parent.mkdir(parents=True, exist_ok=True)
    name = f".{target.name}."
    with tempfile.TemporaryDirectory(
        prefix=name, dir=target.parent, ignore_cleanup_errors=True
    ) as made:
        try:
            yield Path(made)
        finally:
            _hashed.clear()


def replace_folder(made: Path, target: Path) -> None:
    """Put a finished folder in the place of ``target``: at any moment one of the two is there."""
    made.chmod(0o755)  # a temporary folder is for its user alone
    if not target.is_dir():
        made.rename(target)
    elif not _exchange(made, target):
        # Only where the system cannot exchange two folders is there a moment without either.
        shutil.rmtree(target)
        made.rename(target)
    sync(target.parent)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one stroke, where the system can: ``renameat2(2)`` of Linux."""
    try:
        call = ctypes.CDLL(None).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    here, exchange = -100, 2
    return bool(call(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0)


def link(names: Iterable[str], source: Path, target: Path) -> None:
    """Give the files of ``source`` to the folder ``target``, as links or else as copies."""
    for name in names:
        try:
            (target / name).hardlink_to(source / name)
        except OSError:
            shutil.copyfile(source / name, target / name)
            sync(target / name)


def step_context() -> dict[str, Any]:
    """What the runner tells this step; empty outside of one."""
    path = os.environ.get("KALE_STEP_CONTEXT")
    return dict(json.loads(Path(path).read_bytes())) if path else {}
