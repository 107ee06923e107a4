"""The journal of a run: a line of JSON for each thing that happened, only ever appended to.

::

    {"event": "started", "format": 1, "pipeline": …, "parameters": {…}, "steps": […], …}
    {"event": "step", "name": …, "status": …, "record": {…}, …}      one for each step
    {"event": "grown", "step": …, "into": […]}      a step in loops, and what it has become
    {"event": "finished", "status": …, "seconds": …}

A line is in the kernel's hands when the call that writes it returns, so no killed process takes it
along. A thread then brings it and the files it tells of to the disk; a power failure takes the
steps in flight and those that ended while the disk was busy. A last line that is torn is no line.
"""

from __future__ import annotations

import ctypes
import json
import os
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kale.errors import UsageError
from kale.ir import Plan
from kale.runners.cache.records import StepRecord
from kale.runners.options import RunOptions
from kale.runners.result import StepResult
from kale.runners.run_directory import RunDirectory
from kale.runners.view.progress import headline

#: The journal's name in the run directory.
JOURNAL = "journal.jsonl"

#: Raised when a line means something else than before.
FORMAT = 1

#: Seconds that the end of a run waits for a disk, which other programs may keep busy.
_PATIENCE = 5.0

#: How many times as long as it took to write to the disk the thread rests, so as not to be a load.
_REST = 4

#: Larger files are no journal that anybody could read.
_LARGEST = 1 << 30


class Journal:
    """Writes the journal of one run. Trouble with the disk is noted and never stops the run.

    ``trouble`` is empty or says why the journal is not whole, and so cannot be relied on to resume.
    """

    def __init__(self, file: int) -> None:
        self.trouble = ""
        self._file, self._torn = file, False
        self._began = time.monotonic()
        self._disk = _Disk(file)

    @classmethod
    def create(
        cls,
        directory: RunDirectory,
        plan: Plan,
        parameters: Mapping[str, Any],
        options: RunOptions,
        steps: Iterable[str] | None = None,
    ) -> Journal:
        """Begin the journal of a run; ``parameters`` are those given, not the defaults.

        ``steps`` are what it is to come to, if that is not just the plan's.

        Raises:
            UsageError: it cannot be written (KALE504).
        """
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        try:
            file = os.open(directory.root / JOURNAL, flags, 0o666)
        except OSError as error:
            raise UsageError(
                "KALE504",
                f"run directory `{directory.root}` cannot be written: {error.strerror or error}",
                hint="name another folder",
            ) from error
        journal = cls(file)
        journal._write(
            {
                "event": "started",
                "format": FORMAT,
                "pipeline": plan.pipeline.name,
                "notebook": str(Path(plan.pipeline.path).absolute()),
                "started": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "parameters": dict(parameters),
                "defaults": {known.name: known.default for known in plan.pipeline.parameters},
                "options": _options(options),
                "steps": [*(steps or (task.name for task in plan.tasks))],
            }
        )
        return journal

    def step_finished(self, result: StepResult, record: StepRecord | None) -> None:
        """Note how a step ended; ``record`` is there for each that ended well."""
        self._write(
            {
                "event": "step",
                "name": result.name,
                "status": result.status,
                "seconds": round(result.seconds, 3),
                "at": self._seconds(),
                "attempts": result.attempts,
                "cached": result.cached,
                "why": result.why,
                "engine": result.engine,
                "error": headline(result)[:500] or None,
                "record": None if record is None else record.as_json(),
            }
        )
        if record is not None and not result.cached:
            # What was taken from elsewhere is still there, should this be lost.
            self._disk.ask()

    def step_grown(self, step: str, into: Sequence[str]) -> None:
        """Note what came in the place of a step in a loop, once its items are known."""
        self._write({"event": "grown", "step": step, "into": list(into)})

    def finished(self, status: str) -> None:
        """Note how the run ended: ``succeeded``, ``failed`` or ``interrupted``; and close."""
        self._write({"event": "finished", "status": status, "seconds": self._seconds()})
        self.close()

    def close(self) -> None:
        """Wait for the disk. After a run that broke down, its journal tells of no end."""
        if self._file >= 0:
            self._file = -1
            if problem := self._disk.finish():
                self.trouble = self.trouble or problem

    def _seconds(self) -> float:
        return round(time.monotonic() - self._began, 3)

    def _write(self, event: Mapping[str, Any]) -> None:
        """Append a line; what cannot be JSON is told by its ``repr``."""
        line = json.dumps(event, separators=(",", ":"), default=repr).encode() + b"\n"
        # After half a line, which a full disk leaves, the next one must not go on where it ends.
        rest = memoryview(b"\n" + line if self._torn else line)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
                self._torn = True
        except OSError as error:
            self.trouble = self.trouble or f"{error.strerror or error}: {JOURNAL}"
        else:
            self._torn = False


class _Disk:
    """Brings what was written to the disk, in a thread of its own that starts when first asked."""

    def __init__(self, file: int) -> None:
        self._file = file
        self._wanted, self._ending = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="kale-journal", daemon=True)
        self._trouble = ""

    def ask(self) -> None:
        """Have all that is written by now brought to the disk, soon."""
        self._wanted.set()
        if self._thread.ident is None:
            self._thread.start()

    def finish(self) -> str:
        """Wait for the disk as long as is bearable and close the file; what went wrong, if so."""
        self._ending.set()
        self._wanted.set()
        if self._thread.ident is not None:
            self._thread.join(_PATIENCE)
        if not self._thread.is_alive():
            os.close(self._file)
        return self._trouble

    def _work(self) -> None:
        last = False
        while not last:
            self._wanted.wait()
            self._wanted.clear()
            last = self._ending.is_set()
            began = time.monotonic()
            try:
                _to_disk(self._file)
            except OSError as error:
                self._trouble = self._trouble or f"{error.strerror or error}: {JOURNAL}"
            self._ending.wait(max(_REST * (time.monotonic() - began), 0.02))
            last = last and not self._wanted.is_set()


def _to_disk(file: int) -> None:
    """Wait until the file system that ``file`` lies on has written all; elsewhere, only ``file``.

    One such call covers the step's values, notebook and log and the folders' lists of them.
    """
    syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if syncfs is None:
        os.fsync(file)
    elif syncfs(file) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _options(options: RunOptions) -> dict[str, Any]:
    """What was asked for, to be shown with the run."""
    asked = {
        "until": sorted(options.until),
        "from": sorted(options.start),
        "only": options.only,
        "refresh": sorted(options.refresh),
    }
    return {name: value for name, value in asked.items() if value}


def read_events(run: Path) -> Iterator[dict[str, Any]]:
    """The events in a run's journal, in their order; lines that are no event are passed over.

    Anybody may have written them.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(run / JOURNAL, flags)
    except (OSError, ValueError):
        return
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST:
        os.close(descriptor)
        return
    with os.fdopen(descriptor, "rb") as file:
        for line in file:
            event = None
            if line.endswith(b"\n"):
                with suppress(ValueError, RecursionError):
                    event = json.loads(line)
            if isinstance(event, dict):
                yield event
