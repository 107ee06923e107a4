"""``kale run``: a notebook as a pipeline on this machine."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from kale.cli.options import (
    SETTINGS,
    debug_option,
    given_settings,
    json_option,
    not_empty,
    notebook_argument,
    with_options,
)
from kale.cli.terminal import print_findings, print_json, printable, shown_path
from kale.diagnostics import Diagnostic, from_error
from kale.errors import KaleError

if TYPE_CHECKING:
    from kale.runners import RunResult

#: What a shell reports for a program that Ctrl-C ended: 128 and the signal's number.
INTERRUPTED = 130


@click.command("run", short_help="Run a notebook as a pipeline on this machine.")
@notebook_argument
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE",
    help="The value of a pipeline parameter, repeatable: text as it is, anything else as JSON, "
    "as in -p rate=0.5 -p 'lags=[1, 7]'.",
)  # fmt: skip
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N",
    help="How many steps may run at once; by default as many as there are processors.",
)  # fmt: skip
@click.option(
    "--run-dir", type=click.Path(), metavar="DIR", callback=not_empty,
    help="An empty or new folder for what the run leaves; by default one in .kale/runs/ beside "
    "the notebook.",
)  # fmt: skip
@with_options(SETTINGS)
@json_option
@debug_option
def run_command(
    notebook: str,
    parameters: tuple[str, ...],
    jobs: int | None,
    run_dir: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Run a tagged notebook as a pipeline on this machine, independent steps at the same time.

    The metrics and the path of the report go to standard output, progress to standard error.
    """
    from kale import core, runners

    name = None
    try:
        plan = core.plan(notebook, given_settings(options))
        name = plan.pipeline.name
        if not as_json:
            print_findings(plan.diagnostics, sys.stderr)
        observer = runners.choose_observer(sys.stderr)
        result = core.run_plan(plan, parameters, jobs=jobs, run_dir=run_dir, observer=observer)
    except KaleError as error:
        if not as_json:
            raise
        print_json(_refused(name, from_error(error)))
        raise click.exceptions.Exit(error.exit_code) from error
    except runners.RunInterrupted as stop:
        result = stop.result
    if as_json:
        print_json(result.as_json())
    else:
        _report(result)
    if result.interrupted:
        raise click.exceptions.Exit(INTERRUPTED)
    raise click.exceptions.Exit(0 if result.status == "succeeded" else 1)


def _refused(name: str | None, findings: tuple[Diagnostic, ...]) -> dict[str, Any]:
    return {
        "pipeline": name,
        "status": "refused",
        "run_dir": None,
        "steps": [],
        "metrics": {},
        "diagnostics": [finding.as_json() for finding in findings],
    }


def _report(result: RunResult) -> None:
    """Print failures on standard error; metrics and where the report is on standard output."""
    from kale.runners import failure_lines

    for step in result.failures:
        stopped = step.error is not None and step.error.type == "KeyboardInterrupt"
        if not (result.interrupted and stopped):
            for line in failure_lines(step):
                click.echo(line, err=True)
    click.echo(f"{result.pipeline}: {_outcome(result)}")
    width = max((len(name) for name in result.metrics), default=0)
    for name, value in result.metrics.items():
        click.echo(f"  {name:<{width}}  {_on_one_line(value)}")
    click.echo(f"report: {shown_path(result.report)}")


def _outcome(result: RunResult) -> str:
    """How the run ended and how long it took; if not well, how many steps ended how."""
    from kale.runners.progress import seconds_text

    seconds = seconds_text(result.seconds)
    if result.interrupted:
        done = sum(step.status == "succeeded" for step in result.steps)
        return f"interrupted after {seconds}, {done} of {_steps(len(result.steps))} done"
    if result.status == "succeeded":
        return f"succeeded in {seconds}"
    counts = Counter(step.status for step in result.steps)
    told = [f"{_steps(counts['failed'])} failed"]
    told += [f"{counts[status]} {status}" for status in ("succeeded", "skipped") if counts[status]]
    return f"failed in {seconds} ({', '.join(told)})"


def _steps(number: int) -> str:
    return f"{number} step{'s' if number != 1 else ''}"


def _on_one_line(value: object) -> str:
    """A metric's value; text that would break the line or obey the terminal is quoted."""
    if isinstance(value, str):
        return value if value.isprintable() else printable(json.dumps(value, ensure_ascii=False))
    return str(value)
