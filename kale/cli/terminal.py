"""Findings and errors as a person reads them: place, cause, source line, remedy."""

from __future__ import annotations

import io
import json
import linecache
import os
import sys
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

import click

from kale.credentials import without_credentials
from kale.diagnostics import Diagnostic, Severity, from_error
from kale.errors import KaleError, Location
from kale.printable import printable

#: What a shell reports for a program that Ctrl-C ended: 128 and the signal's number.
INTERRUPTED = 130

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTICE: "cyan"}


def ready_streams() -> None:
    """Make the standard streams take any text: what they cannot encode becomes an escape.

    A stream that was closed before we began is replaced by one that forgets.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            forgetful = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for good
            setattr(sys, name, forgetful)
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def print_json(document: dict[str, Any]) -> None:
    """Print one JSON document on standard output, in ASCII where that takes nothing else."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(document, indent=2)
    click.echo(text)


def print_error(error: KaleError) -> None:
    """Print all that an error stands for on standard error."""
    print_findings(from_error(error), sys.stderr)


def print_findings(findings: Iterable[Diagnostic], stream: TextIO) -> None:
    """Print findings in their order, each with its source line where the file still has it."""
    lines = _SourceLines()
    for finding in findings:
        print_lines(finding_lines(finding, lines.at(finding.at)), stream)


def print_lines(lines: Iterable[str], stream: TextIO) -> None:
    """Print lines of text, coloured as they are where the stream takes colours."""
    for line in lines:
        click.echo(line, file=stream, color=_colour())


def finding_lines(finding: Diagnostic, source: str | None) -> list[str]:
    """A finding as lines of text; ``source`` is the line of code it is about.

    Who logs in to an address in that line is left out.
    """
    place = printable(f"{finding.at}: ") if finding.at else ""
    severity = click.style(finding.severity.value, fg=_COLOURS[finding.severity], bold=True)
    lines = [f"{place}{severity} {finding.code}: {printable(finding.message)}"]
    if source is not None and source.strip():
        indent = len(source) - len(source.lstrip())
        shown = without_credentials(source.strip())
        lines.append(f"    {_one_wide(shown)}")
        column = finding.at.shown_column if finding.at and shown == source.strip() else None
        if column is not None and indent < column <= len(source) + 1:
            before = _one_wide(source[indent : column - 1])
            lines.append(" " * (4 + display_width(before)) + "^")
    if finding.hint:
        lines.append(f"  hint: {printable(finding.hint)}")
    return lines


def shown_path(path: Path) -> str:
    """A path as short as a person can use it: relative to here for what is below here."""
    full = Path(os.path.normpath(path.absolute()))
    here = Path.cwd()
    return printable(str(full.relative_to(here) if full.is_relative_to(here) else full))


def _one_wide(code: str) -> str:
    """Code with a space for each tab, so that a caret below it can be placed."""
    return printable(code.replace("\t", " "))


def display_width(text: str) -> int:
    """The columns that text takes on a terminal: two for a wide character, none for a mark."""
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )


def _colour() -> bool | None:
    """Whether to colour; ``None`` lets click find out whether the stream is a terminal."""
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


class _SourceLines:
    """Lines of what the user wrote, each file read once and only when a finding needs it."""

    def __init__(self) -> None:
        self._cells: dict[str, dict[int, list[str]]] = {}

    def at(self, place: Location | None) -> str | None:
        if place is None or place.shown_line is None:
            return None
        number = place.shown_line
        if place.in_script:
            return linecache.getline(place.path, number).rstrip("\r\n") or None
        if place.cell is None:
            return None
        lines = self._read(place.path).get(place.cell, [])
        return lines[number - 1] if 0 < number <= len(lines) else None

    def _read(self, path: str) -> dict[int, list[str]]:
        if path not in self._cells:
            from kale.nbparser import read_notebook

            try:
                cells = read_notebook(path).cells
            except KaleError:
                cells = ()
            self._cells[path] = {cell.number: cell.source.split("\n") for cell in cells}
        return self._cells[path]
