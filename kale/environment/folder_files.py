"""The files below the notebook's folder that may be sent away: never a thing outside of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from kale.errors import PackageError

#: Of one tree, only so many files.
_MOST = 10_000


class NotebookFolder:
    """The folder that a notebook lies in; paths in it are relative, with slashes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        self._real = Path(os.path.realpath(folder))

    def holds(self, path: PurePosixPath) -> bool:
        """Whether a path, links followed, ends inside of the folder."""
        return Path(os.path.realpath(self.path / path)).is_relative_to(self._real)

    def below(self, top: PurePosixPath, *, hidden: bool = False) -> Iterator[PurePosixPath]:
        """The files in a folder and the folders in it, sorted by name; links are followed.

        Left out are ``__pycache__`` and, unless ``hidden``, all whose name starts with a dot.

        Raises:
            PackageError: a link leaves the notebook's folder, or there are too many files.
        """
        waiting, seen, count = [top], set[str](), 0
        while waiting:
            folder = waiting.pop()
            self.check(folder)
            real = os.path.realpath(self.path / folder)
            if real in seen:
                continue
            seen.add(real)
            names = sorted(entry.name for entry in self._entries(folder))
            folders = []
            for name in names:
                if name == "__pycache__" or (name.startswith(".") and not hidden):
                    continue
                path = folder / name
                if (self.path / path).is_dir():
                    folders.append(path)
                    continue
                count += 1
                if count > _MOST:
                    raise _cannot_travel(top, f"holds more than {_MOST} files")
                yield path
            waiting += reversed(folders)

    def read(self, path: PurePosixPath) -> bytes:
        """What a file holds.

        Raises:
            PackageError: it is none, cannot be read, or is a link that leaves the folder.
        """
        self.check(path)
        file = self.path / path
        if not file.is_file():
            raise _cannot_travel(path, "is no regular file")
        try:
            return file.read_bytes()
        except OSError as error:
            raise _cannot_travel(path, f"cannot be read: {error.strerror}") from error

    def check(self, path: PurePosixPath) -> None:
        """Refuse a path that ends outside of the folder.

        Raises:
            PackageError: a link leads there.
        """
        if not self.holds(path):
            raise _cannot_travel(path, "is a link to a place outside of the notebook's folder")

    def _entries(self, folder: PurePosixPath) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.path / folder) as entries:
                return list(entries)
        except OSError as error:
            raise _cannot_travel(folder, f"cannot be read: {error.strerror}") from error


def _cannot_travel(path: PurePosixPath, why: str) -> PackageError:
    return PackageError(
        "KALE426",
        f"`{path}` would travel with the package, and {why}",
        hint="put a copy of what is needed beside the notebook, or build an image that holds it",
    )
