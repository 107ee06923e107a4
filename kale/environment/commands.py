"""The words of shell commands in a notebook that may be files which they read."""

from __future__ import annotations

import ast
import re

from kale.environment.path_texts import called

#: Calls whose first text is a command.
_CALLS = frozenset("system getoutput popen Popen run call check_call check_output".split())

#: Magics whose text is one, of a line and of a cell.
_MAGICS = frozenset("! bash cd load run script sh sx system".split())

#: Commands whose words are no files that they read.
_NO_READERS = frozenset("cd echo export kill mkdir pip rm rmdir sleep tee touch".split())


def command_of(call: ast.Call, node: ast.expr, text: str) -> list[str] | None:
    """The words of a command, whose text is ``node``, an argument of ``call``.

    ``None`` if it is none; empty if it is that of another magic, or what a command writes.
    """
    name = called(call)
    if name in ("run_line_magic", "run_cell_magic"):
        magic = getattr(call.args[0], "value", "") if call.args else ""
        if magic in ("writefile", "file"):
            return None
        return _words(text) if magic in _MAGICS and node is not call.args[0] else []
    return _words(text) if name in _CALLS and " " in text else None


def _words(text: str) -> list[str]:
    written = re.sub(r"(?:>+|(?:^|\s)-[oO])\s*[^\s;|&]+", " ", text)
    found: list[str] = []
    for command in re.split(r"[;|&\n]+", written):
        words = [word for word in re.split(r"[\s<()'\"=]+", command) if word]
        if words and words[0] not in _NO_READERS:
            found += words
    return found
