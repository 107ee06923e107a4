"""Notebook-wide settings: what every version of Kale wrote into the notebook metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import KaleError, Location, NotebookError, UsageError
from kale.ir import Pairs, Pickling
from kale.nbparser.kubernetes import image_problem, object_name_problem
from kale.nbparser.names import pipeline_name
from kale.nbparser.notebook import Notebook
from kale.nbparser.steps_defaults import parse_defaults, parse_steps_defaults
from kale.nbparser.tag_kinds import ImageTag, OptionTag
from kale.nbparser.volumes import VOLUME_KEYS, parse_volumes
from kale.options import ENVIRONMENT_PREFIX, FLAGS, PICKLERS
from kale.volumes import Volumes

#: Where the settings stand; the second is how early versions of Kale spelled it.
METADATA_KEYS = ("kubeflow_notebook", "kubeflow_noteobok")

_CHOICES = ", ".join(f"`{name}`" for name in PICKLERS[:-1]) + f" or `{PICKLERS[-1]}`"

#: Every known key by the JSON type of its value, as told to the user.
_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "pipeline_name": (str, "text"),
    "pipeline_description": (str, "text"),
    "experiment_name": (str, "text"),
    "experiment": ((dict, str), "an object with a `name`"),
    "docker_image": (str, "text"),
    "base_image": (str, "text"),
    "volumes": (list, "a list"),
    "marshal_volume": ((bool, str, dict), "true, a claim or an object"),
    "marshal_volume_size": ((str, int), "text"),
    "marshal_path": (str, "text"),
    "snapshot_volumes": (bool, "true or false"),
    "autosnapshot": (bool, "true or false"),
    "workspace": ((bool, str, dict), "true, a size or an object"),
    "workspace_size": ((str, int), "text"),
    "storage_class_name": (str, "text"),
    "volume_access_mode": (str, "text"),
    "steps_defaults": ((list, dict), "a list of tags or an object"),
    "katib_run": (bool, "true or false"),
    "katib_metadata": (dict, "an object"),
    "timeout": (int, "a number of seconds from 1"),
    "enable_caching": (bool, "true or false"),
    "security_context": (dict, "an object"),
    "service_account": (str, "text"),
    "image_pull_secrets": (list, "a list of names"),
    "image_pull_policy": (str, "text"),
    "kfp_host": (str, "text"),
    "output_path": (str, "text"),
    "no_pickle": (bool, "true or false"),
    "pickler": (str, _CHOICES),
}

#: Keys that this package or a later stage acts on; of the others, the user is told.
_ACTIVE = frozenset({
    "pipeline_name", "pipeline_description", "experiment_name", "experiment", "docker_image",
    "base_image", "steps_defaults", "timeout", "enable_caching", "no_pickle", "pickler",
    "security_context", "service_account", "image_pull_secrets", "image_pull_policy", *VOLUME_KEYS,
})  # fmt: skip

#: What a command line, an environment or a project file may set as text.
TEXT_SETTINGS = FLAGS.union(key for key, (kind, _) in _TYPES.items() if kind is str) - {"kfp_host"}

#: How text says whether a flag is set.
_ON, _OFF = frozenset({"1", "true", "yes", "on"}), frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for the whole pipeline, and ``defaults`` for each step, weakest first."""

    name: str
    title: str
    description: str
    experiment: str
    image: str | None
    service_account: str
    defaults: tuple[OptionTag, ...]
    pickling: Pickling
    volumes: Volumes
    settings: Pairs
    diagnostics: tuple[Diagnostic, ...]


def parse_settings(
    notebook: Notebook, override: Mapping[str, str], default: Mapping[str, str]
) -> tuple[Settings, tuple[KaleError, ...]]:
    """The notebook's settings and what is wrong with them; ``override`` beats the notebook.

    Errors: KALE010, no setting is called so; KALE018, ``override`` or ``default`` has a value
    that a setting cannot have; KALE109, no image or service account can be called so; KALE110, a
    value of a wrong type; KALE112, no name for the pipeline; those of ``steps_defaults``.
    Diagnostics: KALE111, keys without effect; KALE117, the notebook names a cluster.
    """
    at = Location(notebook.path)
    errors: list[KaleError] = [
        UsageError(
            "KALE010",
            f"there is no setting `{key}`",
            hint="settings are " + ", ".join(f"`{known}`" for known in sorted(TEXT_SETTINGS)),
        )
        for key in sorted({*override, *default} - TEXT_SETTINGS)
    ]
    found = _read(notebook.metadata, at, errors)
    # Text from outside that nothing acts on is kept and told like that of the notebook.
    for layer in (default, override):
        for key in TEXT_SETTINGS - _ACTIVE:
            if layer.get(key) and (layer is override or not found.get(key)):
                found[key] = layer[key]
    unused = {key for key in found if key not in _ACTIVE and _asks_something(key, found)}

    def text(*keys: str) -> str:
        layers = (override, found, default)
        values = (layer.get(key) for layer in layers for key in keys)
        return next((value for value in values if isinstance(value, str) and value.strip()), "")

    title = text("pipeline_name") or PurePath(notebook.path).stem
    name = pipeline_name(title)
    if not name:
        errors.append(_nameless(title, at))
    image = text("base_image", "docker_image") or None
    account = text("service_account").strip()
    for what, value, problem in (
        ("image", image, image and image_problem(image)),
        ("service account", account, account and object_name_problem(account)),
    ):
        if problem:
            message = f"the {what} `{value}` cannot be used"
            errors.append(NotebookError("KALE109", message, at=at, hint=problem))
    if found.get("docker_image") and found.get("base_image") not in {
        None, "", found["docker_image"],
    }:  # fmt: skip
        unused.add("docker_image")
    if found.get("timeout", 1) < 1:
        errors.append(_wrong_type("timeout", _TYPES["timeout"][1], at))
        del found["timeout"]
    key = "image_pull_policy"
    below = {**found, key: found.get(key) or default.get(key)}
    read = [*parse_defaults(below, at, unused.add)]
    read += parse_steps_defaults({key: override.get(key)}, at, unused.add, "the settings")
    errors += [wrong for wrong in read if isinstance(wrong, NotebookError)]
    defaults = tuple(tag for tag in read if not isinstance(tag, NotebookError))
    if override.get("docker_image") or override.get("base_image"):
        defaults = tuple(tag for tag in defaults if not isinstance(tag, ImageTag))
    layers = (default, found, override)
    asked = {key: layer[key] for layer in layers for key in VOLUME_KEYS if layer.get(key, "") != ""}
    volumes, wrong_volumes, notes = parse_volumes(asked, at)
    errors += wrong_volumes
    settings = Settings(
        name=name,
        title=title,
        description=text("pipeline_description"),
        experiment=text("experiment_name") or _experiment(found.get("experiment")),
        image=image,
        service_account=account,
        defaults=defaults,
        pickling=_pickling((override, found, default), errors, at),
        volumes=volumes,
        settings=tuple(
            (key, json.dumps(found[key], sort_keys=True))
            for key in sorted(found)
            if key in _TYPES and key not in _ACTIVE and _asks_something(key, found)
        ),
        diagnostics=(*_without_effect(unused - {"kfp_host"}, at), *_cluster(unused, at), *notes),
    )
    return settings, tuple(errors)


