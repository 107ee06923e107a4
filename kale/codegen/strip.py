"""Python without what is for readers alone: so that it travels into pods in few bytes."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterator
from itertools import pairwise

#: Tokens that are not part of a line's text.
_NO_CODE = ("COMMENT", "DEDENT", "ENDMARKER", "INDENT", "NL")

#: A place in a source: its line, from 1, and its column, from 0.
_Place = tuple[int, int]


def strip(source: str) -> str:
    """``source`` without what is for readers and type checkers alone; as good to run.

    That is docstrings, comments, blanks, line breaks inside a statement, the annotations of
    functions and of variables that are no attribute of a class, and imports for those. It
    joins the tokens of ``source`` and does not write its tree, whose text differs from one
    Python to the next. What stands in strings is kept. Annotations are not in parentheses.
    """
    lines = source.splitlines(keepends=True)
    replaced = dict(_replaced(source, lines))
    result, words = list[tuple[int, str]](), list[str]()
    level, nested, begin, skipped = 0, 0, (0, 0), (0, 0)
    for token in tokenize.generate_tokens(iter(lines).__next__):
        kind = tokenize.tok_name[token.type]
        level += (kind == "INDENT") - (kind == "DEDENT")
        if token.start in replaced and kind not in _NO_CODE:
            skipped, text = replaced[token.start]
            words = [*words, text] if text else words if text == "" else words[:-1]
        # Since Python 3.12 an f-string is several tokens; its text is one all the same.
        if kind.endswith("STRING_START"):
            begin, nested = begin if nested else token.start, nested + 1
        elif kind.endswith("STRING_END"):
            nested -= 1
        if kind == "NEWLINE":
            if words:
                result.append((level, _joined(words)))
            words = []
        elif kind in _NO_CODE or nested or token.start < skipped:
            continue
        elif kind.endswith("STRING_END"):
            words.append(_between(lines, begin, token.end))
        else:
            words.append(token.string)
    return "".join(_shortened(result))


def _joined(words: list[str]) -> str:
    """The words with blanks only where two would else become one."""
    text = words[0]
    for before, word in pairwise(words):
        last, first = before[-1], word[0]
        wordy = (last.isalnum() or last == "_") and (first.isalnum() or first == "_")
        texts = last in "\"'" and first in "\"'"
        number = before[0].isdigit() and word == "."
        text += f" {word}" if wordy or texts or number else word
    return text


def _shortened(lines: list[tuple[int, str]]) -> Iterator[str]:
    """Logical lines with their levels as text: imports in a row, and suites of one statement."""
    previous, suite = (0, ""), False
    padded = [*lines, (0, ""), (0, "")]
    for (level, line), (below, _), (after, _) in zip(lines, padded[1:], padded[2:], strict=False):
        if previous[0] == level and all(x.startswith("import ") for x in (previous[1], line)):
            yield "," + line.removeprefix("import ")
        else:
            yield line if suite else ("\n" if previous[1] else "") + " " * level + line
        previous, suite = (level, line), below > level >= after
    yield "\n" if lines else ""


def _between(lines: list[str], start: _Place, end: _Place) -> str:
    rows = lines[start[0] - 1 : end[0]]
    rows[-1] = rows[-1][: end[1]]
    rows[0] = rows[0][start[1] :]
    return "".join(rows)


def _replaced(source: str, lines: list[str]) -> Iterator[tuple[_Place, tuple[_Place, str | None]]]:
    """What stands for parts of ``source``: from where, to where, and its text.

    Instead of ``None`` stands nothing, nor does the colon or arrow before it.
    """

    def place(line: int, column: int) -> _Place:
        return line, len(lines[line - 1].encode()[:column].decode())

    def span(node: ast.expr | ast.stmt) -> tuple[_Place, _Place]:
        end = node.end_lineno or 0, node.end_col_offset or 0
        return place(node.lineno, node.col_offset), place(*end)

    module = ast.parse(source)
    nodes = list(ast.walk(module))
    of_classes = {
        id(part) for node in nodes if isinstance(node, ast.ClassDef) for part in node.body
    }
    notes = set[int]()
    for node in nodes:
        match node:
            case ast.arg(annotation=ast.expr() as note):
                pass
            case ast.FunctionDef(returns=ast.expr() as note):
                pass
            case ast.AnnAssign(annotation=note, value=ast.expr()) if id(node) not in of_classes:
                pass
            case _:
                continue
        start, end = span(note)
        notes.update(id(part) for part in ast.walk(note))
        yield start, (end, None)
    used = {n.id for n in nodes if isinstance(n, ast.Name) and id(n) not in notes}
    for node in nodes:
        match node:
            case (
                ast.Module(body=[ast.Expr(ast.Constant(value=str())) as first, *rest])
                | ast.ClassDef(body=[ast.Expr(ast.Constant(value=str())) as first, *rest])
                | ast.FunctionDef(body=[ast.Expr(ast.Constant(value=str())) as first, *rest])
            ) if not rest or rest[0].lineno > (first.end_lineno or 0):
                start, end = span(first)
                yield start, (end, "" if rest or node is module else "pass")
    for node in module.body:
        match node:
            case ast.Assign(targets=[ast.Name("__all__")]):
                start, end = span(node)
                yield start, (end, "")
            case ast.ImportFrom(module=str(origin), level=0):
                start, end = span(node)
                kept = [name for name in node.names if (name.asname or name.name) in used]
                names = ",".join(map(ast.unparse, kept))
                yield start, (end, f"from {origin} import {names}" if names else "")
