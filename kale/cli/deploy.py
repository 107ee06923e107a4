"""``kale deploy``: a notebook or a package onto a cluster, and its run followed to the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from kale.cli.connection_options import CONNECTION, connection_options
from kale.cli.deploy_options import DEPLOY, check_together
from kale.cli.deploy_session import DeploySession
from kale.cli.options import (
    FINDINGS,
    SETTINGS,
    SOURCE,
    debug_option,
    given_settings,
    json_option,
    not_empty,
    package_options,
    with_options,
)
from kale.packaging import KEYS

if TYPE_CHECKING:
    from kale.cluster.connection import ConnectionOptions

#: What says how a notebook is compiled.
_COMPILING = frozenset({
    "output", "strict", "pipeline_name", "pipeline_description", "docker_image", "no_pickle",
    "pickler", *KEYS,
})  # fmt: skip

#: What `--follow` takes.
_FOLLOWING = frozenset({
    "follow", "timeout", "as_json", "host", "namespace", "token_file", "token", "cookies",
    "ca_cert", "allow_http",
})  # fmt: skip


@click.command("deploy")
@click.argument("source", metavar=f"[{SOURCE}|PACKAGE]", required=False)
@with_options((*DEPLOY,))
@click.option(
    "--follow", metavar="RUN", callback=not_empty,
    help="Deploy nothing; follow the run of this identifier to its end.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(), metavar="DIR", callback=not_empty,
    help="Write the files of kale compile there, too; by default nothing is written.",
)  # fmt: skip
@with_options((*CONNECTION, *SETTINGS, *package_options(), *FINDINGS))
@json_option
@debug_option
def deploy_command(source: str | None, follow: str | None, as_json: bool, **options: Any) -> None:
    """Upload a pipeline to Kubeflow Pipelines and run it there.

    A notebook or SDK file is compiled first; PACKAGE is a NAME.yaml that is. Uploaded is a new
    version if there is none of the same content. Links to version and run go to standard output,
    progress to standard error. Exit code 3: the cluster cannot be reached, or refuses.
    """
    if (source is None) == (follow is None):
        raise click.UsageError("name what to deploy, or `--follow RUN`, one of the two")
    connection = connection_options(options)
    if follow is not None:
        others = {*options, "output"} - _FOLLOWING
        _refuse_given(others, "has no effect beside `--follow`")
        session = DeploySession(connection, as_json=as_json)
        run_id = follow
        session.run(lambda: session.follow(run_id, options["timeout"]))
        return
    assert source is not None
    from kale.deploying import is_package

    check_together(options)
    if is_package(source):
        _refuse_given(_COMPILING, "is for notebooks, and not for a package that is made")
    deploy(source, options, given_settings(options), connection, as_json=as_json)


def _refuse_given(names: Iterable[str], why: str) -> None:
    context = click.get_current_context()
    for option in context.command.params:
        given = context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        if given and option.name in names:
            raise click.UsageError(f"`{option.opts[-1]}` {why}")


def deploy(
    source: str,
    options: Mapping[str, Any],
    settings: Mapping[str, str],
    connection: ConnectionOptions,
    *,
    as_json: bool = False,
) -> None:
    """Deploy as ``options`` say, by the names of ``kale deploy``'s.

    Raises:
        click.exceptions.Exit: with the exit code, if that is not 0.
        KaleError: it failed, and nobody reads JSON.
    """
    session = DeploySession(connection, as_json=as_json)
    session.run(lambda: session.deploy(source, options, settings))
