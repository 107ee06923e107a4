"""The code of each active cell, with the same as plain Python beside it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping

from kale.errors import KaleError
from kale.ir import Source
from kale.nbparser.cells import TaggedCell
from kale.nbparser.ipython import to_python
from kale.nbparser.notebook import Notebook
from kale.nbparser.scripts import Scripts
from kale.nbparser.syntax import parse_quietly, syntax_error


def read_sources(notebook: Notebook, cells: Iterable[TaggedCell]) -> dict[int, Source]:
    """The code of each active cell, by the cell's number.

    The names that any of them binds tell ``$x`` from ``$HOME``. Files that ``%run`` names are
    read where they stand beside the notebook, or in a ``%%writefile`` cell above.
    """
    active = tuple(cells)
    scripts = Scripts.beside(notebook.path)
    known: set[str] = set()
    for tagged in active:
        scripts = scripts.with_cell(tagged.cell.source)
        tree = parse_quietly(to_python(tagged.cell.source, run=scripts.as_python))
        known.update(bound_names(tree) if tree is not None else ())
    scripts = Scripts.beside(notebook.path, known)
    sources: dict[int, Source] = {}
    for tagged in active:
        code = tagged.cell.source
        at = notebook.place(tagged.cell, 1, tagged.steps[0] if tagged.steps else None)
        sources[tagged.cell.number] = Source(code, at, to_python(code, known, scripts.as_python))
        scripts = scripts.with_cell(code)
    return sources


def bound_names(tree: ast.Module) -> Iterable[str]:
    """Every name that is bound anywhere in a cell; a few too many do no harm."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.MatchMapping(rest=str(name)):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name.partition(".")[0]


def syntax_errors(cells: Iterable[TaggedCell], sources: Mapping[int, Source]) -> list[KaleError]:
    """KALE009 for each cell that could not be compiled."""
    errors = (
        syntax_error(source.code, source.python, source.at)
        for source in (sources[cell.cell.number] for cell in cells)
    )
    return [error for error in errors if error is not None]


def has_code(source: Source) -> bool:
    """Whether there is more than comments; what cannot be parsed is code."""
    if re.match(r"\s*[A-Za-z_]", source.python):
        return True
    tree = parse_quietly(source.python)
    return tree is None or bool(tree.body)