def _read(metadata: Mapping[str, Any], at: Location, errors: list[KaleError]) -> dict[str, Any]:
    """The settings by key, those of a wrong type left out and reported."""
    found: dict[str, Any] = {}
    for place in reversed(METADATA_KEYS):
        settings = metadata.get(place)
        if settings is None:
            continue
        if not isinstance(settings, Mapping):
            errors.append(_wrong_type(place, "an object", at))
            continue
        for key, value in settings.items():
            kinds, words = _TYPES.get(key, (object, ""))
            # To Python, `true` is a number too.
            odd = isinstance(value, bool) and kinds in (int, (str, int))
            if value is not None and (odd or not isinstance(value, kinds)):
                errors.append(_wrong_type(f"{place}.{key}", words, at))
            elif value is not None:
                found[key] = value
    return found


def _pickling(
    layers: Iterable[Mapping[str, Any]], errors: list[KaleError], at: Location
) -> Pickling:
    """How values are saved, by the first of the layers that says so; the second is the notebook."""
    values: dict[str, Any] = {}
    for number, layer in enumerate(layers):
        for key in ("no_pickle", "pickler"):
            value = layer.get(key)
            if value is None or value == "":
                continue
            if isinstance(value, str) and key in FLAGS:
                known = {**dict.fromkeys(_ON, True), **dict.fromkeys(_OFF, False)}
                value = known.get(value.strip().lower(), value)
            if not (isinstance(value, bool) if key in FLAGS else value in PICKLERS):
                errors.append(_wrong_value(key, value, number, at))
            else:
                values.setdefault(key, value)
    return Pickling(**values)


def _wrong_value(key: str, value: object, layer: int, at: Location) -> KaleError:
    words = _TYPES[key][1]
    if layer == 1:
        return _wrong_type(key, words, at)
    places = f"on the command line or in the environment (`{ENVIRONMENT_PREFIX}{key.upper()}`)"
    return UsageError(
        "KALE018",
        f"the setting `{key}` is `{value}`, not {words}",
        hint=f"correct it {places if layer == 0 else 'in the table `[tool.kale]`'}",
    )


def _asks_something(key: str, found: Mapping[str, Any]) -> bool:
    """Whether a key without effect would have had one; editors wrote all of them, always."""
    on = {"katib_metadata": "katib_run", "snapshot_volumes": "volumes", "autosnapshot": "volumes"}
    return bool(found[key] and found.get(on.get(key, key)))


def _wrong_type(key: str, words: str, at: Location) -> NotebookError:
    return NotebookError(
        "KALE110",
        f"the notebook metadata `{key}` is not {words}",
        at=at,
        hint="correct it in the notebook's metadata, or remove it",
    )


def _nameless(title: str, at: Location) -> NotebookError:
    return NotebookError(
        "KALE112",
        f"`{title}` has no letter or digit that a pipeline's name could keep",
        at=at,
        hint="give a name of letters a to z and digits: `--pipeline_name`, or `pipeline_name` in"
        " the notebook metadata",
    )


def _experiment(value: object) -> str:
    """The name in the historic form ``{"id": …, "name": …}``."""
    name = value.get("name") if isinstance(value, Mapping) else value
    return name if isinstance(name, str) else ""


def _without_effect(unused: set[str], at: Location) -> tuple[Diagnostic, ...]:
    if not unused:
        return ()
    keys = ", ".join(f"`{key}`" for key in sorted(unused))
    return (
        diagnose(
            "KALE111",
            f"these settings have no effect here: {keys}",
            at=at,
            hint="remove them, or see to them in another way",
        ),
    )


def _cluster(unused: set[str], at: Location) -> tuple[Diagnostic, ...]:
    if "kfp_host" not in unused:
        return ()
    return (
        diagnose(
            "KALE117",
            "the notebook's `kfp_host` is left aside: a notebook must not choose where your"
            " credentials go",
            at=at,
            hint="name the cluster with `--host`, the variable `KALE_KFP_HOST` or the configuration"
            " file",
        ),
    )
