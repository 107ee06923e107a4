"""The live table of a run on a terminal: a row a step, with its state, cells and time."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from kale.ir import Plan
from kale.runners.result import RunResult, StepResult
from kale.runners.view.progress import Silent, headline, seconds_text

#: Mark and style of each way to end.
_MARKS = {
    "succeeded": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "skipped": ("-", "dim"),
    "waiting": ("·", "dim"),
}


@dataclass(frozen=True, slots=True)
class _Row:
    state: str = "waiting"
    started: float = 0.0
    cell: int = 0
    of: int = 0
    attempt: int = 1
    result: StepResult | None = None


class LiveTable(Silent):
    """Draws the table anew several times a second until the run ends, and leaves the last one.

    On a terminal too low for all steps the waiting and the finished ones are counted, not shown.
    """

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._rows: dict[str, _Row] = {}
        self._spinner = Spinner("dots")
        self._ended = False
        self._live = Live(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=8,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def run_started(self, plan: Plan) -> None:
        """Begin to draw."""
        self._rows = {task.name: _Row() for task in plan.tasks}
        self._live.start()

    def step_started(self, step: str) -> None:
        """Set the step's clock going."""
        self._rows[step] = replace(self._rows[step], state="running", started=time.monotonic())

    def step_progressed(self, step: str, cell: int, of: int) -> None:
        """Show how far it is."""
        self._rows[step] = replace(self._rows[step], cell=cell, of=of)

    def step_retried(self, step: str, attempt: int, reason: str) -> None:  # noqa: ARG002 - Observer's
        """Show which attempt it is."""
        self._rows[step] = replace(self._rows[step], attempt=attempt, cell=0)

    def step_finished(self, result: StepResult) -> None:
        """Show how it ended."""
        row = self._rows[result.name]
        self._rows[result.name] = replace(row, state=result.status, result=result)

    def run_finished(self, result: RunResult | None) -> None:  # noqa: ARG002 - Observer's
        """Leave the last table, with all steps, on the screen."""
        self._ended = True
        self._live.stop()

    def refresh(self) -> None:
        """Draw the table now."""
        self._live.refresh()

    def _draw(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        rows = dict(self._rows)
        room = max(self._console.height - 2, 1)
        shown = rows if self._ended or len(rows) <= room else _most_telling(rows, room)
        for name, row in shown.items():
            table.add_row(*self._cells(name, row))
        if hidden := len(rows) - len(shown):
            done = sum(row.state in {"succeeded", "failed", "skipped"} for row in rows.values())
            table.add_row("", f"… {hidden} more", "", Text(f"{done} of {len(rows)} done", "dim"))
        return table

    def _cells(self, name: str, row: _Row) -> tuple[Spinner | Text, Text, Text, Text]:
        if row.state == "running":
            note = f"cell {row.cell} of {row.of}" if row.cell else "starting"
            if row.attempt > 1:
                note += f", attempt {row.attempt}"
            elapsed = seconds_text(time.monotonic() - row.started)
            return self._spinner, Text(name, "bold"), Text(elapsed), Text(note, "dim")
        mark, style = _MARKS[row.state]
        if row.result is None:
            return Text(mark, style), Text(name, style), Text(""), Text("")
        seconds = seconds_text(row.result.seconds) if row.result.attempts else ""
        note = headline(row.result)
        if row.result.blocked_by:
            note = f"{', '.join(row.result.blocked_by)} failed"
        plain = "" if row.state == "succeeded" else style
        return Text(mark, style), Text(name, plain), Text(seconds), Text(note, style)


def _most_telling(rows: dict[str, _Row], room: int) -> dict[str, _Row]:
    """The ``room`` rows to show, in their order: running and failed ones before any other."""
    weights = {"running": 0, "failed": 1, "waiting": 2}
    ranked = sorted(rows, key=lambda name: weights.get(rows[name].state, 3))
    chosen = set(ranked[: max(room - 1, 1)])
    return {name: row for name, row in rows.items() if name in chosen}
