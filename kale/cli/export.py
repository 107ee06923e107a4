"""``kale export``: a tagged notebook as a Python file with the decorators of ``kale.sdk``."""

from __future__ import annotations

import sys

import click

from kale.cli.converted import force_option, give, output_option
from kale.cli.options import debug_option
from kale.cli.terminal import print_findings
from kale.diagnostics import from_error
from kale.errors import KaleError


@click.command("export")
@click.argument("notebook", type=click.Path(), metavar="NOTEBOOK")
@output_option
@force_option
@debug_option
def export_command(notebook: str, output: str | None, force: bool) -> None:
    """Write a tagged notebook as a Python file that computes the same.

    Each step becomes a function, what it reads its arguments and what others need its results.
    Run as `python FILE.py` the file is plain Python; `kale run FILE.py` and `kale compile FILE.py`
    make a pipeline of it. Nothing is run; a file is checked as `kale check` does it.
    """
    from kale import core
    from kale.conversion.to_script import export_notebook

    give(export_notebook(notebook), output, force=force)
    if output is None:
        return
    try:
        core.check(output)
    except KaleError as error:
        print_findings(from_error(error), sys.stderr)
        raise click.exceptions.Exit(error.exit_code) from error
