"""What runs hold in the store: their values, put there as steps end, and found again by digest."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from kale.diagnostics import Diagnostic, diagnose
from kale.runners.cache.recall import drop_records, write_record
from kale.runners.cache.records import StepRecord
from kale.runners.cache.sealing import split_digest
from kale.runners.cache.store import GRACE, Entry, Store
from kale.runners.run_directory import run_stamp, store_root

#: The file that describes a saved value's others.
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Holding:
    """A file of a saved value, as the value's manifest tells of it; ``size`` is in bytes."""

    run: Path
    step: str
    variable: str
    path: Path
    size: int
    digest: str


class Keeper:
    """Puts the values of the steps of one run into a store, in a thread of its own.

    Links take no time, but copies to another file system do, and the run has to hear its steps.
    """

    def __init__(self, run: Path) -> None:
        self._run, self._store = run, Store(store_root(run))
        self._waiting: SimpleQueue[tuple[str, StepRecord | None] | None] = SimpleQueue()
        # Whoever is in a hurry does not wait for it: what it was at is no part of the store yet.
        self._thread = threading.Thread(target=self._work, name="kale-keeper", daemon=True)
        self._trouble = ""

    def keep(self, step: str, record: StepRecord | None = None) -> None:
        """Put the saved values of a step that ended well into the store, soon.

        With its record, all its files go there, and the record as soon as they are all in.
        """
        if self._thread.ident is None:
            self._thread.start()
        self._waiting.put((step, record))

    def finish(self, hurried: Callable[[], bool]) -> Diagnostic | None:
        """Wait until all is done, or ``hurried()``; a warning if something went wrong."""
        self._waiting.put(None)
        while self._thread.is_alive() and not hurried():
            self._thread.join(0.05)
        if not self._trouble:
            return None
        return diagnose(
            "KALE507",
            f"not all values of the run are in the store: {self._trouble}",
            hint="the run itself has them all; see to that, for other runs to share them",
        )

    def _work(self) -> None:
        known = False
        while (one := self._waiting.get()) is not None:
            step, record = one
            try:
                if not known:
                    self._store.add_run(self._run)
                    known = True
            except OSError as error:
                self._note(error)
            files = {file.path: file.digest for file in _saved(self._run, step)}
            if record is not None:
                files |= {self._run / path: digest for path, (_, digest) in record.files.items()}
            # One after the other: no list, since all must be tried.
            whole = [self._put(path, digest) for path, digest in files.items()]
            if record is not None and all(whole):
                try:
                    write_record(self._store.root, record)
                except OSError as error:
                    self._note(error)

    def _put(self, path: Path, digest: str) -> bool:
        try:
            self._store.put(path, digest)
        except OSError as error:
            self._note(error)
        except ValueError as error:
            self._trouble = self._trouble or str(error)
        else:
            return True
        return False

    def _note(self, error: OSError) -> None:
        where = error.filename2 or error.filename or self._store.root
        self._trouble = self._trouble or f"{error.strerror or error}: {where}"


def holdings(runs: Iterable[Path]) -> dict[str, list[Holding]]:
    """Who holds which digest, by the manifests in run directories."""
    found: dict[str, list[Holding]] = {}
    for run in runs:
        for step in _folders(run / "values"):
            for file in _saved(run, step.name):
                found.setdefault(file.digest, []).append(file)
    return found


def _saved(run: Path, step: str) -> Iterator[Holding]:
    """The files of a step's saved values that are there and of the size that their manifest says.

    What a manifest tells that is none is passed over: here nobody relies on it.
    """
    for folder in _folders(run / "values" / step):
        with suppress(OSError, ValueError, TypeError, AttributeError, KeyError):
            manifest = json.loads((folder / _MANIFEST).read_bytes())
            for name, (size, digest) in manifest["files"].items():
                path = folder / name
                if path.parent == folder and path.lstat().st_size == size:
                    whole = ":".join(split_digest(digest))
                    yield Holding(run, step, str(manifest["name"]), path, size, whole)


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


@dataclass(frozen=True, slots=True)
class Collected:
    """What a garbage collection removed; ``freed`` is in bytes, ``spared`` are too young."""

    runs: tuple[Path, ...]
    entries: tuple[Entry, ...]
    spared: tuple[Entry, ...]
    freed: int


def collect(store: Store, *, keep_runs: int | None, older_than: float = GRACE) -> Collected:
    """Remove the entries that no run holds and whose age is at least ``older_than`` seconds.

    With ``keep_runs``, the run directories of each pipeline go first, all but the newest so many;
    those of the user's own naming stay, as do runs that go on. What killed processes left goes too.

    Raises:
        OSError: something cannot be removed.
    """
    gone, freed = [], 0
    for run in [] if keep_runs is None else _old_runs(store, keep_runs):
        size = _remove_run(run)
        if size is not None:
            gone.append(run)
            freed += size
    removed, spared = [], []
    for entry in store.entries():
        if entry.holders:
            continue
        size = store.remove(entry.digest, older_than=older_than)
        if size is not None:
            removed.append(entry)
            freed += size
        elif entry.age < older_than:
            spared.append(entry)
    drop_records(store)
    return Collected(tuple(gone), tuple(removed), tuple(spared), freed + store.clean())


def _old_runs(store: Store, keep: int) -> Iterator[Path]:
    """The runs but the newest ``keep`` of each pipeline, oldest first."""
    pipelines = {run.parent for run in store.runs() if run_stamp(run)}
    if store.root.name == "cache" and store.root.parent.name in {".kale", "kale"}:
        pipelines |= set(_folders(store.root.parent / "runs"))
    for pipeline in sorted(pipelines):
        stamped = [(stamp, run) for run in _folders(pipeline) if (stamp := run_stamp(run))]
        yield from (run for _, run in sorted(stamped)[: max(len(stamped) - keep, 0)])
        for left in pipeline.glob(".*.removed"):
            with _alone_at(left) as alone:
                if alone:
                    shutil.rmtree(left, ignore_errors=True)


def _remove_run(run: Path) -> int | None:
    """Remove a run directory; the bytes that were nowhere else, ``None`` if the run goes on."""
    with _alone_at(run) as alone:
        begins = not (run / "run.json").exists()
        # Without locks a run that goes on looks like one that was killed.
        if alone is False or (begins and alone is None):
            return None
        if not run.exists() or (begins and time.time() - run.stat().st_mtime < GRACE):
            return None
        status = [path.lstat() for path in run.rglob("*") if not path.is_dir()]
        links = Counter((one.st_dev, one.st_ino) for one in status)
        freed = {
            (one.st_dev, one.st_ino): one.st_size
            for one in status
            if links[one.st_dev, one.st_ino] == one.st_nlink
        }
        # Under this name nobody takes the half of it for a run, should we be killed.
        shutil.rmtree(run.rename(run.with_name(f".{run.name}.removed")))
        return sum(freed.values())


@contextmanager
def _alone_at(folder: Path) -> Iterator[bool | None]:
    """Whether no run and no other collection is at a folder; ``None`` if that cannot be told."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        alone: bool | None = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            alone = False
        except OSError:  # a file system without locks
            alone = None
        yield alone
    finally:
        os.close(descriptor)
