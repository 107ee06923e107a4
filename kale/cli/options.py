"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

#: Options that set what the notebook's metadata may set too; the destination is the metadata key.
SETTINGS = (
    click.option(
        "--pipeline_name", "--pipeline-name", "pipeline_name", metavar="NAME",
        help="The pipeline's name.",
    ),
    click.option(
        "--pipeline_descr", "--pipeline-descr", "--pipeline_description",
        "--pipeline-description", "pipeline_description", metavar="TEXT",
        help="What the pipeline is for.",
    ),
    click.option(
        "--docker_image", "--docker-image", "docker_image", metavar="IMAGE",
        help="The container image of the steps.",
    ),
    click.option(
        "--experiment_name", "--experiment-name", "experiment_name", metavar="NAME",
        help="The experiment that runs belong to.",
    ),
)  # fmt: skip

debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, help="Show the traceback of an error."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on standard output."
)
notebook_argument = click.argument("notebook", type=click.Path(), metavar="NOTEBOOK")


def with_options(
    options: Iterable[Callable[[Decorated], Decorated]],
) -> Callable[[Decorated], Decorated]:
    """Put several options on a command, in the order given."""

    def decorate(command: Decorated) -> Decorated:
        for option in reversed(tuple(options)):
            command = option(command)
        return command

    return decorate


def given_settings(options: dict[str, Any]) -> dict[str, str]:
    """The settings among a command's options that the user gave."""
    keys = ("pipeline_name", "pipeline_description", "docker_image", "experiment_name")
    return {key: options[key] for key in keys if options.get(key) is not None}
