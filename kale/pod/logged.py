"""What the step has logged becomes outputs of its task; see :mod:`kale.sdk.tracking`."""

from __future__ import annotations

import base64
import html
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .ports import Ports, local_path

#: The output that holds the files which have none of their own.
FOLDER = "kale_logged"


def context_of(ports: Ports, names: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What the context of a step has for what it logs, and the files that a container gave it."""
    files = {name: local_path(ports.inputs[key]) for name, key in names.get("files", {}).items()}
    return {"logged": str(folder / "logged"), "files": files}


def tell(ports: Ports, names: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    """Move the files to where KFP finds them, and the numbers to those that are recorded.

    ``names["logged"]`` maps names of files to those of outputs. What no output was made for, since
    the package was compiled without knowing of it, is said in the log.

    Raises:
        OSError: a file cannot be written.
    """
    keys, step = names["logged"], context["step"]
    folder, metrics = Path(context["logged"]), Path(context["metrics"])
    entries = _entries(folder)
    numbers = {entry["metric"]: entry["value"] for entry in entries if "metric" in entry}
    files = {entry["artifact"]: entry for entry in entries if "artifact" in entry}
    recorded = json.loads(metrics.read_bytes()) if metrics.is_file() else {}
    metrics.parent.mkdir(parents=True, exist_ok=True)
    metrics.write_text(json.dumps({**numbers, **recorded}))
    # KFP's way would change these names; see `Ports.tell`.
    hidden = [n for n in numbers if "metrics" not in ports.outputs or "$" in n or "{{" in n]
    for name, entry in files.items():
        path, key = folder / entry["file"], keys.get(name, FOLDER)
        if key not in ports.outputs:
            hidden.append(name)
        elif key == FOLDER:
            _move(path, Path(local_path(ports.outputs[key]), path.name))
        else:
            if path.suffix == ".png" and _schema(ports, key) == "system.HTML":
                ports.write(key, _page(name, path.read_bytes()))
            else:
                _move(path, Path(local_path(ports.outputs[key])))
            ports.tell(key, {"display_name": name, "file": path.name})
    if FOLDER in ports.outputs:
        Path(local_path(ports.outputs[FOLDER])).mkdir(parents=True, exist_ok=True)
    for name, key in keys.items():
        if name not in files and _schema(ports, key) in ("system.HTML", "system.Markdown"):
            # Where the UI would look for a page in vain.
            ports.write(key, f"This run of the step did not log {html.escape(name)}.\n")
    if hidden:
        said = ", ".join(hidden)
        sys.stderr.write(f"kale: step {step}: logged, but not shown as outputs: {said}\n")


def _entries(folder: Path) -> list[dict[str, Any]]:
    path = folder.with_name(f"{folder.name}.jsonl")
    lines = path.read_text().splitlines() if path.is_file() else []
    return [json.loads(line) for line in lines]


def _move(path: Path, target: Path) -> None:
    if target.is_dir():  # of an attempt before
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, target)


def _schema(ports: Ports, key: str) -> str:
    """The title of the schema of an output, which the package asks for."""
    return str(ports.outputs.get(key, {}).get("type", {}).get("schemaTitle", ""))


def _page(name: str, image: bytes) -> str:
    """A page that shows an image: the UI draws pages, and no images."""
    data = base64.b64encode(image).decode()
    title = html.escape(name)
    return (
        f'<!DOCTYPE html><meta charset="utf-8"><title>{title}</title>'
        f'<img src="data:image/png;base64,{data}" alt="{title}" style="max-width:100%">'
    )
