"""Where a step's kernel looks for modules beside what is installed, as far as the code says."""

from __future__ import annotations

import ast
import os
import posixpath
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from kale.dataclass import dataclass
from kale.environment.folder_files import NotebookFolder
from kale.environment.path_texts import PathTexts
from kale.environment.sources import all_sources
from kale.ir import Plan


@dataclass(frozen=True, slots=True)
class Place:
    """A folder inside of the notebook's; ``last`` if what is installed comes before it."""

    folder: PurePosixPath
    last: bool = False


class SearchPath:
    """The notebook's folder, what ``sys.path`` gets in the cells, and PYTHONPATH."""

    def __init__(self, plan: Plan, folder: NotebookFolder) -> None:
        self._folder = folder
        self._inside = [Place(PurePosixPath())]
        self._outside: list[tuple[Path, bool]] = []
        for text, last in _additions(plan):
            path = PurePosixPath(posixpath.normpath(text))
            if path.is_absolute() or path.parts[:1] == ("..",):
                self._outside.append((folder.path / path, last))
            elif last:
                self._inside.append(Place(path, last=True))
            else:
                self._inside.insert(0, Place(path))
        given = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
        self._outside += ((Path(path), False) for path in given)
        self._names: dict[PurePosixPath, frozenset[str]] = {}

    def places(self, name: str) -> Iterator[Place]:
        """The folders with anything that could be the top-level module ``name``, in their order."""
        for place in self._inside:
            if name in self._listing(place.folder):
                yield place

    def outside(self, name: str, *, installed: bool) -> str | None:
        """Where a top-level module is that lies in none of them: the path as it was written.

        One that is ``installed`` comes before what the end of ``sys.path`` holds.
        """
        for folder, last in self._outside:
            package, module = folder / name, folder / f"{name}.py"
            if last and installed:
                continue
            if module.is_file():
                return str(module)
            if any(next(package.glob(pattern), None) for pattern in ("*.py", "*/*.py")):
                return str(package)
        return None

    def _listing(self, folder: PurePosixPath) -> frozenset[str]:
        """The names in a folder up to the first dot."""
        if folder not in self._names:
            try:
                names = os.listdir(self._folder.path / folder)  # noqa: PTH208 - names are wanted
            except OSError:
                names = []
            self._names[folder] = frozenset(name.partition(".")[0] for name in names)
        return self._names[folder]


def _additions(plan: Plan) -> Iterator[tuple[str, bool]]:
    """The folders that cells put on ``sys.path``, and whether at its end."""
    sources = [source for _, source in all_sources(plan.pipeline)]
    if not any("sys.path" in source.python or "import path" in source.python for source in sources):
        return
    trees = [ast.parse(source.python) for source in sources]
    texts = PathTexts(trees, {})
    for node in (node for tree in trees for node in ast.walk(tree)):
        match node:
            case ast.Call(
                func=ast.Attribute(
                    value=ast.Attribute(value=ast.Name(id="sys"), attr="path"),
                    attr="append" | "insert" as method,
                ),
                args=[*_, added],
            ):
                text = texts.text(added)
                if text is not None:
                    yield text, method == "append"
