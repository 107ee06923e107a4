"""Python text in tags: a semicolon stands for a comma, which Jupyter allows in no tag.

A comma is read too: notebooks that no Jupyter has written may hold one.
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator


def from_tag(text: str) -> str:
    """The Python text that a tag holds."""
    return _replaced(text, ";", ",")


def to_tag(text: str) -> str:
    """Python text as a tag can hold it; a comma in a literal text becomes an escape."""
    return _replaced(text, ",", ";")


def _replaced(text: str, old: str, new: str) -> str:
    lines = text.split("\n")
    for token in reversed(list(_tokens(text))):
        if token.type == tokenize.OP and token.string == old:
            found = new
        elif token.type == tokenize.STRING and old == "," and token.string[0] in "'\"":
            found = token.string.replace(",", "\\x2c")
        else:
            continue
        row, start = token.start
        line = lines[row - 1]
        lines[row - 1] = line[:start] + found + line[start + len(token.string) :]
    return "\n".join(lines)


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    """The tokens of the text, as far as it has any."""
    try:
        yield from tokenize.generate_tokens(io.StringIO(text).readline)
    except (tokenize.TokenError, SyntaxError):  # it will be told where it is parsed
        return
