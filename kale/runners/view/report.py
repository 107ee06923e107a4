"""The report of a run: one page for a browser, and each executed notebook as another."""

from __future__ import annotations

import importlib.resources
import json
import warnings
from pathlib import Path
from typing import Any

from kale.ir import Plan
from kale.runners.result import RunResult, StepResult, failure_lines
from kale.runners.run_directory import RunDirectory
from kale.runners.view.progress import headline, seconds_text

#: A larger notebook is linked as it is: as a page, no browser would be quick with it.
LARGEST_PAGE_BYTES = 20_000_000


def write_report(plan: Plan, result: RunResult) -> None:
    """Write ``report.html`` of a run that has ended, and the pages of its executed notebooks.

    A step whose ``report`` option is off gets no page, nor does any after an interrupt, when
    the user waits for the prompt. The page needs no other file to be read, nor the network.

    Raises:
        OSError: a file cannot be written.
    """
    from jinja2 import Environment, StrictUndefined

    directory = RunDirectory(result.run_dir)
    text = (
        importlib.resources.files("kale.templates")
        .joinpath("report.html.jinja2")
        .read_text(encoding="utf-8")
    )
    pages = _write_pages(plan, result, directory)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(text).render(
        title=plan.pipeline.title or plan.pipeline.name,
        description=plan.pipeline.description,
        path=plan.pipeline.path,
        result=result,
        seconds=seconds_text(result.seconds),
        counts=_counts(result),
        metrics={name: _shown(value) for name, value in result.metrics.items()},
        steps=[_row(step, pages, directory) for step in result.steps],
        failures=[(step.name, "\n".join(failure_lines(step))) for step in result.failures],
    )
    # Text of any kind can stand in a metric or a message, half a surrogate pair too.
    directory.report.write_bytes(page.encode(errors="backslashreplace"))


def _counts(result: RunResult) -> str:
    """The steps by state, as ``3 succeeded, 1 failed``."""
    states = [step.status for step in result.steps]
    named = ((state, states.count(state)) for state in dict.fromkeys(states))
    return ", ".join(f"{count} {state}" for state, count in named)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _row(step: StepResult, pages: dict[str, Path], directory: RunDirectory) -> dict[str, Any]:
    root = directory.root
    page = pages.get(step.name, step.notebook)
    note = headline(step)
    if step.blocked_by:
        note = f"{', '.join(step.blocked_by)} failed"
    return {
        "name": step.name,
        "status": step.status,
        "seconds": seconds_text(step.seconds) if step.attempts else "",
        "attempts": step.attempts,
        "note": note,
        "notebook": None if page is None else page.relative_to(root).as_posix(),
        "log": None if step.log is None else step.log.relative_to(root).as_posix(),
    }


def _write_pages(plan: Plan, result: RunResult, directory: RunDirectory) -> dict[str, Path]:
    """Write the executed notebooks as HTML; the pages that could be made, by step."""
    wanted = [
        step
        for step in result.steps
        if step.notebook is not None
        and not result.interrupted
        and plan.task(step.name).options.report is not False
        and step.notebook.stat().st_size <= LARGEST_PAGE_BYTES
    ]
    if not wanted:
        return {}
    with warnings.catch_warnings():
        # Jupyter's own: of its folders, of ids, of images without a description.
        warnings.simplefilter("ignore")
        exporter = _exporter()
        pages: dict[str, Path] = {}
        for step in wanted:
            path = directory.page(step.name)
            try:
                page, _ = exporter.from_filename(str(step.notebook))
                path.write_bytes(page.encode(errors="backslashreplace"))
            except Exception as error:  # noqa: BLE001 - outputs are anything; the notebook is linked
                exporter.log.info("no page for step %s: %s", step.name, error)
            else:
                pages[step.name] = path
    return pages


def _exporter() -> Any:
    import logging

    from nbconvert import HTMLExporter

    # No word about what it cannot do, on the user's terminal.
    log = logging.getLogger("kale.nbconvert")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    # Without the two addresses a page asks no other machine for anything.
    return HTMLExporter(log=log, require_js_url="", mathjax_url="", embed_images=True)
