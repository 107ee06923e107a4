"""``kale run``: a notebook as a pipeline on this machine."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from kale.cli.explain_data import data_flow_lines, terminal_width
from kale.cli.options import (
    FINDINGS,
    SETTINGS,
    debug_option,
    given_settings,
    json_option,
    notebook_argument,
    with_options,
)
from kale.cli.run_options import (
    RUN,
    RUN_NAMES,
    SHOW,
    SHOW_NAMES,
    STEP_NAMES,
    STEPS,
    refuse_beside,
    resumed_run,
    run_options,
)
from kale.cli.terminal import INTERRUPTED, print_findings, print_json, print_lines
from kale.diagnostics import Diagnostic, from_error
from kale.errors import KaleError
from kale.printable import printable

if TYPE_CHECKING:
    from kale.ir import Plan
    from kale.runners import Observer, RunResult, StepResult


@click.command("run")
@notebook_argument
@with_options((*RUN, *STEPS, *SHOW, *SETTINGS, *FINDINGS))
@json_option
@debug_option
def run_command(notebook: str, **options: Any) -> None:
    """Run a notebook or an SDK file as a pipeline on this machine.

    Independent steps run at the same time. Steps that nothing has changed for are taken from
    earlier runs. The metrics and the path of the report go to standard output, progress to standard
    error.
    """
    run_or_list(notebook, options)


def run_or_list(notebook: str, options: Mapping[str, Any], *, compiling: bool = False) -> None:
    """Do what the options of ``kale run`` ask for; a run may be preceded by ``compiling``.

    Raises:
        click.exceptions.Exit: with the exit code of a run.
        KaleError: the notebook or an option is refused, and nobody reads JSON.
    """
    settings, strict, as_json = given_settings(dict(options)), options["strict"], options["as_json"]
    if options["explain_data"]:
        refuse_beside("--explain-data", ("listing", *RUN_NAMES, *STEP_NAMES, *SHOW_NAMES))
        _explain_data(notebook, settings, strict=strict, as_json=as_json)
    elif options["listing"]:
        refuse_beside("--list", (*RUN_NAMES, *STEP_NAMES, *SHOW_NAMES))
        _list_runs(notebook, settings, as_json=as_json)
    else:
        _run(notebook, settings, options, compiling=compiling)


def _run(
    notebook: str, settings: Mapping[str, str], options: Mapping[str, Any], *, compiling: bool
) -> None:
    from kale import core, runners

    name, annotate = None, options["annotate"] is not None
    strict, as_json = options["strict"], options["as_json"]
    package: dict[str, str] = {}
    try:
        plan = core.plan(notebook, settings, strict=strict)
        name = plan.pipeline.name
        if not as_json:
            print_findings(plan.diagnostics, sys.stderr)
        if compiling:
            package["package"] = _compile(plan, strict=strict, as_json=as_json)
        observer = runners.choose_observer(sys.stderr, show_output=options["show_output"])
        result = _result(plan, options, observer)
    except KaleError as error:
        if annotate:
            _print_annotations(from_error(error))
        if not as_json:
            raise
        print_json(_refused(name, from_error(error)))
        raise click.exceptions.Exit(error.exit_code) from error
    except runners.RunInterrupted as stop:
        result = stop.result
    if as_json:
        print_json({**result.as_json(), **package})
    else:
        from kale.cli.run_text import print_result

        before = set(plan.diagnostics)
        print_findings((d for d in result.diagnostics if d not in before), sys.stderr)
        print_result(result, why=options["why"])
    if annotate:
        _print_annotations(result.diagnostics, result.failures)
    if result.interrupted:
        raise click.exceptions.Exit(INTERRUPTED)
    raise click.exceptions.Exit(0 if result.status == "succeeded" else 1)


def _compile(plan: Plan, *, strict: bool, as_json: bool) -> str:
    """Write the package beside the file; its path."""
    from kale import core

    made = core.compile_plan(plan, strict=strict)
    if not as_json:
        print_findings((d for d in made.diagnostics if d not in plan.diagnostics), sys.stderr)
        click.echo(f"package   {printable(str(made.package))}")
    return str(made.package)


def _result(plan: Plan, options: Mapping[str, Any], observer: Observer) -> RunResult:
    from kale import core

    parameters, run_dir = options["parameters"], options["run_dir"]
    if options["engine"] == "kfp-local":
        refuse_beside("--engine kfp-local", ("jobs", "fail_fast", *STEP_NAMES))
        return core.run_package(plan, parameters, run_dir=run_dir, observer=observer)
    return core.run_plan(
        plan,
        parameters,
        options=run_options(options),
        run_dir=run_dir,
        resume=resumed_run(options),
        observer=observer,
    )


def _print_annotations(findings: Iterable[Diagnostic], failures: Iterable[StepResult] = ()) -> None:
    from kale.cli.annotations import workflow_commands

    # On standard error: GitHub reads both, and whoever reads JSON wants nothing else with it.
    print_lines(workflow_commands(findings, failures), sys.stderr)


def _list_runs(notebook: str, settings: Mapping[str, str], *, as_json: bool) -> None:
    from kale import core
    from kale.cli.runs import run_list_json, run_list_lines

    found = core.runs(notebook, settings)
    if as_json:
        print_json({"runs": run_list_json(found)})
    else:
        print_lines(run_list_lines(found, terminal_width(sys.stdout)), sys.stdout)


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
