"""Finding the results of a step in what earlier runs have left, and putting them into this one.

The records lie in the store, ``steps/<digest of the key>/….json``: those of one key differ in the
files that the step used. A record says what it takes; nothing of it is believed that is not
found true now.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from kale.ir import Task
from kale.runners.cache.file_effects import file_effects
from kale.runners.cache.file_states import UNKNOWN
from kale.runners.cache.input_content import output_contents
from kale.runners.cache.probe_source import told_files
from kale.runners.cache.records import FileState, StepKey, StepRecord, record_from_json
from kale.runners.cache.sealing import demand, is_sealed, matches
from kale.runners.cache.step_keys import StepKeys
from kale.runners.cache.store import GRACE, Store
from kale.runners.logged import forget_logged, logged_files
from kale.runners.run_directory import RunDirectory, read_json, store_root

#: Files of up to this many bytes are read before they are believed.
_CHEAP_BYTES = 64 * 1024

#: Of one key, so many records stay.
_MOST_RECORDS = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A record that can be used; or else why the latest one cannot, if there is any."""

    record: StepRecord | None = None
    miss: str = ""


class Recall:
    """What earlier runs know of the steps of one run, which is in ``directory``."""

    def __init__(self, directory: RunDirectory, keys: StepKeys) -> None:
        self._directory, self._keys = directory, keys
        self._store = Store(store_root(directory.root))

    # -------------------------------------------------------------------------- finding

    def find(self, key: StepKey) -> Found:
        """A record of that very key whose files are all there and as they were."""
        reason = ""
        for _, record in records_at(self._store.root, key):
            miss = self._fault(record, key, resuming=False)
            if not miss:
                return Found(record)
            reason = reason or miss
        return Found(miss=reason)

    def find_in(self, record: StepRecord, key: StepKey) -> Found:
        """Whether a record of the run that is resumed can be used.

        Its files may be in its own run directory, too; and files that the step changed may be as it
        left them.
        """
        if record.key.digest != key.digest:
            return Found(miss="what it depends on changed")
        miss = self._fault(record, key, resuming=True)
        return Found(miss=miss) if miss else Found(record)

    def _fault(self, record: StepRecord, key: StepKey, *, resuming: bool) -> str:
        """Why a record cannot be used; empty if it can."""
        written = {state.path: state for state in record.written}
        for state in record.read:
            if self._keys.states.is_unchanged(state):
                continue
            left = written.get(state.path)
            if resuming and left is not None and self._keys.states.is_unchanged(left):
                continue
            return self._difference(state)
        for state in record.written:
            if not self._keys.states.is_unchanged(state):
                if state.path.endswith("/"):
                    return self._difference(state)
                how = "is gone" if self._keys.states.now(state) is None else "changed"
                return f"its file {self._keys.shown(state.path)} {how}"
        known = written.keys() | {state.path for state in record.read}
        for path in self._keys.named_files(key.step):
            if path not in known:
                return f"{self._keys.shown(path)} is new"
        for path, (size, digest) in record.files.items():
            if not _is_place_of(path, key.step):
                return "its record is damaged"
            if not self._has(size, digest) and not (
                resuming and _is_whole(Path(record.run, path), size, digest)
            ):
                return "its saved values are no longer in the store"
        return ""

    def _difference(self, state: FileState) -> str:
        shown = self._keys.shown(state.path)
        if state.path == "?":
            return "it used files that cannot be told"
        if state.digest == UNKNOWN:
            return f"{shown} changed while it ran"
        if state.path.endswith((".dist-info/METADATA", ".egg-info/PKG-INFO")):
            return f"{Path(state.path).parent.stem.replace('-', ' ')} is no longer installed"
        if (state.digest or "").startswith("list:"):
            return f"the files in {shown} are others"
        if state.digest is None:
            return f"{shown} is new"
        return f"{shown} {'is gone' if self._keys.states.now(state) is None else 'changed'}"

    def _has(self, size: int, digest: str) -> bool:
        try:
            if not self._store.has(digest):
                return False
            return size > _CHEAP_BYTES or matches(self._store.path_of(digest), digest)
        except (OSError, ValueError, ImportError):
            return False

    # ------------------------------------------------------------------------ restoring

    def restore(self, record: StepRecord) -> StepRecord | None:
        """Put a step's files into this run; the record of the step in it.

        ``None`` if that failed: then nothing of them is there.
        """
        root, step = self._directory.root, record.key.step
        # A process that was prepared for the step has left its log.
        self._clear(step)
        try:
            for folder in dict.fromkeys(path.rpartition("/")[0] for path in record.files):
                (root / folder).mkdir(parents=True, exist_ok=True)
            for path, (size, digest) in record.files.items():
                target = root / path
                self._fetch(Path(record.run, path), target, size, digest)
        except (OSError, ValueError, ImportError):
            self._clear(step)
            return None
        return replace(record, run=str(root))

    def _fetch(self, source: Path, target: Path, size: int, digest: str) -> None:
        try:
            self._store.link(digest, target)
        except FileNotFoundError:
            if not _is_whole(source, size, digest):
                raise
            shutil.copyfile(source, target)
            demand(target, digest)

    def _clear(self, step: str) -> None:
        directory = self._directory
        shutil.rmtree(directory.values(step), ignore_errors=True)
        for path in directory.files_of(step):
            with suppress(OSError):
                path.unlink()
        with suppress(OSError):
            forget_logged(directory.logged(step))

    # ---------------------------------------------------------------------- remembering

    def remember(
        self, key: StepKey, task: Task, seconds: float, probe: Mapping[str, Any] | None
    ) -> StepRecord:
        """What is to be known of a step that has just ended well, before any other begins.

        ``probe`` is what came back of its probe for files.
        """
        told = told_files(probe, self._keys.spool(task.name))
        before = self._keys.named_files(task.name)
        named_now = self._keys.name_files(task.name)
        keys, unseen = self._keys, self._keys.uses_unseen_files(task.name)
        read, written = file_effects(
            keys.states, told, before, named_now, keys.installed_files, unseen=unseen
        )
        return StepRecord(
            key,
            str(self._directory.root),
            seconds,
            dict(self._files(task.name)),
            output_contents(task, self._keys.places),
            read,
            written,
            read_json(self._directory.metrics_of(task.name)),
        )

    def _files(self, step: str) -> Iterator[tuple[str, tuple[int, str]]]:
        directory = self._directory
        vouched: dict[Path, str] = {}
        values = [path for path in sorted(directory.values(step).rglob("*")) if path.is_file()]
        for path in values:
            if path.name == "manifest.json":
                with suppress(OSError, ValueError, KeyError, AttributeError):
                    files = json.loads(path.read_bytes())["files"]
                    vouched |= {path.parent / name: entry[1] for name, entry in files.items()}
        others = *directory.files_of(step), *logged_files(directory.logged(step))
        for path in (*values, *(other for other in others if other.is_file())):
            digest = vouched.get(path) or self._keys.states.state(str(path), whole=True).digest
            name = path.relative_to(directory.root).as_posix()
            yield name, (path.stat().st_size, digest or UNKNOWN)


