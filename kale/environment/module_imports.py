"""What a module's text imports, by absolute dotted names; nothing is run."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator

#: Functions that import the module whose name they are given.
_IMPORTERS = frozenset({"import_module", "__import__"})

#: Errors whose handling says that the code goes on without a module.
_EXCUSED = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


@functools.lru_cache(maxsize=512)
def imports_of(content: bytes, module: str, is_package: bool = False) -> tuple[str, ...]:
    """The dotted names that the text of ``module`` imports, sorted.

    ``from a import b`` gives ``a`` and ``a.b``; ``a.*`` stands for all modules of a package, where
    a name is computed. One that the code can do without has a ``?`` at its end. Left out is what
    is imported for type checkers alone. A text that is no Python imports nothing.
    """
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    package = module if is_package else module.rpartition(".")[0]
    found = set[str]()
    waiting: list[tuple[ast.AST, str]] = [(tree, "")]
    while waiting:
        node, mark = waiting.pop()
        found.update(name + mark for name in _imported_by(node, package) if name)
        match node:
            case ast.If(test=test, orelse=orelse) if _of_type_checkers(test):
                waiting += ((child, mark) for child in orelse)
            case ast.Try(body=body, handlers=handlers) if any(map(_excuses, handlers)):
                waiting += ((child, "?") for child in body)
                rest = (*handlers, *node.orelse, *node.finalbody)
                waiting += ((child, mark) for child in rest)
            case _:
                waiting += ((child, mark) for child in ast.iter_child_nodes(node))
    return tuple(sorted(found))


def _imported_by(node: ast.AST, package: str) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=origin, names=names, level=level):
            above = package.split(".") if package else []
            if level <= len(above):
                base = above[: len(above) - level + 1] if level else []
                origin = ".".join([*base, *([origin] if origin else [])])
                yield origin
                yield from (f"{origin}.{alias.name}" for alias in names if alias.name != "*")
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in _IMPORTERS:
            match node.args[:1]:
                case [ast.Constant(value=str(module))] if not module.startswith("."):
                    yield module
                case _ if package:
                    yield f"{package}.*"


def _of_type_checkers(test: ast.expr) -> bool:
    return any(
        "TYPE_CHECKING" in (getattr(n, "id", ""), getattr(n, "attr", "")) for n in ast.walk(test)
    )


def _excuses(handler: ast.ExceptHandler) -> bool:
    nodes = [] if handler.type is None else list(ast.walk(handler.type))
    return not nodes or any(isinstance(node, ast.Name) and node.id in _EXCUSED for node in nodes)
