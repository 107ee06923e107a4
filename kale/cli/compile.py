"""``kale compile``: a notebook to a Kubeflow Pipelines script and package."""

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
from kale.diagnostics import from_error
from kale.errors import KaleError

if TYPE_CHECKING:
    from kale.core import Compilation


@click.command("compile")
@notebook_argument
@click.option(
    "-o", "--output", type=click.Path(), metavar="DIR",
    help="Where to write; by default beside the notebook.",
)  # fmt: skip
@with_options(SETTINGS)
@json_option
@debug_option
def compile_command(notebook: str, output: str | None, as_json: bool, **options: Any) -> None:
    """Write a notebook's Kubeflow Pipelines script, its package and the notebooks of its steps."""
    from kale import core

    try:
        compilation = core.compile_notebook(notebook, output, given_settings(options))
    except KaleError as error:
        if not as_json:
            raise
        findings = [finding.as_json() for finding in from_error(error)]
        print_json({"pipeline": None, "files": {}, "diagnostics": findings})
        raise click.exceptions.Exit(error.exit_code) from error
    if as_json:
        print_json(compilation.as_json())
    else:
        report(compilation)


def report(compilation: Compilation) -> None:
    """Print the findings on standard error and what was written on standard output."""
    print_findings(compilation.diagnostics, sys.stderr)
    click.echo(f"pipeline  {compilation.pipeline}")
    click.echo(f"script    {compilation.script}")
    click.echo(f"package   {compilation.package}")
    for step, path in compilation.notebooks.items():
        click.echo(f"notebook  {path}  ({step})")
