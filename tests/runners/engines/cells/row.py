"""A row of the table: a short sequence of cells, named by a sentence."""

from __future__ import annotations

from dataclasses import dataclass

#: Digits with their unit: what a timing magic prints.
TIMES = r"[\d.]+(?:e[+-]\d+)? ?(?:ns|[uµμ]s|ms|s)\b|\d+(?: loops?)"


@dataclass(frozen=True)
class Row:
    """``cells`` in order. ``exact``: the order of the two streams counts too, not only that of each.
    ``fresh``: they change what later cells do, and have a kernel of their own; ``stops``: the first
    error ends the notebook."""

    sentence: str
    cells: tuple[str, ...]
    exact: bool = False
    mask: str = ""
    fresh: bool = False
    stops: bool = False


def row(sentence: str, *cells: str, **options) -> Row:
    return Row(sentence, cells, **options)