def records_at(root: Path, key: StepKey) -> Iterator[tuple[Path, StepRecord]]:
    """The records of a key in the store at ``root``, the latest first."""
    found = []
    with suppress(OSError):
        for entry in os.scandir(root / "steps" / key.digest):
            if entry.name.endswith(".json"):
                with suppress(OSError):
                    found.append((entry.stat().st_mtime_ns, entry.path))
    for _, path in sorted(found, reverse=True):
        record = read_record(Path(path))
        # The folder may have been copied from anywhere.
        if record is not None and record.key.digest == key.digest:
            yield Path(path), record


def read_record(path: Path) -> StepRecord | None:
    """The record in a file, if it is one."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        return record_from_json(json.loads(path.read_bytes()))
    return None


def write_record(root: Path, record: StepRecord) -> None:
    """Put a record into the store at ``root``, whose files are there; the oldest of many go.

    One that can never be used, since nobody knows what it depends on, is not kept.

    Raises:
        OSError: it cannot be written.
    """
    if any(state.digest == UNKNOWN for state in record.read):
        return
    folder = root / "steps" / record.key.digest
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record.as_json())
    used = json.dumps([[s.path, s.digest] for s in (*record.read, *record.written)])
    path = folder / f"{hashlib.sha256(used.encode()).hexdigest()[:24]}.json"
    part = folder / f".{path.name}.{os.getpid()}.part"
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    known = sorted(folder.glob("*.json"), key=lambda one: one.stat().st_mtime_ns)
    for old in known[:-_MOST_RECORDS]:
        old.unlink(missing_ok=True)


def drop_records(store: Store) -> None:
    """Remove records whose files the store no longer has, and torn ones."""
    for path in [*(store.root / "steps").glob("*/*.json"), *(store.root / "steps").glob("*/.*")]:
        record = read_record(path)
        with suppress(OSError, ValueError):
            # One that is half written is another process' business for a while.
            young = time.time() - path.stat().st_mtime < GRACE
            if record is None and path.suffix == ".part" and young:
                continue
            if record is not None and all(store.has(d) for _, d in record.files.values()):
                continue
            path.unlink()
            path.parent.rmdir()


def _is_place_of(path: str, step: str) -> bool:
    """Whether a path in a run directory belongs to a step."""
    place = PurePosixPath(path)
    if place.is_absolute() or ".." in place.parts:
        return False
    names = {*map(str, RunDirectory(Path()).files_of(step)), f"artifacts/{step}.jsonl"}
    if place.parts[:2] == ("artifacts", step):
        return len(place.parts) > 2
    return path in names or (place.parts[:2] == ("values", step) and len(place.parts) == 4)


def _is_whole(path: Path, size: int, digest: str) -> bool:
    """Whether a file of a run directory is what its record says."""
    try:
        status = path.lstat()
        if status.st_size != size or path.is_symlink():
            return False
        return (is_sealed(status, digest) and size > _CHEAP_BYTES) or matches(path, digest)
    except (OSError, ValueError, ImportError):
        return False
