"""What a step was given, as the manifests of its saved values describe it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kale.runners.failures.masking import HIDDEN, mask, names_secret
from kale.runners.failures.step_error import Values

#: Characters of a description that are told.
_WIDEST = 120


def step_inputs(context: Path, secrets: Sequence[str] = ()) -> Values:
    """Names of a step's inputs, with types and shapes; of what cannot be read, nothing.

    ``context`` is the step's context file (see :mod:`kale.marshal.step`).
    """
    inputs = _read(context).get("inputs")
    if not isinstance(inputs, Mapping):
        return ()
    found = []
    for name, folders in inputs.items():
        manifests = [_read(Path(folder) / "manifest.json") for folder in folders]
        # Of several versions a step is given the one that was changed.
        known = sorted(filter(None, manifests), key=lambda m: m.get("changed") is False)
        if known:
            found.append((str(name), _description(str(name), known[0], secrets)))
    return tuple(found)


def _description(name: str, manifest: Mapping[str, Any], secrets: Sequence[str]) -> str:
    kind = str(manifest.get("type", "")).rpartition(".")[2]
    if not kind:
        return "no value"
    line = html.unescape(str(manifest.get("description", "")))
    if names_secret(name):
        line = HIDDEN
    text = mask(f"{kind}, {line}" if line else kind, secrets)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        # What a failing step was given may be just what is damaged.
        return {}
    return found if isinstance(found, Mapping) else {}
