"""Where a setting comes from: command line, environment, notebook, project file, in this order."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from kale.dataclass import dataclass
from kale.diagnostics import Severity, near_codes, nearest
from kale.errors import Location, UsageError, raise_all
from kale.options import ENVIRONMENT_PREFIX, FLAGS
from kale.packaging import KEYS, LISTS, SWITCHES, PackageOptions

#: The setting that holds codes to silence; it is no metadata of a notebook.
IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings by their key in the notebook metadata, as text; flags are `true` or `false`.

    ``override`` beats what the notebook says (command line and environment), ``default`` is
    beaten by it (the project file). ``ignored`` are the codes that any of them silences.
    ``packaging`` is what they say of a package, of which a notebook says nothing.
    """

    override: Mapping[str, str]
    default: Mapping[str, str]
    ignored: frozenset[str] = frozenset()
    packaging: PackageOptions = field(default_factory=PackageOptions)


def find_settings(notebook: Path, given: Mapping[str, str], known: Collection[str]) -> Settings:
    """The settings of a notebook beyond its own metadata.

    ``given`` is the command line's, ``known`` are the keys that a notebook's metadata may have,
    too. The environment has them as ``KALE_`` and the key in capitals; the project file is the
    nearest ``pyproject.toml`` at or above the notebook that has a table ``[tool.kale]``. Codes to
    ignore add up: ``given`` and the environment hold them as text with commas or spaces between
    them, the project file as a list. So are lists of a package's options, which do not add up.

    Raises:
        UsageError: the project file is no TOML (KALE012), or sets what there is not (KALE013).
        KaleError: a code to ignore does not exist (KALE016), or is an error's (KALE017); an
            option of the package cannot be (KALE418, KALE419).
    """
    project, at = _project_table(notebook)
    every = {*known, *KEYS}
    default = {
        key: _checked(key, value, at, every) for key, value in project.items() if key != IGNORE
    }
    environment = {
        key: value
        for key in every
        if (value := os.environ.get(ENVIRONMENT_PREFIX + key.upper(), ""))
    }
    override = {**environment, **{key: given[key] for key in given if key != IGNORE}}
    if isinstance(file := default.get("requirements"), str):
        default["requirements"] = str(Path(at.path).parent / file)
    return Settings(
        _without_package(override),
        _without_package(default),
        _ignored(project.get(IGNORE, []), at, given),
        _packaging(((override, None), (default, at))),
    )


def _packaging(
    layers: Sequence[tuple[Mapping[str, str | tuple[str, ...]], Location | None]],
) -> PackageOptions:
    """What some layers of settings say of a package, the first first."""
    if all(KEYS.isdisjoint(layer) for layer, _ in layers):
        return PackageOptions()
    from kale.package_settings import read_package_options

    return read_package_options(layers)


def _without_package(settings: Mapping[str, str | tuple[str, ...]]) -> dict[str, str]:
    return {
        key: value for key, value in settings.items() if isinstance(value, str) and key not in KEYS
    }


def _project_table(notebook: Path) -> tuple[Mapping[str, Any], Location]:
    """The table that counts for a notebook, empty when there is none, and its file."""
    for folder in notebook.absolute().parents:
        path = folder / "pyproject.toml"
        table = _tool_table(path)
        if table is not None:
            return table, Location(str(path))
    return {}, Location(str(notebook))


def _tool_table(path: Path) -> Mapping[str, Any] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None  # not there, or not ours to complain about
    if "tool.kale" not in text:
        return None
    try:
        import tomllib

        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(
            "KALE012",
            f"the project file is not valid TOML: {error}",
            at=Location(str(path)),
            hint="correct the file, or take its table `[tool.kale]` away",
        ) from error
    table = tables.get("tool", {}).get("kale")
    return table if isinstance(table, dict) else None


def _checked(
    key: str, value: object, at: Location, known: Collection[str]
) -> str | tuple[str, ...]:
    if key not in known:
        keys = sorted({*known, IGNORE})
        close = nearest(key, keys)
        raise UsageError(
            "KALE013",
            f"`[tool.kale]` has no setting `{key}`",
            at=at,
            hint=f"did you mean `{close}`?" if close else f"there are {', '.join(keys)}",
        )
    if key in LISTS and isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    flag = key in FLAGS or key in SWITCHES
    if isinstance(value, bool if flag else str):
        return value if isinstance(value, str) else str(value).lower()
    kind, hint = "text", f'write it in quotes: {key} = "…"'
    if key in LISTS:
        kind, hint = "a list of texts", f'write it in quotes and brackets: {key} = ["…"]'
    if flag:
        kind, hint = "true or false", f"write it without quotes: {key} = true"
    raise UsageError(
        "KALE013", f"the setting `{key}` of `[tool.kale]` is not {kind}", at=at, hint=hint
    )


def _ignored(listed: object, at: Location, given: Mapping[str, str]) -> frozenset[str]:
    """The codes that the project file lists, and the environment and the command line name."""
    variable = ENVIRONMENT_PREFIX + IGNORE.upper()
    sources = (
        (_codes_of_list(listed, at), "`ignore` of `[tool.kale]`", at),
        (_codes_of_text(os.environ.get(variable, "")), f"the environment's `{variable}`", None),
        (_codes_of_text(given.get(IGNORE, "")), "`--ignore`", None),
    )
    raise_all(
        error
        for codes, source, place in sources
        for code in codes
        for error in _wrong_code(code, source, place)
    )
    return frozenset(code for codes, _, _ in sources for code in codes)


def _codes_of_text(text: str) -> list[str]:
    return [code.upper() for code in re.split(r"[,\s]+", text) if code]


def _codes_of_list(value: object, at: Location) -> list[str]:
    """The codes of a list in the project file."""
    if isinstance(value, list) and all(isinstance(code, str) for code in value):
        return [code.strip().upper() for code in value]
    raise UsageError(
        "KALE013",
        f"the setting `{IGNORE}` of `[tool.kale]` is not a list of codes",
        at=at,
        hint=f'write the codes in quotes and brackets: {IGNORE} = ["KALE331"]',
    )


def _wrong_code(code: str, source: str, at: Location | None) -> Iterable[UsageError]:
    """What is wrong with a code to ignore, if anything is."""
    from kale.catalogue import CATALOGUE

    rule = CATALOGUE.get(code)
    if rule is None:
        close = near_codes(code, 1)
        yield UsageError(
            "KALE016",
            f"{source} names `{code}`, and there is no such code",
            at=at,
            hint=f"did you mean `{close[0]}`?" if close else "a code looks like KALE331",
        )
    elif rule.severity is Severity.ERROR:
        yield UsageError(
            "KALE017",
            f"{source} names `{code}` ({rule.title}), and errors cannot be ignored",
            at=at,
            hint="correct what it finds, and take the code out of the list",
        )
