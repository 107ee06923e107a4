"""A verification in words: a row for each value and output, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from kale.cli.terminal import display_width
from kale.printable import printable
from kale.script_words import is_script, script_words

if TYPE_CHECKING:
    from kale.runners.verify import Check, Verification

#: What a verdict other than `same` means, in the order in which they are explained.
_MEANING = {
    "not repeatable": "the notebook itself gives something else in each run: time, randomness "
    "without a seed, the order of a set, or a file that the run before left",
    "address": "only places in memory or names that a kernel makes up differ",
    "warnings": "only warnings differ, which Python prints once in a process, here once in a step",
    "sharing": "the values are right, but changing one would not change the other alike",
    "cannot be compared": "no content can be told of such an object, such as a generator or a lock",
    "not used here": "another step, which nothing orders, has changed it; this one does not look",
    "not run": "there is nothing to compare",
}

_COLOURS = {"same": "green", "different": "red", "failed": "red", "not used here": None}

#: The longest name of a type in full; of a longer one the end is shown, which tells the most.
_TYPE_WIDTH = 44

_HEAD = ("STEP", "WHAT", "TYPE", "VERDICT", "")


def verification_lines(found: Verification, width: int | None = None) -> Iterator[str]:
    """The table, below it what its verdicts mean, and last the outcome in a line.

    What differs stands below its row where the row would be wider than ``width``.
    """
    yield from _table([_row(check) for check in found.checks], width)
    met = found.counts
    if found.checks:
        yield ""
    for verdict, meaning in _MEANING.items():
        if verdict in met:
            yield _in_words_of(found, f"{verdict}: {meaning}")
    yield outcome_line(found)


def outcome_line(found: Verification) -> str:
    """What the verification comes to, with how many comparisons came to which verdict."""
    counts = ", ".join(f"{number} {verdict}" for verdict, number in found.counts.items())
    if found.same:
        outcome = _in_words_of(found, "the pipeline computes what the notebook computes")
    else:
        number = len(found.wrong)
        outcome = f"{number} of {len(found.checks)} " + ("differ" if number != 1 else "differs")
    return f"{printable(found.pipeline)}: {outcome}" + (f" ({counts})" if counts else "")


def _in_words_of(found: Verification, text: str) -> str:
    return script_words(text) if is_script(found.path) else text


def _row(check: Check) -> tuple[str, ...]:
    what = {"step": "the step", "output": f"{check.name}: output", "metric": f"metric {check.name}"}
    shown = what.get(check.kind, check.name)
    kind = check.type.removeprefix("builtins.")
    kind = kind if len(kind) <= _TYPE_WIDTH else f"...{kind[3 - _TYPE_WIDTH :]}"
    texts = (check.step, shown, kind, check.verdict.value, check.detail)
    return tuple(printable(text) for text in texts)


def _table(rows: Sequence[tuple[str, ...]], width: int | None) -> Iterator[str]:
    if not rows:
        return
    table = [_HEAD, *rows]
    widths = [max(map(display_width, column)) for column in zip(*table, strict=True)]
    room = None if width is None else max(width - sum(widths[:4]) - 8, 20)
    step = ""
    for number, row in enumerate(table):
        *texts, detail = row
        # A step's name stands at its first row only.
        first = "" if texts[0] == step and number else texts[0]
        step = texts[0]
        cells = [
            _padded(text, wide) for text, wide in zip([first, *texts[1:]], widths, strict=False)
        ]
        colour = _COLOURS.get(row[3], "yellow") if number else None
        if colour:
            # The blanks stay plain, so that those at the end of a line can go.
            cells[3] = cells[3].replace(row[3], click.style(row[3], fg=colour))
        if room is not None and display_width(detail) > room:
            yield "  ".join(cells).rstrip()
            yield f"    {detail}"
        else:
            yield "  ".join([*cells, detail]).rstrip()


def _padded(text: str, width: int) -> str:
    return text + " " * (width - display_width(text))
