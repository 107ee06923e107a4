"""The manifest of a saved value: what lies in its folder, checked before any of it is parsed."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: The file of a value's folder that describes the others.
MANIFEST = "manifest.json"

#: The backend of a name that had no value when its step ended.
UNBOUND = "unbound"


class MarshalError(Exception):
    """A value cannot be saved or loaded; the message names the value, the cause and a remedy."""


@dataclass(frozen=True)
class Manifest:
    """What a value's folder holds.

    ``step`` made the value, ``type`` is the qualified name of its type, ``versions`` those of
    Python and of the library that the type comes from. ``files`` maps names to what
    :func:`read_entry` tells of each. ``digest`` is the content's
    (:func:`kale.marshal.digest.digest`) when it was saved, if it was asked for. ``changed``
    tells a value that the step loaded and changed (true) or left as it was (false) from one
    that it made (``None``). ``member`` is the value's name in files that hold several values
    which share objects. A manifest of other fields is not read.
    """

    name: str
    step: str
    type: str = ""
    backend: str = UNBOUND
    changed: bool | None = None
    digest: str | None = None
    files: dict[str, list[int | str]] = field(default_factory=dict)
    member: str | None = None
    versions: str = f"Python {platform.python_version()}"

    def to_json(self) -> str:
        """The manifest as JSON text, with a digest of itself."""
        return json.dumps({**vars(self), "sha256": _seal(vars(self))}, indent=1)


def read_manifest(folder: Path, name: str) -> Manifest:
    """The manifest of the value ``name`` that was saved in ``folder``.

    Raises:
        MarshalError: it is missing, damaged, or of a layout this code does not know.
    """
    path, found = folder / MANIFEST, "is not what this version of Kale saved"
    try:
        data = json.loads(path.read_bytes())
        if data.pop("sha256") == _seal(data):
            return Manifest(**data)
    except Exception as error:  # noqa: BLE001 -- JSON that is no manifest fails in many ways
        if isinstance(error, FileNotFoundError):
            found = "is missing"
    raise _damaged(name, path, found)


def read_entry(path: Path) -> list[int | str]:
    """What a manifest tells of a file: its size in bytes, and its SHA-256."""
    with path.open("rb") as file:
        return [path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()]


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Check that ``folder`` holds the files of ``manifest``, byte for byte, and no others.

    Raises:
        MarshalError: a file is missing, truncated, changed, or not of this value.
    """
    files = manifest.files
    present = {path.name for path in folder.iterdir()} - {MANIFEST}
    for name in sorted(present | set(files)):
        path = folder / name
        if name not in files:
            found = "does not belong to it"
        elif name not in present:
            found = "is missing"
        elif (entry := read_entry(path)) == files[name]:
            continue
        elif entry[0] == files[name][0]:
            found = "has changed since it was saved"
        else:
            found = f"has {entry[0]} bytes, not {files[name][0]}"
        raise _damaged(f"{manifest.name}` from step `{manifest.step}", path, found)


def quoted(names: Iterable[str]) -> str:
    """The names in backquotes, in a row."""
    return ", ".join(f"`{name}`" for name in names)


def _damaged(who: str, path: Path, found: str) -> MarshalError:
    return MarshalError(
        f"`{who}` cannot be loaded: {path} {found}; run the step that makes it again"
    )


def _seal(data: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()
