"""``kale import``: a Python file with the decorators of ``kale.sdk`` as a tagged notebook."""

from __future__ import annotations

import click

from kale.cli.converted import force_option, give, output_option
from kale.cli.options import debug_option


@click.command("import")
@click.argument("script", type=click.Path(), metavar="FILE.py")
@output_option
@force_option
@debug_option
def import_command(script: str, output: str | None, force: bool) -> None:
    """Write the pipeline of a Python file as a tagged notebook that computes the same.

    Each call of a step becomes a cell of its own; the functions stand in cells that all steps
    have. Of several pipelines, FILE.py::NAME names one. Nothing is run.
    """
    from kale.conversion.to_notebook import import_script

    give(import_script(script), output, force=force)
