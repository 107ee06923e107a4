"""The report of a run: one page for a browser that needs no other file and no network."""

from __future__ import annotations

import importlib.resources
import json
import platform
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kale.ir import Plan
from kale.runners.expansion import shared_loops
from kale.runners.result import RunResult, StepResult, failure_lines
from kale.runners.run_directory import RunDirectory
from kale.runners.view.artifacts import shown_artifacts
from kale.runners.view.levels import levels_of
from kale.runners.view.pages import Pages
from kale.runners.view.progress import outcome, seconds_text
from kale.runners.view.report_graph import drawn, in_squares
from kale.runners.view.step_words import counts_of, note_of, state_of, time_of
from kale.runners.view.timeline import timeline_of
from kale.version import __version__

_NO_PARAMETERS: Mapping[str, Any] = MappingProxyType({})

#: Signs that tell states apart without colours; a run has them too.
_MARKS = {
    "succeeded": "✓",
    "cached": "↺",
    "failed": "✗",
    "interrupted": "■",
    "skipped": "-",
}

#: Letters of a metric that needs a wider tile.
_LONG_METRIC = 16


def write_report(
    plan: Plan,
    result: RunResult,
    *,
    pages: Mapping[str, Path] | None = None,
    parameters: Mapping[str, Any] = _NO_PARAMETERS,
    resume: str = "",
) -> None:
    """Write ``report.html`` of a run that has ended.

    ``pages`` are the executed notebooks that were made pages (see :class:`Pages`); with ``None``
    they are made here, except after an interrupt, when the user waits for the prompt. A step
    links its page, or that of an earlier run that lies in its place, or else the notebook
    itself. ``parameters`` are the values that differ from the notebook's, ``resume`` is the
    command that goes on after a failure.

    Raises:
        OSError: a file cannot be written.
    """
    directory = RunDirectory(result.run_dir)
    if pages is None and not result.interrupted:
        _make_pages(plan, result, directory)
    page = _template().render(_Report(plan, result, directory).values(parameters, resume))
    # Text of any kind can stand in a metric or a message, half a surrogate pair too.
    directory.report.write_bytes(page.encode(errors="backslashreplace"))


def _make_pages(plan: Plan, result: RunResult, directory: RunDirectory) -> None:
    pages = Pages(directory)
    options = {task.name: task.options for task in plan.tasks}
    for step in result.steps:
        if step.notebook is not None and options[step.task].report is not False:
            pages.make(step.name)
    pages.finish(hurried=False)


def _template() -> Any:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = importlib.resources.files("kale.templates")
    environment = Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.jinja2")


