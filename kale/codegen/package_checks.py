"""What Kubernetes or Kubeflow Pipelines would refuse in a package, said before it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from kale.codegen.container import argv_size, container
from kale.codegen.parameters import is_utf8, package_default
from kale.codegen.resources import unsupported
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import KaleError, Location, PackageError, raise_all
from kale.ir import Pipeline, Plan, StepOptions, Task

_PIPELINE_NAME = re.compile("[a-z0-9][a-z0-9-]{0,127}")

#: Linux takes 128 KiB as one argument of a process; KFP hands a container over as one.
_WARN, _REFUSE = 64 * 1024, 120 * 1024

#: Kubernetes' database takes 1.5 MiB as one object, and a run holds all containers in one.
_WARN_IN_ALL = 1024 * 1024


def check_package(plan: Plan) -> tuple[Diagnostic, ...]:
    """The warnings and notices about the package of ``plan``, the pipeline's before its tasks'.

    Raises:
        PackageError: what a cluster would refuse, or change without a word.
    """
    pipeline = plan.pipeline
    errors: list[KaleError] = list(_pipeline_errors(pipeline))
    found = list(_defaults(pipeline))
    total = 0
    for task in plan.tasks:
        at = pipeline.step(task.name).at
        errors += _text_errors(task.options, at)
        found += unsupported(task.options, at)
        try:
            size = argv_size(container(plan, task))
            total += size
            found += _size(task, size, at)
        except KaleError as error:
            errors.append(error)
    raise_all(errors)
    return (*_size_in_all(pipeline, total), *found)


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


def _text_errors(options: StepOptions, at: Location) -> Iterator[PackageError]:
    texts = [("image", options.image or "")]
    texts += [("package", package) for package in options.packages]
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
        yield from _text_error(what, text, at)


def _text_error(what: str, text: str, at: Location) -> Iterator[PackageError]:
    """Argo expands ``{{...}}`` wherever it stands in a pod, and offers no way to quote it."""
    if "{{" in text:
        yield PackageError(
            "KALE406",
            f"the {what} `{text}` holds `{{{{`, which Kubeflow Pipelines would expand",
            at=at,
            hint="write one brace, or build the text in a cell",
        )
    elif not is_utf8(text) or "\0" in text:
        shown = text.encode("ascii", "backslashreplace").decode().replace("\0", "\\0")
        yield PackageError(
            "KALE406",
            f"the {what} `{shown}` holds a character that no pod can be given",
            at=at,
            hint="delete that character",
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


def _size(task: Task, size: int, at: Location) -> list[Diagnostic]:
    if size <= _WARN:
        return []
    heaviest = ", ".join(f"{part} ({weight / 1024:.0f} KiB)" for part, weight in _heaviest(task))
    hint = (
        f"the heaviest parts before compression are {heaviest}; read data from a file, or move"
        " code into a module of the image"
    )
    message = f"step `{task.name}` takes {size / 1024:.0f} KiB of its package;"
    if size > _REFUSE:
        raise PackageError(
            "KALE408", f"{message} a cluster takes {_REFUSE // 1024} KiB", at=at, hint=hint
        )
    return [
        diagnose(
            "KALE407",
            f"{message} clusters with Argo before 3.7 may refuse more than {_WARN // 1024} KiB",
            at=at,
            hint=hint,
        )
    ]


def _size_in_all(pipeline: Pipeline, total: int) -> Iterator[Diagnostic]:
    if total > _WARN_IN_ALL:
        yield diagnose(
            "KALE411",
            f"the {len(pipeline.steps)} steps take {total / 1024:.0f} KiB together; a cluster may"
            " refuse a run of more than 1500 KiB",
            at=Location(pipeline.path),
            hint="merge small steps into one, or move code into a module of the image",
        )


def _heaviest(task: Task) -> list[tuple[str, int]]:
    """Up to three parts of a task with their sizes in bytes, the heaviest first."""
    parts = []
    for cell in json.loads(task.notebook)["cells"]:
        kale = cell["metadata"]["kale"]
        name = f"cell {kale['cell']}" if "cell" in kale else f"the {kale['role']} cell"
        parts.append((name, len("".join(cell["source"]).encode("utf-8", "surrogatepass"))))
    options = (*task.options.env, *((package, "") for package in task.options.packages))
    parts += [(f"option `{key}`", len(f"{key}{value}".encode())) for key, value in options]
    return sorted(parts, key=lambda part: (-part[1], part[0]))[:3]
