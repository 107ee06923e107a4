"""From option tags to the :class:`StepOptions` of a step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kale.dataclass import dataclass
from kale.errors import Location, NotebookError
from kale.ir import SecretEnv, SecurityContext, StepOptions, Toleration, VolumeMount
from kale.nbparser.tag_kinds import (
    AnnotationTag,
    CacheTag,
    EnvTag,
    FileTag,
    ImageTag,
    LabelTag,
    LimitTag,
    NodeTag,
    OptionTag,
    PackagesTag,
    PullPolicyTag,
    PullSecretTag,
    ReportTag,
    RequestTag,
    RetryTag,
    RunAsTag,
    SecretTag,
    TimeoutTag,
    TolerationTag,
    VolumeTag,
)
from kale.nbparser.tags import format_tag
from kale.quantities import quantity_value

#: What a tag decides; two tags with the same slot and other values contradict each other.
Slot = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlacedOption:
    """An option tag and where it stands."""

    tag: OptionTag
    at: Location


def merge_options(
    step: str, at: Location, placed: Iterable[PlacedOption], defaults: Iterable[OptionTag]
) -> tuple[StepOptions, tuple[NotebookError, ...]]:
    """The options of a step: its own tags, and ``defaults`` where it says nothing.

    ``at`` is the step's place. Of ``defaults``, later ones beat earlier ones. Errors: KALE106,
    two of the step's tags contradict each other; KALE109, a request is above its limit, or the
    step is to run as root and not as root.
    """
    errors: list[NotebookError] = []
    own: dict[Slot, PlacedOption] = {}
    for option in placed:
        for slot, part in _slots(option.tag).items():
            here = PlacedOption(part, option.at)
            first = own.setdefault(slot, here)
            if first.tag != part:
                errors.append(_contradiction(step, first, here))
    chosen = {slot: part for tag in defaults for slot, part in _slots(tag).items()}
    chosen.update({slot: option.tag for slot, option in own.items()})
    errors.extend(_unfit_requests(step, at, chosen, own))
    errors.extend(_root_and_not_root(step, at, chosen, own))
    return _options(chosen.values()), tuple(errors)


def _slots(tag: OptionTag) -> Mapping[Slot, OptionTag]:
    match tag:
        case PackagesTag(packages):
            return {("packages", project(p)): PackagesTag((p,)) for p in packages}
        case EnvTag(name=name) | SecretTag(env=name):
            return {("env", name): tag}
        case FileTag(path):
            return {("file", path): tag}
        case LimitTag(resource=key) | RequestTag(resource=key):
            return {(type(tag).__name__, key): tag}
        case LabelTag(key=key) | AnnotationTag(key=key) | NodeTag(key=key):
            return {(type(tag).__name__, key): tag}
        case TolerationTag(key, value, effect):
            return {("toleration", key, value, effect): tag}
        case VolumeTag(mount_path=path):
            return {("volume", path.rstrip("/")): tag}
        case PullSecretTag(secret):
            return {("pull-secret", secret): tag}
        case RunAsTag(what=what):
            return {("run-as", what): tag}
        case _:
            return {(type(tag).__name__,): tag}


def project(requirement: str) -> str:
    """The project that a requirement names, as PEP 503 writes it."""
    name = re.match(r"[-\w.]+", requirement)
    return re.sub(r"[-_.]+", "-", name[0]).lower() if name else requirement


def _contradiction(step: str, first: PlacedOption, second: PlacedOption) -> NotebookError:
    return NotebookError(
        "KALE106",
        f"step `{step}` has both `{format_tag(first.tag)}` (cell {first.at.cell}) and"
        f" `{format_tag(second.tag)}` (cell {second.at.cell})",
        at=second.at,
        hint="keep one of the two tags",
    )


def _unfit_requests(
    step: str, at: Location, chosen: Mapping[Slot, OptionTag], own: Mapping[Slot, PlacedOption]
) -> Iterable[NotebookError]:
    for slot, request in chosen.items():
        limit = chosen.get(("LimitTag", *slot[1:]))
        if not isinstance(request, RequestTag) or not isinstance(limit, LimitTag):
            continue
        asked, most = quantity_value(request.quantity), quantity_value(limit.quantity)
        place = own.get(slot) or own.get(("LimitTag", *slot[1:]))
        if asked is not None and most is not None and asked > most:
            yield NotebookError(
                "KALE109",
                f"step `{step}` asks for more than its limit: `{format_tag(request)}` and"
                f" `{format_tag(limit)}`",
                at=place.at if place else at,
                hint="Kubernetes refuses such a pod: lower the request or raise the limit",
            )


def _root_and_not_root(
    step: str, at: Location, chosen: Mapping[Slot, OptionTag], own: Mapping[Slot, PlacedOption]
) -> Iterable[NotebookError]:
    user, non_root = ("run-as", "user"), ("run-as", "non-root")
    if chosen.get(user) == RunAsTag("user", 0) and chosen.get(non_root) == RunAsTag(
        "non-root", value=True
    ):
        place = own.get(user) or own.get(non_root)
        yield NotebookError(
            "KALE109",
            f"step `{step}` is to run as user 0, who is root, and not as root",
            at=place.at if place else at,
            hint="Kubernetes starts no such container: name another user, or take one of the two"
            " away",
        )


def _options(tags: Iterable[OptionTag]) -> StepOptions:
    chosen = tuple(tags)
    image = next((t.image for t in chosen if isinstance(t, ImageTag)), None)
    return StepOptions(
        image=image,
        packages=tuple(p for t in chosen if isinstance(t, PackagesTag) for p in t.packages),
        limits=_sorted((t.resource, t.quantity) for t in chosen if isinstance(t, LimitTag)),
        requests=_sorted((t.resource, t.quantity) for t in chosen if isinstance(t, RequestTag)),
        retries=next((t.count for t in chosen if isinstance(t, RetryTag)), None),
        retry_pause=next((t.pause for t in chosen if isinstance(t, RetryTag)), None),
        timeout=next((t.seconds for t in chosen if isinstance(t, TimeoutTag)), None),
        caching=next((t.enabled for t in chosen if isinstance(t, CacheTag)), None),
        report=next((t.enabled for t in chosen if isinstance(t, ReportTag)), None),
        files=tuple(sorted(t.path for t in chosen if isinstance(t, FileTag))),
        env=_sorted((t.name, t.value) for t in chosen if isinstance(t, EnvTag)),
        secrets=tuple(
            SecretEnv(t.secret, t.key, t.env) for t in chosen if isinstance(t, SecretTag)
        ),
        labels=_sorted((t.key, t.value) for t in chosen if isinstance(t, LabelTag)),
        annotations=_sorted((t.key, t.value) for t in chosen if isinstance(t, AnnotationTag)),
        node_selectors=_sorted((t.key, t.value) for t in chosen if isinstance(t, NodeTag)),
        tolerations=tuple(
            Toleration(t.key, t.value, t.effect) for t in chosen if isinstance(t, TolerationTag)
        ),
        volumes=tuple(
            VolumeMount(t.claim, t.mount_path) for t in chosen if isinstance(t, VolumeTag)
        ),
        pull_secrets=tuple(t.secret for t in chosen if isinstance(t, PullSecretTag)),
        pull_policy=next((t.policy for t in chosen if isinstance(t, PullPolicyTag)), None),
        security_context=_security_context(t for t in chosen if isinstance(t, RunAsTag)),
    )


def _security_context(tags: Iterable[RunAsTag]) -> SecurityContext | None:
    asked: dict[str, Any] = {f"run_as_{t.what.replace('-', '_')}": t.value for t in tags}
    return SecurityContext(**asked) if asked else None


def _sorted(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(pairs))