class _Report:
    """What the page shows, as the template takes it."""

    def __init__(self, plan: Plan, result: RunResult, directory: RunDirectory) -> None:
        self._plan, self._result, self._directory = plan, result, directory
        self._levels = levels_of({task.name: task.after for task in plan.tasks})
        self._steps = {step.name: step for step in result.steps}
        # Names are anything; as addresses within the page, numbers are not.
        self._rows = {name: f"step-{number}" for number, name in enumerate(self._steps, 1)}
        #: The instances of each of the plan's steps.
        self._instances: dict[str, list[StepResult]] = {}
        for step in result.steps:
            self._instances.setdefault(step.task, []).append(step)

    def values(self, parameters: Mapping[str, Any], resume: str) -> dict[str, Any]:
        """Everything at once; ``parameters`` and ``resume`` as :func:`write_report` has them."""
        pipeline, result = self._plan.pipeline, self._result
        if set(self._levels.order) == set(self._instances):
            graph = drawn(self._levels, self._instances, self._rows)
            squares = [] if graph else in_squares(self._levels, self._instances, self._rows)
        else:
            graph, squares = None, []
        return {
            "title": pipeline.title or pipeline.name,
            "description": pipeline.description,
            "path": pipeline.path,
            "outcome": "interrupted" if result.interrupted else result.status,
            "seconds": seconds_text(result.seconds),
            "counts": counts_of(result.steps) or "no steps",
            "failures": [self._failure(step) for step in result.failures],
            "resume": resume,
            "metrics": [_metric(name, value) for name, value in result.metrics.items()],
            "artifacts": shown_artifacts(result.steps, self._directory.root),
            "graph": graph,
            "squares": squares,
            "legend": list(dict.fromkeys(map(state_of, result.steps))),
            "timeline": self._timeline(),
            "steps": [self._row(step) for step in result.steps],
            "parameters": self._parameters(parameters),
            "findings": result.diagnostics,
            "about": self._about(),
            "marks": _MARKS,
        }

    def _after(self, step: StepResult) -> Iterator[tuple[str, str]]:
        """What a step waited for, each with its row: of loops around both, the same item."""
        for producer in self._levels.producers.get(step.task, ()):
            shared = shared_loops(self._plan.task(producer), self._plan.task(step.task))
            item = step.index[:shared]
            seen = [s for s in self._instances.get(producer, ()) if s.index[:shared] == item]
            if seen:
                yield seen[0].name if len(seen) == 1 else producer, self._rows[seen[0].name]

    def _row(self, step: StepResult) -> dict[str, Any]:
        return {
            "row": self._rows[step.name],
            "name": step.name,
            "state": state_of(step),
            "seconds": time_of(step),
            "attempts": step.attempts,
            "after": [*self._after(step)],
            "engine": step.engine,
            "notebook": self._notebook(step),
            "log": self._link(step.log),
            "note": note_of(step),
        }

    def _notebook(self, step: StepResult) -> str | None:
        """The step's page if there is one, or else its executed notebook."""
        if step.notebook is None:
            return None
        page = self._directory.page(step.name)
        return self._link(page if page.exists() else step.notebook)

    def _link(self, path: Path | None) -> str | None:
        # As a path, not yet as an address: names of steps are letters, digits and few signs.
        return None if path is None else path.relative_to(self._directory.root).as_posix()

    def _failure(self, step: StepResult) -> dict[str, Any]:
        link = self._notebook(step)
        first, *more = failure_lines(step) or [outcome(step)]
        return {
            "step": step.name,
            "row": self._rows[step.name],
            "headline": first,
            "details": "\n".join(more),
            "link": f"{link}#failure" if link and link.endswith(".html") else link,
        }

    def _timeline(self) -> dict[str, Any] | None:
        timeline = timeline_of(self._result.steps)
        if timeline is None:
            return None
        rows = [
            [
                {
                    "name": bar.step.name,
                    "row": self._rows[bar.step.name],
                    "state": state_of(bar.step),
                    "left": round(bar.left, 3),
                    "width": round(bar.width, 3),
                    "tip": f"{bar.step.name}: {outcome(bar.step)}",
                }
                for bar in row
            ]
            for row in timeline.rows
        ]
        marks = [(round(at, 3), text) for at, text in timeline.marks]
        return {"rows": rows, "marks": marks, "named": timeline.named}

    def _parameters(self, given: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
        """Each parameter with its value, and the notebook's if it is another."""
        rows: list[tuple[str, str, str | None]] = []
        for parameter in self._plan.pipeline.parameters:
            default = parameter.literal
            if parameter.name in given and given[parameter.name] != parameter.default:
                rows.append((parameter.name, repr(given[parameter.name]), default))
            else:
                rows.append((parameter.name, default, None))
        return rows

    def _about(self) -> list[str]:
        ended = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        return [
            ended,
            f"Kale {__version__}",
            f"Python {platform.python_version()}",
            f"{platform.system()} {platform.machine()}",
            str(self._directory.root),
        ]


def _metric(name: str, value: Any) -> dict[str, Any]:
    """A metric as a tile shows it: a long number rounded, with all its digits below."""
    exact = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    short = f"{value:.6g}" if isinstance(value, float) else exact
    return {
        "name": name,
        "short": short,
        "exact": exact if len(short) < len(exact) else "",
        "long": len(short) > _LONG_METRIC,
    }
