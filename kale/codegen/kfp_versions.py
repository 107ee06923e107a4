"""What back ends before this Kale's own do not know: left out of packages that are made for them.

Their driver fails at a field that it does not know. The numbers in comments are those of issues
and pull requests of kubeflow/pipelines; its CHANGELOG.md says which release has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from kale.dataclass import dataclass
from kale.errors import UsageError
from kale.ir import StepOptions

#: A release of the back end, without its last number.
Version = tuple[int, int]

#: The releases whose fields the tables below tell.
KNOWN: tuple[Version, ...] = (
    *((2, minor) for minor in range(6)),
    *((2, minor) for minor in range(14, 18)),
)

#: Before it, a consumer looks for its input below the display name of the producer's task, and in
#: vain where that is not the task's key (11106, 11173, 12456; mended by 11938).
DISPLAY_NAMES: Version = (2, 14)

#: Before it, a run fails without a value for a parameter that has no default (11667, 11788).
OPTIONAL_PARAMETERS: Version = (2, 5)

#: Before it, nothing can wait for a loop, or get what it makes (8830, 10035, 10050; 11725).
LOOP_ENDS: Version = (2, 14)

#: Before it, an artifact of either branch is looked for in the last one (13436, 13437).
ARTIFACT_CHOICES: Version = (2, 17)

#: Where a package has an executor's container, and what its pod gets beside it.
_CONTAINER = "deploymentSpec.executors.*.container"
_POD = "platforms.kubernetes.deploymentSpec.executors.*"


@dataclass(frozen=True, slots=True)
class _Field:
    """A field that is known from a release on; ``path`` is made of keys, and ``*`` for any of them.

    ``options`` are the options of a step that nothing else in the package says.
    """

    since: Version
    path: str
    options: tuple[str, ...] = ()


_FIELDS = (
    _Field((2, 1), f"{_POD}.podMetadata", ("labels", "annotations")),  # 10357, 10393
    _Field((2, 1), f"{_POD}.tolerations", ("tolerations",)),  # 10442, 10471
    _Field((2, 1), f"{_POD}.activeDeadlineSeconds", ("timeout",)),  # 10464, 10481
    _Field((2, 1), f"{_POD}.imagePullPolicy", ("pull_policy",)),  # 10416, 10417
    _Field((2, 1), f"{_POD}.imagePullSecret", ("pull_secrets",)),  # 10410, 10427
    _Field((2, 16), f"{_POD}.securityContext", ("security_context",)),  # 12832, 12859
    # In the specification from 2.3 on (11075), and read from 2.4 on (11500, 11501). The numbers
    # beside them say the same.
    *(
        _Field((2, 4), f"{_CONTAINER}.resources.resource{resource}{kind}")
        for resource in ("Cpu", "Memory")
        for kind in ("Limit", "Request")
    ),
    _Field((2, 4), f"{_CONTAINER}.resources.accelerator.resourceType"),
    _Field((2, 4), f"{_CONTAINER}.resources.accelerator.resourceCount"),
    # The names stand beside them, too (11621, 11770, 11935).
    _Field((2, 5), f"{_POD}.secretAsEnv.*.secretNameParameter"),
    _Field((2, 5), f"{_POD}.pvcMount.*.pvcNameParameter"),
    _Field((2, 5), f"{_POD}.imagePullSecret.*.secretNameParameter"),
    _Field((2, 15), f"{_POD}.secretAsEnv.*.optional"),  # 12495; false, as is the default
)


def version_of(text: str) -> Version:
    """The release that ``text`` names; the newest that is known where it names none.

    Raises:
        UsageError: it is not known (KALE412).
    """
    if not text:
        return KNOWN[-1]
    if match := re.fullmatch(r"v?(\d+)\.(\d+)(?:\.\d+)?", text, re.ASCII):
        version = int(match[1]), int(match[2])
        if version in KNOWN:
            return version
    known = ", ".join(map(spelled, KNOWN))
    raise UsageError(
        "KALE412",
        f"Kale knows no Kubeflow Pipelines {text}",
        hint=f"it knows {known}; name the last of them that is not newer than the cluster's",
    )


def spelled(version: Version) -> str:
    """The release as people write it."""
    return f"{version[0]}.{version[1]}"


def unknown_fields(version: Version) -> tuple[str, ...]:
    """The paths of what a release does not know."""
    return tuple(field.path for field in _FIELDS if field.since > version)


def lost_options(version: Version, options: StepOptions) -> Iterator[tuple[str, Version]]:
    """The options of a step that a release cannot be told, with the first that can."""
    for field in _FIELDS:
        for name in field.options:
            if field.since > version and getattr(options, name):
                yield name, field.since


def leave_out(node: Any, path: str) -> None:
    """Take what is at ``path`` out of a document: ``*`` is any key, or any place in a list."""
    first, _, rest = path.partition(".")
    if first == "*":
        for each in node.values() if isinstance(node, dict) else node:
            leave_out(each, rest)
    elif first in node:
        if rest:
            leave_out(node[first], rest)
        else:
            del node[first]
