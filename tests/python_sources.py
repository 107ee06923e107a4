"""The Python source files of the standard library and of installed packages."""

from __future__ import annotations

import importlib.util
import sysconfig
import warnings
from pathlib import Path

#: Folders of the standard library that hold tests, old grammars and other people's packages.
_NOT_MODULES = {"test", "tests", "idle_test", "lib2to3", "site-packages", "__phello__"}


def standard_library():
    """Modules of the standard library, its tests left out, in the order of their paths."""
    root = Path(sysconfig.get_path("stdlib"))
    return _sources(root, lambda path: _NOT_MODULES.isdisjoint(path.relative_to(root).parts))


def standard_library_tests():
    """The tests of the standard library: all of Python's syntax is in them."""
    root = Path(sysconfig.get_path("stdlib"))
    return _sources(
        root,
        lambda path: (
            "site-packages" not in path.parts
            and not _NOT_MODULES.isdisjoint(path.relative_to(root).parts)
        ),
    )


def package(name, *, tests=False):
    """Modules of an installed package, or its tests."""
    root = Path(importlib.util.find_spec(name).origin).parent
    return _sources(root, lambda path: ("tests" in path.relative_to(root).parts) is tests)


def installed():
    """Modules of all installed packages."""
    return _sources(Path(sysconfig.get_path("purelib")), lambda path: True)


def _sources(root, wanted):
    return [path for path in sorted(root.rglob("*.py")) if wanted(path)]


def read(path):
    """The text of a module, or ``None`` when this Python does not take it."""
    try:
        text = path.read_text(encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    # A form feed is white space to Python, and the end of a line to nobody else.
    return text.replace("\f", " ")
