"""The historic ``steps_defaults`` of the notebook metadata, in both its forms, as option tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
}
_SWITCHES = {"enable_caching": "cache", "caching": "cache", "report": "report"}


def parse_steps_defaults(
    value: object, at: Location, ignored: Callable[[str], None]
) -> Iterator[OptionTag | NotebookError]:
    """The options that every step has unless it says otherwise.

    ``value`` is a list of tags, as ``["label:access:true", "limit:cpu:2"]``, or an object, as
    ``{"labels": {"access": "true"}}``; ``ignored`` is told the keys that nothing acts on.
    An entry that cannot be used gives an error instead: KALE110, or that of its tag.
    """
    try:
        texts = list(_texts(value, ignored))
    except TypeError as error:
        yield _wrong(str(error), at)
        return
    for text in texts:
        try:
            tag = parse_tag(text)
        except NotebookError as error:
            yield NotebookError(
                error.code, f"in `steps_defaults`: {error.message}", at=at, hint=error.hint
            )
            continue
        if isinstance(tag, OptionTag):
            yield tag
        else:
            yield _wrong(f"`{text}` in `steps_defaults` is no option of a step", at)


def _wrong(message: str, at: Location) -> NotebookError:
    return NotebookError(
        "KALE110",
        message,
        at=at,
        hint="write option tags, as `label:KEY:VALUE` or `limit:cpu:2`",
    )


def _texts(value: object, ignored: Callable[[str], None]) -> Iterator[str]:
    if isinstance(value, list):
        for tag in value:
            if not isinstance(tag, str):
                raise TypeError(f"`{tag!r}` in `steps_defaults` is no text")
            yield tag
        return
    if not isinstance(value, dict):
        raise TypeError("`steps_defaults` is neither a list of tags nor an object")
    for key, entry in value.items():
        texts = list(_entry(key, entry))
        if not texts and entry and not _known(key):
            ignored(f"steps_defaults.{key}")
        yield from texts


def _known(key: str) -> bool:
    return key in {*_MAPS, *_VALUES, *_SWITCHES, "packages"}


def _entry(key: str, entry: Any) -> Iterator[str]:
    """The tags that one key of the mapping form stands for."""
    if key in _MAPS:
        for name, value in _typed(key, entry, dict, "no object").items():
            yield _MAPS[key].format(name, _text(key, value))
    elif key in _VALUES:
        if entry not in ("", None):
            yield _VALUES[key].format(_text(key, entry))
    elif key in _SWITCHES:
        enabled = _typed(key, entry, bool, "neither true nor false")
        yield f"{_SWITCHES[key]}:{'enabled' if enabled else 'disabled'}"
    elif key == "packages":
        for package in _typed(key, entry, list, "no list"):
            yield f"packages:{_text(key, package)}"


def _typed(key: str, entry: Any, kind: type, otherwise: str) -> Any:
    if not isinstance(entry, kind):
        raise TypeError(f"`{key}` in `steps_defaults` is {otherwise}")
    return entry


def _text(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(f"`{key}` in `steps_defaults` holds `{value!r}`, which is no text")
