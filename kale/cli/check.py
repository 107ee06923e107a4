"""``kale check``: what is wrong with notebooks, without running or writing anything."""

from __future__ import annotations

import sys

import click

from kale.cli.options import debug_option
from kale.cli.terminal import print_findings, print_json
from kale.diagnostics import CATALOGUE, Diagnostic, from_error
from kale.errors import KaleError, Location


def _explain(context: click.Context, _: click.Parameter, code: str | None) -> None:
    """Print the catalogue's entry of a code and exit."""
    if code is None or context.resilient_parsing:
        return
    rule = CATALOGUE.get(code.upper())
    if rule is None:
        raise click.UsageError(f"there is no code {code}; one looks like KALE301")
    click.echo(f"{rule.code} ({rule.severity.value}): {rule.title}\n\n{rule.meaning}")
    click.echo(f"\nFor example:\n    {rule.example}\n\nRemedy: {rule.remedy}")
    context.exit()


@click.command("check", short_help="Say what is wrong with notebooks; nothing is run.")
@click.argument("notebooks", nargs=-1, required=True, type=click.Path(), metavar="NOTEBOOK...")
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to print the findings.",
)  # fmt: skip
@click.option(
    "--explain",
    metavar="CODE",
    is_eager=True,
    expose_value=False,
    callback=_explain,
    help="Print what a code such as KALE301 means, and exit.",
)
@debug_option
def check_command(notebooks: tuple[str, ...], style: str) -> None:
    """Say what is wrong with tagged notebooks; nothing is run or written.

    Errors are what `kale run` and `kale compile` would refuse; warnings and notices they
    would go on with. The exit code is 0 when there are no errors.
    """
    from kale import core

    found: list[Diagnostic] = []
    code = 0
    for notebook in notebooks:
        try:
            analyzed = core.check(notebook)
        except KaleError as error:
            code = max(code, error.exit_code)
            found += from_error(error)
            summary = None
        else:
            found += analyzed.diagnostics
            steps = len(analyzed.pipeline.steps)
            summary = f"{notebook}: {steps} step{'s' if steps != 1 else ''}, no errors"
        if style == "text":
            print_findings(sorted(found, key=_place), sys.stdout)
            found = []
            if summary is not None:
                click.echo(summary)
    if style == "json":
        print_json({"diagnostics": [finding.as_json() for finding in sorted(found, key=_place)]})
    raise click.exceptions.Exit(code)


def _place(finding: Diagnostic) -> tuple[str, int, int, str]:
    at = finding.at or Location("")
    return at.path, at.cell or 0, at.line or 0, finding.code
