"""The options of a notebook and its steps as those of the SDK's decorators."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from kale.options import Pairs, StepOptions

#: Options of `@pipeline` by their key in the notebook's metadata, where they are called otherwise.
_PIPELINE = {
    "pipeline_name": "name",
    "experiment_name": "experiment",
    "pipeline_description": "description",
    "docker_image": "image",
    "base_image": "image",
    "enable_caching": "cache",
}

#: Settings that `@pipeline` takes under their own name.
_SAME = (
    "experiment", "steps_defaults", "volumes", "marshal_volume", "marshal_volume_size",
    "marshal_path", "storage_class_name", "volume_access_mode", "workspace", "workspace_size",
    "snapshot_volumes", "autosnapshot", "timeout", "service_account", "image_pull_secrets",
    "image_pull_policy", "security_context", "no_pickle", "pickler",
)  # fmt: skip

#: Options of `@step` by the field of the step's options, where a value is written as it is.
_PLAIN = {
    "image": "image",
    "packages": "packages",
    "retries": "retry_count",
    "retry_pause": "retry_interval",
    "timeout": "timeout",
    "caching": "cache",
    "report": "report",
    "files": "files",
    "pull_secrets": "image_pull_secrets",
    "pull_policy": "image_pull_policy",
}
_MAPS = ("limits", "requests", "env", "labels", "annotations", "node_selectors")


def pipeline_options(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """The options of `@pipeline` for a notebook's settings ``found``; ``name`` if it has none."""
    options: dict[str, Any] = {"name": name}
    for key, value in found.items():
        if key == "experiment" and isinstance(value, Mapping):
            value = value.get("name")
        option = _PIPELINE.get(key, key if key in _SAME else "")
        if option and value not in (None, "", [], {}) and (key != "experiment" or value):
            if option in options and option not in ("name", "image"):
                continue
            options[option] = value
    return options


def step_options(options: StepOptions, defaults: StepOptions) -> dict[str, Any]:
    """The options of `@step` that ask for more than ``defaults``, those of all steps."""
    asked: dict[str, Any] = {}
    for each in fields(options):
        value = getattr(options, each.name)
        if value == getattr(defaults, each.name):
            continue
        if each.name in _PLAIN:
            asked[_PLAIN[each.name]] = list(value) if isinstance(value, tuple) else value
        elif each.name in _MAPS:
            asked[each.name] = dict(value)
        else:
            asked.update(_made(options, each.name))
    if "retry_interval" in asked:
        asked.setdefault("retry_count", options.retries)
    return asked


def _made(options: StepOptions, field: str) -> dict[str, Any]:
    """Options whose values are objects, as texts."""
    match field:
        case "secrets":
            return {"secrets": {s.env: f"{s.secret}:{s.key}" for s in options.secrets}}
        case "tolerations":
            texts = [f"{t.key}:{t.value}:{t.effect}" for t in options.tolerations]
            return {"tolerations": texts}
        case "volumes":
            pairs: Pairs = tuple((v.claim, v.mount_path) for v in options.volumes)
            claims = {claim for claim, _ in pairs}
            if len(claims) == len(pairs):
                return {"volumes": dict(pairs)}
            return {"volumes": [f"{claim}:{path}" for claim, path in pairs]}
        case "security_context":
            context = options.security_context
            names = ("run_as_user", "run_as_group", "run_as_non_root")
            values = {name: getattr(context, name) for name in names}
            return {name: value for name, value in values.items() if value is not None}
    raise AssertionError(field)


def decorator(name: str, options: Mapping[str, Any]) -> str:
    """The line, or lines, of a decorator."""
    if not options:
        return f"@{name}"
    parts = [f"{key}={literal(value)}" for key, value in options.items()]
    return call(f"@{name}", parts)


def call(name: str, parts: Iterable[str]) -> str:
    """A call, on one line or with a line for each part."""
    parts = list(parts)
    line = f"{name}({', '.join(parts)})"
    if len(line) <= 88:
        return line
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + ")"


def literal(value: Any) -> str:
    """A value as Python text, its texts in double quotes where that needs no escape."""
    if isinstance(value, str):
        text = repr(value)
        plain = text[0] == "'" and '"' not in text and "\\" not in text
        return f'"{text[1:-1]}"' if plain else text
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(literal, value)) + "]"
    return repr(value)
