"""Syntax errors, found before anything runs, at their place in the notebook."""

from __future__ import annotations

import ast
import functools
import re
import warnings

from kale.errors import Location, NotebookError


@functools.lru_cache(maxsize=2)
def parse_quietly(code: str) -> ast.Module | None:
    """The syntax tree of ``code``, not to be changed, or ``None`` when it is not plain Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def needs_await(code: str) -> bool:
    """Whether code is Python only where a top level may await, as a cell's may."""
    return not _compiles(code, 0) and _compiles(code, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def _compiles(code: str, flags: int) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(code, "<cell>", "exec", flags, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def syntax_error(code: str, python: str, at: Location) -> NotebookError | None:
    """Why a cell could not be compiled, or ``None``; nothing of it is run.

    ``code`` is the cell as it was written, ``python`` the same as plain Python; line k of either
    is line ``at.line + k - 1``. Top-level ``await`` is right, as in IPython; ``return`` outside
    a function is not. The column is left out in lines that are no Python as they were written.
    """
    problem, line, column = "", 1, None
    with warnings.catch_warnings():
        # `"\d"` and `x is 1` are the author's business, and the kernel's when it runs them.
        warnings.simplefilter("ignore")
        try:
            compile(python, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError as error:
            problem, line, column = error.msg, error.lineno or 1, error.offset or None
        except ValueError as error:  # null bytes, before Python 3.11.4
            problem = str(error)
        except (RecursionError, MemoryError):
            problem = "the code is nested too deeply"
    if not problem:
        return None
    magic = re.match(r"\s*(%%?)(\S*)", _line(python, line) or "")
    if magic:
        problem, column = _magic_problem(magic[1], magic[2], python, line), None
    elif _line(code, line) != _line(python, line):
        column = None
    first = at.line or 1
    place = Location(at.path, at.cell, first + line - 1, column, at.step, at.cell_id)
    return NotebookError(
        "KALE009",
        f"the cell is not valid Python: {problem}",
        at=place,
        hint="correct the line, or tag the cell `skip`",
    )


def _magic_problem(sign: str, name: str, python: str, line: int) -> str:
    """Why a magic still stands in code that should be plain Python."""
    magic = f"`{sign}{name}`"
    lines = python.split("\n")
    if sign == "%":
        return f"{magic} cannot run what follows it, which ends with the line"
    if any(text.strip() for text in lines[: line - 1]):
        return f"{magic} is understood in the first line of a cell only"
    if not any(lines[line:]):
        return f"{magic} stands above nothing"
    return f"{magic} cannot run the cell, as it takes no statement beside it and no `await`"


def _line(text: str, number: int) -> str | None:
    lines = text.split("\n")
    return lines[number - 1] if number <= len(lines) else None
