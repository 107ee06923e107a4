"""The modules that are no installed ones: beside the notebook, on PYTHONPATH, editable installs.

Of a package all files of Python count, whichever of them are imported, so that neither relative
imports nor names made at run time can be missed.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from kale.runners.cache.cell_code import CellCode, read_text

#: Of a larger tree, only so many files.
_MOST = 5000

#: What steps import of Kale itself.
_SDK = Path(__file__).parents[2] / "sdk"
_OF_KALE = {str(_SDK / "container_step.py"), str(_SDK / "tracking.py")}

_SKIPPED = {"__pycache__", ".git", ".kale", ".ipynb_checkpoints", "node_modules"}

#: Binary modules count by their bytes; nothing is read from them.
_BINARY = ".so", ".pyd"


@dataclass(slots=True)
class LocalCode:
    """What some imports come to: ``files`` by absolute path, the code in each.

    ``others`` are top-level modules that are imported and not local.
    """

    files: dict[str, CellCode] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)


class LocalModules:
    """Finds local modules as the step's interpreter would, in ``folders`` and by ``packages``.

    What it has found and read, it knows until it is thrown away.
    """

    def __init__(self, folders: Iterable[str], packages: Mapping[str, str]) -> None:
        self._folders, self._packages = [*dict.fromkeys(folders)], packages
        self._found: dict[str, tuple[str, ...]] = {}
        self._read: dict[tuple[str, int, int], CellCode] = {}

    def code_of(self, modules: Iterable[str], scripts: Iterable[str] = ()) -> LocalCode:
        """The local code behind dotted names and scripts, and behind what that imports in turn."""
        made = LocalCode()
        waiting = [name.partition(".")[0] for name in modules]
        known = set()
        self._take(scripts, made, waiting)
        while waiting:
            top = waiting.pop()
            if top in known:
                continue
            known.add(top)
            files = self._files_of(top)
            if not files:
                made.others.add(top)
            self._take(files, made, waiting)
        return made

    def _take(self, files: Iterable[str], made: LocalCode, waiting: list[str]) -> None:
        for path in files:
            if path not in made.files:
                made.files[path] = code = self._code(path)
                waiting.extend(name.partition(".")[0] for name in code.modules)

    def _files_of(self, top: str) -> tuple[str, ...]:
        """The files of a top-level module; none if it is not local."""
        if top not in self._found:
            found: tuple[str, ...] = ()
            for folder in self._folders:
                found = _in_folder(folder, top)
                if found:
                    break
            if not found and top in self._packages:
                path = self._packages[top]
                found = _tree(path) if os.path.isdir(path) else (path,)  # noqa: PTH112 - text
            # Of an editable Kale, steps run only some modules.
            self._found[top] = tuple(path for path in found if path in _OF_KALE) or found
        return self._found[top]

    def _code(self, path: str) -> CellCode:
        try:
            status = Path(path).stat()
            key = path, status.st_mtime_ns, status.st_ctime_ns
            if key not in self._read:
                binary = path.endswith(_BINARY)
                text = "" if binary else Path(path).read_text(encoding="utf-8", errors="replace")
                self._read[key] = read_text(text)
                _forget_older_byte_code(Path(path), status)
            return self._read[key]
        except OSError:
            return read_text("")


def _forget_older_byte_code(source: Path, status: os.stat_result) -> None:
    """Remove byte code that is older than its source, and that Python may yet take for its own.

    Python compares whole seconds and sizes, so it may run what a file held before a quick edit;
    a step's values would then be kept as those of the text that the file holds now.
    """
    for kept in (source.parent / "__pycache__").glob(f"{glob.escape(source.stem)}.*.pyc"):
        with suppress(OSError):  # a folder that cannot be written
            if kept.stat().st_mtime_ns < status.st_ctime_ns:
                kept.unlink()


def _in_folder(folder: str, top: str) -> tuple[str, ...]:
    package = f"{folder}/{top}"
    with suppress(OSError, ValueError):
        if os.path.isdir(package):  # noqa: PTH112 - text
            files = _tree(package)
            if files:
                return files
        if os.path.isfile(f"{package}.py"):  # noqa: PTH113 - text
            return (f"{package}.py",)
        return tuple(
            entry.path
            for entry in os.scandir(folder)
            if entry.name.startswith(f"{top}.") and entry.name.endswith(_BINARY)
        )
    return ()


def _tree(package: str) -> tuple[str, ...]:
    files: list[str] = []
    for folder, folders, names in os.walk(package):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        ours = (name for name in sorted(names) if name.endswith((".py", *_BINARY)))
        files.extend(f"{folder}/{name}" for name in ours)
        if len(files) > _MOST:
            break
    return tuple(files[:_MOST])
