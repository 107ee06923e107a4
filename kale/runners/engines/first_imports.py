"""Which modules the steps of a run import before they do anything else, read from their code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable


def first_imports(cells: Iterable[str]) -> list[str]:
    """The modules that these cells import before their first other statement, in order.

    ``cells`` are the notebook's cells for imports. ``from a import b`` is ``"a:b"``. Whether they
    can be imported ahead is not decided here.
    """
    found: dict[str, None] = {}
    for text in cells:
        statements, whole = _statements(text)
        for statement in statements:
            if isinstance(statement, ast.Import):
                found.update(dict.fromkeys(alias.name for alias in statement.names))
            elif isinstance(statement, ast.ImportFrom) and not statement.level:
                # Names may be modules: which, only an import tells.
                module = statement.module or ""
                found.update({f"{module}:{alias.name}": None for alias in statement.names})
            elif not _does_nothing(statement):
                whole = False
                break
        if not whole:
            break
    return [name for name in found if not name.startswith("__future__:")]


def _statements(text: str) -> tuple[list[ast.stmt], bool]:
    """The statements of a cell up to its first line of IPython's syntax; whether that is all.

    A line that asks for plots in the notebook changes nothing for imports: they are there anyway.
    """
    text = _INLINE.sub("pass", text)
    try:
        return ast.parse(text).body, True
    except (SyntaxError, ValueError):
        pass
    above = text[: found.start()] if (found := _IPYTHON.search(text)) else ""
    try:
        return ast.parse(above).body, False
    except (SyntaxError, ValueError):
        # That line stands inside of a statement, or the cell is no Python at all.
        return [], False


_INLINE = re.compile(r"^%matplotlib[ \t]+inline[ \t]*$", re.MULTILINE)
_IPYTHON = re.compile(r"^[%!?]", re.MULTILINE)


def _does_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
