"""Which names a star import brings in, read from the module's file without running it.

Code does not run because a notebook names it. The exceptions are modules of the language itself
that are no Python text: ``math`` and the like are asked what they hold. What cannot be read for
sure stays unknown, and KALE310 says so: names bound under a condition, a computed ``__all__``, a
module that Kale's own Python does not have. A step that reads a builtin below such an import in
another step is given the import too, as the name may be the module's by then. Known gaps: a file
that the notebook writes before it imports it, and folders that it puts on ``sys.path``.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
import warnings
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from kale.dataclass import dataclass
from kale.module_files import ModuleFile, find_module
from kale.static_analysis.binding import imported_name
from kale.static_analysis.imports.module_all import all_of, all_of_stub, computed_once, mentions_all
from kale.static_analysis.imports.module_names import UnknownNamesError, public_names

#: Bytes beyond which a file is left unread.
MAX_BYTES = 2_000_000

#: Modules that Python itself has run when it starts; much in them depends on the machine.
_RUN_AT_START = frozenset({"os", "os.path", "sys"})


def star_names(module: str, folder: Path) -> frozenset[str] | None:
    """The names that ``from module import *`` binds in a notebook in ``folder``.

    ``None`` when they cannot be told.
    """
    try:
        return _names(module, folder, frozenset())
    except (UnknownNamesError, OSError, RecursionError):
        return None


def spell_out(nodes: Iterable[ast.AST], folder: Path) -> None:
    """Put the names that star imports bring in place of the stars, in all nodes of a notebook.

    Unknown ones, and those that bring nothing, stay stars.
    """
    known: dict[str, frozenset[str] | None] = {}
    for node in nodes:
        if not isinstance(node, ast.ImportFrom) or node.names[0].name != "*":
            continue
        if node.module and not node.level:
            if node.module not in known:
                known[node.module] = star_names(node.module, folder)
            names = known[node.module]
            if names:
                node.names = [_in_place_of(node.names[0], name) for name in sorted(names)]


def _in_place_of(star: ast.alias, name: str) -> ast.alias:
    return ast.copy_location(ast.alias(name=name), star)


def _names(module: str, folder: Path, readers: frozenset[str]) -> frozenset[str]:
    """The names of a module that the modules ``readers`` are being read for."""
    if module in readers:  # it is half done when the other reads it
        raise UnknownNamesError
    if module in _RUN_AT_START or module in sys.builtin_module_names:
        return _names_held(module)
    file = find_module(module, folder)
    if file is None:
        raise UnknownNamesError
    if file.is_source:
        return _Reading(file, folder, readers | {module}).names()
    if module in sys.stdlib_module_names:
        spec = importlib.util.find_spec(module)
        if spec is not None and spec.origin == str(file.path):
            return _names_held(module)
    return all_of_stub(_text(file.stub))


def _names_held(module: str) -> frozenset[str]:
    """The names of a module of the language, which is imported for it."""
    found = importlib.import_module(module)
    public = [name for name in vars(found) if not name.startswith("_")]
    return frozenset(getattr(found, "__all__", public))


def _text(path: Path) -> str:
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise UnknownNamesError
    return importlib.util.decode_source(path.read_bytes())


@lru_cache(maxsize=64)
def _parsed(path: Path, _version: tuple[int, int]) -> ast.Module | None:
    """The tree of a file at a time of change and of a size; ``None`` if it has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's remarks on that code are not the author's
        try:
            return ast.parse(_text(path))
        except (SyntaxError, ValueError, UnknownNamesError):
            return None


@dataclass(frozen=True, slots=True)
class _Reading:
    """One module's file, read for a notebook in ``folder``."""

    file: ModuleFile
    folder: Path
    readers: frozenset[str]

    def names(self) -> frozenset[str]:
        status = self.file.path.stat()
        tree = _parsed(self.file.path, (status.st_mtime_ns, status.st_size))
        if tree is None:
            raise UnknownNamesError
        if not mentions_all(tree):
            return public_names(tree, self._of_import, self._own_submodules, self.file.submodules())
        try:
            return all_of(tree, lambda node: self._of_module(tree, node))
        except UnknownNamesError:
            if not computed_once(tree):
                raise
            # A stub holds what comes out; what is appended here and there, stubs often miss.
            return all_of_stub(_text(self.file.stub))

    def _of_import(self, node: ast.ImportFrom) -> frozenset[str]:
        return _names(self._absolute(node), self.folder, self.readers)

    def _of_module(self, tree: ast.Module, node: ast.expr | ast.ImportFrom) -> frozenset[str]:
        if isinstance(node, ast.ImportFrom):
            return self._of_import(node)
        return _names(self._meant(tree, node), self.folder, self.readers)

    def _absolute(self, node: ast.ImportFrom) -> str:
        """The module that an import reads from, by its full name."""
        if not node.level:
            return node.module or ""
        parts = self.file.package.split(".")
        parts = parts[: len(parts) - node.level + 1]
        if not parts:
            raise UnknownNamesError
        return ".".join([*parts, node.module] if node.module else parts)

    def _own_submodules(self, node: ast.stmt) -> Iterator[str]:
        """The submodules that an import leaves in the package that it stands in."""
        if not self.file.folders:
            return
        start = f"{self.file.name}."
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        else:
            assert isinstance(node, ast.ImportFrom)
            imported = [self._absolute(node)]
        for module in imported:
            if module.startswith(start):
                yield module.removeprefix(start).partition(".")[0]

    def _meant(self, tree: ast.Module, node: ast.expr) -> str:
        """The module that a name, or a chain of names, stands for at the top of this one."""
        match node:
            case ast.Attribute(value=inner, attr=attr):
                return f"{self._meant(tree, inner)}.{attr}"
            case ast.Name(id=name):
                for statement in reversed(tree.body):
                    if isinstance(statement, ast.Import | ast.ImportFrom):
                        for alias in statement.names:
                            if alias.name != "*" and imported_name(alias) == name:
                                return self._imported(statement, alias)
                        if name in self._own_submodules(statement):
                            return f"{self.file.name}.{name}"
        raise UnknownNamesError

    def _imported(self, statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
        if isinstance(statement, ast.ImportFrom):
            return f"{self._absolute(statement)}.{alias.name}"
        return alias.name if alias.asname else alias.name.partition(".")[0]
