"""Programs that are no Python and that a step starts by name: shell scripts and the like.

Their content counts as that of any file that is named; what they name in turn counts here: files,
and variables of the environment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from kale.runners.cache.cell_code import CellCode, read_script
from kale.runners.cache.file_marks import split_words
from kale.runners.cache.named_files import named_files

#: Larger files are no scripts that somebody has written; in bytes.
_LARGEST = 64 * 1024

#: A script may start others, up to so many.
_MOST = 50

_SUFFIXES = {".sh", ".bash", ".zsh", ".fish", ".r", ".pl", ".rb", ".jl", ".js", ".awk", ".mk"}
_NAMES = {"Makefile", "makefile"}


def started_scripts(cells: Iterable[CellCode], cwd: Path) -> list[CellCode]:
    """The scripts that cells which start programs name, and those that these name."""
    waiting = [cell for cell in cells if cell.unseen_files]
    found: dict[str, CellCode] = {}
    while waiting and len(found) < _MOST:
        for path in _scripts_in(waiting.pop(), cwd):
            if path not in found:
                with suppress(OSError):
                    text = Path(path).read_text(encoding="utf-8", errors="replace")
                    found[path] = read_script(text)
                    waiting.append(found[path])
    return list(found.values())


def history_files(cells: Iterable[CellCode], cwd: Path) -> list[str]:
    """The files that tell the commit which a cell that starts ``git`` may ask for."""
    asked = any("git" in split_words(text) for c in cells if c.unseen_files for text in c.texts)
    for folder in (cwd, *cwd.parents) if asked else ():
        if (folder / ".git" / "HEAD").is_file():
            return [str(folder / ".git" / name) for name in ("HEAD", "logs/HEAD")]
    return []


def _scripts_in(code: CellCode, cwd: Path) -> Iterator[str]:
    for name in named_files(sorted(code.texts), cwd, whole_folders=False):
        path = Path(name)
        with suppress(OSError):
            if not path.is_file() or path.stat().st_size > _LARGEST or path.suffix == ".py":
                continue
            if path.suffix.lower() in _SUFFIXES or path.name in _NAMES:
                yield name
                continue
            with path.open("rb") as file:
                if file.read(2) == b"#!":
                    yield name
