"""The end of a run: its result, its report, and the last line of its journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kale.diagnostics import Diagnostic
from kale.runners.history.past_runs import resume_command
from kale.runners.ledger import Ledger
from kale.runners.logged import run_metrics
from kale.runners.result import RunResult, RunStatus
from kale.runners.run_directory import write_json
from kale.runners.view.report import write_report


def conclude(
    ledger: Ledger,
    *,
    parameters: Mapping[str, Any],
    notices: tuple[Diagnostic, ...],
    interrupted: Callable[[], bool],
) -> RunResult:
    """Wait for what is still under way, write the run's files, and say how it went.

    Nothing is waited for once ``interrupted()``. ``notices`` are findings about the run itself.

    Raises:
        OSError: a file cannot be written.
    """
    plan, directory, known = ledger.plan, ledger.directory, ledger.known
    pages = known.pages.finish(interrupted(), stop=interrupted)
    steps = tuple(ledger.results[name] for name in ledger.expansion.names)
    metrics = {**run_metrics(steps), **ledger.metrics}
    well = ledger.did_well
    status: RunStatus = "succeeded" if well else "failed"
    known.journal.finished("interrupted" if interrupted() else status)
    # The journal is asked last whether all of it could be written.
    found = (*plan.diagnostics, *notices, *ledger.settle(interrupted))
    result = RunResult(
        plan.pipeline.name,
        status,
        directory.root,
        steps,
        metrics,
        found,
        ledger.seconds,
        interrupted(),
        "" if well else resume_command(plan.pipeline.path, directory.root),
    )
    write_json(directory.metrics, metrics)
    write_json(directory.result, result.as_json())
    write_report(plan, result, pages=pages, parameters=parameters, resume=result.resume)
    return result
