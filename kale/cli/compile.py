"""``kale compile``: a notebook to a Kubeflow Pipelines script and package."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from kale.cli.options import (
    FINDINGS,
    SETTINGS,
    debug_option,
    given_settings,
    json_option,
    not_empty,
    notebook_argument,
    package_options,
    with_options,
)
from kale.cli.terminal import print_findings, print_json
from kale.diagnostics import from_error
from kale.errors import KaleError
from kale.printable import printable

if TYPE_CHECKING:
    from kale.compilation import Compilation


@click.command("compile")
@notebook_argument
@click.option(
    "-o", "--output", type=click.Path(), metavar="DIR", callback=not_empty,
    help="The folder to write to, made if need be; by default the notebook's own.",
)  # fmt: skip
@with_options((*SETTINGS, *package_options()))
@click.option(
    "--lock", is_flag=True,
    help="Write NAME.requirements.txt, too: what the steps install, for --requirements.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(("package", "kubernetes")), default="package",
    help="The package, or in its place NAME.kubernetes.yaml: custom resources for kubectl, Argo "
    "CD or Flux, which Kubeflow Pipelines 2.14 and later can take.",
)  # fmt: skip
@click.option(
    "--namespace", metavar="NAME", callback=not_empty,
    help="The namespace that the custom resources name; by default they name none.",
)  # fmt: skip
@with_options(FINDINGS)
@json_option
@debug_option
def compile_command(
    notebook: str,
    output: str | None,
    strict: bool,
    lock: bool,
    form: str,
    namespace: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Make a Kubeflow Pipelines package of a notebook or an SDK file; nothing is run.

    It writes NAME.yaml, the package; NAME.kfp.py, a script that makes, uploads and runs it; and
    NAME.steps/STEP.ipynb, the notebook of each step: all of them or, in case of an error, none.
    """
    from kale import core

    if namespace is not None and form == "package":
        raise click.UsageError("`--namespace` is for `--format kubernetes`")
    manifests = (namespace or "") if form == "kubernetes" else None
    try:
        compilation = core.compile_notebook(
            notebook, output, given_settings(options), strict=strict, lock=lock, manifests=manifests
        )
    except KaleError as error:
        if not as_json:
            raise
        findings = [finding.as_json() for finding in from_error(error)]
        print_json({"pipeline": None, "files": {}, "diagnostics": findings})
        raise click.exceptions.Exit(error.exit_code) from error
    if as_json:
        print_json(compilation.as_json())
    else:
        report(compilation)


def report(compilation: Compilation) -> None:
    """Print the findings on standard error and what was written on standard output."""
    print_findings(compilation.diagnostics, sys.stderr)
    click.echo(f"pipeline  {compilation.pipeline}")
    click.echo(f"script    {printable(str(compilation.script))}")
    package = "manifests" if compilation.native else "package  "
    click.echo(f"{package} {printable(str(compilation.package))}")
    if compilation.lock is not None:
        click.echo(f"lock      {printable(str(compilation.lock))}")
    for step, path in compilation.notebooks.items():
        click.echo(f"notebook  {printable(str(path))}  ({step})")
