"""What paths stand for: files below some folders, the source of byte code, the file of a module.

It is part of the probe's text, so it imports the standard library alone.
"""

# An audit hook has to be quick, and hears of paths as text.
# ruff: noqa: PTH100, PTH118, PTH119, PTH120
from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any


def below(folders: Iterable[str]) -> Iterator[str]:
    """How paths in some folders begin, by the names given and by the real ones."""
    for folder in folders:
        for path in {os.path.abspath(folder), os.path.realpath(folder)}:
            yield path + os.sep


def source_of(path: str) -> str:
    """The file of a module whose byte code that is."""
    folder, name = os.path.split(path)
    if name.endswith(".pyc") and os.path.basename(folder) == "__pycache__":
        return os.path.join(os.path.dirname(folder), name.partition(".")[0] + ".py")
    return path


def file_of(module: Any) -> str | None:
    """Where a module says that it comes from."""
    try:
        # Nothing that a module itself defines may run.
        found = object.__getattribute__(module, "__dict__").get("__file__")
    except Exception:  # noqa: BLE001 - anything may stand in `sys.modules`
        return None
    return found if isinstance(found, str) else None
