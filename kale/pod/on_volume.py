"""Values that go through a volume: an artifact only says where its value lies, and which it is."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

#: The file of an artifact that has its value elsewhere, and the one that seals a value.
_POINTER, _MANIFEST = "on_volume.json", "manifest.json"


def new_folder(root: str, step: str) -> Path:
    """A folder for the values of this pod alone, somewhere in ``root``.

    Raises:
        RuntimeError: nothing can be written there.
    """
    base = Path(root)
    try:
        before = os.umask(0)  # other steps may run as other users, and may be at this at once
        try:
            base.mkdir(parents=True, exist_ok=True)
        finally:
            os.umask(before)
        made = Path(tempfile.mkdtemp(prefix=f"{step}-", dir=base))
        made.chmod(0o755)
    except OSError as error:
        raise RuntimeError(
            f"the volume for values cannot be written at {root}: {error.strerror}; is it mounted,"
            " with room for them, and may the user of this image write to it?"
        ) from error
    return made


def point(artifact: str, folder: Path, root: str) -> None:
    """Let an artifact say that its value is what lies in ``folder``, below ``root``."""
    note = {"folder": str(folder.relative_to(root)), "manifest": _digest(folder)}
    Path(artifact).mkdir(parents=True, exist_ok=True)
    Path(artifact, _POINTER).write_text(json.dumps(note))


def follow(artifact: str, name: str, root: str) -> str:
    """The folder of the value ``name``: the artifact's own, or the one that it points to.

    Raises:
        RuntimeError: that is not below ``root``, or is not the value that was saved.
    """
    note, found, base = None, "is not there", Path(root).resolve()
    if not (file := Path(artifact, _POINTER)).exists():
        return artifact
    try:
        note = json.loads(file.read_bytes())
        folder = (base / note["folder"]).resolve()
        if base not in folder.parents:
            found = "is none of the volume for values"
        elif _digest(folder) == note["manifest"]:
            return str(folder)
        else:
            found = "is another than the one that was saved"
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError) as error:
        found = f"cannot be read ({error!r})"
    raise RuntimeError(
        f"`{name}` cannot be loaded: its folder {json.dumps(_said(note))} in {root} {found}; run"
        " the pipeline without cache, so that it is written anew"
    )


def _said(note: object) -> object:
    return note.get("folder") if isinstance(note, Mapping) else note


def _digest(folder: Path) -> str:
    return f"sha256:{hashlib.sha256((folder / _MANIFEST).read_bytes()).hexdigest()}"
