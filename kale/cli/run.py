"""``kale run``: a notebook as a pipeline on this machine."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from kale.cli.explain_data import data_flow_lines, terminal_width
from kale.cli.options import (
    FINDINGS,
    SETTINGS,
    debug_option,
    given_settings,
    json_option,
    not_empty,
    notebook_argument,
    with_options,
)
from kale.cli.terminal import print_findings, print_json, print_lines, printable, shown_path
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
@click.option(
    "--explain-data", is_flag=True,
    help="Run nothing; print what each step is given and why, and what it hands on.",
)  # fmt: skip
@with_options((*SETTINGS, *FINDINGS))
@json_option
@debug_option
def run_command(
    notebook: str,
    parameters: tuple[str, ...],
    jobs: int | None,
    run_dir: str | None,
    explain_data: bool,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Run a tagged notebook as a pipeline on this machine, independent steps at the same time.

    The metrics and the path of the report go to standard output, progress to standard error.
    """
    settings = given_settings(options)
    if explain_data:
        given = {"--parameter": parameters, "--jobs": jobs, "--run-dir": run_dir}
        if unused := next((option for option, value in given.items() if value), None):
            raise click.UsageError(f"`--explain-data` runs nothing, so leave `{unused}` out")
        _explain_data(notebook, settings, strict=strict, as_json=as_json)
        return
    from kale import core, runners

    name = None
    try:
        plan = core.plan(notebook, settings, strict=strict)
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
        before = set(plan.diagnostics)
        print_findings((d for d in result.diagnostics if d not in before), sys.stderr)
        _report(result)
    if result.interrupted:
        raise click.exceptions.Exit(INTERRUPTED)
    raise click.exceptions.Exit(0 if result.status == "succeeded" else 1)


def _explain_data(
    notebook: str, settings: Mapping[str, str], *, strict: bool, as_json: bool
) -> None:
    from kale import core
    from kale.data_flow import describe

    try:
        analyzed = core.check(notebook, settings, strict=strict)
    except KaleError as error:
        if not as_json:
            raise
        print_json(_refused(None, from_error(error)))
        raise click.exceptions.Exit(error.exit_code) from error
    flow = describe(analyzed)
    if as_json:
        findings = [finding.as_json() for finding in analyzed.diagnostics]
        print_json({"pipeline": flow.pipeline, "data": flow.as_json(), "diagnostics": findings})
    else:
        print_findings(analyzed.diagnostics, sys.stderr)
        print_lines(data_flow_lines(flow, terminal_width(sys.stdout)), sys.stdout)


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
    from kale.runners.view.progress import seconds_text

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
