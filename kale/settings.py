"""Where a setting comes from: command line, environment, notebook, project file, in this order."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale.diagnostics import nearest
from kale.errors import Location, UsageError

#: What the name of an environment variable that sets something starts with.
ENVIRONMENT_PREFIX = "KALE_"


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings by their key in the notebook metadata.

    ``override`` beats what the notebook says (command line and environment), ``default`` is
    beaten by it (the project file).
    """

    override: Mapping[str, str]
    default: Mapping[str, str]


def find_settings(notebook: Path, given: Mapping[str, str], known: Collection[str]) -> Settings:
    """The settings of a notebook beyond its own metadata.

    ``given`` is the command line's, ``known`` are the keys that there are. The environment has
    them as ``KALE_`` and the key in capitals; the project file is the nearest
    ``pyproject.toml`` at or above the notebook that has a table ``[tool.kale]``.

    Raises:
        UsageError: the project file is no TOML (KALE012), or sets what there is not (KALE013).
    """
    environment = {
        key: value
        for key in known
        if (value := os.environ.get(ENVIRONMENT_PREFIX + key.upper(), ""))
    }
    return Settings({**environment, **given}, _project_settings(notebook, known))


def _project_settings(notebook: Path, known: Collection[str]) -> Mapping[str, str]:
    for folder in notebook.absolute().parents:
        path = folder / "pyproject.toml"
        table = _tool_table(path)
        if table is not None:
            return {key: _checked(key, value, path, known) for key, value in table.items()}
    return {}


def _tool_table(path: Path) -> Mapping[str, Any] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None  # not there, or not ours to complain about
    if "tool.kale" not in text:
        return None
    try:
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


def _checked(key: str, value: object, path: Path, known: Collection[str]) -> str:
    if key not in known:
        close = nearest(key, known)
        raise UsageError(
            "KALE013",
            f"`[tool.kale]` has no setting `{key}`",
            at=Location(str(path)),
            hint=f"did you mean `{close}`?" if close else f"there are {', '.join(sorted(known))}",
        )
    if not isinstance(value, str):
        raise UsageError(
            "KALE013",
            f"the setting `{key}` of `[tool.kale]` is not text",
            at=Location(str(path)),
            hint=f'write it in quotes: {key} = "…"',
        )
    return value
