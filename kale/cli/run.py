"""``kale run``: a notebook as a pipeline on this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from kale.cli.options import (
    SETTINGS,
    debug_option,
    given_settings,
    json_option,
    notebook_argument,
    with_options,
)
from kale.cli.terminal import print_findings, print_json
from kale.diagnostics import Diagnostic, from_error
from kale.errors import KaleError

if TYPE_CHECKING:
    from kale.runners import RunResult


@click.command("run")
@notebook_argument
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE",
    help="A parameter's value: text as it is, other types as JSON. Repeatable.",
)  # fmt: skip
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N",
    help="How many steps may run at once; by default as many as there are processors.",
)  # fmt: skip
@click.option(
    "--run-dir", type=click.Path(), metavar="DIR",
    help="An empty or new folder for the run; by default below .kale/ beside the notebook.",
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
    """Run a tagged notebook as a pipeline on this machine, independent steps at the same time."""
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
        if as_json:
            print_json(stop.result.as_json())
        raise
    if as_json:
        print_json(result.as_json())
    else:
        _report(result)
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
        for line in failure_lines(step):
            click.echo(line, err=True)
    click.echo(f"{result.pipeline}: {result.status} in {result.seconds:.1f} s")
    width = max((len(name) for name in result.metrics), default=0)
    for name, value in result.metrics.items():
        click.echo(f"  {name:<{width}}  {value}")
    click.echo(f"report: {result.report}")
