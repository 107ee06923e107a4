"""The paths that code puts together of constants: texts, ``Path`` objects, names assigned once.

A path is the text that it comes to, in slashes; a relative one starts at the notebook's folder.
Known gaps: paths that are computed, parameters that a run sets to something else.
"""

from __future__ import annotations

import ast
import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping

_JOINING = frozenset({"Path", "PosixPath", "PurePath", "PurePosixPath", "join", "joinpath"})
_SAME = frozenset(
    {"abspath", "absolute", "expanduser", "fspath", "normpath", "realpath", "resolve"}
)
#: Methods of a folder with a pattern, and what stands between the two.
_PATTERNS = {"glob": ast.Constant(""), "rglob": ast.Constant("**")}
_HERE = frozenset({"cwd", "getcwd"})

#: How deep expressions are read, and how long a part of a path may be.
_DEPTH, _LONGEST = 20, 4096


class PathTexts:
    """What expressions come to; ``known`` maps names to texts, beside those assigned once."""

    def __init__(self, trees: Iterable[ast.AST], known: Mapping[str, str]) -> None:
        self._known: dict[str, ast.expr] = {name: ast.Constant(known[name]) for name in known}
        bound = Counter(known.keys())
        for tree in trees:
            for node in ast.walk(tree):
                match node:
                    case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                        bound[name] += 1
                    case ast.Assign(targets=[ast.Name(id=name)], value=value):
                        self._known[name] = value
        self._known = {name: self._known[name] for name in self._known if bound[name] == 1}
        self._texts: dict[str, str | None] = {}

    def is_known(self, statement: ast.AST) -> bool:
        """Whether a statement only gives a path a name, so that its uses are those of the name."""
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                return self._known.get(name) is value and self.text(value) is not None
        return False

    def is_path(self, node: ast.expr) -> bool:
        """Whether an expression that has a text is a path, as far as that can be told."""
        for _ in range(_DEPTH):
            if not isinstance(node, ast.Name) or node.id not in self._known:
                break
            node = self._known[node.id]
        if not isinstance(node, ast.Constant | ast.BinOp | ast.JoinedStr):
            return True  # a call, which makes a path or joins one
        text = self.text(node) or ""
        return "/" in text or "." in text or isinstance(getattr(node, "op", None), ast.Div)

    def text(self, node: ast.expr, depth: int = _DEPTH) -> str | None:
        """The text that an expression comes to; ``None`` where that is not known."""
        if not depth:
            return None
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id=name) if name in self._known:
                if name not in self._texts:
                    self._texts[name] = None  # what it comes to if it stands for itself
                    self._texts[name] = self.text(self._known[name], depth - 1)
                return self._texts[name]
            case ast.JoinedStr(values=values):
                return self._joined(values, "", depth)
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self.text(value, depth - 1)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._joined([left, right], "", depth)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return self._joined([left, right], "/", depth)
            case ast.Attribute(value=value, attr="parent"):
                return self._parent(value, depth)
            case ast.Call():
                return self._called(node, depth)
        return None

    def _called(self, node: ast.Call, depth: int) -> str | None:
        match node:
            case ast.Call(func=ast.Name(id="str"), args=[path], keywords=[]):
                return self.text(path, depth - 1)
            case ast.Call(func=ast.Attribute(attr=name), args=[], keywords=[]) if name in _HERE:
                return ""
            case ast.Call(func=ast.Name(id="files") | ast.Attribute(attr="files"), args=[package]):
                module = self.text(package, depth - 1)  # importlib.resources
                return None if module is None else module.replace(".", "/")
        name = called(node)
        on = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name in _PATTERNS and on is not None and node.args:
            return self._joined([on, _PATTERNS[name], node.args[0]], "/", depth)
        if name == "dirname" and node.args:
            return self._parent(node.args[0], depth)
        if name in _JOINING and node.args:
            parts = [on, *node.args] if on is not None and name == "joinpath" else node.args
            if name == "join" and not _is_os_path(on):
                return None
            return self._joined(parts, "/", depth)
        if name in _SAME and on is not None:
            return self.text(node.args[0] if node.args else on, depth - 1)
        return None

    def _parent(self, node: ast.expr, depth: int) -> str | None:
        inner = self.text(node, depth - 1)
        return None if inner is None else posixpath.normpath(posixpath.join(inner, ".."))

    def _joined(self, parts: Iterable[ast.expr], between: str, depth: int) -> str | None:
        known: list[str] = []
        for part in parts:
            text = self.text(part, depth - 1)
            if text is None or len(text) > _LONGEST:
                return None
            known.append(text)
        return posixpath.join(*known) if between else "".join(known)


def called(node: ast.Call) -> str:
    """The last word of what a call calls; empty if that has no name."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_os_path(node: ast.expr | None) -> bool:
    match node:
        case None | ast.Name(id="path" | "osp" | "posixpath") | ast.Attribute(attr="path"):
            return True
    return False
