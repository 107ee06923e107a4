"""What a chain of names and attributes stands for: ``np.random.seed`` for ``numpy.random.seed``.

Only names that an import binds are followed. Known gap: a name that is imported in one place and
bound to something else in another counts as the import throughout the notebook.
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Iterable, Mapping

from kale.dataclass import dataclass
from kale.static_analysis.ambient import AMBIENT

#: Calls that make a path of their arguments.
_PATH_MAKERS = frozenset(
    "str os.path.join os.fspath os.path.normpath posixpath.join pathlib.Path pathlib.PurePath "
    "pathlib.PosixPath pathlib.PurePosixPath".split()
)


def dotted_name(node: ast.expr, modules: Mapping[str, str]) -> str | None:
    """The full dotted name of a chain that starts at an imported name; ``None`` of all else.

    ``modules`` maps names of the notebook to what they import, as :func:`imported_modules` gives.
    """
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name) or node.id not in modules:
        return None
    return ".".join([modules[node.id], *reversed(parts)])


def imported_modules(trees: Iterable[ast.AST]) -> dict[str, str]:
    """What the imported names of some code stand for: ``np`` for ``numpy``.

    Imports inside functions count too.
    """
    found: dict[str, str] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                add_imports(node, found)
    return found


def add_imports(node: ast.Import | ast.ImportFrom, modules: dict[str, str]) -> None:
    """Enter what one import statement binds into ``modules``."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            head = alias.name.partition(".")[0]
            modules[alias.asname or head] = alias.name if alias.asname else head
    elif node.module and not node.level:
        for alias in node.names:
            modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"


@dataclass(frozen=True, slots=True)
class Names:
    """What the names of a whole notebook stand for.

    ``modules`` are its imports, ``own`` the names that it binds, ``values`` the expressions of
    those of them that one assignment binds and nothing else.
    """

    modules: Mapping[str, str]
    own: frozenset[str]
    values: Mapping[str, ast.expr]

    def of(self, node: ast.expr) -> str:
        """A chain with all that is in it: ``decimal.getcontext().prec``, ``os.environ[]``.

        A name that is assigned once stands for its value's chain; any other name of the notebook
        begins with ``@``, and what is no chain with ``?``.
        """
        return self.trace(node)[0]

    def trace(self, node: ast.expr) -> tuple[str, bool]:
        """The chain of :meth:`of`, and whether it begins with an imported name itself."""
        parts: list[str] = []
        followed: set[str] = set()
        while True:
            match node:
                case ast.Attribute(value=inner, attr=attr):
                    parts.append(f".{attr}")
                case ast.Call(func=inner):
                    parts.append("()")
                case ast.Subscript(value=inner):
                    parts.append("[]")
                case ast.Await(value=inner):
                    pass
                case ast.Name(id=name) if name in self.values and name not in followed:
                    followed.add(name)
                    inner = self.values[name]
                    if not isinstance(inner, ast.Attribute | ast.Call | ast.Subscript | ast.Name):
                        return "".join([f"@{name}", *reversed(parts)]), False
                case ast.Name(id=name):
                    head = self.modules.get(name)
                    direct = head is not None and not followed
                    if head is None:
                        head = name if name in AMBIENT and name not in self.own else f"@{name}"
                    return "".join([head, *reversed(parts)]), direct
                case _:
                    return "".join(["?", *reversed(parts)]), False
            node = inner

    def text(self, node: ast.expr | None) -> str | None:
        """The text or path that an expression of constants stands for, if it is one.

        Adding, f-strings, ``Path``, ``/``, ``os.path.join`` and names assigned once are read.
        """
        value = self.values.get(node.id) if isinstance(node, ast.Name) else node
        number = isinstance(value, ast.Constant) and isinstance(value.value, int)
        return None if number else _text(node, self, 10)


def _text(node: ast.expr | None, names: Names, depth: int) -> str | None:
    """``depth`` bounds how deeply expressions and names are followed: sums may double each time."""
    parts: list[ast.expr]
    join: Callable[[list[str]], str]
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Constant(value=int(number)):
            return str(number)
        case _ if depth == 0:
            return None
        case ast.Name(id=name) if name in names.values:
            return _text(names.values[name], names, depth - 1)
        case ast.JoinedStr(values=parts):
            join = _added
        case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
            return _text(inner, names, depth - 1)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts, join = [left, right], _added
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            parts, join = [left, right], _joined
        case ast.Call(func=function, args=parts, keywords=[]) if parts:
            if names.of(function) not in _PATH_MAKERS:
                return None
            join = _joined
        case _:
            return None
    texts = [_text(part, names, depth - 1) for part in parts]
    known = [text for text in texts if text is not None]
    return join(known) if len(known) == len(texts) else None


def _added(parts: list[str]) -> str:
    return "".join(parts)


def _joined(parts: list[str]) -> str:
    return posixpath.join(*parts)
