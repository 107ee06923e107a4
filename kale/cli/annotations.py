"""Findings and failures as GitHub's workflow commands, which show them at their lines."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from kale.diagnostics import Diagnostic, Severity
from kale.errors import Location
from kale.nbparser.raw_lines import raw_lines
from kale.printable import printable

if TYPE_CHECKING:
    from kale.runners import StepResult

#: GitHub shows ten of each kind per step of a workflow, so the worst come first.
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "notice"}


def workflow_commands(
    findings: Iterable[Diagnostic] = (), failures: Iterable[StepResult] = ()
) -> list[str]:
    """A line for each failed step and each finding, for the standard output of a workflow.

    The file is named relative to the workflow's checkout (``GITHUB_WORKSPACE``) where it lies in
    there, else relative to the current folder; the line is that of the notebook's file.
    """
    files = _Files()
    lines = [_of_failure(step, files) for step in failures]
    ordered = sorted(findings, key=lambda finding: list(_COMMANDS).index(finding.severity))
    return [*filter(None, lines), *(_of_finding(finding, files) for finding in ordered)]


def _of_failure(step: StepResult, files: _Files) -> str:
    error = step.error
    if error is None:
        return ""
    message = error.message.strip()
    parts = [f"{error.at}: {error.type}: {message}" if message else f"{error.at}: {error.type}"]
    if error.source.strip():
        parts.append(f"    {error.source.strip()}")
    parts += [f"    {name} = {text}" for name, text in error.values]
    if error.hint:
        parts.append(f"hint: {error.hint}")
    title = f"{error.type} in step {step.name}"
    return _command("error", title, "\n".join(parts), error.at, files)


def _of_finding(finding: Diagnostic, files: _Files) -> str:
    text = f"{finding.at}: {finding.message}" if finding.at else finding.message
    if finding.hint:
        text += f"\nhint: {finding.hint}"
    return _command(_COMMANDS[finding.severity], finding.code, text, finding.at, files)


def _command(kind: str, title: str, message: str, at: Location | None, files: _Files) -> str:
    properties = {"title": title}
    if at is not None:
        properties = {"file": files.shown(at.path), **properties}
        line = files.line(at)
        if line is not None:
            properties = {"file": properties.pop("file"), "line": str(line), **properties}
    given = ",".join(f"{name}={_property(text)}" for name, text in properties.items())
    # Of a message a new line is kept; anything else that a log would obey is shown.
    data = "\n".join(map(printable, message.replace("\r\n", "\n").split("\n")))
    return f"::{kind} {given}::{_escaped(data)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(printable(text)).replace(":", "%3A").replace(",", "%2C")


class _Files:
    """Files as the annotations name them, notebooks read once each."""

    def __init__(self) -> None:
        checkout = os.environ.get("GITHUB_WORKSPACE")
        self._roots = [Path(checkout)] if checkout else []
        self._roots.append(Path.cwd())
        self._lines: dict[str, tuple[tuple[int, ...], ...]] = {}

    def shown(self, path: str) -> str:
        """A path relative to the checkout or to here, with slashes; absolute if in neither."""
        full = Path(os.path.normpath(Path(path).absolute()))
        for root in self._roots:
            if full.is_relative_to(root):
                return full.relative_to(root).as_posix()
        return full.as_posix()

    def line(self, at: Location) -> int | None:
        """The line of the file at which a place is: that of its line, or of its cell's first."""
        if at.in_script or at.cell is None:
            return at.shown_line
        lines = self._read(at.path)
        of_cell = lines[at.cell - 1] if 0 < at.cell <= len(lines) else ()
        number = at.line or 1
        return of_cell[number - 1] if 0 < number <= len(of_cell) else next(iter(of_cell), None)

    def _read(self, path: str) -> tuple[tuple[int, ...], ...]:
        if path not in self._lines:
            try:
                content = Path(path).read_bytes()
            except (OSError, ValueError):
                # It was read before, or it is what a finding is about.
                content = b""
            self._lines[path] = raw_lines(content)
        return self._lines[path]
