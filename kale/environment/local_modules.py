"""The author's own modules: those beside the notebook that its steps import, one after the other.

They are found as a kernel finds them, which looks in the notebook's folder first, and nothing of
them is run. Of a package all files of Python travel, whichever are imported; what they import in
turn is told of those only that are reached.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from importlib.machinery import EXTENSION_SUFFIXES, BuiltinImporter, FrozenImporter, PathFinder
from pathlib import Path, PurePosixPath

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.environment.folder_files import NotebookFolder
from kale.environment.module_imports import imports_of
from kale.environment.search_path import SearchPath
from kale.environment.sources import all_sources
from kale.errors import KaleError, Location, PackageError
from kale.ir import UNSEEN_MODULE, Plan
from kale.module_files import search_path

_BINARY = (*EXTENSION_SUFFIXES, ".so", ".pyd", ".dylib")


@dataclass(frozen=True, slots=True)
class LocalCode:
    """The author's own modules that some steps import.

    ``names`` are those top-level modules that lie in the notebook's folder alone, ``files`` their
    files by the path in it, ``reached`` maps those files that an import runs to dotted names.
    ``imports`` maps steps to the dotted names that these modules import in turn and that are not
    local, sorted. ``elsewhere`` maps top-level modules that lie outside of the folder, and are
    not installed, to where they are. ``errors`` refuse the package.
    """

    names: frozenset[str] = frozenset()
    files: Mapping[PurePosixPath, bytes] = field(default_factory=dict)
    reached: Mapping[PurePosixPath, str] = field(default_factory=dict)
    imports: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    errors: tuple[KaleError, ...] = ()


def local_module_names(plan: Plan, folder: Path) -> frozenset[str]:
    """The top-level modules of a plan's steps that lie in the notebook's folder."""
    return local_code(plan, folder).names


def local_code(plan: Plan, folder: Path) -> LocalCode:
    """The author's own modules that the steps of a plan import; ``folder`` is the notebook's."""
    finder = _Finder(plan, NotebookFolder(folder))
    imports = {step: finder.follow(plan.imports[step]) for step in plan.imports}
    return LocalCode(
        frozenset(name for name, top in finder.tops.items() if top is not None and top.whole),
        dict(sorted(finder.files.items())),
        dict(sorted(finder.reached.items())),
        imports,
        dict(sorted(finder.elsewhere.items())),
        tuple(finder.diagnostics),
        tuple(finder.errors),
    )


@dataclass(frozen=True, slots=True)
class _Top:
    """A top-level module beside the notebook: a file or a folder.

    ``whole`` says that nothing of it is installed besides, as parts of a namespace may be.
    """

    path: PurePosixPath
    whole: bool = True


class _Finder:
    """Looks modules up, remembers them, and collects their files and what is wrong with them."""

    def __init__(self, plan: Plan, folder: NotebookFolder) -> None:
        self._plan, self._folder = plan, folder
        self._search = SearchPath(plan, folder)
        self.tops: dict[str, _Top | None] = {}
        self.files: dict[PurePosixPath, bytes] = {}
        self.reached: dict[PurePosixPath, str] = {}
        self.elsewhere: dict[str, str] = {}
        self.diagnostics: list[Diagnostic] = []
        self.errors: list[KaleError] = []

    def follow(self, names: Iterable[str]) -> tuple[str, ...]:
        """The dotted names that local modules import, starting from ``names``; not the local."""
        own = {name for name in names if name != UNSEEN_MODULE}
        waiting, seen, found = sorted(own), set[str](), set[str]()
        while waiting:
            name, excused, _ = waiting.pop().partition("?")
            if name in seen:
                continue
            first = name.partition(".")[0]
            top = self._top(first)
            if top is None and excused and _installed(first) is None:
                continue  # the code does without it here, and may do so there
            seen.add(name)
            if top is None or not top.whole:
                found.add(name)
            if top is not None:
                for module, path in self._modules(name, top.path):
                    self.reached[path] = module
                    waiting += imports_of(self.files[path], module, path.name == "__init__.py")
        return tuple(sorted(found - own))

    def _modules(self, name: str, top: PurePosixPath) -> Iterator[tuple[str, PurePosixPath]]:
        """The modules that importing a dotted name runs, each with its file; parents first."""
        parts = name.split(".")
        if top in self.files:
            yield parts[0], top
            return
        path = top
        for number, part in enumerate(parts):
            path = path if number == 0 else path / part
            for file in (path / "__init__.py", path.with_suffix(".py")):
                if file in self.files:
                    yield ".".join(parts[: number + 1]), file
                    break
            if parts[number + 1 :] == ["*"]:
                for file in self.files:
                    if file.parent == path and file.name != "__init__.py":
                        yield f"{'.'.join(parts[:-1])}.{file.stem}", file
                return

    def _top(self, name: str) -> _Top | None:
        if name not in self.tops:
            try:
                self.tops[name] = self._find(name)
            except PackageError as error:
                self.tops[name] = None
                self.errors.append(self._placed(error, name))
        return self.tops[name]

    def _find(self, name: str) -> _Top | None:
        if (
            not name.isidentifier()
            or BuiltinImporter.find_spec(name)
            or FrozenImporter.find_spec(name)
        ):
            return None
        for place in self._search.places(name):
            top = self._in_place(name, place.folder, beaten=place.last)
            if top is not None:
                return top
        if name not in sys.stdlib_module_names:
            where = self._search.outside(name, installed=_installed(name) is False)
            if where is not None:
                self.elsewhere[name] = where
                self._will_lack(name, f"the module `{name}` is not beside the notebook: {where}")
        return None

    def _in_place(self, name: str, place: PurePosixPath, *, beaten: bool) -> _Top | None:
        """The module in one folder; ``beaten`` if what is installed comes before it."""
        package, module = place / name, place / f"{name}.py"
        path = self._folder.path
        regular = (path / package / "__init__.py").is_file()
        binary = [place / f"{name}{suffix}" for suffix in EXTENSION_SUFFIXES]
        binary = [one for one in binary if (path / one).is_file()]
        if not regular and not binary and not (path / module).is_file():
            return self._namespace(name, package)
        if beaten and _installed(name) is not None:
            return None
        if name in sys.stdlib_module_names:
            raise _name_of_the_language(name, package if regular else (*binary, module)[0])
        if regular:
            self._take_package(name, package)
            return _Top(package)
        if binary:
            self._compiled(name, binary)
            return _Top(binary[0])
        self.files[module] = self._folder.read(module)
        return _Top(module)

    def _namespace(self, name: str, package: PurePosixPath) -> _Top | None:
        """A folder without ``__init__.py``: a regular package anywhere on the path beats it."""
        if name in sys.stdlib_module_names or not (self._folder.path / package).is_dir():
            return None
        installed = _installed(name)
        if installed is False or not self._take_package(name, package):
            return None
        return _Top(package, whole=installed is None)

    def _take_package(self, name: str, package: PurePosixPath) -> bool:
        """Take the files of a package that are Python's; whether there are any."""
        paths = list(self._folder.below(package))
        modules = [path for path in paths if path.suffix == ".py"]
        self.files.update({path: self._folder.read(path) for path in modules})
        compiled = [path for path in paths if path.name.endswith(_BINARY)]
        if compiled:
            self._compiled(name, compiled)
        return bool(modules or compiled)

    def _compiled(self, name: str, paths: list[PurePosixPath]) -> None:
        self._will_lack(
            name, f"`{paths[0]}` of the module `{name}` is machine code, which cannot travel"
        )

    def _will_lack(self, name: str, what: str) -> None:
        self.diagnostics.append(
            diagnose(
                "KALE428",
                f"{what}; the pods will not have it",
                at=self._place(name),
                hint="build an image that holds it, starting from `kale image`, or name a"
                " distribution of it in a `packages:` tag",
            )
        )

    def _placed(self, error: PackageError, name: str) -> PackageError:
        return PackageError(error.code, error.message, at=self._place(name), hint=error.hint)

    def _place(self, name: str) -> Location:
        """Where the notebook imports a module first; the notebook, if another module does."""
        word = re.compile(rf"\s*(?:from|import)\b.*\b{re.escape(name)}\b")
        for step, source in all_sources(self._plan.pipeline):
            for number, line in enumerate(source.python.split("\n")):
                if word.match(line):
                    at = source.at
                    first = at.line or 1
                    return Location(at.path, at.cell, first + number, step=step, cell_id=at.cell_id)
        return Location(self._plan.pipeline.path)


def _installed(name: str) -> bool | None:
    """Whether what is installed has a module of that name as parts of a namespace only.

    ``None``: there is none; ``False``: a regular one, which beats every namespace.
    """
    try:
        spec = PathFinder.find_spec(name, _installed_path())
    except (ImportError, KeyError, ValueError):  # nothing that could be imported
        return None
    return None if spec is None else spec.origin is None


def _installed_path() -> list[str]:
    """The folders of this interpreter that hold what is installed, and none of PYTHONPATH."""
    own = {os.path.realpath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    return [path for path in search_path() if os.path.realpath(path) not in own]


def _name_of_the_language(name: str, path: PurePosixPath) -> PackageError:
    return PackageError(
        "KALE425",
        f"a step imports `{name}`, a module of Python's own, and `{path}` has the same name;"
        " which of the two it gets depends on what was loaded before",
        hint="rename the file, or the folder, and the imports that mean it",
    )
