"""The options of ``kale run``, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kale.cli.options import not_empty

if TYPE_CHECKING:
    from kale.runners import RunOptions

#: The engines that run a notebook's steps; the last one runs the compiled package instead.
ENGINES = ("auto", "fast", "kernel", "kfp-local")

#: What ``--resume`` stands for without a run's name: the newest run there is.
NEWEST = "\0newest"

#: The names of the options below: those of how a run goes, of which steps run, of what is shown.
RUN_NAMES = ("parameters", "jobs", "engine", "fail_fast", "run_dir")
STEP_NAMES = ("no_cache", "refresh", "resume", "start", "until", "only")
SHOW_NAMES = ("why", "show_output", "annotate")

#: What the run is given, and how it is to go, in the order of the help.
RUN = (
    click.option(
        "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE",
        help="The value of a pipeline parameter, repeatable: text as it is, anything else as "
        "JSON, as in -p rate=0.5 -p 'lags=[1, 7]'.",
    ),
    click.option(
        "-j", "--jobs", type=click.IntRange(min=1), metavar="N",
        help="How many steps may run at once; by default as many as there are processors.",
    ),
    click.option(
        "--engine", type=click.Choice(ENGINES), default="auto", show_default=True,
        help="What runs a step's notebook: a shell forked from one that is ready (fast), a Jupyter "
        "kernel of its own (kernel), whichever it needs (auto); or Kubeflow Pipelines' own local "
        "runner, on the compiled package (kfp-local).",
    ),
    click.option(
        "--fail-fast", is_flag=True, help="Stop all steps as soon as one has failed."
    ),
    click.option(
        "--run-dir", type=click.Path(), metavar="DIR", callback=not_empty,
        help="An empty or new folder for what the run leaves; by default one in .kale/runs/ "
        "beside the notebook.",
    ),
)  # fmt: skip

#: Which steps run, and which are taken from earlier runs.
STEPS = (
    click.option(
        "--no-cache", is_flag=True, help="Take no step's results from an earlier run."
    ),
    click.option(
        "--refresh", multiple=True, metavar="STEP",
        help="Run this step though its results are known; repeatable.",
    ),
    click.option(
        "--resume", is_flag=False, flag_value=NEWEST, metavar="[RUN]",
        help="Go on where a run (the newest, or RUN) ended: with its parameters, and all the "
        "steps that ended well there and have not changed.",
    ),
    click.option(
        "--from", "start", multiple=True, metavar="STEP",
        help="Run this step and all that come after it again; repeatable.",
    ),
    click.option(
        "--until", multiple=True, metavar="STEP",
        help="Run this step and what it needs, and nothing else; repeatable.",
    ),
    click.option(
        "--only", metavar="STEP",
        help="Run this step alone, on the values of the newest run, or of that of --resume.",
    ),
)  # fmt: skip

#: What is printed.
SHOW = (
    click.option(
        "--why", is_flag=True, help="Say for each step why it ran, or why it did not."
    ),
    click.option(
        "--show-output", is_flag=True, help="Print what the steps print, on standard error."
    ),
    click.option(
        "--annotate", type=click.Choice(["github"]),
        help="Print failures and findings as annotations of the notebook file, too.",
    ),
    click.option("--list", "listing", is_flag=True, help="Run nothing; list the runs so far."),
    click.option(
        "--explain-data", is_flag=True,
        help="Run nothing; print what each step is given and why, and what it hands on.",
    ),
)  # fmt: skip


def refuse_beside(flag: str, names: Iterable[str]) -> None:
    """Refuse the options of these names, which have no effect beside ``flag``.

    Raises:
        click.UsageError: one was given.
    """
    context = click.get_current_context()
    spellings = {option.name: option.opts[-1] for option in context.command.params}
    for name in names:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"`{spellings[name]}` has no effect beside `{flag}`")


def resumed_run(options: Mapping[str, Any]) -> str | None:
    """The run that ``--resume`` names: empty for the newest, ``None`` if it was not given."""
    named: str | None = options["resume"]
    return "" if named == NEWEST else named


def run_options(options: Mapping[str, Any]) -> RunOptions:
    """What the options in :data:`RUN` and :data:`STEPS` come to, but for ``--resume``."""
    from kale.runners import RunOptions

    return RunOptions(
        jobs=options["jobs"],
        engine=options["engine"],
        fail_fast=options["fail_fast"],
        use_cache=not options["no_cache"],
        refresh=frozenset(options["refresh"]),
        start=frozenset(options["start"]),
        until=frozenset(options["until"]),
        only=options["only"],
    )
