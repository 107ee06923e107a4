"""Metrics that code has logged, those of the pipeline held against those of plain Python."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kale.runners.logged import index_of
from kale.runners.verify.verdict import Check, Verdict

#: The texts of all values that were logged by a name, in any order.
LoggedValues = Mapping[str, tuple[str, ...]]


def logged_values(*folders: Path) -> LoggedValues:
    """All that was logged to folders (see :mod:`kale.sdk.tracking`)."""
    found: dict[str, list[str]] = {}
    for folder in folders:
        try:
            lines = index_of(folder).read_text(encoding="ascii").splitlines()
        except OSError:
            continue  # nothing was logged
        for entry in map(json.loads, lines):
            if "metric" in entry:
                found.setdefault(entry["metric"], []).append(json.dumps(entry["value"]))
    return {name: tuple(sorted(values)) for name, values in found.items()}


def compare_logged(step: str, here: LoggedValues, runs: Iterable[LoggedValues]) -> Iterator[Check]:
    """A check for each metric of the pipeline or of the file."""
    first, *others = runs
    for name in sorted({*here, *first}):
        now, then = here.get(name, ()), first.get(name, ())
        verdict = Verdict.SAME
        if now != then:
            restless = any(other.get(name, ()) != then for other in others)
            verdict = Verdict.NOT_REPEATABLE if restless else Verdict.DIFFERENT
        detail = "" if now == then else f"{_some(now)}, in the notebook {_some(then)}"
        yield Check(step, "metric", name, verdict, detail=detail)


def _some(values: tuple[str, ...]) -> str:
    return ", ".join(values[:3]) + (" and more" if len(values) > 3 else "") or "nothing"
