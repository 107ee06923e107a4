"""The text of a Python file with its syntax tree, and the places in it."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Mapping
from pathlib import Path

from kale.dataclass import dataclass
from kale.diagnostics import nearest
from kale.errors import Location, NotebookError, UsageError

#: Anything of a syntax tree that has a place in the text.
Placed = ast.stmt | ast.expr | ast.keyword | ast.arg | ast.alias


@dataclass(frozen=True, slots=True)
class Script:
    """A file; ``path`` is as the user gave it, line ``k`` of it is ``lines[k - 1]``."""

    path: str
    lines: tuple[str, ...]
    tree: ast.Module

    def at(self, node: Placed) -> Location:
        """The place of a node, for a message."""
        return Location(self.path, None, node.lineno, self._character(node) + 1)

    def _character(self, node: Placed) -> int:
        # The syntax tree counts bytes of UTF-8.
        return len(self.lines[node.lineno - 1].encode()[: node.col_offset].decode())

    def alone(self, node: ast.stmt) -> bool:
        """Whether a statement has its lines to itself, but for a comment."""
        last = self.lines[(node.end_lineno or node.lineno) - 1].encode()[node.end_col_offset :]
        before = self.lines[node.lineno - 1].encode()[: node.col_offset]
        return not before.strip() and not last.split(b"#")[0].strip()

    def text(self, node: ast.stmt | ast.expr, new: Mapping[ast.expr, str] | None = None) -> str:
        """The source of a node, with other text where ``new`` says so; it keeps its lines.

        Nodes of ``new`` do not overlap. Text that lies within an f-string cannot be replaced.
        """
        first, last = node.lineno, node.end_lineno or node.lineno
        lines = [line.encode() for line in self.lines[first - 1 : last]]
        lines[-1] = lines[-1][: node.end_col_offset]
        for one in sorted(new or {}, key=lambda n: (n.lineno, n.col_offset), reverse=True):
            top, bottom = one.lineno - first, (one.end_lineno or one.lineno) - first
            after = lines[bottom][one.end_col_offset :]
            assert new is not None
            lines[top : bottom + 1] = [
                lines[top][: one.col_offset] + new[one].encode() + after,
                *([b""] * (bottom - top)),
            ]
        lines[0] = lines[0][node.col_offset :]
        return b"\n".join(lines).decode().rstrip("\n")


def read_script(path: str) -> Script:
    """Read a Python file; nothing of it is run.

    Raises:
        UsageError: KALE001, there is no file of that name that can be read.
        NotebookError: KALE701, the file is no Python.
    """
    at = Location(path)
    file = Path(path)
    try:
        if file.is_dir():
            raise UsageError("KALE001", f"`{path}` is a folder", at=at, hint="name the file in it")
        content = file.read_bytes()
    except FileNotFoundError:
        message = f"`{path}` does not exist"
        raise UsageError("KALE001", message, at=at, hint=_spelling(file)) from None
    except OSError as error:
        message = f"`{path}` cannot be read: {error.strerror}"
        raise UsageError(
            "KALE001", message, at=at, hint="check that you may read the file"
        ) from None
    except ValueError as error:
        message = f"`{path}` is no path: {error}"
        raise UsageError("KALE001", message, at=at, hint="check the spelling of the path") from None
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        with io.TextIOWrapper(io.BytesIO(content), encoding) as reader:
            text = reader.read()
        tree = _parse(text)
    except SyntaxError as error:
        place = Location(path, None, error.lineno, error.offset or None)
        raise _no_python(error.msg, place) from None
    except (ValueError, RecursionError, MemoryError) as error:
        reason = str(error) if isinstance(error, ValueError) else "the code is nested too deeply"
        raise _no_python(reason, at) from None
    return Script(path, tuple(text.split("\n")), tree)


def _parse(text: str) -> ast.Module:
    with warnings.catch_warnings():
        # `"\d"` and `x is 1` are the author's business, and Python's when it runs them.
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
        compile(tree, "<script>", "exec", dont_inherit=True)  # finds `return` outside a function
    return tree


def _no_python(reason: str, at: Location) -> NotebookError:
    return NotebookError(
        "KALE701", f"the file is not valid Python: {reason}", at=at, hint="correct the line"
    )


def _spelling(missing: Path) -> str:
    """The remedy for a path that leads nowhere: the file of its folder most like it."""
    try:
        near = nearest(missing.name, [file.name for file in missing.parent.glob("*.py")])
    except OSError:
        near = None
    return (
        f"did you mean `{missing.with_name(near)}`?" if near else "check the spelling of the path"
    )
