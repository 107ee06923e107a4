"""The files of the store in words, in a table and as JSON; and spans of time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from kale.cli.terminal import shown_path
from kale.printable import printable

if TYPE_CHECKING:
    from kale.runners.cache.keeper import Holding
    from kale.runners.cache.store import Entry

#: How many holders of a file are named, and how many digits of its digest shown.
SHOWN_NAMES = 3
_DIGITS = 12

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


class Age(click.ParamType[float]):
    """A span of time such as ``30d``; its value is in seconds."""

    name = "age"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", str(value).strip())
        if found is None:
            self.fail(f"{value!r} is no span of time; one looks like 90m, 12h or 30d", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


def short_digest(entry: Entry) -> str:
    """The digest with its first digits, as ``kale cache rm`` takes it."""
    algorithm, _, digits = entry.digest.partition(":")
    return f"{algorithm}:{digits[:_DIGITS]}"


def _label(holding: Holding) -> str:
    """A holder as ``PIPELINE/RUN STEP.VARIABLE``; the path of a run that stands elsewhere."""
    from kale.runners.run_directory import run_stamp

    run = holding.run
    name = shown_path(run) if run_stamp(run) is None else f"{run.parent.name}/{run.name}"
    return printable(f"{name} {holding.step}.{holding.variable}")


def holder_names(entry: Entry, known: dict[str, list[Holding]]) -> str:
    """The first of the holders in ``known``, by digest, and how many more there are."""
    labels = list(dict.fromkeys(_label(holding) for holding in known.get(entry.digest, [])))
    more = f" and {len(labels) - SHOWN_NAMES} more" if len(labels) > SHOWN_NAMES else ""
    return ", ".join(labels[:SHOWN_NAMES]) + more


def entry_as_json(entry: Entry, known: dict[str, list[Holding]] | None = None) -> dict[str, Any]:
    """An entry as ``--json`` has it: bytes, seconds, its holders where they are known."""
    document: dict[str, Any] = {
        "digest": entry.digest,
        "size": entry.size,
        "age": round(entry.age, 1),
        "holders": entry.holders,
    }
    if known is not None:
        document["held_by"] = [
            {"run": str(h.run), "step": h.step, "variable": h.variable, "file": h.path.name}
            for h in known.get(entry.digest, [])
        ]
    return document


def count_files(entries: Sequence[Entry]) -> str:
    """How many there are and how large they are together, as ``2 files (1.4 MB)``."""
    plural = "" if len(entries) == 1 else "s"
    return f"{len(entries)} file{plural} ({size_text(sum(entry.size for entry in entries))})"


def size_text(size: float) -> str:
    """Bytes as people write them: ``12 B``, ``3.4 kB``, ``1.2 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.95 or (unit == "B" and size < 1000):
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def age_text(seconds: float) -> str:
    """An age in its largest unit: ``40 s``, ``5 min``, ``3 h``, ``12 d``."""
    for span, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= span:
            return f"{seconds // span:.0f} {unit}"
    return f"{seconds:.0f} s"


def entry_row(entry: Entry, known: dict[str, list[Holding]]) -> tuple[str, ...]:
    """An entry in the columns of :func:`print_table`."""
    size, age = size_text(entry.size), age_text(entry.age)
    return short_digest(entry), size, age, str(entry.holders), holder_names(entry, known)


def print_table(rows: Sequence[tuple[str, ...]]) -> None:
    """Rows below a head, in columns as wide as what stands in them; numbers to the right."""
    if not rows:
        return
    table = [("DIGEST", "SIZE", "AGE", "HELD", "BY"), *rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = [
            f"{text:>{width}}" if number in {1, 2, 3} else f"{text:<{width}}"
            for number, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())
