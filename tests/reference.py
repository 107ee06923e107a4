"""The reference run: a notebook's active cells, top to bottom, in one kernel.

A second opinion on what a tagged notebook means. It imports nothing of Kale and reads the few
tags it needs by itself, so that a mistake in Kale's reading cannot hide in both.
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from nbformat import NotebookNode

METRICS, PARAMETERS = "pipeline-metrics", frozenset({"pipeline-parameters", "parameters"})
OTHER_KINDS = frozenset({"imports", "functions"})

#: The media type under which the kernel hands over the metrics, and the key of our cells' role.
MEDIA_TYPE = ROLE = "application/x.reference+json"

_NOTHING: Mapping[str, Any] = MappingProxyType({})


def run_top_to_bottom(path: str | Path, parameters: Mapping[str, Any] = _NOTHING) -> dict[str, Any]:
    """The metrics of the reference run, by name, as JSON values (a tuple comes as a list).

    ``parameters`` replace defaults of the notebook. Where several cells report a metric of
    the same name, the last value counts.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
        ValueError: a parameter that the notebook does not have.
    """
    metrics: dict[str, Any] = {}
    for cell in execute_top_to_bottom(path, parameters).cells:
        if cell.metadata.get(ROLE) == "metrics":
            for output in cell.outputs:
                metrics |= json.loads(output.data[MEDIA_TYPE])
    return metrics


def execute_top_to_bottom(
    path: str | Path, parameters: Mapping[str, Any] = _NOTHING, *, skipped_too: bool = False
) -> NotebookNode:
    """The executed notebook, outputs and all, with our own cells where values go in and out.

    It runs in the notebook's folder. With ``skipped_too`` the cells tagged ``skip`` run as well,
    as they do for an author who chooses "Run All".
    """
    path = Path(path).resolve()
    notebook = nbformat.read(path, as_version=4)
    _refuse_unknown(parameters, notebook)
    notebook.cells = list(_cells(notebook, parameters, skipped_too=skipped_too))
    # A kernel that is asked to leave takes seconds now and then; ours has nothing left to do.
    client = NotebookClient(
        notebook,
        timeout=300,
        shutdown_kernel="immediate",
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute(env={**os.environ, "PYTHONWARNINGS": "default"})
    return notebook


def _cells(
    notebook: NotebookNode, parameters: Mapping[str, Any], *, skipped_too: bool
) -> Iterator[NotebookNode]:
    """The cells to run: each parameters cell and metrics cell is followed by one of ours."""
    for cell, kind in _with_kinds(notebook):
        if kind is None or (kind == "skip" and not skipped_too):
            continue
        yield cell
        if kind == "parameters":
            # After each such cell anew, since a later one may assign its default last.
            code = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
            yield _own_cell("parameters", code)
        elif kind == "metrics":
            yield _own_cell("metrics", _report(_printed_names(cell.source)))


def _with_kinds(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, str | None]]:
    """Each cell with its kind: ``skip``, ``parameters``, ``metrics``, ``code``; None is Markdown.

    A cell without a tag that gives it a kind joins the nearest one above that has one.
    """
    above = "code"
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", ()))
        if cell.cell_type != "code":
            yield cell, None
            continue
        if "skip" in tags:
            yield cell, "skip"
            continue
        if METRICS in tags:
            above = "metrics"
        elif tags & OTHER_KINDS or any(_names_a_step(tag) for tag in tags):
            above = "code"
        elif tags & PARAMETERS:
            above = "parameters"
        yield cell, above


def _names_a_step(tag: str) -> bool:
    kind, _, names = tag.partition(":")
    return kind in {"block", "step"} and bool(names.strip())


def _printed_names(source: str) -> list[str]:
    """Names that the cell's top level prints, or shows as an expression, in their order."""
    body = ast.parse(TransformerManager().transform_cell(source)).body
    shown = (name for node in body if isinstance(node, ast.Expr) for name in _shown(node.value))
    return list(dict.fromkeys(shown))


def _shown(node: ast.expr) -> Iterator[str]:
    """A name itself, and those in a tuple, an f-string or the arguments of `print`."""
    parts: list[ast.expr] = []
    match node:
        case ast.Name(name):
            yield name
        case ast.Call(ast.Name("print"), arguments):
            parts = arguments
        case ast.Tuple(elements):
            parts = elements
        case ast.JoinedStr(pieces):
            parts = [piece.value for piece in pieces if isinstance(piece, ast.FormattedValue)]
    for part in parts:
        yield from _shown(part)


def _report(names: list[str]) -> str:
    """Code that displays the values of ``names`` as JSON, and binds nothing.

    A NumPy scalar or array is given as the Python numbers it stands for.
    """
    values = "{" + ", ".join(f"{name!r}: {name}" for name in names) + "}"
    text = f"__import__('json').dumps({values}, default=lambda value: value.tolist())"
    return f"__import__('IPython').display.display({{{MEDIA_TYPE!r}: {text}}}, raw=True)"


def _own_cell(role: str, code: str) -> NotebookNode:
    return nbformat.v4.new_code_cell(code, id=f"reference-{role}", metadata={ROLE: role})


def _refuse_unknown(parameters: Mapping[str, Any], notebook: NotebookNode) -> None:
    cells = [cell for cell, kind in _with_kinds(notebook) if kind == "parameters"]
    known = {
        node.id
        for cell in cells
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    if unknown := parameters.keys() - known:
        raise ValueError(f"not parameters of this notebook: {', '.join(sorted(unknown))}")
