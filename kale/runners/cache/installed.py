"""Which distributions an interpreter has, the modules of each, and what each requires.

Reading that takes a moment for each distribution, so it is remembered until something is installed
or removed, which shows in the names and times of the folders of metadata.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kale.runners.cache.linking import temporary

#: Extras that only those who work on a distribution ask for.
_FOR_DEVELOPERS = re.compile(r"extra\s*==\s*['\"][^'\"]*(test|dev|doc|lint|type|build|ci\b)", re.I)
_REQUIRED = re.compile(r"Requires-Dist:\s*([A-Za-z0-9._-]+)([^\n]*)")
_FINDER_MAPPING = re.compile(r"^MAPPING[^=\n]*=\s*(\{.*?\})\s*$", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Distribution:
    """``version`` tells builds of one version apart; ``metadata`` is a file that goes with it.

    ``optional`` are what its extras require, but those for its own developers.
    """

    name: str
    version: str
    metadata: str
    requires: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


@dataclass(slots=True)
class Installed:
    """The distributions in some folders, by name and by top-level module.

    ``paths`` and ``packages`` are what editable installs add: folders of modules, and the
    places of single ones by name.
    """

    distributions: dict[str, Distribution] = field(default_factory=dict)
    modules: dict[str, list[str]] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    packages: dict[str, str] = field(default_factory=dict)

    def of_modules(self, modules: Iterable[str]) -> dict[str, Distribution]:
        """The distributions that have one of these top-level modules, and all they require.

        What a module's own distribution can use counts, if it is installed.
        """
        waiting = [name for module in modules for name in self.modules.get(module, ())]
        own = [self.distributions[name] for name in waiting if name in self.distributions]
        waiting += [name for one in own for name in one.optional]
        found: dict[str, Distribution] = {}
        while waiting:
            one = self.distributions.get(waiting.pop())
            if one is not None and one.name not in found:
                found[one.name] = one
                waiting.extend(one.requires)
        return found


def site_folders(path: Iterable[str] = sys.path) -> list[str]:
    """Those folders of a ``sys.path`` that packages are installed in."""
    ends = "site-packages", "dist-packages"
    return [folder for folder in dict.fromkeys(path) if folder.endswith(ends)]


def read_installed(folders: Iterable[str], memo: Path) -> Installed:
    """What is installed in ``folders``, remembered in the file ``memo`` if that can be written."""
    state, metadata, paths = _look(folders)
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        known = json.loads(memo.read_text(encoding="utf-8"))
        if known["state"] == state:
            return _from_json(known)
    made = Installed()
    for folder in metadata:
        with suppress(OSError):
            _add(made, folder)
    for path in paths:
        with suppress(OSError, ValueError, SyntaxError):
            _add_editable(made, path)
    with suppress(OSError), temporary(memo.parent.parent) as new:
        new.write_text(json.dumps(_as_json(made, state)), encoding="utf-8")
        memo.parent.mkdir(parents=True, exist_ok=True)
        new.replace(memo)
    return made


def _look(folders: Iterable[str]) -> tuple[str, list[Path], list[Path]]:
    """A digest of what is there; the folders of metadata; what editable installs have left."""
    seen, metadata, paths = [], [], []
    for folder in folders:
        try:
            found = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in found:
            name = entry.name
            if name.endswith((".dist-info", ".egg-info")):
                metadata.append(Path(entry.path))
            elif name.endswith(".pth") or name.startswith("__editable__"):
                paths.append(Path(entry.path))
            else:
                continue
            with suppress(OSError):
                seen.append((entry.path, entry.stat().st_mtime_ns))
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest(), metadata, paths


def _add(made: Installed, folder: Path) -> None:
    """Read one distribution; the first of a name is the one that is imported."""
    metadata = folder / "METADATA"
    if not metadata.is_file():
        metadata = folder / "PKG-INFO" if folder.is_dir() else folder
    head = metadata.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    fields = dict(re.findall(r"^(Name|Version):\s*(\S+)", head, re.M))
    name = _normal(fields.get("Name", folder.name.partition("-")[0]))
    if name in made.distributions:
        return
    record = folder / "RECORD"
    if record.is_file():
        content = record.read_bytes()
        build = hashlib.sha256(content).hexdigest()[:8]
    else:
        content, build = b"", f"{metadata.stat().st_mtime_ns:x}"[-8:]
    required = _REQUIRED.findall(head)
    requires = {_normal(one) for one, more in required if "extra" not in more}
    optional = {_normal(one) for one, more in required if not _FOR_DEVELOPERS.search(more)}
    version = f"{fields.get('Version', '?')} #{build}"
    made.distributions[name] = Distribution(
        name, version, str(metadata), tuple(sorted(requires)), tuple(sorted(optional - requires))
    )
    for module in _modules(folder, content.decode(errors="replace")):
        made.modules.setdefault(module, []).append(name)


def _modules(folder: Path, record: str) -> set[str]:
    """The top-level modules of a distribution."""
    modules = set()
    for line in record.splitlines():
        top, slash, _ = line.partition("/")
        if slash and "." not in top:
            modules.add(top)
        elif not slash:
            name, dot, ending = top.partition(",")[0].partition(".")
            if dot and ending.endswith(("py", "so", "pyd")):
                modules.add(name)
    with suppress(OSError):
        modules.update((folder / "top_level.txt").read_text(encoding="utf-8").split())
    return modules - {"__pycache__", ""}


def _add_editable(made: Installed, path: Path) -> None:
    """What a ``.pth`` file or a finder of setuptools adds to the modules."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        if found := _FINDER_MAPPING.search(text):
            made.packages.update({str(k): str(v) for k, v in ast.literal_eval(found[1]).items()})
        return
    for line in text.splitlines():
        folder = path.parent / line.strip()
        if line.strip() and not line.startswith(("import ", "import\t", "#")) and folder.is_dir():
            made.paths.append(str(folder))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _as_json(made: Installed, state: str) -> dict[str, Any]:
    return {
        "state": state,
        "distributions": [
            [one.name, one.version, one.metadata, one.requires, one.optional]
            for one in made.distributions.values()
        ],
        "modules": made.modules,
        "paths": made.paths,
        "packages": made.packages,
    }


def _from_json(known: Mapping[str, Any]) -> Installed:
    distributions = [
        Distribution(name, version, metadata, tuple(requires), tuple(optional))
        for name, version, metadata, requires, optional in known["distributions"]
    ]
    return Installed(
        {one.name: one for one in distributions},
        known["modules"],
        known["paths"],
        known["packages"],
    )
