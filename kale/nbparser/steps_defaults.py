"""What the notebook metadata say of all steps, as option tags: the historic ``steps_defaults``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kale.errors import Location, NotebookError
from kale.nbparser.tag_kinds import OptionTag
from kale.nbparser.tags import parse_tag

#: Keys of the form that maps, by the keyword of the tag they stand for.
_MAPS = {
    "labels": "label:{}:{}",
    "annotations": "annotation:{}:{}",
    "limits": "limit:{}:{}",
    "requests": "request:{}:{}",
    "env": "env:{}={}",
    "env_variables": "env:{}={}",
    "node_selectors": "node:{}:{}",
}
_VALUES = {
    "image": "image:{}",
    "docker_image": "image:{}",
    "base_image": "image:{}",
    "retry": "retry:{}",
    "retries": "retry:{}",
    "retry_count": "retry:{}",
    "timeout": "timeout:{}",
    "image_pull_policy": "pull-policy:{}",
}
#: Keys that may stand in the notebook metadata themselves.
_WHOLE = (
    "enable_caching", "timeout", "image_pull_secrets", "image_pull_policy", "security_context",
)  # fmt: skip
#: The keys that count attempts, which ``retry_interval`` belongs to.
_COUNTS = ("retry", "retries", "retry_count")
#: The time units of ``retry_interval``, in seconds.
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
#: What Kubeflow Pipelines carries of a security context, by each of its two spellings.
_SECURITY = {
    spelling: word
    for word, *spellings in (
        ("run-as-user", "run_as_user", "runAsUser"),
        ("run-as-group", "run_as_group", "runAsGroup"),
        ("run-as-non-root", "run_as_non_root", "runAsNonRoot"),
    )
    for spelling in spellings
}
_SWITCHES = {"enable_caching": "cache", "caching": "cache", "report": "report"}
_LISTS = {"packages": "packages:{}", "image_pull_secrets": "pull-secret:{}"}


def parse_defaults(
    found: Mapping[str, Any], at: Location, ignored: Callable[[str], None]
) -> Iterator[OptionTag | NotebookError]:
    """The options of all steps in a notebook's settings ``found``, weakest first, or errors."""
    whole = {key: found[key] for key in _WHOLE if key in found}
    yield from parse_steps_defaults(whole, at, ignored, "the notebook metadata")
    if "steps_defaults" in found:
        yield from parse_steps_defaults(found["steps_defaults"], at, ignored)


def parse_steps_defaults(
    value: object, at: Location, ignored: Callable[[str], None], place: str = "`steps_defaults`"
) -> Iterator[OptionTag | NotebookError]:
    """The options that every step has unless it says otherwise.

    ``value`` is a list of tags, as ``["label:access:true", "limit:cpu:2"]``, or an object, as
    ``{"labels": {"access": "true"}}``; ``ignored`` is told the keys that nothing acts on.
    An entry that cannot be used gives an error instead: KALE110, KALE120 or that of its tag,
    which says that it stands in ``place``.
    """
    try:
        texts = list(_texts(value, ignored, place))
    except TypeError as error:
        yield _wrong(str(error), at)
        return
    except NotebookError as error:
        yield NotebookError(error.code, error.message, at=at, hint=error.hint)
        return
    for text in texts:
        try:
            tag = parse_tag(text)
        except NotebookError as error:
            yield NotebookError(error.code, f"in {place}: {error.message}", at=at, hint=error.hint)
            continue
        if isinstance(tag, OptionTag):
            yield tag
        else:
            yield _wrong(f"`{text}` in {place} is no option of a step", at)


def _wrong(message: str, at: Location) -> NotebookError:
    return NotebookError(
        "KALE110",
        message,
        at=at,
        hint="write option tags, as `label:KEY:VALUE` or `limit:cpu:2`",
    )


def _texts(value: object, ignored: Callable[[str], None], place: str) -> Iterator[str]:
    if isinstance(value, list):
        for tag in value:
            if not isinstance(tag, str):
                raise TypeError(f"`{tag!r}` in {place} is no text")
            yield tag
        return
    if not isinstance(value, dict):
        raise TypeError(f"{place} is neither a list of tags nor an object")
    entries = dict(value)
    if "retry_interval" in entries:
        count = next((key for key in _COUNTS if key in entries), None)
        pause = _seconds(f"`retry_interval` in {place}", entries.pop("retry_interval"))
        if count is not None:
            entries[count] = f"{_text(f'`{count}` in {place}', entries[count])}:{pause}"
    for key, entry in entries.items():
        texts = list(_entry(key, entry, f"`{key}` in {place}"))
        if not texts and entry and not _known(key):
            ignored(f"steps_defaults.{key}")
        yield from texts


def _known(key: str) -> bool:
    return key in {*_MAPS, *_VALUES, *_SWITCHES, *_LISTS, "security_context"}


def _entry(key: str, entry: Any, where: str) -> Iterator[str]:
    """The tags that one key of the mapping form stands for; ``where`` names it in errors."""
    if key in _MAPS:
        for name, value in _typed(where, entry, dict, "no object").items():
            yield _MAPS[key].format(name, _text(where, value))
    elif key in _VALUES:
        if entry not in ("", None):
            yield _VALUES[key].format(_text(where, entry))
    elif key in _SWITCHES:
        enabled = _typed(where, entry, bool, "neither true nor false")
        yield f"{_SWITCHES[key]}:{'enabled' if enabled else 'disabled'}"
    elif key in _LISTS:
        for each in _typed(where, entry, list, "no list"):
            yield _LISTS[key].format(_text(where, each))
    elif key == "security_context":
        yield from _security(where, _typed(where, entry, dict, "no object"))


def _security(where: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """The tags of a security context; Kale 2 wrote ``enabled`` beside what it asked for."""
    unknown = [key for key in entry if key not in _SECURITY and key != "enabled"]
    if unknown:
        raise NotebookError(
            "KALE120",
            f"{where} asks for {', '.join(f'`{key}`' for key in unknown)}, which Kubeflow"
            " Pipelines gives no step",
            hint="it knows `run_as_user`, `run_as_group` and `run_as_non_root`; it takes all"
            " capabilities away by itself",
        )
    if _typed(f"`enabled` of {where}", entry.get("enabled", True), bool, "neither true nor false"):
        for key, value in entry.items():
            if key in _SECURITY and value is not None:
                yield f"{_SECURITY[key]}:{_text(where, value)}"


def _seconds(where: str, value: Any) -> int:
    """The seconds of ``30``, ``30s``, ``2m`` or ``1h``."""
    match = re.fullmatch("([0-9]{1,5})([smh]?)", _text(where, value))
    if match is None:
        raise TypeError(f"{where} is no number of seconds")
    return int(match[1]) * _UNITS[match[2]]


def _typed(where: str, entry: Any, kind: type, otherwise: str) -> Any:
    if not isinstance(entry, kind):
        raise TypeError(f"{where} is {otherwise}")
    return entry


def _text(where: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(f"{where} holds `{value!r}`, which is no text")
