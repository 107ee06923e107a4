"""Findings: what is wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from kale.dataclass import dataclass
from kale.errors import KaleError, Location
from kale.rules import Severity
from kale.script_words import script_words

if TYPE_CHECKING:
    from kale.catalogue import CATALOGUE

#: Notices that ``--strict`` makes errors.
STRICT_NOTICES = frozenset({"KALE201"})


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
            "cell": at.shown_cell if at else None,
            "cell_id": at.cell_id if at else None,
            "line": at.shown_line if at else None,
            "column": at.shown_column if at else None,
            "step": at.step if at else None,
            "hint": self.hint,
        }


def diagnose(code: str, message: str, *, at: Location | None = None, hint: str = "") -> Diagnostic:
    """A finding with the severity that the catalogue gives its code."""
    from kale.catalogue import CATALOGUE

    return _finding(code, CATALOGUE[code].severity, message, at, hint)


def from_error(error: KaleError) -> tuple[Diagnostic, ...]:
    """The findings that an error stands for, one for each of its parts."""
    return tuple(
        _finding(part.code, Severity.ERROR, part.message, part.at, part.hint)
        for part in error.parts()
    )


def _finding(
    code: str, severity: Severity, message: str, at: Location | None, hint: str
) -> Diagnostic:
    from kale.credentials import without_credentials

    if at is not None and at.in_script:
        message, hint = script_words(message), script_words(hint)
    return Diagnostic(code, severity, without_credentials(message), at, without_credentials(hint))


def strictly(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings as ``--strict`` has them: warnings, and edges inferred from data, are errors."""
    return tuple(
        replace(finding, severity=Severity.ERROR)
        if finding.severity is Severity.WARNING or finding.code in STRICT_NOTICES
        else finding
        for finding in findings
    )


def to_errors(findings: Iterable[Diagnostic]) -> tuple[KaleError, ...]:
    """The errors among findings, to be raised."""
    return tuple(
        KaleError(finding.code, finding.message, at=finding.at, hint=finding.hint)
        for finding in findings
        if finding.severity is Severity.ERROR
    )


def near_codes(word: str, most: int = 3) -> tuple[str, ...]:
    """Up to ``most`` codes of the catalogue that are spelled like ``word``, the likest first."""
    import difflib

    from kale.catalogue import CATALOGUE

    word = word.upper()
    likeness = {code: difflib.SequenceMatcher(None, word, code).ratio() for code in CATALOGUE}
    close = (code for code in likeness if likeness[code] >= 0.6)

    def rank(code: str) -> tuple[float, int, str]:
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(word, code, strict=False))
        return -likeness[code], -len(tuple(alike)), code

    return tuple(sorted(close, key=rank)[:most])


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate spelled most like ``word``, or ``None`` when none is close."""
    import difflib

    matches = difflib.get_close_matches(word, sorted(set(candidates)), n=1, cutoff=0.6)
    return matches[0] if matches else None


def __getattr__(name: str) -> Any:
    """``CATALOGUE``, loaded when it is first asked for: most notebooks have no findings."""
    if name == "CATALOGUE":
        from kale.catalogue import CATALOGUE

        return CATALOGUE
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CATALOGUE",
    "Diagnostic",
    "Severity",
    "diagnose",
    "from_error",
    "near_codes",
    "nearest",
    "strictly",
    "to_errors",
]
