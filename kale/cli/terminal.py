"""Findings and errors as a person reads them: place, cause, source line, remedy."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

import click

from kale.diagnostics import Diagnostic, Severity, from_error
from kale.errors import KaleError, Location

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document on standard output."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def print_error(error: KaleError) -> None:
    """Print all that an error stands for on standard error."""
    print_findings(from_error(error), sys.stderr)


def print_findings(findings: Iterable[Diagnostic], stream: TextIO) -> None:
    """Print findings in their order, each with its source line where the file still has it."""
    lines = _SourceLines()
    for finding in findings:
        for text in finding_lines(finding, lines.at(finding.at)):
            click.echo(text, file=stream, color=_colour())


def finding_lines(finding: Diagnostic, source: str | None) -> list[str]:
    """A finding as lines of text; ``source`` is the line of code it is about."""
    place = f"{finding.at}: " if finding.at else ""
    severity = click.style(finding.severity.value, fg=_COLOURS[finding.severity], bold=True)
    lines = [f"{place}{severity} {finding.code}: {finding.message}"]
    if source is not None and source.strip():
        indent = len(source) - len(source.lstrip())
        lines.append(f"    {source.strip()}")
        column = finding.at.column if finding.at else None
        if column is not None and column > indent:
            lines.append(" " * (4 + column - 1 - indent) + "^")
    if finding.hint:
        lines.append(f"  hint: {finding.hint}")
    return lines


def _colour() -> bool | None:
    """Whether to colour; ``None`` lets click find out whether the stream is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


class _SourceLines:
    """Lines of notebooks, each file read once and only when a finding needs it."""

    def __init__(self) -> None:
        self._cells: dict[str, dict[int, list[str]]] = {}

    def at(self, place: Location | None) -> str | None:
        if place is None or place.cell is None or place.line is None:
            return None
        lines = self._read(place.path).get(place.cell, [])
        return lines[place.line - 1] if 0 < place.line <= len(lines) else None

    def _read(self, path: str) -> dict[int, list[str]]:
        if path not in self._cells:
            from kale.nbparser import read_notebook

            try:
                cells = read_notebook(path).cells
            except KaleError:
                cells = ()
            self._cells[path] = {cell.number: cell.source.split("\n") for cell in cells}
        return self._cells[path]
