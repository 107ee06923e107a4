"""Which distribution the file of an installed module belongs to, and in which version it is here.

The files that each distribution says it has installed decide (``RECORD``, PEP 376), never a name:
a module and a distribution of one name may be different people's. Reading all of those files takes
some milliseconds, so nothing is remembered between processes: what a pod installs must not depend
on a file that somebody else may have written.
"""

from __future__ import annotations

import functools
import os
import re
from contextlib import suppress
from dataclasses import field
from pathlib import Path

from kale.dataclass import dataclass
from kale.module_files import ModuleFile, modules_on_way

_NAME = re.compile(r"^Name:[ \t]*([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)[ \t]*\r?$", re.A | re.M)
_VERSION = re.compile(r"^Version:[ \t]*([0-9][\w.!+-]*)[ \t]*\r?$", re.A | re.M)

_METADATA = (".dist-info", ".egg-info")

#: Folders in which a system's own packages do not list their files; elsewhere such metadata is
#: that of a source folder.
_SYSTEM = ("site-packages", "dist-packages")

#: What :pep:`610` calls the ways to install what is in no index.
_ORIGINS = {"vcs_info": "a repository", "archive_info": "an archive", "dir_info": "a folder"}


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed distribution; ``origin`` says where it came from if that was no index."""

    name: str
    version: str
    origin: str = ""

    @property
    def project(self) -> str:
        """The name as indexes compare it (PEP 503)."""
        return project(self.name)


@dataclass(frozen=True, slots=True)
class Owners:
    """What is known of a dotted name that is imported.

    ``installed`` tells whether it is here at all, ``distributions`` are those that the modules on
    the way to it belong to, ``outside`` is the file or folder of one that belongs to none.
    """

    installed: bool
    distributions: tuple[Distribution, ...] = ()
    outside: str = ""


@functools.lru_cache(maxsize=4096)
def project(requirement: str) -> str:
    """The project that a requirement names, as :pep:`503` writes it."""
    name = re.match(r"[-\w.]+", requirement)
    return re.sub(r"[-_.]+", "-", name[0]).lower() if name else requirement


@dataclass(slots=True)
class _Metadata:
    """The folder or file in which an installed distribution says what it is."""

    path: str
    project: str
    _record: bytes | None = None
    _read: tuple[Distribution | None, ...] = ()

    @property
    def record(self) -> bytes:
        """The list of what was installed, a line each after a newline; empty if there is none."""
        if self._record is None:
            self._record = b""
            with suppress(OSError), open(f"{self.path}/RECORD", "rb") as file:  # noqa: PTH123 - twice as fast
                self._record = b"\n" + file.read()
        return self._record

    @property
    def distribution(self) -> Distribution | None:
        """What it says; ``None`` if that is not enough."""
        if not self._read:
            self._read = (_read(Path(self.path)),)
        return self._read[0]


@dataclass(frozen=True, slots=True)
class InstalledModules:
    """The modules on a ``sys.path``, looked up when they are asked for."""

    path: tuple[str, ...]
    _folders: dict[str, list[_Metadata]] = field(default_factory=dict)
    _tops: dict[tuple[str, str], list[_Metadata]] = field(default_factory=dict)
    _owners: dict[Path, Distribution | None] = field(default_factory=dict)
    _known: dict[str, Owners] = field(default_factory=dict)

    def owners(self, name: str) -> Owners:
        """The distributions of all that importing a dotted name runs.

        A namespace package alone is nobody's: it is installed, and belongs to none.
        """
        if name not in self._known:
            self._known[name] = self._find(name)
        return self._known[name]

    def _find(self, name: str) -> Owners:
        way = modules_on_way(name, self.path)
        files = [module for module in way if module is not None]
        if not way:
            finder = self._finder(name.partition(".")[0])
            return Owners(bool(finder), outside=finder)
        if len(way) <= name.count(".") and way[-1] is None:
            return Owners(installed=False)  # a namespace package has modules and nothing else
        found = {module: self._owner(module) for module in files}
        outside = next((str(module.path) for module in files if found[module] is None), "")
        return Owners(
            True, tuple({one.project: one for one in found.values() if one}.values()), outside
        )

    def distribution(self, wanted: str) -> Distribution | None:
        """The distribution of a project, as :func:`project` writes it, if it is installed."""
        every = (one for folder in self.path for one in self._listed(folder))
        return next((one.distribution for one in every if one.project == wanted), None)

    def _listed(self, folder: str) -> list[_Metadata]:
        """The distributions in a folder of modules."""
        if folder not in self._folders:
            names: list[str] = []
            with suppress(OSError):
                names = sorted(os.listdir(folder))  # noqa: PTH208 - names are wanted
            self._folders[folder] = [
                _Metadata(f"{folder}/{name}", project(name.partition("-")[0]))
                for name in names
                if name.endswith(_METADATA)
            ]
        return self._folders[folder]

    def _owner(self, module: ModuleFile) -> Distribution | None:
        """The distribution that lists the file of a module."""
        if module.path not in self._owners:
            top = module.name.partition(".")[0]
            up = module.name.count(".") + bool(module.folders) + 1
            folder = str(module.path).rsplit(os.sep, up)[0]
            line = module.path.relative_to(folder).as_posix()
            found = self._holder(top, folder, f"\n{line},".encode(), module.path)
            self._owners[module.path] = found.distribution if found else None
        return self._owners[module.path]

    def _holder(self, top: str, folder: str, line: bytes, file: Path) -> _Metadata | None:
        every, name = self._listed(folder), project(top)
        # One called as its module mostly is the one; that it lists the file decides, though.
        holders = [one for one in every if one.project == name and line in one.record]
        if not holders:
            if (top, folder) not in self._tops:
                start = b"\n" + top.encode()
                self._tops[top, folder] = [one for one in every if start in one.record]
            holders = [one for one in self._tops[top, folder] if line in one.record]
        if len(holders) > 1:
            mark = line + _hash(file)
            holders = [one for one in holders if mark in one.record] or holders
        if not holders and folder.endswith(_SYSTEM):
            holders = [one for one in every if not one.record and top in _top_level(Path(one.path))]
        return holders[0] if holders else None

    def _finder(self, top: str) -> str:
        """The file in which an editable installation says where a module is, if one does."""
        quoted = re.compile(rf"['\"]{re.escape(top)}['\"]")
        for folder in self.path:
            with suppress(OSError):
                for file in sorted(Path(folder).glob("*editable*.py")):
                    if quoted.search(file.read_text(encoding="utf-8", errors="replace")):
                        return str(file)
        return ""


def _hash(file: Path) -> bytes:
    """A file's digest as ``RECORD`` has it."""
    import base64
    import hashlib

    digest = base64.urlsafe_b64encode(hashlib.sha256(file.read_bytes()).digest())
    return b"sha256=" + digest.rstrip(b"=") + b","


def _top_level(metadata: Path) -> list[str]:
    with suppress(OSError):
        return (metadata / "top_level.txt").read_text(encoding="utf-8").split()
    return []


def _read(metadata: Path) -> Distribution | None:
    """Name, version and origin of a distribution; ``None`` if it does not tell them."""
    for file in (metadata / "METADATA", metadata / "PKG-INFO", metadata):
        if file.is_file():
            text = file.read_bytes()[:4096].decode("utf-8", "replace")
            name, version = _NAME.search(text), _VERSION.search(text)
            if name and version:
                return Distribution(name[1], version[1], _origin(metadata))
    return None


def _origin(metadata: Path) -> str:
    """What a distribution was installed from, if that was no index."""
    file = metadata / "direct_url.json"
    if not file.is_file():
        return ""
    with suppress(OSError):
        # Packages of conda still name the folder that they were built in.
        if (metadata / "INSTALLER").read_text(encoding="utf-8").strip() == "conda":
            return ""
    with suppress(OSError, ValueError, TypeError):
        import json

        found = json.loads(file.read_text(encoding="utf-8"))
        return next((words for key, words in _ORIGINS.items() if key in found), "an address")
    return "an address"
