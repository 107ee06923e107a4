"""``kale image``: the Dockerfile of an image that holds all that a notebook's steps need."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from kale.cli.options import (
    FINDINGS,
    debug_option,
    given_settings,
    json_option,
    not_empty,
    notebook_argument,
    package_options,
    with_options,
)
from kale.cli.terminal import print_findings, print_json
from kale.diagnostics import from_error, strictly, to_errors
from kale.errors import KaleError, raise_all
from kale.printable import printable

#: Options of a package that say nothing about an image.
_NOT_HERE = frozenset({"no_install", "runtime", "kfp_version"})


def _image(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """Refuse what is no name of an image."""
    from kale.nbparser.kubernetes import image_problem

    if name is not None and (problem := image_problem(name)):
        raise click.BadParameter(problem)
    return name


def _untagged(context: click.Context, option: click.Parameter, name: str | None) -> str | None:
    """Refuse a name with a tag or a digest, or one that no registry takes."""
    if name is not None and (name != name.lower() or {":", "@"} & {*name.rpartition("/")[2]}):
        raise click.BadParameter(
            "a repository is named as `registry:5000/team/iris`, without a tag"
        )
    return _image(context, option, name)


@click.command("image")
@notebook_argument
@click.option(
    "-o", "--output", type=click.Path(), metavar="DIR", callback=not_empty,
    help="The folder to write to, made if need be; by default NAME.image beside the notebook.",
)  # fmt: skip
@click.option(
    "--base", metavar="IMAGE", callback=_image,
    help="The image to start from; by default the slim one of the Python that Kale runs in.",
)  # fmt: skip
@click.option(
    "--name", metavar="IMAGE", callback=_untagged,
    help="What the image is to be called, without a tag; by default as the pipeline.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write over files that Kale did not write.")
@with_options((*package_options(), *FINDINGS))
@json_option
@debug_option
def image_command(
    notebook: str,
    output: str | None,
    base: str | None,
    name: str | None,
    force: bool,
    strict: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Write what `docker build` needs for an image with all that the steps need.

    That is a Dockerfile, requirements.txt with what the steps import in the versions of this
    machine, .dockerignore, and copies of the author's own modules and of what --include names.
    Nothing is run, built or sent.
    """
    try:
        made = _write(notebook, output, base, name, force, strict, given_settings(options))
    except KaleError as error:
        if not as_json:
            raise
        findings = [finding.as_json() for finding in from_error(error)]
        print_json({"pipeline": None, "image": None, "files": [], "diagnostics": findings})
        raise click.exceptions.Exit(error.exit_code) from error
    found = made.pop("found")
    if as_json:
        print_json({**made, "diagnostics": [finding.as_json() for finding in found]})
        return
    print_findings(found, sys.stderr)
    for file in made["files"]:
        click.echo(f"file      {printable(file)}")
    for step, own in made["other_images"].items():
        click.echo(f"not for   step {step}, whose own image is {printable(own)}")
    click.echo(f"build     {printable(made['build'])}\ncompile   {printable(made['compile'])}")


image_command.params = [option for option in image_command.params if option.name not in _NOT_HERE]


def _write(
    notebook: str,
    output: str | None,
    base: str | None,
    name: str | None,
    force: bool,
    strict: bool,
    settings: dict[str, str],
) -> dict[str, Any]:
    """Write the files; what was written and how to go on, as JSON values but for ``found``."""
    from kale import core
    from kale.environment import resolve
    from kale.environment.image import SECRET, check_folder, image_files
    from kale.environment.shipped import own_files
    from kale.files import write_files

    planned = core.plan(notebook, settings, strict=strict)
    pipeline, beside = planned.pipeline, Path(notebook).parent
    # Nothing is too large for an image.
    environment, found = resolve(planned, beside, own_files)
    found = pipeline.suppression.keep(found)
    if strict:
        raise_all(to_errors(strictly(found)))
    python = f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"
    made = image_files(planned, environment, base or python)
    folder = beside / f"{pipeline.name}.image" if output is None else Path(output)
    described = [path.name for path in made.files if len(path.parts) == 1]
    if check_folder(folder, described, force=force):
        _remove_copies(folder)
    write_files(made.files, folder)
    image = f"{name or pipeline.name}:{made.tag}"
    secret = [f"--secret=id={SECRET},src=PIP_CONF"] if made.secret else []
    include = [word for one in environment.options.include for word in ("--include", one)]
    other = {task.name: task.options.image for task in planned.tasks if task.options.image}
    return {
        "pipeline": pipeline.name,
        "image": image,
        "files": [str(folder / path) for path in made.files],
        "build": shlex.join(["docker", "build", *secret, "-t", image, str(folder)]),
        "compile": shlex.join(
            ["kale", "compile", notebook, "--docker-image", image, "--no-install", *include]
        ),
        "other_images": other,
        "found": (*planned.diagnostics, *found),
    }


def _remove_copies(folder: Path) -> None:
    """Remove the modules and files that an earlier call copied."""
    for copies in folder.glob("files-" + "[0-9a-f]" * 12):
        if copies.is_dir() and not copies.is_symlink():
            shutil.rmtree(copies)
