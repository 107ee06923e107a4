"""The text of the probe ``files``, as an interpreter without Kale can run it; what comes back."""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

#: The modules that the text is made of; each one's imports of the others are left out.
_MODULES = ("file_marks", "file_paths", "file_probe")


def file_probe_source() -> str:
    """The probe as one module, which imports the standard library alone."""
    folder = importlib.resources.files(__package__)
    texts = [folder.joinpath(f"{name}.py").read_text(encoding="utf-8") for name in _MODULES]
    lines = [
        line
        for line in "\n".join(texts).split("\n")
        if not line.startswith(("from __future__ ", f"from {__package__}."))
    ]
    return "\n".join(["from __future__ import annotations", *lines])


def told_files(probe: Mapping[str, Any] | None, spool: Path) -> Mapping[str, Any] | None:
    """What the probe told of a step, with what the processes that it forked have left in ``spool``.

    ``None`` if it told nothing that can be relied on.
    """
    found = (probe or {}).get("end")
    lines: list[str] = []
    with suppress(FileNotFoundError):
        lines = spool.read_text(encoding="utf-8").splitlines()
        spool.unlink()
    if not isinstance(found, dict) or "error" in (probe or {}):
        return None
    told = {
        name: dict(value) if isinstance(value, dict) else value for name, value in found.items()
    }
    for line in lines:
        try:
            kind, path, value = json.loads(line)
        except ValueError:
            kind, path, value = "touched", "?", None
        # What the step had written before is no file that it was given.
        if kind != "read" or path not in told["written"]:
            told.setdefault(kind, {}).setdefault(path, value)
    return told
