"""What the journal of a run tells of it: an account, to be checked by whoever relies on it.

Anybody may have written a journal. Reading one never fails, and no name in it leads out of the
run's own directory.
"""

from __future__ import annotations

import fcntl
import math
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, Literal, cast, get_args

from kale.runners.cache.records import FileState, StepRecord, record_from_json
from kale.runners.expansion import NO_ITEMS, NOT_TAKEN
from kale.runners.history.journal import FORMAT, read_events
from kale.runners.result import StepStatus
from kale.runners.selection import NOT_ASKED_FOR

#: How a past run stands. ``killed`` is one that nobody is at any more and that told of no end.
PastStatus = Literal["running", "killed", "succeeded", "failed", "interrupted"]

#: How the reason of a step begins that was in flight when the run was ended for another.
STOPPED = "stopped"

#: How the reasons of steps begin that a run did well without.
_LEFT_OUT = (NOT_ASKED_FOR, NOT_TAKEN, NO_ITEMS)

_ENDS: dict[str, PastStatus] = {
    "succeeded": "succeeded",
    "failed": "failed",
    "interrupted": "interrupted",
}


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PastStep:
    """How a step of an earlier run ended; ``error`` is its failure on one line, or empty."""

    name: str
    status: StepStatus
    seconds: float = 0.0
    cached: bool = False
    error: str = ""
    why: str = ""
    run: Path = Path()
    recorded: Mapping[str, Any] | None = None

    @property
    def began(self) -> bool:
        """Whether anything of it was run; one that was stopped for another's failure is skipped."""
        return self.status != "skipped" or self.why.startswith(STOPPED)

    @property
    def record(self) -> StepRecord | None:
        """The step's record, made anew at each call; ``None`` if there is none that can be used.

        Its ``run`` is the directory that it was read from, and all its ``files`` lie below that.
        """
        if self.recorded is None or self.status != "succeeded":
            return None
        try:
            record = record_from_json(self.recorded)
            if record is None or not _is_sound(record, self.name):
                return None
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return None
        return replace(record, run=str(self.run))


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run of earlier, or one that goes on.

    ``notebook`` is the absolute path that it had then. ``parameters`` are the values that were
    given, ``defaults`` those of all parameters. ``asked`` are its options about steps, by their
    names on the command line. ``started`` is ISO time in UTC, empty if it is not
    known; ``seconds`` is how long the run took, so far as is known. ``order`` names all its steps,
    ``steps`` has those of which something is known.
    """

    path: Path
    pipeline: str
    notebook: str = ""
    parameters: Mapping[str, Any] = field(default_factory=_nothing)
    defaults: Mapping[str, Any] = field(default_factory=_nothing)
    asked: Mapping[str, Any] = field(default_factory=_nothing)
    started: str = ""
    seconds: float = 0.0
    status: PastStatus = "killed"
    order: tuple[str, ...] = ()
    steps: Mapping[str, PastStep] = field(default_factory=_nothing)

    @property
    def name(self) -> str:
        """The name of its directory, by which ``--resume`` knows it."""
        return self.path.name

    @property
    def done(self) -> int:
        """How many of its steps ended well."""
        return sum(step.status == "succeeded" for step in self.steps.values())

    @property
    def wanted(self) -> tuple[str, ...]:
        """Its steps without those that options or conditions left out, so far as is known."""
        left_out = {n for n, step in self.steps.items() if step.why.startswith(_LEFT_OUT)}
        return tuple(name for name in self.order if name not in left_out)

    @property
    def changed_parameters(self) -> dict[str, Any]:
        """The parameters whose values were not the defaults."""
        return {
            name: value
            for name, value in self.parameters.items()
            if name not in self.defaults or _differ(value, self.defaults[name])
        }


def _differ(value: object, default: object) -> bool:
    """Whether two JSON values are not the same; ``1`` and ``true`` are not."""
    return (type(value), value) != (type(default), default)


def read_run(path: Path) -> PastRun | None:
    """The run in a directory; ``None`` if none was begun there that this version can read."""
    path = path.absolute()
    events = read_events(path)
    first = next(events, {})
    if first.get("event") != "started" or first.get("format") != FORMAT:
        return None
    steps: dict[str, PastStep] = {}
    grown: dict[str, list[str]] = {}
    end: dict[str, Any] | None = None
    seconds = 0.0
    for event in events:
        if event.get("event") == "step":
            seconds = max(seconds, _seconds(event.get("at")))
            if step := _step(event, path):
                steps[step.name] = step
        elif event.get("event") == "grown":
            grown[_text(event.get("step"))] = _names(event.get("into"))
        elif event.get("event") == "finished" and _text(event.get("status")) in _ENDS:
            end = event
    started = _time(first.get("started"))
    if end is not None:
        status, seconds = _ENDS[end["status"]], _seconds(end.get("seconds"))
    elif _goes_on(path):
        status = "running"
        seconds = max(time.time() - started.timestamp(), 0.0) if started else seconds
    else:
        status = "killed"
    return PastRun(
        path,
        _text(first.get("pipeline")),
        _text(first.get("notebook")),
        _by_name(first.get("parameters")),
        _by_name(first.get("defaults")),
        _by_name(first.get("options")),
        started.strftime("%Y-%m-%dT%H:%M:%SZ") if started else "",
        seconds,
        status,
        tuple(_grown(_names(first.get("steps")), grown)),
        steps,
    )


def _grown(names: list[str], into: dict[str, list[str]]) -> Iterator[str]:
    """The steps, those in loops replaced by what they have become."""
    left = names[::-1]
    while left:
        name = left.pop()
        # Once each: a journal may say that a step has become itself.
        parts = into.pop(name, None)
        if parts is None:
            yield name
        else:
            left += parts[::-1]


def _names(value: object) -> list[str]:
    return [name for name in _items(value) if isinstance(name, str)]


def _step(event: Mapping[str, Any], run: Path) -> PastStep | None:
    name, status, record = event.get("name"), event.get("status"), event.get("record")
    if not isinstance(name, str) or status not in get_args(StepStatus):
        return None
    return PastStep(
        name,
        cast("StepStatus", status),
        _seconds(event.get("seconds")),
        event.get("cached") is True,
        _text(event.get("error")),
        _text(event.get("why")),
        run,
        record if isinstance(record, dict) else None,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _by_name(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _seconds(value: object) -> float:
    # Of JSON's numbers, the whole ones may be too large for any.
    if isinstance(value, float) and math.isfinite(value) and value >= 0:
        return value
    return float(value) if type(value) is int and 0 <= value < 1 << 53 else 0.0


def _time(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(_text(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _goes_on(run: Path) -> bool:
    """Whether a process is at a run; without locks, as on some network drives, it seems not."""
    try:
        descriptor = os.open(run, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        # Another reader has the lock for a moment only.
        for pause in (0.002, 0.01, 0.05, 0.0):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(pause)
            except OSError:
                return False
            else:
                return False
        return True
    finally:
        os.close(descriptor)


# ----------------------------------------------------------------------------- records


def _is_sound(record: StepRecord, step: str) -> bool:
    """Whether all of a record is of the types that it should have, and its files are its own."""
    parts = record.key.parts
    return (
        record.key.step == step
        and all(_is_texts(items) for items in dict(parts).values())
        and _is_texts(record.outputs)
        and all(_is_below(path) and size >= 0 for path, (size, _) in record.files.items())
        and all(_is_state(state) for state in (*record.read, *record.written))
        and isinstance(record.metrics, dict)
        and isinstance(record.seconds, int | float)
        and math.isfinite(record.seconds)
    )


def _is_texts(items: object) -> bool:
    return isinstance(items, dict) and all(isinstance(text, str) for text in items.values())


def _is_below(path: str) -> bool:
    """Whether a path names something in the folder that it is joined to."""
    whole = PurePosixPath(path)
    inside = not whole.is_absolute() and ".." not in whole.parts and whole.parts != ()
    return inside and "\0" not in path


def _is_state(state: FileState) -> bool:
    return (
        isinstance(state.path, str)
        and isinstance(state.digest, str | None)
        and type(state.size) is int
        and type(state.mtime_ns) is int
    )
