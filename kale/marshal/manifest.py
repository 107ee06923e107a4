"""The manifest of a saved value: what lies in its directory, checked before any of it is parsed."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

#: The file of a value's directory that describes the others.
MANIFEST = "manifest.json"

#: The backend of a name that had no value when its step ended.
UNBOUND = "unbound"


class MarshalError(Exception):
    """A value cannot be saved or loaded; the message names the value, the cause and a remedy."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a value's directory holds.

    ``step`` made the value, ``type`` is the qualified name of its type, ``library`` the name
    and version of the library that the type comes from. ``files`` maps names to ``bytes`` and
    ``sha256``. ``digest`` is the content's (:func:`kale.marshal.digest.digest`) when it was
    saved, if it was asked for. ``changed`` tells a value that the step loaded and changed
    (true) or left as it was (false) from one that it made (``None``). ``member`` is the
    value's name in files that hold several values which share objects. ``description`` is for
    people (shape, dtype). ``format`` is the version of this layout.
    """

    name: str
    step: str
    type: str
    backend: str
    changed: bool | None = None
    digest: str | None = None
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    member: str | None = None
    library: str = ""
    description: str = ""
    python: str = platform.python_version()
    format: int = 1

    def to_json(self) -> str:
        """The manifest as JSON text, with a digest of itself."""
        data = asdict(self)
        return json.dumps({**data, "sha256": _seal(data)}, sort_keys=True, indent=1)

    def same_content(self, other: Manifest) -> bool:
        """Whether two saves of a value surely hold the same; false may mean "not known"."""
        known = self.digest is not None and self.digest == other.digest
        return known or (self.backend, self.files) == (other.backend, other.files)


def read_manifest(directory: Path, name: str) -> Manifest:
    """The manifest of the value ``name`` that was saved in ``directory``.

    Raises:
        MarshalError: it is missing, damaged, or of a layout this code does not know.

    """
    path = directory / MANIFEST
    try:
        data = json.loads(path.read_text("utf-8"))
        if (
            data.pop("sha256") == _seal(data)
            and data["format"] == Manifest.__dataclass_fields__["format"].default
        ):
            return Manifest(**data)
    except FileNotFoundError:
        raise damaged(name, f"{path} is missing") from None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        pass  # as is a text that is JSON and no manifest
    raise damaged(name, f"{path} is not what this version of Kale saved")


def verify_files(directory: Path, manifest: Manifest) -> None:
    """Check that ``directory`` holds the files of ``manifest``, byte for byte, and no others.

    Raises:
        MarshalError: a file is missing, truncated, changed, or not of this value.

    """
    who, files = f"{manifest.name}` from step `{manifest.step}", manifest.files
    present = {path.name for path in directory.iterdir()} - {MANIFEST}
    for file in sorted(present ^ set(files)):
        found = "is missing" if file in files else "does not belong to it"
        raise damaged(who, f"{directory / file} {found}")
    for file, entry in files.items():
        path = directory / file
        if (size := path.stat().st_size) != entry["bytes"]:
            raise damaged(who, f"{path} has {size} bytes, not {entry['bytes']}")
        with path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != entry["sha256"]:
                raise damaged(who, f"{path} has changed since it was saved")


def damaged(who: str, found: str) -> MarshalError:
    """The error for a value whose files cannot be trusted."""
    return MarshalError(f"`{who}` cannot be loaded: {found}; run the step that makes it again")


def quoted(names: Iterable[str]) -> str:
    """The names in backquotes, in a row."""
    return ", ".join(f"`{name}`" for name in names)


def _seal(data: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
