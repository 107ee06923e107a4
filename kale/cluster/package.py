"""A package of a pipeline as a cluster takes it: its name, its parameters and its bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kale.dataclass import dataclass
from kale.errors import Location, PackageError, UsageError
from kale.version_name import version_name

if TYPE_CHECKING:
    import yaml

#: What Kubeflow Pipelines takes as an upload, in bytes.
LARGEST = 32 * 1024 * 1024

_LONGEST_NAME = 128

#: Mappings and lists in one another; the parser in C crashes at some ten thousand.
_DEEPEST = 500


@dataclass(frozen=True, slots=True)
class Package:
    """A package; ``parameters`` maps the keys of its parameters to their types, as KFP calls them.

    ``content`` is what is uploaded, to the byte. ``title`` is what people call it. ``required``
    are the parameters that have no default.
    """

    name: str
    title: str
    description: str
    content: bytes
    parameters: Mapping[str, str]
    required: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The name of the version that these bytes are, and no others."""
        return version_name(self.name, self.content)


def read_package(path: Path) -> Package:
    """The package in a file.

    Raises:
        UsageError: the file cannot be read, or is too large (KALE611).
        PackageError: it holds no pipeline of Kubeflow Pipelines 2 (KALE611).
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(
            "KALE611",
            f"the package cannot be read: {error.strerror or error}",
            at=Location(str(path)),
            hint="name a notebook, or the NAME.yaml that kale compile writes",
        ) from error
    return parse_package(content, str(path))


def parse_package(content: bytes, path: str) -> Package:
    """The package that some bytes are; ``path`` is where they come from, for messages.

    Raises:
        PackageError: they hold no pipeline of Kubeflow Pipelines 2, or too much (KALE611).
    """
    at = Location(path)
    if len(content) > LARGEST:
        raise _refused(f"it takes more than {LARGEST // 1024**2} MiB", at)
    if content[:2] in (b"PK", b"\x1f\x8b"):
        raise _refused("it is an archive", at, "unpack it, and deploy the YAML file that is in it")
    spec, _ = _documents(content, at)
    info = _mapping(spec.get("pipelineInfo"))
    name = info.get("name")
    if not isinstance(name, str) or not name.strip():
        raise _refused("its `pipelineInfo` has no `name`", at)
    if len(name) > _LONGEST_NAME or re.search(r"[\x00-\x1f\x7f/]", name):
        raise _refused(f"its name is longer than {_LONGEST_NAME} or no plain text", at)
    inputs = _mapping(_mapping(spec.get("root")).get("inputDefinitions"))
    parameters = {
        str(key): _mapping(definition)
        for key, definition in _mapping(inputs.get("parameters")).items()
    }
    title, description = info.get("displayName"), info.get("description")
    return Package(
        name,
        title if isinstance(title, str) and title else name,
        description if isinstance(description, str) else "",
        content,
        {key: str(definition.get("parameterType")) for key, definition in parameters.items()},
        tuple(
            key
            for key, definition in parameters.items()
            if "defaultValue" not in definition and not definition.get("isOptional")
        ),
    )


def with_caching(package: Package, *, enabled: bool) -> Package:
    """The package with all its tasks cached, or none: other bytes, and so another version.

    Raises:
        PackageError: it cannot be written anew (KALE611).
    """
    import yaml

    at = Location(package.name)
    spec, platform = _documents(package.content, at)
    # Written out, what refers to itself again and again can be of any size.
    if any(isinstance(each, yaml.AliasEvent) for each in yaml.parse(package.content, _loader())):
        raise _refused("parts of it are aliases of others, and it cannot be changed", at)
    for dag in _dags(spec):
        for task in _mapping(dag.get("tasks")).values():
            if isinstance(task, dict):
                task["cachingOptions"] = {"enableCache": True} if enabled else {}
    # JSON is YAML, too, and is written a hundred times faster.
    try:
        texts = [
            json.dumps(document, sort_keys=True, allow_nan=False)
            for document in (spec, platform)
            if document
        ]
    except (TypeError, ValueError, RecursionError) as error:
        raise _refused("it holds what JSON does not have", at) from error
    content = "\n---\n".join(texts).encode()
    return replace(package, content=content)


def _dags(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for component in [spec.get("root"), *_mapping(spec.get("components")).values()]:
        yield _mapping(_mapping(component).get("dag"))


def _documents(content: bytes, at: Location) -> tuple[dict[str, Any], dict[str, Any]]:
    """The specification of the pipeline and that of its platform, which may be empty."""
    import yaml

    try:
        if _is_deep(yaml.parse(content, _loader())):
            raise _refused("it nests too deeply", at)
        found = [each for each in yaml.load_all(content, _loader()) if each is not None]
    except (yaml.YAMLError, UnicodeError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", at line {mark.line + 1}" if mark is not None else ""
        raise _refused(f"it is no YAML{line}", at) from error
    if not found or not all(isinstance(each, dict) for each in found):
        raise _refused("it holds something else", at)
    if any("apiVersion" in each for each in found):
        kind = "Kubernetes resources"
        hint = "apply those with kubectl; kale deploy takes what kale compile writes without them"
        raise _refused(f"it holds {kind}", at, hint)
    spec, *rest = found
    if "pipelineInfo" not in spec or not isinstance(spec.get("root"), dict):
        raise _refused("it has no `pipelineInfo` and `root`", at)
    if len(rest) > 1 or any("platforms" not in each for each in rest):
        raise _refused("it has more documents than a pipeline and its platform", at)
    return spec, rest[0] if rest else {}


def _is_deep(events: Iterable[yaml.Event]) -> bool:
    import yaml

    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            return True
    return False


def _loader() -> type[yaml.SafeLoader]:
    """The safe loader: the one in C, where there is one, takes a tenth of the time."""
    import yaml

    loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return loader


def _mapping(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}


def _refused(why: str, at: Location, hint: str = "") -> PackageError:
    return PackageError(
        "KALE611",
        f"this is no package of Kubeflow Pipelines 2: {why}",
        at=at,
        hint=hint or "name a notebook, or the NAME.yaml that kale compile writes",
    )
