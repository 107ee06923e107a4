"""Saving a group of variables into their directories, whole or not at all, and loading them."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from .backends import BACKENDS, choose, write_files
from .culprit import explain
from .manifest import MANIFEST, UNBOUND, Manifest, MarshalError, quoted, read_manifest, verify_files
from .pickling import qualified_type


def save_group(
    values: Mapping[str, object], targets: Mapping[str, Path], manifests: Mapping[str, Manifest]
) -> None:
    """Save variables that share objects (or a single one) into one directory each.

    ``targets`` and ``manifests`` have the keys of ``values``; the manifests come without
    ``files``. Each directory appears complete or not at all; one that exists is replaced.

    Raises:
        MarshalError: a value cannot be saved; all directories are then as they were before.
        OSError: a directory cannot be written.

    """
    first, *others = values
    whole = dict(values) if others else values[first]
    backend = choose(whole)
    with _new_directory(targets[first]) as made:
        try:
            files = write_files(made, whole, backend)
        except OSError:  # the disk's, not the value's
            raise
        except Exception as error:  # noqa: BLE001 -- reducers of any library run here
            raise MarshalError(explain(values, error)) from None
        # The first one last: its directory is the one that the others' files are links to.
        for name in (*others, first):
            member = name if others else None
            manifest = replace(manifests[name], backend=backend, files=files, member=member)
            publish(manifest, made, targets[name])


def publish(manifest: Manifest, source: Path, target: Path) -> None:
    """Make ``target`` a value's directory whose files are links to (or copies of) those there."""
    with _new_directory(target) as made:
        for name in manifest.files:
            try:
                (made / name).hardlink_to(source / name)
            except OSError:
                shutil.copyfile(source / name, made / name)
        with (made / MANIFEST).open("w", encoding="utf-8") as stream:
            stream.write(manifest.to_json())
            stream.flush()
            os.fsync(stream.fileno())
        made.chmod(0o755)  # what mkdtemp makes is for its user alone
        if target.is_dir():
            shutil.rmtree(target)
        made.rename(target)


@contextmanager
def _new_directory(target: Path) -> Iterator[Path]:
    """A temporary directory beside ``target``, gone at the end unless it was moved."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def describe(name: str, step: str, value: object) -> Manifest:
    """The manifest of a value, all but its backend and files."""
    root = type(value).__module__.partition(".")[0]
    version = getattr(sys.modules.get(root), "__version__", "")
    library, description = f"{root} {version}" if version else "", ""
    with suppress(Exception):  # properties run code of any library
        shown = [key for key in ("shape", "dtype") if hasattr(type(value), key)]
        description = ", ".join(f"{key} {getattr(value, key)}" for key in shown)
    kind = qualified_type(value)
    return Manifest(name, step, kind, "", library=library, description=description)


class Loader:
    """Loads values; those that were saved together are unpickled together, once."""

    def __init__(self) -> None:
        self._groups: dict[str, Any] = {}

    def load(self, directory: Path, manifest: Manifest) -> Any:
        """The value in ``directory``, whose manifest is at hand.

        Raises:
            MarshalError: the files are damaged, or the value cannot be made from them here.

        """
        if manifest.member is None:
            return _load_files(directory, manifest)
        key = repr(manifest.files)
        if key not in self._groups:
            self._groups[key] = _load_files(directory, manifest)
        return self._groups[key][manifest.member]


def _load_files(directory: Path, manifest: Manifest) -> Any:
    verify_files(directory, manifest)
    try:
        return BACKENDS[manifest.backend].load(directory)
    except Exception as error:  # noqa: BLE001 -- constructors of any library run here
        why = "" if isinstance(error, MarshalError) else f"{type(error).__name__}: "
        saved = " ".join(filter(None, ["Python", manifest.python, manifest.library]))
        raise MarshalError(
            f"`{manifest.name}` ({manifest.type}) from step `{manifest.step}` cannot be loaded: "
            f"{why}{error}; it was saved under {saved}, use the same here"
        ) from None


def pick(directories: list[Path], name: str) -> tuple[Path, Manifest]:
    """Of several versions of a value, the one that its step changed.

    Raises:
        MarshalError: two steps changed it, not to the same content; or a manifest is damaged.

    """
    versions = [(directory, read_manifest(directory, name)) for directory in directories]
    changed = [v for v in versions if v[1].changed is not False]
    if len(changed) > 1 and not all(changed[0][1].same_content(m) for _, m in changed):
        raise MarshalError(
            f"steps {quoted(m.step for _, m in changed)} may run at the same time and each "
            f"changed `{name}`; order them with a `prev:` tag"
        )
    bound = [v for v in versions if v[1].backend != UNBOUND]
    return (changed or bound or versions)[0]
