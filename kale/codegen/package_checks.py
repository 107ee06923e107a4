"""What Kubernetes or Kubeflow Pipelines would refuse in a package, said before it is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kale.codegen.container import container
from kale.codegen.group_checks import group_errors, group_warnings
from kale.codegen.kfp_versions import (
    OPTIONAL_PARAMETERS,
    lost_options,
    spelled,
    version_of,
)
from kale.codegen.package_layout import PackagedTask, lay_out
from kale.codegen.package_sizes import check_sizes
from kale.codegen.parameters import EXPANDED, is_utf8, package_default
from kale.codegen.remembering import remembering
from kale.codegen.resources import unsupported
from kale.codegen.volume_checks import volume_errors, volume_warnings
from kale.codegen.volume_tasks import volume_tasks
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import KaleError, Location, PackageError, raise_all
from kale.ir import Pipeline, Plan

#: What Kubernetes expands `$` in.
_EXECUTED = ("environment variable", "package")

_PIPELINE_NAME = re.compile("[a-z0-9][a-z0-9-]{0,127}")


@remembering
def check_package(plan: Plan) -> tuple[Diagnostic, ...]:
    """The warnings and notices about the package of ``plan``, the pipeline's before its tasks'.

    Raises:
        PackageError: what a cluster would refuse, or change without a word.
    """
    pipeline = plan.pipeline
    errors: list[KaleError] = [*_pipeline_errors(pipeline), *volume_errors(plan)]
    found = [*_defaults(pipeline), *volume_warnings(plan)]
    tasks = lay_out(plan)
    version = version_of(plan.environment.options.kfp_version)
    errors += group_errors(tasks, volume_tasks(plan), version)
    found += group_warnings(pipeline, tasks)
    for task in tasks:
        errors += _text_errors(task)
        found += unsupported(task.options, task.at)
        try:
            container(task)
        except KaleError as error:
            errors.append(error)
    raise_all(errors)
    return (*check_sizes(plan, tasks), *_for_an_older_cluster(plan, tasks), *_left(plan), *found)


def _pipeline_errors(pipeline: Pipeline) -> Iterator[PackageError]:
    at = Location(pipeline.path)
    if not _PIPELINE_NAME.fullmatch(pipeline.name):
        long = f" ({len(pipeline.name)} characters)" if len(pipeline.name) > 128 else ""
        yield PackageError(
            "KALE403",
            f"`{pipeline.name}`{long} is no name of a Kubeflow pipeline",
            at=at,
            hint="use at most 128 lower-case letters, digits and dashes, no dash at the start",
        )
    for what, text in (("title", pipeline.title), ("description", pipeline.description)):
        if not is_utf8(text):
            yield PackageError(
                "KALE406",
                f"the pipeline's {what} holds half of a surrogate pair, which no YAML file can",
                at=at,
                hint="delete that character",
            )
    if pipeline.image:
        yield from _text_error("image", pipeline.image, at)
    for volume in pipeline.volumes.mounted:
        yield from _text_error("volume", f"{volume.name}:{volume.mount_path}", at)
        yield from _text_error("folder", volume.sub_path, at)


def _text_errors(task: PackagedTask) -> Iterator[PackageError]:
    options = task.options
    texts = [("image", options.image or "")]
    if not task.raw:  # which has placeholders of KFP's
        texts += [("package", word) for word in task.words]
    for what, pairs in (
        ("environment variable", options.env),
        ("label", options.labels),
        ("annotation", options.annotations),
        ("node selector", options.node_selectors),
    ):
        texts += [(what, f"{key}={value}") for key, value in pairs]
    texts += [("secret", f"{s.secret}:{s.key}:{s.env}") for s in options.secrets]
    texts += [("toleration", f"{t.key}:{t.value}:{t.effect}") for t in options.tolerations]
    texts += [("volume", f"{v.claim}:{v.mount_path}") for v in options.volumes]
    for what, text in texts:
        yield from _text_error(what, text, task.at)


def _text_error(what: str, text: str, at: Location) -> Iterator[PackageError]:
    """Argo expands ``{{...}}`` wherever it stands in a pod, and offers no way to quote it.

    Kubernetes expands more, in what a container executes and sees.
    """
    found = EXPANDED.search(text)
    if found and found[0] == "{{":
        yield PackageError(
            "KALE406",
            f"the {what} `{text}` holds `{{{{`, which Kubeflow Pipelines would expand",
            at=at,
            hint="write one brace, or build the text in a cell",
        )
    elif found and what in _EXECUTED:
        yield PackageError(
            "KALE406",
            f"the {what} `{text}` holds `{found[0]}`, which Kubernetes would expand",
            at=at,
            hint="build the text in a cell",
        )
    elif not is_utf8(text) or "\0" in text:
        shown = text.encode("ascii", "backslashreplace").decode().replace("\0", "\\0")
        yield PackageError(
            "KALE406",
            f"the {what} `{shown}` holds a character that no pod can be given",
            at=at,
            hint="delete that character",
        )


def _for_an_older_cluster(plan: Plan, tasks: Iterable[PackagedTask]) -> Iterator[Diagnostic]:
    version = version_of(plan.environment.options.kfp_version)
    for task in tasks:
        for name, since in lost_options(version, task.options):
            yield diagnose(
                "KALE413",
                f"Kubeflow Pipelines {spelled(version)} knows no {name} of a step; the package"
                " leaves that out",
                at=task.at,
                hint=f"drop the option, or run on {spelled(since)} or later",
            )
    if version >= OPTIONAL_PARAMETERS:
        return
    for parameter in plan.pipeline.parameters:
        if package_default(parameter) is None:
            yield diagnose(
                "KALE414",
                f"parameter `{parameter.name}` has no default in the package, and Kubeflow"
                f" Pipelines {spelled(version)} fails at a run that gives it no value",
                at=parameter.at,
                hint="give it a value in each run, or a default that the package can hold",
            )


def _left(plan: Plan) -> Iterator[Diagnostic]:
    """The files that nothing carries, as the image has the runtime."""
    environment = plan.environment
    if environment.options.installed_runtime and environment.files:
        files = ", ".join(f"`{path}`" for path in sorted(environment.files))
        yield diagnose(
            "KALE415",
            f"with `--runtime installed` no file travels with the package: {files}",
            at=Location(plan.pipeline.path),
            hint="have the image hold them in its working folder, or drop the option",
        )


def _defaults(pipeline: Pipeline) -> Iterator[Diagnostic]:
    for parameter in pipeline.parameters:
        if parameter.default is not None and package_default(parameter) is None:
            yield diagnose(
                "KALE410",
                f"Kubeflow Pipelines cannot hold the default of parameter `{parameter.name}`"
                " exactly; the package shows none, and the steps use it from the notebook",
                at=parameter.at,
                hint="nothing to do, unless the default should be seen in the user interface",
            )
