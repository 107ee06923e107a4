"""Findings that the author has silenced: by a comment on the line, or by a list of codes.

A comment silences the codes that it names, ``# noqa: KALE331``, also beside those of other
linters; a bare ``# noqa`` names none. Comments are told from strings by Python's tokenizer.
Errors cannot be silenced.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from types import MappingProxyType

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic
from kale.rules import Severity

_CODE = r"[A-Za-z]+[0-9]+"
_NOQA = re.compile(rf"#\s*noqa\s*:\s*({_CODE}(?:[,\s]+{_CODE})*)", re.IGNORECASE)

#: What may stand before a logical line without being part of it.
_OUTSIDE = frozenset({tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT})


def _nowhere() -> Mapping[tuple[int, int], frozenset[str]]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Suppression:
    """Which findings not to show.

    ``everywhere`` holds codes; ``places`` maps (cell, line) to the codes silenced there, where a
    Python file is cell 0.
    """

    everywhere: frozenset[str] = frozenset()
    places: Mapping[tuple[int, int], frozenset[str]] = field(default_factory=_nowhere)

    def silences(self, finding: Diagnostic) -> bool:
        """Whether a finding is silenced; one about a whole cell by the cell's first line."""
        if finding.severity is Severity.ERROR:
            return False
        if finding.code in self.everywhere:
            return True
        at = finding.at
        if at is None or (at.cell is None and not at.in_script):
            return False
        place = (at.shown_cell or 0, at.shown_line or 1)
        return finding.code in self.places.get(place, frozenset())

    def keep(self, findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """The findings that are not silenced, in their order."""
        return tuple(finding for finding in findings if not self.silences(finding))


def noqa_lines(code: str, python: str) -> Mapping[int, frozenset[str]]:
    """Map the lines of a cell, from 1, to the codes that comments silence on them.

    ``python`` is ``code`` as plain Python of as many lines. A comment on the last line of a
    statement holds for all of its lines. On a line that is IPython's, such as ``!ls # noqa:
    KALE333``, the text from ``# noqa`` on counts as a comment.
    """
    written, parsed = code.split("\n"), python.split("\n")
    codes: dict[int, frozenset[str]] = {}
    ends: dict[int, int] = {}
    for first, token in _tokens(python):
        if token.type == tokenize.COMMENT:
            codes[token.start[0]] = _codes(token.string)
        elif token.type == tokenize.NEWLINE:
            ends.update(dict.fromkeys(range(first, token.start[0] + 1), token.start[0]))
    for number, (text, plain) in enumerate(zip(written, parsed, strict=False), start=1):
        if text.strip() != plain.strip():
            codes[number] = _codes(text)
            # IPython's commands may go on over lines that are blank as Python.
            head = number
            while not parsed[head - 1].strip() and head > 1:
                head -= 1
            ends.update(dict.fromkeys(range(head, number), number))
    found = {
        line: codes.get(line, frozenset()) | codes.get(ends.get(line, line), frozenset())
        for line in (*codes, *ends)
    }
    return {line: silenced for line, silenced in found.items() if silenced}


def noqa_places(
    cells: Iterable[tuple[int, str]], to_python: Callable[[str], str]
) -> Mapping[tuple[int, int], frozenset[str]]:
    """What comments silence in (number, code) cells, by cell and line; see :func:`noqa_lines`."""
    return {
        (number, line): codes
        for number, code in cells
        if "noqa" in code.lower()
        for line, codes in noqa_lines(code, to_python(code)).items()
    }


def _codes(comment: str) -> frozenset[str]:
    return frozenset(
        code.upper() for found in _NOQA.findall(comment) for code in re.split(r"[,\s]+", found)
    )


def _tokens(python: str) -> Iterator[tuple[int, tokenize.TokenInfo]]:
    """Each token with the line on which its logical line began; as many as can be read."""
    first = 0
    try:
        for token in tokenize.generate_tokens(io.StringIO(python).readline):
            if not first and token.type not in _OUTSIDE:
                first = token.start[0]
            yield first or token.start[0], token
            if token.type == tokenize.NEWLINE:
                first = 0
    except (tokenize.TokenError, SyntaxError):
        return  # no Python: the notebook is refused for that
