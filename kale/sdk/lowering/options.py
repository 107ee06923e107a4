"""The options of the decorators: what a notebook says by tags and metadata, as literals."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kale.diagnostics import nearest
from kale.errors import KaleError, Location, NotebookError
from kale.nbparser.names import check_step_name, suggest_step_name
from kale.nbparser.options import PlacedOption
from kale.nbparser.tag_kinds import OptionTag
from kale.nbparser.tags import parse_tag
from kale.sdk.lowering.script import Script

#: Options of `@step` that map, by the tag that an entry stands for.
_MAPS = {
    "limits": "limit:{}:{}",
    "requests": "request:{}:{}",
    "labels": "label:{}:{}",
    "annotations": "annotation:{}:{}",
    "env": "env:{}={}",
    "node_selectors": "node:{}:{}",
    "secrets": "secret:{1}:{0}",
    "volumes": "volume:{}:{}",
}
_LISTS = {
    "packages": "packages:{}",
    "files": "file:{}",
    "secrets": "secret:{}",
    "volumes": "volume:{}",
    "tolerations": "toleration:{}",
    "image_pull_secrets": "pull-secret:{}",
}
_TEXTS = {"image": "image:{}", "image_pull_policy": "pull-policy:{}"}
_NUMBERS = {
    "timeout": "timeout:{}",
    "run_as_user": "run-as-user:{}",
    "run_as_group": "run-as-group:{}",
}
_SWITCHES = {"cache": "cache:{}", "report": "report:{}"}
_RETRY = ("retry_count", "retry_interval")

#: What Kale 0.7 had, which Kubeflow Pipelines sees to by itself.
_IDLE = frozenset({"retry_factor", "retry_max_interval"})

STEP_OPTIONS = frozenset({
    "name", "run_as_non_root", *_MAPS, *_LISTS, *_TEXTS, *_NUMBERS, *_SWITCHES, *_RETRY, *_IDLE,
})  # fmt: skip

#: Options of `@pipeline`, by their key in the metadata of a notebook.
_METADATA = {
    "name": "pipeline_name",
    "experiment": "experiment_name",
    "description": "pipeline_description",
    "image": "base_image",
    "cache": "enable_caching",
}
PIPELINE_OPTIONS = frozenset({
    *_METADATA, "docker_image", "steps_defaults", "volumes", "marshal_volume",
    "marshal_volume_size", "marshal_path", "storage_class_name", "volume_access_mode", "workspace",
    "workspace_size", "snapshot_volumes", "autosnapshot", "timeout", "service_account",
    "image_pull_secrets", "image_pull_policy", "security_context", "no_pickle", "pickler",
    "kfp_host", "katib_run", "katib_metadata",
})  # fmt: skip

#: The time units of `retry_interval`, in seconds.
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def read_options(
    script: Script, decorator: ast.expr, known: frozenset[str], errors: list[KaleError]
) -> dict[str, tuple[Any, Location]]:
    """The options of a decorator with their places; those that cannot be read are in ``errors``.

    Errors: KALE706.
    """
    found: dict[str, tuple[Any, Location]] = {}
    if not isinstance(decorator, ast.Call):
        return found
    called = ast.unparse(decorator.func)
    called = called if called.endswith("ContainerStep") else f"@{called}"
    errors += [
        _wrong(
            f"`{called}` takes its options by name",
            script.at(argument),
            f"write `{called}(name={script.text(argument)})`",
        )
        for argument in decorator.args
    ]
    for keyword in decorator.keywords:
        at = script.at(keyword)
        key = keyword.arg
        if key is None:
            errors.append(_wrong(f"`**` in `{called}`", at, "write each option as `NAME=VALUE`"))
            continue
        if key not in known:
            near = nearest(key, known)
            options = ", ".join(f"`{one}`" for one in sorted(known))
            hint = f"did you mean `{near}`?" if near else f"the options are {options}"
            errors.append(_wrong(f"`{called}` has no option `{key}`", at, hint))
            continue
        try:
            found[key] = (ast.literal_eval(keyword.value), at)
        except (ValueError, TypeError, RecursionError, MemoryError):
            text = script.text(keyword.value)
            errors.append(
                _wrong(
                    f"`{key}={text}` of `{called}` is no literal",
                    at,
                    "write the value itself: Kale reads the file without running it",
                )
            )
    return found


def _wrong(message: str, at: Location, hint: str) -> NotebookError:
    return NotebookError("KALE706", message, at=at, hint=hint)


def step_name(
    options: Mapping[str, tuple[Any, Location]], function: str, at: Location
) -> tuple[str, list[KaleError]]:
    """The name that a step's options give it, else that of its function, and what is wrong.

    Errors: KALE102, no step can be called so; KALE706, it is no text.
    """
    if "name" not in options:
        return suggest_step_name(function) or "step", []
    name, at = options["name"]
    if not isinstance(name, str):
        return "step", [_wrong(f"`name` of the step is `{name!r}`, no text", at, "write a text")]
    try:
        check_step_name(name)
    except NotebookError as error:
        return name, [NotebookError(error.code, error.message, at=at, hint=error.hint)]
    return name, []


def step_tags(
    options: Mapping[str, tuple[Any, Location]], step: str
) -> tuple[list[PlacedOption], list[str], list[KaleError]]:
    """The options as tags, those without effect, and what is wrong with the others.

    Errors: KALE706, a value of a wrong type; KALE101, KALE109 and KALE419 of the tags.
    """
    tags: list[PlacedOption] = []
    errors: list[KaleError] = []
    for key, (value, at) in options.items():
        if key in _IDLE or key in {"name", "retry_interval"} or value is None:
            continue
        try:
            if key == "retry_count":
                texts = [_retry(value, options.get("retry_interval", (None, at))[0])]
            else:
                texts = list(_texts(key, value))
        except TypeError as error:
            errors.append(_wrong(f"`{key}` of the step `{step}` is {error}", at, _form(key)))
            continue
        for text in texts:
            try:
                tag = parse_tag(text)
            except NotebookError as error:
                message = re.sub(
                    "the tag `[a-z-]+:", f"`{key}` of the step `{step}`: `", error.message
                )
                errors.append(NotebookError(error.code, message, at=at, hint=error.hint))
                continue
            assert isinstance(tag, OptionTag)
            tags.append(PlacedOption(tag, at))
    return tags, sorted(_IDLE & options.keys()), errors


def _form(key: str) -> str:
    if key in _MAPS:
        return f'write `{key}={{"KEY": "VALUE"}}`'
    if key in _LISTS:
        return f'write `{key}=["…"]`'
    if key in _SWITCHES or key == "run_as_non_root":
        return f"write `{key}=True` or `{key}=False`"
    if key in _RETRY:
        return 'write `retry_count=3, retry_interval="30s"`'
    return f"write `{key}=3`" if key in _NUMBERS else f'write `{key}="…"`'


def _texts(key: str, value: Any) -> Iterator[str]:
    """The texts of the tags that an option stands for.

    Raises:
        TypeError: what the value is, if it is of a wrong type.
    """
    if key in _MAPS and isinstance(value, dict):
        for name, one in value.items():
            yield _MAPS[key].format(name, _text(one))
    elif key in _LISTS and isinstance(value, list | tuple):
        for one in value:
            yield _LISTS[key].format(_typed(one, str, "a list of other things than text"))
    elif key in _MAPS or key in _LISTS:
        raise TypeError(
            "no dict" if key not in _LISTS else "no list" + " and no dict" * (key in _MAPS)
        )
    elif key in _SWITCHES:
        enabled = _typed(value, bool, "neither True nor False")
        yield _SWITCHES[key].format("enabled" if enabled else "disabled")
    elif key in _NUMBERS:
        yield _NUMBERS[key].format(_number(value))
    elif key == "run_as_non_root":
        yield f"run-as-non-root:{_text(_typed(value, bool, 'neither True nor False'))}"
    else:
        yield _TEXTS[key].format(_typed(value, str, "no text"))


def _retry(count: Any, pause: Any) -> str:
    text = f"retry:{_number(count)}"
    if pause is None:
        return text
    match = re.fullmatch("([0-9]{1,5})([smh]?)", _text(pause))
    if match is None:
        raise TypeError("given with a `retry_interval` that is no time")
    return f"{text}:{int(match[1]) * _UNITS[match[2]]}"


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError("no whole number")
    return value


def _typed(value: Any, kind: type, otherwise: str) -> Any:
    if not isinstance(value, kind):
        raise TypeError(otherwise)
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise TypeError(f"given `{value!r}`, which is no text")


def pipeline_metadata(options: Mapping[str, tuple[Any, Location]]) -> dict[str, Any]:
    """The options of a pipeline as a notebook's metadata has them."""
    return {_METADATA.get(key, key): _plain(value) for key, (value, _) in options.items()}


def _plain(value: Any) -> Any:
    """The value as JSON has it: lists for tuples."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def in_words_of_options(error: KaleError, at: Location) -> KaleError:
    """An error of the pipeline's metadata, placed at its decorator."""
    if error.at is None or error.at.line is not None:
        return error
    words = {key: option for option, key in _METADATA.items()}

    def option(found: re.Match[str]) -> str:
        return f"the option `{words.get(found[1], found[1])}` of `@pipeline`"

    message = re.sub(r"the \w+ metadata `kubeflow_notebook\.(\w+)`", option, error.message)
    hint = re.sub(r" in the \w+'s metadata", "", error.hint)
    hint = re.sub(r"`pipeline_name` in the \w+ metadata", "`name=` of `@pipeline`", hint)
    return type(error)(error.code, message, at=at, hint=hint)
