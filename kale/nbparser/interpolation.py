"""What IPython evaluates in ``{expression}`` and ``$name`` of a command before it runs it."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Container, Iterator
from string import Formatter

from kale.nbparser.syntax import parse_quietly

#: ``$name`` and ``$name.attribute``, not between single quotes; ``$$name`` is the shell's.
_DOLLAR = re.compile(r"\$(\$?[\w.]+)(?=(?:[^']*'[^']*')*[^']*$)")


def interpolated(text: str, known: Container[str] | None = None) -> list[str]:
    """The Python expressions that IPython evaluates in ``text``, in order.

    It leaves the whole command alone where one of them fails, as ``{print $1}`` does in
    ``awk``. An expression counts when ``known`` holds its names; of one that has other names
    too (``$HOME``, a function's parameters) the known names count. Without ``known``, all do.
    """
    expressions: list[str] = []
    try:
        for field in _fields(text):
            match parse_quietly(field.strip()):
                case ast.Module(body=[ast.Expr(value=value)]):
                    expressions.append(ast.unparse(value))
                case _:
                    return []
    except ValueError:
        return []
    return list(dict.fromkeys(part for one in expressions for part in _known_part(one, known)))


def _fields(text: str) -> Iterator[str]:
    """As ``IPython.utils.text.DollarFormatter`` finds them.

    Raises:
        ValueError: braces that do not match.
    """
    for literal, field, spec, _ in Formatter().parse(text):
        for match in _DOLLAR.finditer(literal):
            if not match[1].startswith("$"):
                yield match[1]
        if field is not None:
            # There are no format specifications: `x[1:2]` is a slice.
            yield f"{field}:{spec}" if spec else field


def _known_part(expression: str, known: Container[str] | None) -> list[str]:
    names = free_names(expression)
    if known is None:
        return [expression] if names else []
    found = [name for name in names if name in known]
    whole = all(name in known or hasattr(builtins, name) for name in names)
    return [expression] if found and whole else found


def free_names(expression: str) -> list[str]:
    """The names that an expression reads and does not bind itself, in the order of the text."""
    tree = parse_quietly(expression)
    nodes = list(ast.walk(tree)) if tree is not None else []
    names = [node for node in nodes if isinstance(node, ast.Name)]
    own = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    ordered = sorted(names, key=lambda node: (node.lineno, node.col_offset))
    return list(dict.fromkeys(node.id for node in ordered if node.id not in own))
