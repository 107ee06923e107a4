"""Saving a group of variables into their folders, whole or not at all, and loading them."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .backends import BACKENDS, choose
from .culprit import explain
from .manifest import (
    MANIFEST,
    UNBOUND,
    Manifest,
    MarshalError,
    quoted,
    read_entry,
    read_manifest,
    verify_files,
)


def save_group(
    values: Mapping[str, object], targets: Mapping[str, Path], manifests: Mapping[str, Manifest]
) -> None:
    """Save variables that share objects (or a single one) into one folder each.

    ``targets`` and ``manifests`` have the keys of ``values``; the manifests come without
    ``files``. Each folder appears complete or not at all; one that exists is replaced.

    Raises:
        MarshalError: a value cannot be saved; all folders are then as they were before.
        OSError: a folder cannot be written.
    """
    first, several = next(iter(values)), len(values) > 1
    whole = dict(values) if several else values[first]
    backend = choose(whole)
    with _new_folder(targets[first]) as name:
        made, files = Path(name), {}
        try:
            BACKENDS[backend][0](whole, made)
            for path in sorted(made.iterdir()):
                files[path.name] = read_entry(path)
                _sync(path)
        except OSError:  # the disk's, not the value's
            raise
        except Exception as error:  # noqa: BLE001 -- reducers of any library run here
            raise MarshalError(explain(values, error)) from None
        for name in values:
            kept = replace(manifests[name], backend=backend, files=files)
            publish(replace(kept, member=name) if several else kept, made, targets[name])


def publish(manifest: Manifest, source: Path, target: Path) -> None:
    """Make ``target`` a value's folder whose files are links to (or copies of) those there."""
    with _new_folder(target) as name:
        made = Path(name)
        for file in manifest.files:
            try:
                (made / file).hardlink_to(source / file)
            except OSError:
                shutil.copyfile(source / file, made / file)
        (made / MANIFEST).write_text(manifest.to_json())
        _sync(made / MANIFEST)
        made.chmod(0o755)  # a temporary folder is for its user alone
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)


def _new_folder(target: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder beside ``target``, gone at the end unless it was moved."""
    target.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent)


def _sync(path: Path) -> None:
    """Wait until the file is on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def load(folder: Path, manifest: Manifest, loaded: dict[str, Any]) -> Any:
    """The value in ``folder``, whose manifest is at hand.

    Values that were saved together are unpickled together, once: ``loaded`` remembers them.

    Raises:
        MarshalError: the files are damaged, or the value cannot be made from them here.
    """
    if manifest.member and (key := repr(manifest.files)) in loaded:
        return loaded[key][manifest.member]
    verify_files(folder, manifest)
    try:
        value = BACKENDS[manifest.backend][1](folder)
    except Exception as error:  # noqa: BLE001 -- constructors of any library run here
        why = "" if isinstance(error, MarshalError) else f"{type(error).__name__}: "
        raise MarshalError(
            f"`{manifest.name}` ({manifest.type}) from step `{manifest.step}` cannot be loaded: "
            f"{why}{error}; it was saved under {manifest.versions}, use the same here"
        ) from None
    if manifest.member:
        loaded[key] = value
        return value[manifest.member]
    return value


def pick(folders: list[Path], name: str) -> tuple[Path, Manifest]:
    """Of several versions of a value, the one that its step changed.

    Raises:
        MarshalError: two steps changed it, not to the same content; or a manifest is damaged.
    """
    versions = [(folder, read_manifest(folder, name)) for folder in folders]
    changed = [v for v in versions if v[1].changed is not False]
    # Equal content has equal files or, if it is known, an equal digest.
    if any(
        m.files != changed[0][1].files and (not m.digest or m.digest != changed[0][1].digest)
        for _, m in changed
    ):
        raise MarshalError(
            f"steps {quoted(m.step for _, m in changed)} may run at the same time and each "
            f"changed `{name}`; order them with a `prev:` tag"
        )
    bound = [v for v in versions if v[1].backend != UNBOUND]
    return (changed or bound or versions)[0]
