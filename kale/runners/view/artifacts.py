"""What the report shows of the files that steps have logged: images in the page, links to all."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kale.runners.result import StepResult

#: Endings of files that a browser draws, and what it has to be told of each.
_IMAGES = {
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
}

#: Bytes of one image, and of all in a page, beyond which there are links alone.
_LARGEST, _ALL = 2 << 20, 16 << 20


def shown_artifacts(steps: Iterable[StepResult], root: Path) -> list[dict[str, Any]]:
    """Each logged file: its name, step, type, size, address below ``root``, and its image.

    ``image`` is a ``data:`` URL, or empty for what is no image or a large one.
    """
    left, shown = _ALL, []
    for step in steps:
        for artifact in step.logged.artifacts:
            path = artifact.path
            size = sum(file.stat().st_size for file in _files(path))
            kind = _IMAGES.get(path.suffix.lower(), "") if path.is_file() else ""
            image = ""
            if kind and size <= min(left, _LARGEST):
                left -= size
                image = f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
            shown.append(
                {
                    "name": artifact.name,
                    "step": step.name,
                    "type": artifact.type,
                    "size": _size_text(size),
                    "link": path.relative_to(root).as_posix(),
                    "image": image,
                }
            )
    return shown


def _files(path: Path) -> Iterator[Path]:
    yield from (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def _size_text(size: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:.3g} GiB"
