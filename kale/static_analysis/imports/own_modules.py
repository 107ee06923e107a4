"""What the author's own modules import: those that lie in the notebook's folder.

A kernel looks there first. Their texts are searched line by line for imports, not parsed: a word
too many does no harm, and a project may be large. Known gap: folders that are put on ``sys.path``.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

#: Files of one package, and bytes of one file, beyond which no more is read.
_MOST, _MAX_BYTES = 1000, 2_000_000

_IMPORT = re.compile(
    r"(?:^|;)[ \t]*(?:from[ \t]+(\w+)[\w.]*[ \t]+import\b|import[ \t]+([\w.,\t ]+))", re.MULTILINE
)


def with_own_modules(modules: Iterable[str], folder: Path) -> frozenset[str]:
    """The top-level modules, and all that those of them which lie in ``folder`` import in turn."""
    seen: set[str] = set()
    pending = [*modules]
    while pending:
        module = pending.pop()
        if module not in seen:
            seen.add(module)
            if module not in sys.stdlib_module_names and module.isidentifier():
                pending += _imported_by(module, folder)
    return frozenset(seen)


def _imported_by(module: str, folder: Path) -> Iterator[str]:
    package = itertools.islice(folder.joinpath(module).rglob("*.py"), _MOST)
    for file in (folder / f"{module}.py", *package):
        try:
            if file.stat().st_size > _MAX_BYTES:
                continue
            text = file.read_text(encoding="utf-8", errors="replace")
        except OSError:  # most are not there
            continue
        for origin, names in _IMPORT.findall(text):
            for name in filter(None, [origin, *names.split(",")]):
                yield re.split(r"[.\s]", name.strip())[0]
