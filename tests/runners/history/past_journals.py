"""Journals as runs leave them, and runs on disk to be found again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runners.plans import parameter, plan, task

from kale.ir import Plan
from kale.runners.cache.records import StepKey, StepRecord
from kale.runners.history.journal import JOURNAL, Journal
from kale.runners.options import RunOptions
from kale.runners.result import StepError, StepResult
from kale.runners.run_directory import RunDirectory, create_run_directory

NO_OPTIONS = RunOptions()

LOAD_AND_FIT = plan(task("load"), task("fit"), parameters=[parameter("rate", "float", "0.1")])


def key(step: str, **parts: Mapping[str, str]) -> StepKey:
    return StepKey(step, parts)


def record(step: str, run: Path | str = "/elsewhere", **parts: Mapping[str, str]) -> StepRecord:
    return StepRecord(key(step, **parts), str(run), 1.5, {})


def succeeded(step: str, **more: Any) -> StepResult:
    return StepResult(step, "succeeded", seconds=1.5, **more)


def failed(step: str, kind: str = "ValueError", message: str = "no") -> StepResult:
    return StepResult(step, "failed", error=StepError(kind, message, at=None))  # type: ignore[arg-type]


def write_run(
    path: Path,
    results: Iterable[StepResult | tuple[StepResult, StepRecord]] = (),
    *,
    of: Plan | None = None,
    parameters: Mapping[str, Any] = {},
    ends: str | None = None,
) -> RunDirectory:
    """A run directory with a journal; without ``ends`` that of a run that was killed."""
    directory = create_run_directory(path)
    journal = Journal.create(directory, plan() if of is None else of, parameters, NO_OPTIONS)
    for result in results:
        step, known = result if isinstance(result, tuple) else (result, None)
        journal.step_finished(step, known)
    if ends is not None:
        journal.finished(ends)
    journal.close()
    return directory


def run_in(root: Path, stamp: str, results=(), *, ends="failed", pipeline="iris", **more) -> Path:
    """A run as it lies below ``root``, a folder such as ``.kale``."""
    more.setdefault("of", LOAD_AND_FIT)
    return write_run(root / "runs" / pipeline / stamp, results, ends=ends, **more).root


def rewrite(run: Path, **changed) -> None:
    """Put other values into the events of a journal, by event and field: ``step__name=…``."""
    events = [json.loads(line) for line in (run / JOURNAL).read_text().splitlines()]
    for where, value in changed.items():
        event, _, field = where.partition("__")
        for found in events:
            if found["event"] == event:
                found[field] = value
    (run / JOURNAL).write_text("".join(json.dumps(event) + "\n" for event in events))


def save(directory: Path, producer: str, folder: str, variable: str | None = None) -> Path:
    """A value's folder, so far as anybody looks at it without loading it."""
    path = directory / "values" / producer / folder
    path.mkdir(parents=True)
    (path / "value.json").write_text("1")
    (path / "manifest.json").write_text(json.dumps({"name": variable or folder}))
    return path
