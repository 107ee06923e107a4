"""Findings: what is wrong, where, and what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kale.catalogue import CATALOGUE
from kale.errors import KaleError, Location
from kale.rules import Severity


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: what is wrong, where, and what to do about it."""

    code: str
    severity: Severity
    message: str
    at: Location | None = None
    hint: str = ""

    def as_json(self) -> dict[str, Any]:
        """The finding as JSON values; absent parts of the place are ``None``."""
        at = self.at
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "path": at.path if at else None,
            "cell": at.cell if at else None,
            "cell_id": at.cell_id if at else None,
            "line": at.line if at else None,
            "column": at.column if at else None,
            "step": at.step if at else None,
            "hint": self.hint,
        }


def diagnose(code: str, message: str, *, at: Location | None = None, hint: str = "") -> Diagnostic:
    """A finding with the severity that the catalogue gives its code."""
    return Diagnostic(code, CATALOGUE[code].severity, message, at, hint)


def from_error(error: KaleError) -> tuple[Diagnostic, ...]:
    """The findings that an error stands for, one for each of its parts."""
    return tuple(
        Diagnostic(part.code, Severity.ERROR, part.message, part.at, part.hint)
        for part in error.parts()
    )


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate spelled most like ``word``, or ``None`` when none is close."""
    matches = difflib.get_close_matches(word, sorted(set(candidates)), n=1, cutoff=0.6)
    return matches[0] if matches else None


__all__ = ["CATALOGUE", "Diagnostic", "Severity", "diagnose", "from_error", "nearest"]
