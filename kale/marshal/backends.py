"""How a value becomes files: chosen by its exact type, never by its name.

A backend is a row of :data:`BACKENDS`; :func:`choose` picks it. A library is imported only by
the backend of one of its objects.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from . import pickling

#: Opens a new file of the value by its name.
Create = Callable[[str], "HashedFile"]


class Backend(Protocol):
    """Writes a value into a directory, and reads it back exactly as it was."""

    def save(self, value: Any, create: Create) -> None:
        """Write the value into files that ``create`` opens by name."""

    def load(self, directory: Path) -> Any:
        """Read the value whose files, verified, lie in ``directory``."""


class HashedFile:
    """A file that is written once: it counts and digests its bytes, and ends on the disk."""

    def __init__(self, path: Path) -> None:
        self._file, self._sha256 = path.open("wb"), hashlib.sha256()

    def write(self, data: Any) -> int:
        """Append bytes, or any buffer in one piece; their number."""
        self._sha256.update(data)
        return self._file.write(data)

    def close(self) -> dict[str, Any]:
        """Flush to the disk and close; what a manifest tells of the file."""
        with self._file:
            self._file.flush()
            os.fsync(self._file.fileno())
            return {"bytes": self._file.tell(), "sha256": self._sha256.hexdigest()}


class NumpyBackend:
    """NumPy arrays as ``.npy``, without pickle; a loaded array can be written to."""

    def save(self, value: Any, create: Create) -> None:
        """Write ``value.npy``."""
        import numpy as np

        np.lib.format.write_array(create("value.npy"), value, allow_pickle=False)

    def load(self, directory: Path) -> Any:
        """Read ``value.npy``."""
        import numpy as np

        return np.load(directory / "value.npy", allow_pickle=False)


class PickleBackend:
    """Everything else: pickle protocol 5, with large buffers and class definitions beside it.

    ``buffers.bin`` holds their number and lengths, 64 bit little endian, then the buffers,
    each at a multiple of 64 bytes, which suits every CPU.
    """

    def save(self, value: Any, create: Create) -> None:
        """Write ``value.pkl``, and the other files where they are needed."""
        buffers = [buffer.raw() for buffer in pickling.dump(value, create)]
        if buffers:
            file, sizes = create("buffers.bin"), [buffer.nbytes for buffer in buffers]
            position = file.write(struct.pack(f"<{len(sizes) + 1}Q", len(sizes), *sizes))
            for buffer in buffers:
                position += file.write(bytes(-position % 64)) + buffer.nbytes
                file.write(buffer)

    def load(self, directory: Path) -> Any:
        """Read the value; its buffers can be written to."""
        buffers = []
        with contextlib.ExitStack() as stack:
            files = {p.name: stack.enter_context(p.open("rb")) for p in directory.iterdir()}
            if file := files.get("buffers.bin"):
                (count,) = struct.unpack("<Q", file.read(8))
                for size in struct.unpack(f"<{count}Q", file.read(8 * count)):
                    file.seek(-file.tell() % 64, os.SEEK_CUR)
                    buffers.append(bytearray(size))
                    file.readinto(buffers[-1])
            return pickling.load(files["value.pkl"], buffers, files.get("classes.pkl"))


#: The backends by the names that manifests hold.
BACKENDS: dict[str, Backend] = {"numpy": NumpyBackend(), "pickle": PickleBackend()}


def choose(value: Any) -> str:
    """Name the backend for the value, by its exact type."""
    is_array = pickling.qualified_type(value) == "numpy.ndarray"
    # Other kinds, and annotated types, do not survive the format's header.
    fits = is_array and value.dtype.kind in "?biufcmMSU" and value.dtype.metadata is None
    return "numpy" if fits else "pickle"


def write_files(directory: Path, value: object, backend: str) -> dict[str, dict[str, Any]]:
    """Save ``value`` into ``directory``; the manifest's entries of the files, by name."""
    files: dict[str, HashedFile] = {}

    def create(name: str) -> HashedFile:
        # Opening a file again begins it anew; what the first one still holds must be out.
        if name in files:
            files[name].close()
        files[name] = HashedFile(directory / name)
        return files[name]

    try:
        BACKENDS[backend].save(value, create)
    finally:
        entries = {name: files[name].close() for name in sorted(files)}
    return entries
