"""The form of a requirement (:pep:`508`); whether there is such a package, only pip finds out."""

from __future__ import annotations

import re

_VERSION = r"(?:===|==|~=|!=|<=|>=|<|>) ?[\w.*+!-]+"
_VERSIONS = rf"{_VERSION}(?: ?, ?{_VERSION})*"
_OPERAND = r"(?:[a-z][a-z_.]*|'[^'\x00-\x1f\\]*'|\"[^\"\x00-\x1f\\]*\")"
_COMPARED = rf"[( ]*{_OPERAND} ?(?:===|==|~=|!=|<=|>=|<|>|(?<= )(?:not )?in ) ?{_OPERAND}[ )]*"

_FORM = re.compile(
    r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])? ?(?:\[ ?(?:[\w.-]+ ?(?:, ?[\w.-]+ ?)*)?\] ?)?"
    rf"(?:@ ?(?P<address>[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\"<>\\^`|{{}};]+)(?: |\Z)"
    rf"|{_VERSIONS} ?|\( ?{_VERSIONS} ?\) ?)?"
    rf"(?:; ?{_COMPARED}(?:(?:and|or)\b{_COMPARED})*)?",
    re.ASCII,
)

#: A file, which is no project of an index.
_FILE = re.compile(r"\.(?:zip|whl|gz|bz2|xz|txt|toml|cfg)\Z")


def requirement_form(text: str) -> tuple[bool, str]:
    """Whether a text is a requirement, and the address in it, if it is ``NAME @ URL``."""
    # Runs of spaces mean no more than one, and would take a regular expression its time.
    match = _FORM.fullmatch(re.sub("[ \t]+", " ", text.strip(" \t")))
    if match is None or text.count("(") != text.count(")"):
        return False, ""
    address = match["address"] or ""
    return bool(address) or not _FILE.search(text), address
