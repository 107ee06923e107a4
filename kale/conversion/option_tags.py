"""The options of a step as tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

from kale.nbparser import format_tag
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
from kale.options import StepOptions


def option_tags(options: StepOptions, defaults: StepOptions) -> list[str]:
    """The tags that ask for what ``options`` do beyond ``defaults``, those of all steps."""
    same = [
        f.name for f in fields(options) if getattr(options, f.name) == getattr(defaults, f.name)
    ]
    nothing = StepOptions()
    own = replace(options, **{name: getattr(nothing, name) for name in same})
    if own.retry_pause is not None or own.retries is not None:
        own = replace(own, retries=options.retries, retry_pause=options.retry_pause)
    return [format_tag(tag) for tag in _tags(own)]


def _tags(options: StepOptions) -> Iterator[OptionTag]:
    if options.image is not None:
        yield ImageTag(options.image)
    if options.packages:
        yield PackagesTag(options.packages)
    yield from (LimitTag(*pair) for pair in options.limits)
    yield from (RequestTag(*pair) for pair in options.requests)
    if options.retries is not None:
        yield RetryTag(options.retries, options.retry_pause)
    if options.timeout is not None:
        yield TimeoutTag(options.timeout)
    if options.caching is not None:
        yield CacheTag(options.caching)
    if options.report is not None:
        yield ReportTag(options.report)
    yield from (FileTag(path) for path in options.files)
    yield from (EnvTag(*pair) for pair in options.env)
    yield from (SecretTag(one.secret, one.key, one.env) for one in options.secrets)
    yield from (LabelTag(*pair) for pair in options.labels)
    yield from (AnnotationTag(*pair) for pair in options.annotations)
    yield from (NodeTag(*pair) for pair in options.node_selectors)
    yield from (TolerationTag(one.key, one.value, one.effect) for one in options.tolerations)
    yield from (VolumeTag(one.claim, one.mount_path) for one in options.volumes)
    yield from (PullSecretTag(name) for name in options.pull_secrets)
    if options.pull_policy is not None:
        yield PullPolicyTag(options.pull_policy)
    if context := options.security_context:
        if context.run_as_user is not None:
            yield RunAsTag("user", context.run_as_user)
        if context.run_as_group is not None:
            yield RunAsTag("group", context.run_as_group)
        if context.run_as_non_root is not None:
            yield RunAsTag("non-root", context.run_as_non_root)
