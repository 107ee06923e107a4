"""What a step's result depends on, and what is remembered of a step that ended well."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

#: Raised when a key or a record means something else than before.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class StepKey:
    """All that decides what a step computes, so far as it can be known before it runs.

    ``parts`` maps a kind of cause to its items, each to a digest or a short text:
    ``code`` (``cell 3``, or ``imports, cell 1``), ``inputs`` and ``parameters`` by name,
    ``versions`` by distribution, ``modules`` and ``files`` by path relative to the notebook,
    ``environment`` by variable, ``engine`` for Python, the kernel and Kale's own runtime.
    """

    step: str
    parts: Mapping[str, Mapping[str, str]]

    @property
    def digest(self) -> str:
        """Hexadecimal digits that are equal exactly when step and parts are.

        The names of code items do not count: a Markdown cell in front gives cells other numbers.
        """
        parts = {
            part: list(items.values()) if part == "code" else dict(items)
            for part, items in self.parts.items()
        }
        known = [FORMAT, self.step, parts]
        return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """The key as JSON values."""
        return {"step": self.step, "parts": {k: dict(v) for k, v in self.parts.items()}}


@dataclass(frozen=True, slots=True)
class FileState:
    """A file outside of the run that a step read or wrote, as it was when the step ended.

    ``path`` is absolute; ``digest`` is ``algorithm:hex``, or ``None`` if the file was not there;
    ``size`` in bytes and ``mtime_ns`` spare reading a file that nobody has touched since.
    """

    path: str
    digest: str | None
    size: int = 0
    mtime_ns: int = 0

    def as_json(self) -> list[Any]:
        """The state as JSON values."""
        return [self.path, self.digest, self.size, self.mtime_ns]


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step that ended well: enough to put its results into another run, and to judge whether.

    ``files`` are those the step left in its run directory, by their path there, each with size
    and digest; ``run`` is that directory. ``outputs`` maps each output to its content digest, as in
    a :class:`StepKey`. ``read`` and ``written`` are files elsewhere. ``seconds`` is what it took.
    """

    key: StepKey
    run: str
    seconds: float
    files: Mapping[str, tuple[int, str]]
    outputs: Mapping[str, str] = field(default_factory=_nothing)
    read: tuple[FileState, ...] = ()
    written: tuple[FileState, ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=_nothing)

    def as_json(self) -> dict[str, Any]:
        """The record as JSON values; :func:`record_from_json` reads them."""
        return {
            "format": FORMAT,
            "key": self.key.as_json(),
            "run": self.run,
            "seconds": round(self.seconds, 3),
            "files": {path: list(file) for path, file in self.files.items()},
            "outputs": dict(self.outputs),
            "read": [state.as_json() for state in self.read],
            "written": [state.as_json() for state in self.written],
            "metrics": dict(self.metrics),
        }


def record_from_json(found: Mapping[str, Any]) -> StepRecord | None:
    """The record that :meth:`StepRecord.as_json` gave; ``None`` if it is of another format.

    Raises:
        KeyError, TypeError, ValueError: it is no record.
    """
    if found["format"] != FORMAT:
        return None
    key = found["key"]
    return StepRecord(
        StepKey(key["step"], key["parts"]),
        found["run"],
        found["seconds"],
        {path: (int(size), str(digest)) for path, (size, digest) in found["files"].items()},
        found["outputs"],
        tuple(FileState(*state) for state in found["read"]),
        tuple(FileState(*state) for state in found["written"]),
        found["metrics"],
    )
