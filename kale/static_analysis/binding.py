"""The names that one node of a syntax tree binds."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator


def bound_names(node: ast.AST) -> Iterator[str]:
    """Names that this very node binds (or deletes) in the scope it stands in."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (imported_name(alias) for alias in node.names if alias.name != "*")
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest


def times_bound(nodes: Iterable[ast.AST]) -> Counter[str]:
    """How often the nodes bind (or delete) each name, in whatever scope."""
    binding = (node for node in nodes if isinstance(node, _BINDING))
    return Counter(name for node in binding for name in bound_names(node))


_BINDING = (
    ast.Name,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Import,
    ast.ImportFrom,
    ast.ExceptHandler,
    ast.MatchAs,
    ast.MatchStar,
    ast.MatchMapping,
)


#: The statement ``type X = ...`` of PEP 695; Python 3.11 does not know it, so nothing is one.
TYPE_ALIAS: tuple[type[ast.stmt], ...] = tuple(
    kind for kind in (getattr(ast, "TypeAlias", None),) if kind is not None
)


def defined_name(node: ast.AST) -> str:
    """The name of a function, a class or a type alias."""
    name = getattr(node, "name")  # noqa: B009 - a text, or for an alias a node
    return str(getattr(name, "id", name))


def imported_name(alias: ast.alias) -> str:
    """The name that an import binds: ``import a.b`` binds ``a``."""
    return alias.asname or alias.name.partition(".")[0]


def extends_package(node: ast.AST) -> bool:
    """Whether an import adds submodules to the packages it binds: ``import a.b``, not ``as c``."""
    return isinstance(node, ast.Import) and any(
        "." in alias.name and alias.asname is None for alias in node.names
    )
