"""``kale doctor``: whether this machine, the cluster and a notebook's images are ready."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kale.checkup import Check, Status, failed
from kale.cli.connection_options import CONNECTION, connection_options
from kale.cli.local_checks import check_machine
from kale.cli.options import (
    SOURCE,
    SpelledOption,
    debug_option,
    json_option,
    not_empty,
    with_options,
)
from kale.cli.terminal import print_json, print_lines
from kale.codegen.package_layout import DEFAULT_IMAGE
from kale.dataclass import dataclass
from kale.errors import KaleError
from kale.packaging import Environment
from kale.printable import printable
from kale.rules import Severity

if TYPE_CHECKING:
    from kale.cluster.connection import ConnectionOptions

_COLOURS = {
    Status.OK: "green",
    Status.WARNING: "yellow",
    Status.FAILED: "red",
    Status.SKIPPED: "cyan",
}

#: What the command exits with when the cluster has failed, and when only something else has.
_CLUSTER_FAILED, _FAILED = 3, 1


@dataclass(frozen=True, slots=True)
class _Subject:
    """What to look for, which a notebook wants, or the settings alone."""

    images: tuple[str, ...]
    kernel: str = "python3"
    kfp_version: str = ""
    snapshots: bool = False


@click.command("doctor")
@click.argument("notebook", type=click.Path(), metavar=f"[{SOURCE}]", required=False)
@click.option(
    "--docker_image", "--docker-image", "docker_image", cls=SpelledOption, metavar="IMAGE",
    callback=not_empty, help="The image to look for; by default the one that steps would run in.",
)  # fmt: skip
@with_options(CONNECTION)
@json_option
@debug_option
def doctor_command(
    notebook: str | None, docker_image: str | None, as_json: bool, **options: Any
) -> None:
    """Say whether this machine and the cluster are ready, and what to do if they are not.

    With a notebook or SDK file, also whether it can be compiled, and whether its images are there.
    Nothing is made or changed anywhere, and no secret is shown.

    Exit codes: 0 nothing has failed; 1 something here has; 3 something of the cluster has.
    """
    said = connection_options(options)
    subject, notebook_checks = _look_at(notebook, docker_image)
    parts: dict[str, list[Check]] = {}
    for part, checks in (
        ("machine", check_machine(subject.kernel, Path(notebook or "a.ipynb").parent)),
        ("notebook", notebook_checks),
        ("images", (_image(name) for name in subject.images)),
        ("cluster", _cluster(said, subject)),
    ):
        found = parts[part] = []
        for check in checks:
            if not as_json:
                print_lines([*([] if found else [part]), *_lines(check)], sys.stdout)
            found.append(check)
    bad = {part for part, found in parts.items() if any(map(_is_bad, found))}
    if as_json:
        listed = [
            {"part": part, **check.as_json()} for part, found in parts.items() for check in found
        ]
        print_json({"status": "failed" if bad else "ok", "checks": listed})
    if bad:
        raise click.exceptions.Exit(_CLUSTER_FAILED if "cluster" in bad else _FAILED)


def _is_bad(check: Check) -> bool:
    return check.status is Status.FAILED


def _lines(check: Check) -> list[str]:
    """A check as lines of text."""
    status = click.style(f"{check.status.value:<8}", fg=_COLOURS[check.status])
    code = f" ({check.code})" if check.code else ""
    lines = [f"  {status} {check.what:<16} {printable(check.detail)}{code}"]
    if check.remedy:
        lines.append(f"{'hint:':>16} {printable(check.remedy)}")
    return lines


def _look_at(notebook: str | None, image: str | None) -> tuple[_Subject, list[Check]]:
    """What there is to look at, and what is to be said of the notebook, or of the settings."""
    settings = {} if image is None else {"docker_image": image}
    try:
        if notebook is not None:
            return _of_notebook(notebook, settings, image)
        from kale.nbparser import TEXT_SETTINGS
        from kale.settings import find_settings

        found = find_settings(Path("a.ipynb"), settings, TEXT_SETTINGS)
    except KaleError as error:
        checks = [failed("compiles" if notebook else "settings", one) for one in error.parts()]
        return _Subject(images=() if image is None else (image,)), checks
    named = found.override.get("docker_image") or found.default.get("docker_image")
    return _Subject((named or DEFAULT_IMAGE,), kfp_version=found.packaging.kfp_version), []


def _of_notebook(
    notebook: str, settings: dict[str, str], image: str | None
) -> tuple[_Subject, list[Check]]:
    from kale import core
    from kale.codegen import check_package
    from kale.environment import resolve

    planned = core.plan(notebook, settings)
    environment, found = resolve(planned, Path(notebook).parent)
    planned = replace(planned, environment=environment)
    pipeline = planned.pipeline
    found = pipeline.suppression.keep((*planned.diagnostics, *found, *check_package(planned)))
    steps = [task.options.image for task in planned.tasks]
    images = dict.fromkeys(one or pipeline.image or DEFAULT_IMAGE for one in steps)
    subject = _Subject(
        (image,) if image is not None else tuple(images),
        pipeline.kernel,
        pipeline.packaging.kfp_version,
        pipeline.volumes.snapshot,
    )
    return subject, [
        Check("compiles", Status.OK, f"{pipeline.name}, in {len(steps)} steps"),
        _packages(environment),
        *(
            Check(
                "finding",
                Status.WARNING,
                f"{one.at or notebook}: {one.message}",
                one.hint,
                one.code,
            )
            for one in found
            if one.severity is Severity.WARNING
        ),
    ]


def _packages(environment: Environment) -> Check:
    steps = (*environment.required.values(), *environment.if_missing.values())
    words = sorted({word for step in steps for word in step})
    if not environment.options.install:
        return Check("packages", Status.OK, "pods install nothing; their images have to have all")
    return Check("packages", Status.OK, ", ".join(words) or "no step needs any of its own")


def _image(name: str) -> Check:
    from kale.cluster.registry import check_image
    from kale.nbparser.kubernetes import image_problem

    if problem := image_problem(name):
        return Check("image", Status.FAILED, f"{name}: {problem}", "correct its name", "KALE643")
    return check_image("image", name)


def _cluster(said: ConnectionOptions, subject: _Subject) -> Iterator[Check]:
    from kale.cluster.doctor import check_cluster, check_snapshots
    from kale.codegen.kfp_versions import KNOWN, version_of

    try:
        target = version_of(subject.kfp_version)
    except KaleError as error:
        yield failed("version", error)
        target = KNOWN[-1]
    yield from check_cluster(said, KNOWN, target)
    if subject.snapshots:
        yield check_snapshots()
