"""Where a cell imports what, and whether it goes on without it."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from kale.dataclass import dataclass

#: What a handler catches when an import fails.
_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})

#: What says which branch is for this machine, or for no running program at all.
_ASKED = frozenset({"TYPE_CHECKING", "version_info", "platform", "implementation"})


@dataclass(frozen=True, slots=True)
class Imported:
    """A dotted name that line ``line``, from 1, imports; ``from a import b`` is ``a`` and ``a.b``.

    ``guarded`` tells that the code caters for its absence: by ``try``, or in one of two branches.
    """

    name: str
    line: int
    guarded: bool = False


def imports_of(python: str) -> tuple[Imported, ...]:
    """What some code imports anywhere; code that is no Python imports nothing."""
    if "import" not in python:
        return ()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's remarks on the author's code are not ours
            tree = ast.parse(python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(_within(tree))


def _within(tree: ast.AST) -> Iterator[Imported]:
    pending = [(tree, False)]
    while pending:
        node, guarded = pending.pop()
        if isinstance(node, ast.Try | ast.If | ast.With):
            guarded = guarded or _caters(node)
        for name in _names(node):
            yield Imported(name, getattr(node, "lineno", 1), guarded)
        pending += [(child, guarded) for child in ast.iter_child_nodes(node)][::-1]


def _caters(node: ast.Try | ast.If | ast.With) -> bool:
    """Whether what is in a statement is run only where it can be, or may fail."""
    if isinstance(node, ast.Try):
        return any(
            handler.type is None or not _CAUGHT.isdisjoint(_words(handler.type))
            for handler in node.handlers
        )
    if isinstance(node, ast.With):
        words = {word for item in node.items for word in _words(item.context_expr)}
        return "suppress" in words and not _CAUGHT.isdisjoint(words)
    return not _ASKED.isdisjoint(_words(node.test))


def _words(node: ast.expr) -> set[str]:
    found = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return found | {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)}


def _names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(origin), names=names, level=0):
            return [origin, *(f"{origin}.{alias.name}" for alias in names if alias.name != "*")]
        case ast.Call(
            func=ast.Name(id="import_module" | "__import__")
            | ast.Attribute(attr="import_module" | "__import__"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            return [name]
    return []
