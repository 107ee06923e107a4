"""Where the code of a module stands on this machine, found without running any of it.

``importlib.util.find_spec`` imports the parents of a dotted name; here each part is looked up in
the folders of the one before, as the import system's path finder does (language reference,
section 5.5). Modules that other finders provide are not found.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ModuleSpec, PathFinder
from pathlib import Path

from kale.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ModuleFile:
    """A module's file; ``package`` is its own name if it is one, and else that of its parent.

    ``folders`` hold the submodules of a package, and are empty for a module that is none.
    """

    name: str
    path: Path
    folders: tuple[str, ...] = ()

    @property
    def package(self) -> str:
        """What the relative imports of the module start from."""
        return self.name if self.folders else self.name.rpartition(".")[0]

    @property
    def is_source(self) -> bool:
        """Whether the file holds Python's text; it is machine code otherwise."""
        return self.path.name.endswith(tuple(SOURCE_SUFFIXES))

    @property
    def stub(self) -> Path:
        """Where a stub stands that describes the module (PEP 484), if it has one."""
        return self.path.with_name(self.path.name.partition(".")[0] + ".pyi")

    def submodules(self) -> frozenset[str]:
        """The names of the modules and packages in a package's folders."""
        found: set[str] = set()
        for folder in self.folders:
            for entry in os.scandir(folder):
                name, dot, suffix = entry.name.partition(".")
                if _is_code(suffix) if dot else entry.is_dir() and _holds_source(entry.path):
                    found.add(name)
        return frozenset(name for name in found if name.isidentifier())


def _is_code(suffix: str) -> bool:
    return f".{suffix}" in (*SOURCE_SUFFIXES, *EXTENSION_SUFFIXES)


def _holds_source(folder: str) -> bool:
    return any(entry.name.endswith(tuple(SOURCE_SUFFIXES)) for entry in Path(folder).iterdir())


def find_module(module: str, folder: Path) -> ModuleFile | None:
    """The file that a notebook in ``folder`` imports for a dotted name, or ``None``.

    A kernel looks in the notebook's folder first. Not so for what it has loaded before: a module
    there with the name of one of the language's own may be either.
    """
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    here = str(folder.resolve())
    if parts[0] in sys.stdlib_module_names and _found(parts[0], [here]) is not None:
        return None
    way = modules_on_way(module, [here, *search_path()])
    return way[-1] if len(way) == len(parts) else None


def modules_on_way(module: str, path: Iterable[str]) -> list[ModuleFile | None]:
    """Each module on the way to a dotted name, as far as there are any.

    One that has no file of its own, such as a namespace package, is ``None``.
    """
    way: list[ModuleFile | None] = []
    search, name = [*path], ""
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        spec = _found(name, search) if part.isidentifier() else None
        if spec is None:
            break
        search = list(spec.submodule_search_locations or ())
        has_file = spec.origin is not None and spec.has_location
        way.append(ModuleFile(name, Path(spec.origin or ""), tuple(search)) if has_file else None)
    return way


def _found(name: str, search: list[str]) -> ModuleSpec | None:
    try:
        spec = PathFinder.find_spec(name, search)
        if spec is not None and spec.submodule_search_locations is not None:
            spec.submodule_search_locations = list(spec.submodule_search_locations)
    except KeyError:  # a namespace package inside of another asks for that, which is not imported
        leaf = name.rpartition(".")[2]
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [
            f"{folder}/{leaf}" for folder in search if Path(folder, leaf).is_dir()
        ]
    return spec


def search_path() -> list[str]:
    """The path of modules here without what belongs to the program that runs: no kernel has it."""
    if sys.flags.safe_path or not sys.path:
        return list(sys.path)
    program = getattr(sys.modules.get("__main__"), "__file__", None)
    own = {"", str(Path.cwd())} | ({str(Path(program).parent.resolve())} if program else set())
    return sys.path[1:] if sys.path[0] in own else list(sys.path)
