"""What a step tells of itself: metrics, files and figures, for its run's report and for KFP's UI.

In a step, the folder that files are copied to is named by the key ``logged`` of the step's context
(see :mod:`kale.marshal.step`); the file beside it, of the same name and ``.jsonl``, gets a line for
each call: ``{"metric": name, "value": number}`` or ``{"artifact": name, "file": its name in the
folder, "type": type}``. Of one name the last line holds. Anywhere else, as in a plain script or in
Jupyter, the functions check what they are given and leave nothing behind.

The module travels into pods as text: the standard library only, and nothing of Kale.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import shutil
import zlib
from pathlib import Path
from typing import Any, Literal, SupportsFloat

#: The kinds of files, as Kubeflow Pipelines calls them: its UI shows the last two as pages.
ArtifactType = Literal["Artifact", "Dataset", "Model", "HTML", "Markdown"]

#: The types of files for which nobody named one, by how their names end; any other is an Artifact.
_BY_SUFFIX = {".htm": "HTML", ".html": "HTML", ".md": "Markdown"}

_TYPES = ("Artifact", "Dataset", "Model", "HTML", "Markdown")


def log_metric(name: str, value: SupportsFloat) -> None:
    """Report a number, which may be one of NumPy's, or a tensor that holds one.

    Raises:
        TypeError: ``name`` is no text, or ``value`` no number.
        ValueError: ``name`` is empty.
    """
    _check_name("log_metric", name)
    number = _number(name, value)
    if folder := _folder():
        _note(folder, {"metric": name, "value": number})


def log_artifact(
    path: str | os.PathLike[str],
    name: str | None = None,
    type: ArtifactType | None = None,  # noqa: A002 - what it is called in KFP
) -> None:
    """Keep a copy, as it is now, of a file or a folder; its ``name`` is by default the file's.

    ``type`` is what Kubeflow Pipelines takes it for; by default HTML and Markdown are told by the
    file's name, and all else is an ``Artifact``.

    Raises:
        TypeError: ``name`` is no text.
        ValueError: ``name`` is empty, or ``type`` not one of those.
        FileNotFoundError: there is no such file or folder.
    """
    source = Path(path)
    if not source.exists():
        raise FileNotFoundError(f"log_artifact: there is no file {str(path)!r}; write it before")
    name = source.resolve().name if name is None else name
    _check_name("log_artifact", name)
    kind = _BY_SUFFIX.get(source.suffix.lower(), _TYPES[0]) if type is None else type
    if kind not in _TYPES:
        known = ", ".join(_TYPES)
        raise ValueError(f"log_artifact: {type!r} is no type of an artifact; it is one of {known}")
    if folder := _folder():
        target = _place(folder, name, source.suffix)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
        _note(folder, {"artifact": name, "file": target.name, "type": kind})


def log_figure(fig: Any, name: str) -> None:
    """Show a figure: one of Matplotlib or what draws with it, of Plotly or Altair, or an image.

    Raises:
        TypeError: ``name`` is no text, or ``fig`` can neither be saved as an image nor as HTML.
        ValueError: ``name`` is empty.
    """
    _check_name("log_figure", name)
    # Axes have their figure, and seaborn's grids do.
    whole = fig if hasattr(fig, "savefig") else getattr(fig, "figure", fig)
    is_page = not hasattr(whole, "savefig") and hasattr(fig, "to_html")
    if not (is_page or hasattr(whole, "savefig") or hasattr(fig, "save")):
        kind = type(fig).__qualname__
        raise TypeError(f"log_figure: `{name}` is a {kind}, which is no figure and no image")
    if folder := _folder():
        if is_page:
            target = _place(folder, name, ".html")
            target.write_text(fig.to_html(), encoding="utf-8")
        else:
            drawn = io.BytesIO()
            if hasattr(whole, "savefig"):
                whole.savefig(drawn, format="png", bbox_inches="tight")
            else:
                fig.save(drawn, format="PNG")
            target = _place(folder, name, ".png")
            target.write_bytes(drawn.getvalue())
        _note(folder, {"artifact": name, "file": target.name, "type": "HTML"})


def _check_name(function: str, name: object) -> None:
    if not isinstance(name, str):
        kind = type(name).__qualname__
        raise TypeError(f"{function}: the name is a {kind} and has to be a text")
    if not name.strip():
        raise ValueError(f"{function}: the name is empty")


def _number(name: str, value: Any) -> float | str:
    """``value`` as JSON can hold it: NaN and the infinite ones as texts, as other metrics are."""
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, int | float):
        kind = type(value).__qualname__
        wrong = TypeError(f"log_metric: `{name}` is a {kind} and has to be a number")
        if isinstance(value, str | bytes | bytearray):  # which `float` would read
            raise wrong
        try:
            value = float(value)
        except (TypeError, ValueError):
            raise wrong from None
    if isinstance(value, int):
        return int(value)  # a truth value, too
    return value if math.isfinite(value) else json.dumps(float(value))


def _folder() -> Path | None:
    """Where this step's files go; ``None`` outside of one."""
    context = os.environ.get("KALE_STEP_CONTEXT")
    folder = json.loads(Path(context).read_bytes()).get("logged") if context else None
    return Path(folder) if folder else None


def _place(folder: Path, name: str, suffix: str) -> Path:
    """The path for what is called ``name``, which may be any text; nothing is there."""
    full = name if name.endswith(suffix) else name + suffix
    plain = re.sub(r"[^A-Za-z0-9_.-]|^\.", "_", full)[-80:]
    if plain != full:  # others may have come to the same
        plain = f"{zlib.crc32(full.encode(errors='surrogatepass')):08x}-{plain}"
    target = folder / plain
    folder.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        shutil.rmtree(target)
    target.unlink(missing_ok=True)
    return target


def _note(folder: Path, entry: dict[str, Any]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.jsonl").open("a", encoding="ascii") as log:
        log.write(json.dumps(entry) + "\n")
