"""From a file, or the text of one, to a :class:`Notebook`."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kale.diagnostics import nearest
from kale.errors import Location, NotebookError, UsageError
from kale.nbparser.notebook import Cell, Notebook

_OLDEST, _NEWEST = 3, 4
_PYTHON = frozenset({"python", "ipython", "python3", "sage"})


def read_notebook(path: str | os.PathLike[str]) -> Notebook:
    """Read a notebook of nbformat 3 or 4.

    Raises:
        UsageError: KALE001, there is no file of that name that can be read.
        NotebookError: KALE002 to KALE007, the file is no Python notebook with cells.
    """
    name = os.fspath(path)
    at = Location(name)
    try:
        file = Path(name)
        if file.is_dir():
            raise _unreadable(name, "is a folder", "name the notebook in it", at)
        if file.exists() and not file.is_file():
            raise _unreadable(name, "is no ordinary file", "name a notebook file", at)
        content = file.read_bytes()
    except FileNotFoundError:
        raise _unreadable(name, "does not exist", _spelling(file), at) from None
    except OSError as error:
        reason = f"cannot be read: {error.strerror}"
        raise _unreadable(name, reason, "check that you may read the file", at) from None
    except ValueError as error:
        reason = f"is no path: {error}"
        raise _unreadable(name, reason, "check the spelling of the path", at) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotebookError(
            "KALE002",
            f"the file is not UTF-8 text (byte {error.start + 1})",
            at=at,
            hint="a notebook is JSON in UTF-8; save it from Jupyter again",
        ) from None
    return read_notebook_json(text, name)


def read_notebook_json(text: str, path: str) -> Notebook:
    """Read the text of a notebook file; ``path`` is what places in it are called by.

    Raises:
        NotebookError: KALE003 to KALE007, the text is no Python notebook with cells.
    """
    at = Location(path)
    content = _load_json(text, at)
    major = _check_form(content, at)
    upgraded = _essence(content, major)
    if major != _NEWEST:
        upgraded = _converted(upgraded, at)
    metadata = _mapping(upgraded.get("metadata"))
    kernel = _check_language(metadata, at)
    ids = [cell.get("id") for cell in content["cells"]] if major == _NEWEST else []
    cells = tuple(
        _cell(number, cell, ids[number - 1] if ids else None)
        for number, cell in enumerate(upgraded["cells"], 1)
    )
    if not cells:
        raise NotebookError(
            "KALE007",
            "the notebook has no cells",
            at=at,
            hint="write code into cells and tag them `block:NAME`",
        )
    return Notebook(path, cells, metadata, kernel)


def _spelling(missing: Path) -> str:
    """The remedy for a path that leads nowhere: the notebook of its folder most like it."""
    try:
        names = [file.name for file in missing.parent.glob("*.ipynb")]
    except OSError:
        names = []
    near = nearest(missing.name, names)
    return (
        f"did you mean `{missing.with_name(near)}`?" if near else "check the spelling of the path"
    )


def _unreadable(name: str, reason: str, hint: str, at: Location) -> UsageError:
    return UsageError("KALE001", f"`{name}` {reason}", at=at, hint=hint)


def _load_json(text: str, at: Location) -> dict[str, Any]:
    try:
        content = json.loads(text)
        if "\\u" in text:
            json.dumps(content, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        raise _invalid_json(text, error, at) from None
    except RecursionError:
        raise NotebookError(
            "KALE003", "the file's JSON is nested too deeply", at=at, hint="this is no notebook"
        ) from None
    except UnicodeEncodeError:
        raise _no_notebook("holds half of a character (a lone surrogate)", at) from None
    if not isinstance(content, dict):
        raise _no_notebook("is not a JSON object", at)
    return content


def _invalid_json(text: str, error: json.JSONDecodeError, at: Location) -> NotebookError:
    hint = "open it in Jupyter, or restore it from an earlier version"
    if not text.strip():
        return NotebookError("KALE003", "the file is empty", at=at, hint=hint)
    lines = text.split("\n")
    if any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in lines):
        hint = "it holds the marks of a merge conflict: resolve it first"
    return NotebookError(
        "KALE003",
        f"the file is not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}",
        at=at,
        hint=hint,
    )


def _no_notebook(reason: str, at: Location) -> NotebookError:
    return NotebookError(
        "KALE004",
        f"the file is no notebook: it {reason}",
        at=at,
        hint="give a `.ipynb` file as Jupyter saves it",
    )


def _check_form(content: dict[str, Any], at: Location) -> int:
    """The notebook's major format, once all that is read of it later has the right type.

    nbformat itself reads unlikely content without a check and then fails in many ways, and
    its validation refuses much that does no harm here (outputs, attachments, missing ids).
    """
    major = content.get("nbformat")
    if not isinstance(major, int) or isinstance(major, bool):
        raise _no_notebook("has no `nbformat` number", at)
    if not _OLDEST <= major <= _NEWEST:
        remedy = "open and save it in Jupyter" if major < _OLDEST else "save it as version 4"
        raise NotebookError(
            "KALE005",
            f"the notebook is of format {major}; Kale reads formats {_OLDEST} and {_NEWEST}",
            at=at,
            hint=remedy,
        )
    if major == _NEWEST:
        _check_cells(content.get("cells"), "source", "cells", at)
        return major
    sheets = content.get("worksheets")
    if not isinstance(sheets, list) or not all(isinstance(sheet, dict) for sheet in sheets):
        raise _no_notebook("has no list of `worksheets`", at)
    for sheet in sheets:
        _check_cells(sheet.get("cells"), "input", "cells", at)
    return major


def _check_cells(cells: object, code: str, key: str, at: Location) -> None:
    if not isinstance(cells, list):
        raise _no_notebook(f"has no list of `{key}`", at)
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
            raise _no_notebook(f"has a cell {number} without a `cell_type`", at)
        source = cell.get(code if cell["cell_type"] == "code" else "source", "")
        lines = source if isinstance(source, list) else [source]
        if not all(isinstance(line, str) for line in lines):
            raise _no_notebook(f"has a cell {number} whose source is no text", at)


def _essence(content: dict[str, Any], major: int) -> Mapping[str, Any]:
    """The notebook without what nobody reads here, and what nbformat could stumble over.

    Outputs and attachments may be large, and old or foreign tools write them in odd forms.
    """
    minor = content.get("nbformat_minor")
    head = {
        "nbformat": major,
        "nbformat_minor": minor if isinstance(minor, int) else 0,
        "metadata": _mapping(content.get("metadata")),
    }
    if major == _NEWEST:
        return head | {"cells": [_slim(cell, "source") for cell in content["cells"]]}
    sheets = [
        {"cells": [_slim(cell, "input") for cell in sheet["cells"]], "metadata": {}}
        for sheet in content["worksheets"]
    ]
    return head | {"worksheets": sheets}


def _slim(cell: dict[str, Any], code: str) -> dict[str, Any]:
    kept = {
        "cell_type": cell["cell_type"],
        "metadata": _mapping(cell.get("metadata")),
    }
    if kept["cell_type"] != "code":
        return kept | {"source": cell.get("source", ""), "level": cell.get("level", 1)}
    return kept | {code: cell.get(code, ""), "outputs": [], "execution_count": None}


def _converted(old: Mapping[str, Any], at: Location) -> Mapping[str, Any]:
    """A notebook of an older format, as nbformat converts it to the newest."""
    import nbformat  # costs 0.1 s, and nothing that nbformat does to the newest is read here

    try:
        # Reading a cell without an id, or with one that another has, is a mere warning.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = nbformat.reader.reads(json.dumps(old))
            content: Mapping[str, Any] = nbformat.convert(read, _NEWEST)
    except Exception as error:  # content that nobody foresaw fails in any way
        raise _no_notebook(f"cannot be read ({type(error).__name__}: {error})", at) from error
    return content


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _check_language(metadata: Mapping[str, Any], at: Location) -> str:
    """The kernel's name; notebooks that do not say are taken for Python, as Jupyter does."""
    kernelspec = _mapping(metadata.get("kernelspec"))
    language = _mapping(metadata.get("language_info")).get("name") or kernelspec.get("language")
    if isinstance(language, str) and language.lower() not in _PYTHON:
        raise NotebookError(
            "KALE006",
            f"the notebook's language is `{language}`; Kale reads Python",
            at=at,
            hint="give a notebook with a Python kernel",
        )
    kernel = kernelspec.get("name")
    return kernel if isinstance(kernel, str) and kernel else "python3"


def _cell(number: int, cell: Mapping[str, Any], cell_id: object) -> Cell:
    metadata = _mapping(cell.get("metadata"))
    tags = metadata.get("tags") or []
    good = isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)
    source = cell.get("source", "")
    return Cell(
        number=number,
        id=cell_id if isinstance(cell_id, str) else None,
        kind=cell["cell_type"],
        source=source if isinstance(source, str) else "".join(source),
        tags=tuple(dict.fromkeys(tags)) if good else (),
        metadata=metadata,
        bad_tags=not good,
    )
