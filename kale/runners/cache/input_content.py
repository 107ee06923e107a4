"""What a step is given by earlier ones, by the content of the values rather than by their files."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from kale.ir import PortKind, Task
from kale.runners.value_places import ValuePlaces


def input_contents(task: Task, places: ValuePlaces) -> tuple[dict[str, str], set[str]]:
    """The content of each input by variable, and the types of all.

    ``places`` has the folder of each saved value by step and key. Of several versions each counts,
    with whether its step changed it. Where inputs were saved together, because they share
    objects, the bytes count that hold them both.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for port in task.inputs:
        if port.kind is PortKind.ARTIFACT and port.source is not None:
            found.setdefault(port.name, []).append(_manifest(places[port.source]))
    groups: dict[str, set[str]] = {}
    for name, manifests in found.items():
        for manifest in manifests:
            if manifest.get("shared"):
                groups.setdefault(str(manifest.get("group")), set()).add(name)
    contents = {}
    for name, manifests in found.items():
        parts = []
        for manifest in manifests:
            others = groups.get(str(manifest.get("group")), set()) - {name}
            part = value_content(manifest, whole=bool(others))
            if len(manifests) > 1:
                part += f" changed={manifest.get('changed')}"
            parts.append(f"{part} with {','.join(sorted(others))}" if others else part)
        contents[name] = "; ".join(parts)
    types = {str(m.get("type", "")) for manifests in found.values() for m in manifests}
    return contents, types


def output_contents(task: Task, places: ValuePlaces) -> dict[str, str]:
    """The content of each output, by variable."""
    return {
        port.name: value_content(_manifest(places[task.name, port.key])) for port in task.outputs
    }


def value_content(manifest: Mapping[str, Any], *, whole: bool = False) -> str:
    """The content that a manifest tells of: by the value's digest if it has one.

    With ``whole`` the bytes of its files count in any case, and the part of them that it is.
    """
    digest = manifest.get("digest")
    parts = [str(manifest.get("type", ""))]
    if digest:
        parts.append(str(digest))
    if whole or not digest:
        files = sorted((str(name), entry) for name, entry in manifest.get("files", {}).items())
        held = manifest.get("backend"), manifest.get("main"), manifest.get("member"), files
        parts.append(json.dumps(held))
    return " ".join(parts)


def _manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a saved value; one like no other if it cannot be read."""
    # The step itself will say what is wrong with an input that cannot be read.
    with suppress(OSError, ValueError):
        found = json.loads((folder / "manifest.json").read_bytes())
        if isinstance(found, dict):
            return found
    return {"type": f"unreadable {secrets.token_hex(16)}"}
