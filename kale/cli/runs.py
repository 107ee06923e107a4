"""The runs of a notebook in words, in a table and as JSON; and why each step of a run ran."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from kale.cli.terminal import display_width
from kale.printable import printable

if TYPE_CHECKING:
    from kale.runners import StepResult
    from kale.runners.history.past_run import PastRun

_COLOURS = {"succeeded": "green", "failed": "red", "killed": "red", "running": "cyan"}

_HEAD = ("RUN", "STARTED", "STATUS", "STEPS", "TIME", "PARAMETERS")
_STATUS, _TIME = 2, 4


def run_list_lines(runs: Sequence[PastRun], width: int | None = None) -> list[str]:
    """Runs below a head, in columns as wide as what stands in them; none for no runs.

    Times are this machine's local ones. Parameters are those that differ from the notebook's; of a
    line longer than ``width`` columns, they lose their end.
    """
    if not runs:
        return []
    table = [_HEAD, *(_row(run) for run in runs)]
    widths = [max(map(display_width, column)) for column in zip(*table, strict=True)]
    lines = []
    for row in table:
        padded = [
            _padded(text, columns, right=number == _TIME)
            for number, (text, columns) in enumerate(zip(row, widths, strict=True))
        ]
        before = sum(widths[:-1]) + 2 * (len(widths) - 1)
        last = row[-1] if width is None else _cut(row[-1], max(width - before, 12))
        padded[-1] = last
        if colour := _COLOURS.get(row[_STATUS]):
            padded[_STATUS] = click.style(padded[_STATUS], fg=colour)
        lines.append("  ".join(padded).rstrip())
    return lines


def _row(run: PastRun) -> tuple[str, ...]:
    from kale.runners.history.differences import shown_value
    from kale.runners.view.progress import seconds_text

    given = run.changed_parameters.items()
    cells = (
        run.name,
        _local_time(run.started),
        run.status,
        _steps(run),
        seconds_text(run.seconds),
        " ".join(f"{name}={shown_value(name, value)}" for name, value in given),
    )
    return tuple(printable(cell) for cell in cells)


def _steps(run: PastRun) -> str:
    """How many of the wanted steps are done, how many of these were taken, and which failed."""
    cached = sum(step.cached for step in run.steps.values())
    failed = [step.name for step in run.steps.values() if step.status == "failed"]
    notes = [f"--{option} {_named(steps)}" for option, steps in run.asked.items()]
    if cached:
        notes.append(f"{cached} cached")
    if failed:
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        notes.append(f"{failed[0]}{more} failed")
    text = f"{run.done} of {len(run.wanted)}"
    return f"{text} ({', '.join(notes)})" if notes else text


def _named(value: object) -> str:
    """The steps, or the run, that an option named."""
    if isinstance(value, list):
        return " ".join(str(item) for item in value)
    return str(value).rpartition("/")[2]


def _local_time(started: str) -> str:
    try:
        return datetime.fromisoformat(started).astimezone().strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError):
        return "?"


def _padded(text: str, columns: int, *, right: bool = False) -> str:
    space = " " * (columns - display_width(text))
    return space + text if right else text + space


def _cut(text: str, columns: int) -> str:
    if display_width(text) <= columns:
        return text
    while display_width(text) >= columns:
        text = text[:-1]
    return f"{text}…"


def run_list_json(runs: Iterable[PastRun]) -> list[dict[str, Any]]:
    """Runs as ``--list --json`` has them: times in UTC, seconds, parameters that were given.

    Values of parameters that are named like a secret stay hidden.
    """
    from kale.runners.failures.masking import HIDDEN, names_secret

    return [
        {
            "run": run.name,
            "run_dir": str(run.path),
            "started": run.started or None,
            "seconds": round(run.seconds, 3),
            "status": run.status,
            "asked": dict(run.asked),
            "steps": {name: _step_json(run, name) for name in run.order},
            "parameters": {
                name: HIDDEN if names_secret(name) else value
                for name, value in run.parameters.items()
            },
        }
        for run in runs
    ]


def _step_json(run: PastRun, name: str) -> dict[str, Any]:
    step = run.steps.get(name)
    if step is None:
        return {"status": None, "cached": False, "seconds": 0.0, "error": None}
    return {
        "status": step.status,
        "cached": step.cached,
        "seconds": round(step.seconds, 3),
        "error": step.error or None,
    }


def why_lines(steps: Sequence[StepResult]) -> list[str]:
    """Each step and why it ran or did not, in two columns."""
    width = max((len(step.name) for step in steps), default=0)
    return [printable(f"{step.name:<{width}}  {_why(step)}").rstrip() for step in steps]


def _why(step: StepResult) -> str:
    if step.why or step.status != "skipped":
        return step.why
    reason = (
        f"{', '.join(step.blocked_by)} failed" if step.blocked_by else "the run was interrupted"
    )
    return f"did not run: {reason}"
