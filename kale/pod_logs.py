"""The executed notebooks that failed pods printed into their logs, as ``kale/pod/failure.py`` does.

A log is anybody's text: nothing in it is run, a step's name is one by its letters, and sizes are
limited. What stands in front of the lines (a pod's name, a time, JSON around each), their order
and their ends do not matter.
"""

from __future__ import annotations

import base64
import codecs
import hashlib
import io
import json
import re
import zlib
from collections.abc import Iterator

from kale.dataclass import dataclass
from kale.errors import RunError

#: Characters that are read at once, and more than any line of a notebook has.
_CHUNK, _LONGEST = 1 << 20, 400

#: Characters that are kept of one log, with some for each line; and bytes of the largest notebook.
_MOST, _PER_LINE, _LARGEST = 1 << 28, 100, 1 << 26

_PARTS = re.compile(
    r"kale-notebook ([0-9a-f]{12}) begins: step ([a-z0-9_-]{1,63}), (\d{1,6}) lines,"
    r" sha256 ([0-9a-f]{64})"
    r"|~([0-9a-f]{12}) (\d{1,6})\|([A-Za-z0-9_-]{1,200})\|"
)


@dataclass(frozen=True, slots=True)
class LoggedNotebook:
    """An executed notebook from a log: its bytes, or ``damage``, why there are none."""

    step: str
    content: bytes
    damage: str = ""


def logged_notebooks(log: io.BufferedReader) -> list[LoggedNotebook]:
    """The notebooks in a log, in the order in which they begin there last, the same one once.

    Raises:
        RunError: the log holds more than anybody's notebooks would take (KALE517).
        OSError: it cannot be read.
    """
    heads: dict[tuple[str, str], tuple[int, str]] = {}
    rows: dict[str, dict[int, str]] = {}
    kept = 0
    for chunk in _chunks(log):
        for found in _PARTS.finditer(chunk):
            name, step, count, digest, of, number, row = found.groups()
            if name:
                heads.pop((step, name), None)
                heads[step, name] = int(count), digest
            elif rows.setdefault(of, {}).setdefault(int(number), row) is row:
                kept += len(row) + _PER_LINE
            if kept + len(heads) * _PER_LINE > _MOST:
                raise RunError(
                    "KALE517",
                    "the log says to hold more notebooks than Kale reads",
                    hint="save the log of one pod and name that file",
                )
    return [_assembled(step, *head, rows.get(name, {})) for (step, name), head in heads.items()]


def _chunks(log: io.BufferedReader) -> Iterator[str]:
    """The text of a log, in pieces that overlap by more than a line of a notebook."""
    # Windows' PowerShell writes what a command prints as UTF-16.
    wide = log.peek(2)[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    reader = codecs.getreader("utf-16" if wide else "latin-1")(log, "replace")
    rest = ""
    while text := reader.read(_CHUNK):
        yield rest + text
        rest = (rest + text)[-_LONGEST:]


def _assembled(step: str, count: int, digest: str, rows: dict[int, str]) -> LoggedNotebook:
    missing = [number for number in range(1, count + 1) if number not in rows]
    if missing:
        return LoggedNotebook(step, b"", f"{len(missing)} of its {count} lines are missing")
    text = "".join(rows[number] for number in range(1, count + 1))
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        if hashlib.sha256(packed).hexdigest() != digest:
            return LoggedNotebook(step, b"", "its digest is another, so some of it was changed")
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(packed, _LARGEST)
        if unpacker.unconsumed_tail:
            return LoggedNotebook(step, b"", f"it is larger than {_LARGEST >> 20} MiB")
        sound = _is_notebook(content)
    except (ValueError, zlib.error, RecursionError, MemoryError):
        sound = False
    return (
        LoggedNotebook(step, content) if sound else LoggedNotebook(step, b"", "it is no notebook")
    )


def _is_notebook(content: bytes) -> bool:
    """Whether it is a notebook's JSON, as far as whoever opens it relies on that."""
    found = json.loads(content)
    cells = found.get("cells") if isinstance(found, dict) else None
    return (
        isinstance(cells, list)
        and found.get("nbformat") == 4
        and all(isinstance(cell, dict) and "cell_type" in cell for cell in cells)
    )
