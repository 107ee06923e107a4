"""The manifest of a saved value: what lies in its folder, checked before any of it is parsed."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .files import ALGORITHMS, FileEntry, find_fault

#: The file of a value's folder that describes the others.
MANIFEST = "manifest.json"

#: The backend of a name that had no value when its step ended.
UNBOUND = "unbound"


class MarshalError(Exception):
    """A value cannot be saved or loaded; the message names the value, the cause and a remedy."""


@dataclass(frozen=True)
class Manifest:
    """What a value's folder holds.

    ``step`` made the value, ``type`` is the qualified name of its type, ``artifact`` what
    Kubeflow Pipelines calls it, ``description`` a line for people and ``preview`` an excerpt,
    both safe in HTML. ``versions`` are those of Python and of the library that the type comes
    from. ``files`` has each file's size in bytes and its digest; ``main`` is the one to load, and
    ``backend`` its ending, which tells who wrote it. ``digest`` is the content's
    (:func:`kale.marshal.digest.digest`) when it was saved, ``loaded`` what it was when its step
    had loaded it; ``None`` if that cannot be told. ``changed`` tells a value that the step
    loaded and changed (true) or left as it was (false) from one that it made (``None``).
    ``shared`` names the variables saved together because they share objects, and ``group`` tells
    that save from all others; ``member`` is this one's key where the files hold several, and
    ``None`` where all are one object. ``index`` has the numbers of the items, from 0 and the
    outermost loop's first, that a step in loops worked on, ``tied`` what the value shares with
    others (:mod:`kale.marshal.loop_sharing`). A manifest of other fields is not read.
    """

    name: str
    step: str
    type: str = ""
    backend: str = UNBOUND
    changed: bool | None = None
    digest: str | None = None
    loaded: str | None = None
    files: dict[str, FileEntry] = field(default_factory=dict)
    main: str = ""
    shared: list[str] = field(default_factory=list)
    group: str = ""
    member: str | None = None
    versions: str = ""
    artifact: str = "Artifact"
    description: str = ""
    preview: str = ""
    index: list[int] | None = None
    tied: Mapping[str, bool] | None = None

    def to_json(self) -> str:
        """The manifest as JSON text, with a digest of itself; of loops only what there is."""
        data = {k: value for k, value in vars(self).items() if k not in ("index", "tied") or value}
        return json.dumps({**data, "sha256": _seal(data)}, indent=1)


def read_manifest(folder: Path, name: str) -> Manifest:
    """The manifest of the value ``name`` that was saved in ``folder``.

    Raises:
        MarshalError: it is missing, damaged, or of a layout this code does not know.
    """
    path, found = folder / MANIFEST, "is not what this version of Kale saved"
    try:
        data = json.loads(path.read_bytes())
        if data.pop("sha256") == _seal(data):
            manifest = Manifest(**data)
            if _holds_together(manifest):
                return manifest
    except Exception as error:  # noqa: BLE001 -- JSON that is no manifest fails in many ways
        if isinstance(error, FileNotFoundError):
            found = "is missing"
    raise _damaged(name, path, found)


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Check that ``folder`` holds the files of ``manifest``, byte for byte, and no others.

    Raises:
        MarshalError: a file is missing, truncated, changed, or not of this value; or the
            package that computes their digests is.
    """
    files, who = manifest.files, f"{manifest.name}` from step `{manifest.step}"
    for name in sorted({path.name for path in folder.iterdir()} - {MANIFEST} | {*files}):
        path, found = folder / name, "does not belong to it"
        try:
            found = find_fault(path, files[name]) if name in files else found
        except ImportError as error:
            raise MarshalError(
                f"`{who}` cannot be loaded: {path} cannot be checked; install `{error.name}`"
            ) from None
        if found:
            raise _damaged(who, path, found)


def _holds_together(manifest: Manifest) -> bool:
    """Whether its files are some in its own folder, and what it says of them can be checked."""
    for name, (size, digest) in manifest.files.items():
        algorithm = str(digest).partition(":")[0]
        if {name, Path(name).name} != {name} or type(size) is not int:
            return False
        if name in ("..", MANIFEST) or "\0" in name or algorithm not in ALGORITHMS:
            return False
    member = manifest.member is None or manifest.member in manifest.shared
    return member and (manifest.backend == UNBOUND or manifest.main in manifest.files)


def versions_for(kind: str) -> str:
    """The versions here of Python and of the library of a type, named in full."""
    root = kind.partition(".")[0]
    module = None if root == "__main__" else sys.modules.get(root)
    version = getattr(module, "__version__", "")
    python = f"Python {platform.python_version()}"
    return f"{python} {root} {version}" if version else python


def quoted(names: Iterable[str]) -> str:
    """The names in backquotes, in a row."""
    return ", ".join(f"`{name}`" for name in names)


def _damaged(who: str, path: Path, found: str) -> MarshalError:
    return MarshalError(
        f"`{who}` cannot be loaded: {path} {found}; run the step that makes it again"
    )


def _seal(data: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data).encode()).hexdigest()
