"""The command ``kale``: its verbs, its classic form, and what it does with failures."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from importlib import import_module
from typing import Any

import click
from click.core import ParameterSource

from kale.cli.deploy_options import CLASSIC_DEPLOY
from kale.cli.options import (
    SETTINGS,
    SpelledOption,
    debug_option,
    package_options,
    with_options,
)
from kale.cli.terminal import INTERRUPTED, print_error, ready_streams
from kale.credentials import without_credentials
from kale.errors import KaleError
from kale.script_words import is_script

_HELP = """Run a tagged Jupyter notebook, or a Python file with the decorators of kale.sdk, as a
pipeline, here or on Kubeflow Pipelines.

\b
kale run NOTEBOOK        runs it on this machine
kale compile NOTEBOOK    makes a Kubeflow Pipelines package of it
kale check NOTEBOOK...   only says what is wrong with it
kale verify NOTEBOOK     sees whether pipeline and notebook compute the same
kale cache ls            lists the values that runs have saved
kale image NOTEBOOK      writes the Dockerfile of an image with all that its steps need
kale deploy NOTEBOOK     uploads it to Kubeflow Pipelines and runs it there
kale logs FILE|RUN       gets a failed step's executed notebook out of its pod's log
kale doctor              sees whether all is there for that
kale FILE.py [--kfp]     compiles an SDK file and runs it here or, with --kfp, deploys it

An SDK file stands where NOTEBOOK stands, too: FILE.py, or FILE.py::PIPELINE for one of several.

The options below are those of the classic form, kale --nb NOTEBOOK, which compiles and, with
--deploy, deploys. Each may be written with dashes for underscores; those of `kale compile` and
`kale deploy` are taken as well.
"""


#: The verbs and what the help says of each; `kale.cli.VERB` holds its command, VERB_command.
_VERBS = {
    "cache": "Show, check and clean the store of saved values.",
    "check": "Say what is wrong with notebooks and SDK files; nothing is run.",
    "compile": "Make a Kubeflow Pipelines package of a notebook or SDK file.",
    "deploy": "Upload a pipeline to Kubeflow Pipelines and run it there.",
    "doctor": "See whether all is there for runs here and on a cluster.",
    "export": "Write a notebook as an SDK file.",
    "image": "Write the Dockerfile of an image for the steps.",
    "import": "Write an SDK file as a notebook.",
    "logs": "Get the executed notebook of a failed step out of a pod's log.",
    "run": "Run a notebook or SDK file as a pipeline on this machine.",
    "verify": "See whether the pipeline computes what notebook or file do.",
}

#: Modules of verbs whose names are words of Python's.
_MODULES = {"import": "import_"}


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    parts = [f"kale {_installed('kale')}", f"Python {sys.version.split()[0]}"]
    parts += [f"{name} {_installed(name)}" for name in ("papermill", "kfp")]
    click.echo(", ".join(parts))
    context.exit()


def _installed(distribution: str) -> str:
    from importlib import metadata  # takes as long as the rest of the command line together

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


class _Verbs(click.Group):
    """The group of verbs: it loads the one that is asked for, and knows a notebook in its place."""

    def list_commands(self, _: click.Context) -> list[str]:
        """The names of the verbs."""
        return list(_VERBS)

    def get_command(self, _: click.Context, cmd_name: str) -> click.Command | None:
        """The verb, which only now is imported."""
        if cmd_name not in _VERBS:
            return None
        command: click.Command = getattr(
            import_module(f"kale.cli.{_MODULES.get(cmd_name, cmd_name)}"), f"{cmd_name}_command"
        )
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs for the help, none of them imported."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, but for a notebook, and for an SDK file, which needs no verb."""
        if is_script(args[0]):
            from kale.cli.script import script_verb

            return args[0], *script_verb(args)
        if args[0].endswith(".ipynb"):
            raise click.UsageError(
                f"say what to do with `{args[0]}`: kale run, kale compile or kale check, then it",
                ctx,
            )
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Verbs,
    invoke_without_command=True,
    help=_HELP,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 well; 1 the notebook was refused or a step failed, or `verify` found a "
    "difference; 2 wrong use; 3 the cluster cannot be reached, or refuses.",
)
@click.option("--nb", metavar="NOTEBOOK", help="The notebook to compile.")
@with_options((*SETTINGS, *package_options(hidden=True)))
@with_options(CLASSIC_DEPLOY)
@click.option("--deploy", is_flag=True, help="Upload the pipeline and run it on a cluster.")
@click.option(
    "--upload_pipeline", "--upload-pipeline", cls=SpelledOption, is_flag=True,
    help="Upload the pipeline to a cluster; run it only with --run_pipeline.",
)  # fmt: skip
@click.option(
    "--run_pipeline", "--run-pipeline", cls=SpelledOption, is_flag=True,
    help="The same as --deploy.",
)  # fmt: skip
@click.option(
    "--kfp_host", "--kfp-host", cls=SpelledOption, metavar="URL",
    help="Where Kubeflow Pipelines is, for --deploy.",
)  # fmt: skip
@click.option(
    "--kfp_port", "--kfp-port", cls=SpelledOption, type=int, metavar="PORT",
    help="Its port, for --deploy.",
)  # fmt: skip
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
    """Compile in the classic form, or leave it to the verb."""
    verb = context.invoked_subcommand
    given = [
        _spelling(context, name)
        for name in options
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if verb is not None:
        if nb is not None:
            raise click.UsageError(f"`--nb` and `{verb}` exclude each other")
        if given:
            raise click.UsageError(
                f"`{given[0]}` before `{verb}` belongs to `kale --nb`; the options of `{verb}`"
                f" stand after it (see `kale {verb} --help`)"
            )
    elif nb is not None:
        from kale.cli.classic import classic

        classic(nb, options)
    elif given:
        raise click.UsageError(f"`{given[0]}` needs a notebook: kale --nb NOTEBOOK")
    else:
        click.echo(context.get_help())


def _spelling(context: click.Context, name: str) -> str:
    return next(option.opts[0] for option in context.command.params if option.name == name)


def main() -> None:
    """Run the command line and exit with its code: 0 well, 1 refused or failed, 2 wrong use."""
    # Syntax trees and plans hold no cycles: the collector looks less often, and not at the end,
    # where it would take a tenth of the time that it takes to compile a notebook.
    gc.set_threshold(50_000, 20, 100)
    atexit.register(gc.freeze)
    ready_streams()
    try:
        code = kale.main(prog_name="kale", standalone_mode=False)
    except KaleError as error:
        _show_traceback()
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
    except OSError as error:
        # A full disk, a folder that went away: no defect of Kale's, and no place in a notebook.
        _show_traceback()
        print_error(_system_error(error))
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _show_traceback() -> None:
    """Print the traceback of the error that is being handled, if it was asked for."""
    if "--debug" in sys.argv:
        import traceback

        click.echo(without_credentials(traceback.format_exc()), err=True, nl=False)


def _system_error(error: OSError) -> KaleError:
    where = f": {error.filename}" if error.filename is not None else ""
    return KaleError(
        "KALE015",
        f"the system refused: {error.strerror or error}{where}",
        hint="see to that and try again; `--debug` shows where in Kale it happened",
    )
