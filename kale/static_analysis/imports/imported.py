"""What a notebook's code imports anywhere, in functions too.

What those modules in the notebook's folder import in turn is found by :mod:`.own_modules`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from kale.ir import UNSEEN_MODULE

#: Functions that import the module whose name they are given.
_IMPORTERS = frozenset({"import_module", "__import__"})

#: Names whose use may import any module.
_OUT_OF_SIGHT = _IMPORTERS | {"exec", "eval", "get_ipython"}

#: Modules of the language that make objects of any other, or run code that imports it.
_OPEN = frozenset(
    "code importlib.machinery importlib.util pickle pkgutil runpy shelve zipimport".split()
)


def top_level(names: Iterable[str]) -> frozenset[str]:
    """The top-level modules of dotted names."""
    return frozenset(name.partition(".")[0] for name in names)


def imported_names(nodes: Iterable[ast.AST]) -> frozenset[str]:
    """The dotted names that the nodes of some syntax trees import.

    For ``from a import b`` those are ``a`` and ``a.b``, which may be a module or not.
    ``UNSEEN_MODULE`` is among them where code may import what cannot be seen: by ``exec``, by a
    name that is computed, by IPython's commands, relative to itself, by unpickling. A call has to
    come before its parts, as :func:`ast.walk` has it.
    """
    found: set[str] = set()
    read: set[int] = set()  # the functions of calls with a constant name
    for node in nodes:
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            if name in _OUT_OF_SIGHT and id(node) not in read:
                found.add(UNSEEN_MODULE)
        elif isinstance(node, ast.Call):
            if module := _imported_by(node):
                read.add(id(node.func))
                found.add(module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.update(_imported_from(node))
    if not _OPEN.isdisjoint(found):
        found.add(UNSEEN_MODULE)
    return frozenset(found)


def _imported_by(call: ast.Call) -> str | None:
    """The module of ``import_module("constant")``; not of a relative name."""
    name = getattr(call.func, "id", None) or getattr(call.func, "attr", None)
    match call.args[:1]:
        case [ast.Constant(value=str(module))] if name in _IMPORTERS and module[:1] != ".":
            return module
    return None


def _imported_from(node: ast.ImportFrom) -> Iterable[str]:
    """The module, and what is taken from it, which may be a module too."""
    if node.level or not node.module:
        return [UNSEEN_MODULE]
    hidden = any(alias.name in _OUT_OF_SIGHT and alias.asname for alias in node.names)
    names = [f"{node.module}.{alias.name}" for alias in node.names if alias.name != "*"]
    return [node.module, *names, *([UNSEEN_MODULE] if hidden else [])]
