"""``kale check``: what is wrong with notebooks and SDK files; nothing is run or written."""

from __future__ import annotations

import gc
import sys
from typing import Any

import click

from kale.cli.options import FINDINGS, SOURCE, debug_option, given_settings, with_options
from kale.cli.terminal import print_findings, print_json
from kale.diagnostics import Diagnostic, Severity, from_error, near_codes, strictly
from kale.errors import KaleError, Location
from kale.printable import printable


def _explain(context: click.Context, _: click.Parameter, code: str | None) -> None:
    """Print the catalogue's entry of a code and exit."""
    if code is None or context.resilient_parsing:
        return
    from kale.catalogue import CATALOGUE

    rule = CATALOGUE.get(code.strip().upper())
    if rule is None:
        close = near_codes(code.strip())
        hint = f"did you mean {_either(close)}?" if close else "one looks like KALE301"
        raise click.UsageError(f"there is no code {printable(code)}; {hint}")
    click.echo(f"{rule.code} ({rule.severity.value}): {rule.title}\n\n{rule.meaning}")
    click.echo(f"\nFor example:\n    {rule.example}\n\nRemedy: {rule.remedy}")
    context.exit()


def _either(words: tuple[str, ...]) -> str:
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


@click.command("check")
@click.argument("notebooks", nargs=-1, required=True, type=click.Path(), metavar=f"{SOURCE}...")
@click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True,
    help="How to print the findings; as JSON, the data flow is there too.",
)  # fmt: skip
@click.option(
    "--explain",
    metavar="CODE",
    is_eager=True,
    expose_value=False,
    callback=_explain,
    help="Print what a code such as KALE301 means, and exit.",
)
@with_options(FINDINGS)
@debug_option
def check_command(notebooks: tuple[str, ...], style: str, strict: bool, **options: Any) -> None:
    """Say what is wrong with tagged notebooks and SDK files; nothing is run or written.

    Errors are what `kale run` and `kale compile` would refuse; warnings and notices they
    would go on with. The exit code is 0 when there are no errors.
    """
    from kale import core

    gc.freeze()  # what has been imported is looked at no more
    settings = given_settings(options)
    found: list[Diagnostic] = []
    flows: list[dict[str, Any]] = []
    code = silenced = 0
    for notebook in notebooks:
        summary = None
        try:
            seen = core.examine(notebook, settings)
        except KaleError as error:
            code = max(code, error.exit_code)
            new = from_error(error)
        else:
            new = strictly(seen.diagnostics) if strict else seen.diagnostics
            new = (*(part for error in seen.errors for part in from_error(error)), *new)
            analyzed = seen.analyzed
            silenced += seen.silenced
            if any(finding.severity is Severity.ERROR for finding in new):
                code = max(code, 1)
            elif analyzed is not None:
                summary = _summary(notebook, len(analyzed.pipeline.steps), seen.silenced)
                if style == "json":
                    from kale.data_flow import describe

                    flows.append(describe(analyzed).as_json())
        # What is wrong with a project file is told once, not for each notebook.
        new = tuple(sorted((one for one in new if one not in found), key=_place))
        found += new
        if style == "text":
            print_findings(new, sys.stdout)
            if summary is not None:
                click.echo(summary)
    if style == "json":
        findings = [finding.as_json() for finding in sorted(found, key=_place)]
        print_json({"diagnostics": findings, "silenced": silenced, "data": flows})
    raise click.exceptions.Exit(code)


def _summary(notebook: str, steps: int, silenced: int) -> str:
    hidden = f", {silenced} silenced" if silenced else ""
    return printable(f"{notebook}: {steps} step{'s' if steps != 1 else ''}, no errors{hidden}")


def _place(finding: Diagnostic) -> tuple[str, int, int, str]:
    at = finding.at or Location("")
    return at.path, at.shown_cell or 0, at.shown_line or 0, finding.code
