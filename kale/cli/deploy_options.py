"""The options of ``kale deploy``, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kale.cli.connection_options import CONNECTION
from kale.cli.options import not_empty

if TYPE_CHECKING:
    from kale.cluster.deployed import DeployOptions

Decorator = Callable[[Any], Any]

#: What of a run nobody needs who only uploads.
RUN_NAMES = (
    "parameters", "run_name", "service_account", "pipeline_root", "wait", "timeout", "recurring",
    "recurring_name", "replace",
)  # fmt: skip

#: What is done on the cluster, in the order of the help.
DEPLOY = (
    click.option(
        "-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE",
        help="The value of a pipeline parameter, repeatable: text as it is, anything else as "
        "JSON, as in -p rate=0.5 -p 'lags=[1, 7]'.",
    ),
    click.option(
        "--run-name", metavar="NAME", callback=not_empty,
        help="What the run is called; by default the pipeline's name and the time.",
    ),
    click.option(
        "--service-account", metavar="NAME", callback=not_empty,
        help="The Kubernetes service account that the run's pods have; by default the notebook's, "
        "or the cluster's.",
    ),
    click.option(
        "--pipeline-root", metavar="ADDRESS", callback=not_empty,
        help="Where the run keeps its artifacts, as s3://bucket/path; by default where the "
        "cluster says.",
    ),
    click.option(
        "--enable-cache/--no-cache", "caching", default=None,
        help="Take all steps, or no step, from the cluster's cache where that has them; by default "
        "as each step says.",
    ),
    click.option(
        "--wait", is_flag=True,
        help="Follow the run to its end; exit code 1 if it fails.",
    ),
    click.option(
        "--timeout", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
        help="Follow it so long at most; the run itself goes on.",
    ),
    click.option(
        "--recurring", metavar="CRON", callback=not_empty,
        help="Run it again and again in the place of once: crontab's five fields, as in "
        "'30 6 * * 1-5', or @daily; in the cluster's time, which is UTC mostly.",
    ),
    click.option(
        "--recurring-name", metavar="NAME", callback=not_empty,
        help="What the recurring run is called; by default like the pipeline.",
    ),
    click.option(
        "--replace", is_flag=True, help="Let it take the place of the recurring run of its name."
    ),
    click.option("--upload-only", is_flag=True, help="Upload the pipeline and run nothing."),
    click.option(
        "--dry-run", is_flag=True,
        help="Compile, check and say what would be done; nothing is asked of the cluster.",
    ),
)  # fmt: skip


def _hidden(option: Decorator) -> Decorator:
    """The same option, taken but not in the help."""

    def decorate(command: Any) -> Any:
        found = option(command)
        parameters: list[Any] = getattr(found, "__click_params__", None) or found.params
        parameters[-1].hidden = True
        return found

    return decorate


#: The names of options that say nothing unless the classic form is to deploy.
_CLASSIC_NAMES = frozenset({
    *RUN_NAMES, "caching", "upload_only", "dry_run", "host", "namespace", "token_file", "token",
    "cookies", "ca_cert", "allow_http",
})  # fmt: skip

#: What the classic form takes of it, and of the connection.
CLASSIC_DEPLOY = tuple(_hidden(option) for option in (*DEPLOY, *CONNECTION))


def check_together(options: Mapping[str, Any]) -> None:
    """Refuse options that have no effect beside others.

    Raises:
        click.UsageError: there are such.
    """
    if options["upload_only"]:
        _refuse(options, RUN_NAMES, "has no effect beside `--upload-only`")
    if options["recurring"]:
        _refuse(options, ("wait", "run_name"), "has no effect beside `--recurring`")
    else:
        _refuse(options, ("recurring_name", "replace"), "needs `--recurring`")
    if options["dry_run"]:
        _refuse(options, ("wait",), "has no effect beside `--dry-run`")
    if not options["wait"]:
        _refuse(options, ("timeout",), "needs `--wait`")


def refuse_without_deploy() -> None:
    """Refuse, in the classic form, what says how to deploy when nothing says to.

    Raises:
        click.UsageError: there is such an option.
    """
    context = click.get_current_context()
    for option in context.command.params:
        given = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if given and option.name in _CLASSIC_NAMES:
            raise click.UsageError(f"`{option.opts[-1]}` needs `--deploy`")


def _refuse(options: Mapping[str, Any], names: tuple[str, ...], why: str) -> None:
    for name in names:
        if options[name]:
            spelled = "-p" if name == "parameters" else f"--{name.replace('_', '-')}"
            raise click.UsageError(f"`{spelled}` {why}")


def deploy_options(options: Mapping[str, Any]) -> DeployOptions:
    """What the options in :data:`DEPLOY` come to, but for the parameters.

    Raises:
        UsageError: there is no such schedule (KALE610).
    """
    from kale.cluster.cron import kfp_cron
    from kale.cluster.deployed import DeployOptions

    return DeployOptions(
        run_name=options["run_name"] or "",
        service_account=options["service_account"] or "",
        pipeline_root=options["pipeline_root"] or "",
        cron=kfp_cron(options["recurring"]) if options["recurring"] else "",
        recurring_name=options["recurring_name"] or "",
        replace=options["replace"],
        upload_only=options["upload_only"],
    )
