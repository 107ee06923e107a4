"""Saving a group of variables into their folders, whole or not at all, and loading them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import backends as backends  # which register themselves
from .culprit import explain
from .dispatch import full_name
from .files import link, new_folder, replace_folder, seal, step_context, sync
from .manifest import (
    MANIFEST,
    UNBOUND,
    Manifest,
    MarshalError,
    quoted,
    read_manifest,
    verify_files,
    versions_for,
)
from .resources import resource_load, resource_save

#: What values share with others, of those that do; see :mod:`.loop_sharing`.
ties: dict[str, Mapping[str, bool]] = {}


def save_group(
    values: Mapping[str, object],
    targets: Mapping[str, Path],
    manifests: Mapping[str, Manifest],
    **how: Any,
) -> None:
    """Save variables that share objects (or a single one) into one folder each.

    ``targets`` and ``manifests`` have the keys of ``values``; the manifests come without what
    is known of files. ``how`` are the backends' keywords. Each folder appears complete or not
    at all; one that exists is replaced.

    Raises:
        MarshalError: a value cannot be saved; all folders are then as they were before.
        OSError: a folder cannot be written.
    """
    first, *others = values
    group = os.urandom(16).hex() if others else ""
    one = all(values[name] is values[first] for name in others)
    value = values[first] if one else dict(values)
    with new_folder(targets[first]) as made:
        try:
            main = resource_save.save(value, made, "value", together=not one, **how)
            files = seal(made)
        except OSError:  # the disk's, not the value's
            raise
        except Exception as error:  # noqa: BLE001 -- reducers of any library run here
            raise MarshalError(_explain(values, error, how)) from None
        for name in values:
            kept = replace(
                manifests[name],
                backend=main.partition(".")[2],
                files=files,
                main=main,
                shared=sorted(values) if others else [],
                group=group,
                member=None if one else name,
            )
            publish(kept, made, targets[name])


def _explain(values: Mapping[str, object], error: Exception, how: Mapping[str, Any]) -> str:
    if not isinstance(error, MarshalError):
        return explain(values, error)
    if len(values) > 1 and how.get("no_pickle"):
        return (
            f"{quoted(values)} cannot be saved: they share objects, which only pickle keeps, and "
            "`--no-pickle` forbids it; copy what they share, or save one of them"
        )
    first, value = next(iter(values.items()))
    return f"`{first}` ({full_name(type(value))}) cannot be saved: {error}"


def publish(manifest: Manifest, source: Path, target: Path) -> None:
    """Make ``target`` a value's folder whose files are links to (or copies of) those there."""
    index = step_context().get("index")
    manifest = replace(manifest, index=index, tied=ties.get(manifest.name))
    with new_folder(target) as made:
        link(manifest.files, source, made)
        (made / MANIFEST).write_text(manifest.to_json())
        sync(made / MANIFEST)
        replace_folder(made, target)


def load(folder: Path, manifest: Manifest, loaded: dict[str, Any], **how: Any) -> Any:
    """The value in ``folder``, whose manifest is at hand.

    Values that were saved together are loaded together, once: ``loaded`` remembers them.

    Raises:
        MarshalError: the files are damaged, or the value cannot be made from them here.
    """
    # Two groups may have equal files.
    key = repr((manifest.group, manifest.files)) if manifest.shared else ""
    if not key or key not in loaded:
        verify_files(folder, manifest)
        try:
            value = resource_load(folder / manifest.main, **how)
        except Exception as error:  # noqa: BLE001 -- constructors of any library run here
            why = "" if isinstance(error, MarshalError) else f"{type(error).__name__}: "
            hint = ""
            if isinstance(error, TypeError):
                hint = "; its class can say by `__reduce__` how to make it again"
            raise MarshalError(
                f"`{manifest.name}` ({manifest.type}) from step `{manifest.step}` cannot be "
                f"loaded: {why}{error}{hint}; it was saved under {manifest.versions}, "
                f"{_here(manifest)}"
            ) from None
        if (here := _here(manifest)) != _SAME:
            text = f"`{manifest.name}` was saved under {manifest.versions}, {here}"
            warnings.warn(text, RuntimeWarning, stacklevel=3)
        if not key:
            return value
        loaded[key] = value
    return loaded[key] if manifest.member is None else dict(loaded[key])[manifest.member]


_SAME = "as here"


def _here(manifest: Manifest) -> str:
    """How the versions of Python and of the value's library differ from those here."""
    here = versions_for(manifest.type)
    return _SAME if here == manifest.versions else f"here is {here}; use the same"


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
