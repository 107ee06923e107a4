"""Which files are the author's, cells among them, and their lines as they were compiled.

Only the standard library, and Python 3.10: this is part of a probe (see ``probe_source``).
"""

from __future__ import annotations

import ast
import linecache
import os
import re
import sys
import sysconfig
from pathlib import Path
from typing import Any

#: The longest source that is parsed, in characters.
_LONGEST_SOURCE = 500_000

#: What IPython compiles or reads that is the author's and no file: the body of `%time`, a cell
#: whose indentation does not hold.
_NAMELESS = frozenset(["<timed exec>", "<timed eval>", "<tokenize>"])
_INSTALLED = re.compile(
    r"[\\/](site-packages|dist-packages|kale_runtime|kale[\\/](?:runners|sdk))[\\/]"
)

_MAGICS = frozenset(["run_cell_magic", "run_line_magic"])


class Sources:
    """The author's cells and files in this interpreter; relative paths begin at ``folder``."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        #: The execution count of each cell's file.
        self._counts = dict(getattr(getattr(shell, "compile", None), "_filename_map", {}))
        names = ("stdlib", "platstdlib", "purelib", "platlib")
        paths = {sysconfig.get_paths().get(name) or "" for name in names}
        self._installed = tuple(f"{path}{os.sep}" for path in paths if path)
        self._known: dict[str, bool] = {}
        self._trees: dict[str, ast.AST | None] = {}
        self._body: list[str] = []

    def knows(self, file: str) -> bool:
        """Whether it is a cell, the body of a magic, or a file that nobody installed."""
        if file not in self._known:
            path = self._absolute(file)
            installed = path.startswith(self._installed) or _INSTALLED.search(path)
            named = file in _NAMELESS if file.startswith("<") else not installed
            self._known[file] = file in self._counts or named
        return self._known[file]

    def place(self, file: str) -> dict[str, Any]:
        """How to tell where a frame is."""
        if file in self._counts:
            return {"count": self._counts[file]}
        return {"file": file if file.startswith("<") else self._absolute(file)}

    def lines(self, file: str) -> list[str]:
        """The lines of a file; none if nobody has them."""
        if file.startswith("<") and file not in linecache.cache:
            return self._body
        return linecache.getlines(file)

    def tree(self, file: str) -> ast.AST | None:
        """The syntax tree of a file, if it can be had."""
        if file not in self._trees:
            text = "".join(self.lines(file))
            try:
                short = len(text) <= _LONGEST_SOURCE
                self._trees[file] = ast.parse(text) if short else None
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self._trees[file] = None
        return self._trees[file]

    def note_body(self, file: str, line: int) -> None:
        """If a cell's line calls a magic with more code, keep that."""
        for node in ast.walk(self.tree(file) or ast.Module([], [])):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _MAGICS:
                body = node.args[-1] if node.args else None
                if node.lineno == line and isinstance(body, ast.Constant):
                    self._body = str(body.value).splitlines(keepends=True)
                    for file in _NAMELESS:
                        self._trees.pop(file, None)

    def _absolute(self, file: str) -> str:
        return str(Path(self._folder, file))
