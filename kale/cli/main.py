"""The command ``kale``: its verbs, its classic form, and what it does with failures."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from typing import Any

import click

from kale.cli.check import check_command
from kale.cli.classic import classic
from kale.cli.compile import compile_command
from kale.cli.options import SETTINGS, debug_option, given_settings, with_options
from kale.cli.run import run_command
from kale.cli.terminal import print_error
from kale.errors import KaleError

#: What a shell reports for a program that Ctrl-C ended: 128 and the signal's number.
INTERRUPTED = 130


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    parts = [f"kale {_installed('kale')}", f"Python {sys.version.split()[0]}"]
    parts += [f"{name} {_installed(name)}" for name in ("papermill", "kfp")]
    click.echo(", ".join(parts))
    context.exit()


def _installed(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 well; 1 the notebook was refused or a step failed; 2 wrong use.",
)
@click.option("--nb", metavar="NOTEBOOK", help="The classic form: compile this notebook.")
@with_options(SETTINGS)
@click.option("--deploy", is_flag=True, help="Upload the pipeline and run it on a cluster.")
@click.option(
    "--upload_pipeline", "--upload-pipeline", is_flag=True, help="Upload the pipeline to a cluster."
)
@click.option("--run_pipeline", "--run-pipeline", is_flag=True, help="The same as --deploy.")
@click.option("--kfp_host", "--kfp-host", metavar="URL", help="Where Kubeflow Pipelines is.")
@click.option("--kfp_port", "--kfp-port", type=int, metavar="PORT", help="Its port.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the versions and exit.",
)
@debug_option
@click.pass_context
def kale(context: click.Context, /, nb: str | None, **options: Any) -> None:
    r"""Run a tagged Jupyter notebook as a pipeline, here or on Kubeflow Pipelines.

    \b
    kale run NOTEBOOK        on this machine
    kale compile NOTEBOOK    to a Kubeflow Pipelines package
    kale check NOTEBOOK...   only say what is wrong
    """
    if context.invoked_subcommand is None:
        if nb is None:
            click.echo(context.get_help())
            context.exit(2 if len(sys.argv) > 1 else 0)
        classic(
            nb,
            given_settings(options),
            deploy=options["deploy"] or options["run_pipeline"] or options["upload_pipeline"],
        )
    elif nb is not None:
        raise click.UsageError(f"`--nb` and `{context.invoked_subcommand}` exclude each other")


for command in (check_command, compile_command, run_command):
    kale.add_command(command)


def main() -> None:
    """Run the command line and exit with its code: 0 well, 1 refused or failed, 2 wrong use."""
    try:
        code = kale.main(prog_name="kale", standalone_mode=False)
    except KaleError as error:
        if "--debug" in sys.argv:
            raise
        print_error(error)
        code = error.exit_code
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
