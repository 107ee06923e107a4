"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

import click

from kale.options import FLAGS, PICKLERS
from kale.packaging import LISTS, RUNTIMES, SWITCHES, TEXTS

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class SpelledOption(click.Option):
    """An option of several spellings, of which the help shows the first only.

    The original command line has underscores, everybody else's has dashes; both are taken.
    """

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The first spelling and the help text."""
        spellings = self.opts
        self.opts = spellings[:1]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = spellings


#: Options that set what the notebook's metadata may set too; the destination is the metadata key.
SETTINGS = (
    click.option(
        "--pipeline_name", "--pipeline-name", "pipeline_name", cls=SpelledOption, metavar="NAME",
        help="The pipeline's name; by default the notebook's own, or that of its file.",
    ),
    click.option(
        "--pipeline_descr", "--pipeline-descr", "--pipeline_description",
        "--pipeline-description", "pipeline_description", cls=SpelledOption, metavar="TEXT",
        help="What the pipeline is for, in a sentence.",
    ),
    click.option(
        "--docker_image", "--docker-image", "docker_image", cls=SpelledOption, metavar="IMAGE",
        help="The container image that the steps run in on a cluster.",
    ),
    click.option(
        "--experiment_name", "--experiment-name", "experiment_name", cls=SpelledOption,
        metavar="NAME", help="The experiment on the cluster that runs belong to.",
    ),
    click.option(
        "--no-pickle", "--no_pickle", "no_pickle", cls=SpelledOption, is_flag=True,
        help="Save and load no value by pickle; a step with one that needs it fails and names it.",
    ),
    click.option(
        "--pickler", type=click.Choice(PICKLERS),
        help="What saves values that no library's own format holds; by default cloudpickle.",
    ),
)  # fmt: skip


def package_options(*, hidden: bool = False) -> tuple[Callable[[Decorated], Decorated], ...]:
    """Options that say how a package is made; the destination is the key of the setting.

    ``hidden`` ones are taken, but not in the help.
    """
    option = partial(click.option, hidden=hidden)
    return (
        option(
            "--requirements", metavar="FILE", callback=not_empty,
            help="Install what a file of requirements lists, in every step.",
        ),
        option(
            "--include", multiple=True, metavar="PATTERN",
            help="Have files beside the notebook travel with the package, repeatable.",
        ),
        option("--no-install", is_flag=True, help="Install nothing in pods: the images have all."),
        option(
            "--runtime", type=click.Choice(RUNTIMES),
            help="Hand pods Kale's runtime, or use the one in their images; by default carried.",
        ),
        option("--index-url", metavar="URL", callback=not_empty, help="Where pip finds packages."),
        option(
            "--extra-index-url", multiple=True, metavar="URL",
            help="Where pip finds packages, too, repeatable.",
        ),
        option(
            "--trusted-host", multiple=True, metavar="HOST",
            help="A host whose certificate pip need not check, repeatable.",
        ),
        option(
            "--index-secret", multiple=True, metavar="SECRET:KEY[:VARIABLE]",
            help="A Kubernetes secret that holds the address of an index; it fills PIP_INDEX_URL, "
            "or another of pip's variables. Repeatable.",
        ),
        option(
            "--kfp-version", metavar="VERSION", callback=not_empty,
            help="The oldest Kubeflow Pipelines that has to take the package, such as 2.3.",
        ),
    )  # fmt: skip


debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, help="Show the traceback of an error."
)
json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON document on standard output, and nothing else there.",
)
#: What to make of findings.
FINDINGS = (
    click.option(
        "--ignore", multiple=True, metavar="CODE",
        help="Do not show warnings and notices of this code, repeatable.",
    ),
    click.option(
        "--strict", is_flag=True,
        help="Refuse what is otherwise a warning, or an edge inferred from data (KALE201).",
    ),
)  # fmt: skip
#: A notebook, or a Python file with the SDK's decorators: all verbs take both.
SOURCE = "NOTEBOOK|FILE.py"
notebook_argument = click.argument("notebook", type=click.Path(), metavar=SOURCE)


def not_empty(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty text, which mostly comes from an unset variable of the shell."""
    if value == "":
        raise click.BadParameter("it is empty; say what it is, or leave it out")
    return value


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
    keys = ("pipeline_name", "pipeline_description", "docker_image", "experiment_name", "pickler")
    found = {key: options[key] for key in keys if options.get(key) is not None}
    found |= {key: "true" for key in FLAGS if options.get(key)}
    found |= {key: options[key] for key in TEXTS if options.get(key)}
    found |= {key: "true" for key in SWITCHES if options.get(key)}
    found |= {key: ",".join(options[key]) for key in LISTS if options.get(key)}
    return {**found, "ignore": ",".join(options.get("ignore", ()))}
