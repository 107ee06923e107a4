"""``kale verify``: whether the pipeline computes what the notebook computes."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from kale.cli.explain_data import terminal_width
from kale.cli.options import (
    SETTINGS,
    debug_option,
    given_settings,
    json_option,
    notebook_argument,
    with_options,
)
from kale.cli.terminal import print_findings, print_json, print_lines
from kale.cli.verify_text import verification_lines
from kale.diagnostics import from_error
from kale.errors import KaleError

if TYPE_CHECKING:
    from kale.runners.options import EngineName


@click.command("verify")
@notebook_argument
@click.option(
    "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE",
    help="The value of a pipeline parameter in both runs, repeatable, as for `kale run`.",
)  # fmt: skip
@click.option(
    "-j", "--jobs", type=click.IntRange(min=1), metavar="N",
    help="How many steps may run at once; by default as many as there are processors.",
)  # fmt: skip
@click.option(
    "--engine", type=click.Choice(("auto", "fast", "kernel")), default="auto", show_default=True,
    help="What runs the pipeline's steps, as for `kale run`; the notebook itself has a kernel.",
)  # fmt: skip
@click.option(
    "--repeat", type=click.IntRange(min=0), default=3, show_default=True, metavar="N",
    help="How often the notebook runs again, at most, to tell what differs between two runs of "
    "the notebook itself from what the pipeline gets wrong.",
)  # fmt: skip
@click.option(
    "--copy", is_flag=True,
    help="Run each time in a copy of the notebook's folder, so that no run sees the files that "
    "another one has left.",
)  # fmt: skip
@click.option(
    "--strict", is_flag=True,
    help="Count as a difference, too, what does not repeat and what cannot be compared.",
)  # fmt: skip
@click.option(
    "--ignore", multiple=True, metavar="CODE",
    help="Do not show warnings and notices of this code, repeatable.",
)  # fmt: skip
@with_options(SETTINGS)
@json_option
@debug_option
def verify_command(
    notebook: str,
    parameters: tuple[str, ...],
    jobs: int | None,
    engine: EngineName,
    repeat: int,
    copy: bool,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Run a notebook, or the plain Python of an SDK file, and the pipeline, and compare the two.

    Compared are the values at the end of each step, by type and content, what each cell prints
    and shows, and the metrics. The exit code is 0 if nothing differs but what does not repeat,
    1 if something does or a cell fails.
    """
    from kale import core, runners

    def tell(text: str) -> None:
        click.echo(f"{text} ...", err=True)

    try:
        found = core.verify(
            notebook,
            parameters,
            options=runners.RunOptions(jobs=jobs, engine=engine),
            repeat=repeat,
            copy=copy,
            settings=given_settings(options),
            strict=strict,
            tell=tell,
        )
    except KaleError as error:
        if not as_json:
            raise
        refused = [finding.as_json() for finding in from_error(error)]
        print_json({"path": notebook, "status": "refused", "diagnostics": refused})
        raise click.exceptions.Exit(error.exit_code) from error
    if as_json:
        print_json(found.as_json())
    else:
        print_findings(found.diagnostics, sys.stderr)
        print_lines(verification_lines(found, terminal_width(sys.stdout)), sys.stdout)
    raise click.exceptions.Exit(0 if found.same else 1)
