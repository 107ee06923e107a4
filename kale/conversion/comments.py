"""What a notebook says beside its code: Markdown and the comments of its parameters."""

from __future__ import annotations

import ast
import tokenize
from collections.abc import Iterable

from kale.nbparser.notebook import Notebook
from kale.nbparser.syntax import parse_quietly


def as_comments(markdown: str) -> str:
    """Markdown as comments."""
    return "\n".join(f"# {line}".rstrip() for line in markdown.strip().split("\n"))


def heading(notebook: Notebook) -> str:
    """The first cell, if it is Markdown, as the docstring of a file."""
    first = notebook.cells[0]
    text = first.source.strip().lstrip("# ") if first.kind == "markdown" else ""
    if not text or '"""' in text or "\\" in text or text[-1] == '"':
        return as_comments(first.source) if text else ""
    return f'"""{text}\n"""' if "\n" in text else f'"""{text}"""'


def notes(notebook: Notebook) -> dict[int, str]:
    """The Markdown right before each code cell, as comments, by the cell's number."""
    found: dict[int, str] = {}
    waiting: list[str] = []
    for cell in notebook.cells[notebook.cells[0].kind == "markdown" :]:
        if cell.kind == "markdown":
            waiting.append(as_comments(cell.source))
        elif cell.kind == "code":
            if waiting:
                found[cell.number] = "\n#\n".join(waiting)
            waiting = []
    return found


def parameter_comments(notebook: Notebook) -> dict[str, str]:
    """The comment that stands behind the assignment of a parameter, by its name."""
    found: dict[str, str] = {}
    for cell in notebook.cells:
        if "pipeline-parameters" not in cell.tags and "parameters" not in cell.tags:
            continue
        tree = parse_quietly(cell.source)
        comments = dict(_comments(cell.source))
        for one in tree.body if tree else ():
            target = one.targets[0] if isinstance(one, ast.Assign) else getattr(one, "target", None)
            if isinstance(target, ast.Name) and one.end_lineno in comments:
                found[target.id] = comments[one.end_lineno]
    return found


def _comments(code: str) -> Iterable[tuple[int, str]]:
    lines = iter([f"{line}\n" for line in code.split("\n")])
    for token in tokenize.generate_tokens(lambda: next(lines, "")):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
