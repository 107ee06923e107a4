"""The values at the end of each step, held against those of the notebook at that place.

A step's names that its own cells read, write or change must be as they are in the notebook after
its last cell that mentions them. Others it was given along with its shared cells, or hands on: they
may be older or newer, as another step that nothing orders may have changed them in between.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale.ir import METRICS_STEP, AnalyzedPipeline, StepSummary
from kale.runners.verify.instrument import METRICS, Stretch
from kale.runners.verify.verdict import Check, Verdict


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a snapshot; ``bound`` says that its name was bound since the one before."""

    type: str
    digest: str | None
    shown: str
    bound: bool

    @property
    def content(self) -> tuple[str, str | None]:
        """What is equal where the values are."""
        return self.type, self.digest


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The names at one moment; ``shared`` are pairs that hold a common object."""

    names: Mapping[str, Value]
    shared: frozenset[tuple[str, str]] = frozenset()


def read_snapshot(file: Path) -> Snapshot | None:
    """The snapshot in a file; ``None`` where none was taken, or could not be."""
    try:
        found: dict[str, Any] = json.loads(file.read_bytes())
        names = {name: Value(**value) for name, value in found["names"].items()}
        return Snapshot(names, frozenset((a, b) for a, b in found["shared"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


#: The snapshots of one run of the notebook, one for each stretch; ``None`` where it never came.
Run = Sequence[Snapshot | None]


@dataclass(frozen=True, slots=True)
class _Place:
    """A step's end, as seen from the notebook: the stretches after which its names are held."""

    step: str
    stretches: Sequence[Stretch]
    own: Sequence[int]
    runs: Sequence[Run]

    def candidates(self, name: str) -> Sequence[int]:
        """The stretches whose end may show the step's last word on a name."""
        word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
        told = [
            k for k in self.own if any(word.search(cell.code) for cell in self.stretches[k].cells)
        ]
        first = told[-1] if told else self.own[0]
        return [k for k in self.own if k >= first]

    def values(self, run: Run, name: str) -> list[Value | None]:
        """The name at these ends, in a run of the notebook."""
        return [_at(run, k, name) for k in self.candidates(name)]

    def bound(self, name: str) -> bool:
        """Whether the notebook binds the name in a stretch of the step's."""
        found = [_at(self.runs[0], k, name) for k in self.own]
        return any(value is not None and value.bound for value in found)


def _at(run: Run, stretch: int, name: str) -> Value | None:
    snapshot = run[stretch]
    return None if snapshot is None else snapshot.names.get(name)


def compare_step(
    analyzed: AnalyzedPipeline,
    step: str,
    here: Snapshot,
    stretches: Sequence[Stretch],
    runs: Sequence[Run],
) -> Iterator[Check]:
    """A check for each name that is alive at the end of ``step``, in the order of the names.

    ``runs`` are runs of the notebook, the first of which came as far as the step's last cell.
    """
    owner = METRICS if step == METRICS_STEP else step
    own = [k for k, part in enumerate(stretches) if owner in part.owners]
    if not own:
        return
    place = _Place(step, stretches, own, runs)
    last = runs[0][own[-1]]
    touched = _touched(analyzed.summary(step))
    there = {} if last is None else last.names
    lacking = {
        name
        for name in there
        if name not in here.names and (place.bound(name) or name in touched[1])
    }
    same = set()
    for name in sorted({*here.names, *lacking}):
        if name in lacking:
            check = _lacking(place, name, there[name])
        else:
            strict = name in touched[0] or place.bound(name)
            check = _present(place, name, here.names[name], strict=strict)
        if check.verdict is Verdict.SAME and (name in touched[0] or place.bound(name)):
            same.add(name)
        yield check
    if last is not None:
        yield from _sharing(step, here.shared, last.shared, same)


def compare_names(step: str, here: Snapshot, runs: Run) -> Iterator[Check]:
    """A check for each name of ``here``; ``runs`` has the snapshot there of each reference run."""
    place = _Place(step, (Stretch(frozenset({step}), ()),), (0,), [(one,) for one in runs])
    checks = {
        name: _present(place, name, value, strict=True)
        for name, value in sorted(here.names.items())
    }
    yield from checks.values()
    same = {name for name, check in checks.items() if check.verdict is Verdict.SAME}
    if runs[0] is not None:
        yield from _sharing(step, here.shared, runs[0].shared, same)


def _touched(summary: StepSummary) -> tuple[frozenset[str], frozenset[str]]:
    """The names that a step's own cells read, write or change; those that they surely bind."""
    touched = summary.defs.keys() | summary.uses.keys() | summary.mutations.keys()
    return frozenset(touched), summary.certain & summary.defs.keys()


def _present(place: _Place, name: str, here: Value, *, strict: bool) -> Check:
    def check(verdict: Verdict, detail: str = "") -> Check:
        return Check(place.step, "value", name, verdict, here.type, detail)

    runs = [place.values(run, name) for run in place.runs]
    contents = [[None if value is None else value.content for value in run] for run in runs]
    if here.digest is None and any(v is not None and v.type == here.type for v in runs[0]):
        return check(Verdict.UNKNOWN)
    if here.content in contents[0]:
        return check(Verdict.SAME)
    if not strict and _ever(place, name, here):
        return check(Verdict.UNUSED)
    if here.type in _types(runs) and _restless(contents, here):
        return check(Verdict.NOT_REPEATABLE)
    there = runs[0][-1]
    if there is None:
        return check(Verdict.DIFFERENT, "the notebook has no such name here")
    if there.type == here.type and there.digest is None:
        return check(Verdict.UNKNOWN)
    return check(Verdict.DIFFERENT, _differs(here, there))


def _types(runs: Sequence[Sequence[Value | None]]) -> set[str]:
    return {value.type for run in runs for value in run if value is not None}


def _restless(contents: Sequence[Sequence[Any]], here: Value) -> bool:
    """Whether the notebook itself has other values from run to run, or once had this one."""
    return any(other != contents[0] or here.content in other for other in contents[1:])


def _ever(place: _Place, name: str, here: Value) -> bool:
    """Whether the notebook has the value at any place, or the name at another place only."""
    ends = range(len(place.stretches))
    found = [value for k in ends if (value := _at(place.runs[0], k, name)) is not None]
    now = [value for value in place.values(place.runs[0], name) if value is not None]
    return any(value.content == here.content for value in found) or bool(found and not now)


def _lacking(place: _Place, name: str, there: Value) -> Check:
    missing = any(None in place.values(run, name) for run in place.runs[1:])
    verdict = Verdict.NOT_REPEATABLE if missing else Verdict.DIFFERENT
    return Check(place.step, "value", name, verdict, there.type, "the step has no such name")


def _differs(here: Value, there: Value) -> str:
    if here.type != there.type:
        return f"it is of this type, in the notebook {there.type}"
    if here.shown and there.shown and here.shown != there.shown:
        return f"{here.shown}, in the notebook {there.shown}"
    return f"other content ({here.shown})" if here.shown else "other content"


def _sharing(
    step: str,
    here: frozenset[tuple[str, str]],
    there: frozenset[tuple[str, str]],
    names: set[str],
) -> Iterator[Check]:
    """Pairs of names with the right values of which two share an object in one run only."""
    for pair in sorted(here ^ there):
        if names.issuperset(pair):
            words = "share an object", "do not"
            now, then = words if pair in here else words[::-1]
            yield Check(
                step,
                "value",
                ", ".join(pair),
                Verdict.SHARING,
                detail=f"they {now}, in the notebook they {then}",
            )


def compare_metrics(
    step: str,
    metrics: Sequence[str],
    here: Snapshot,
    stretches: Sequence[Stretch],
    runs: Sequence[Run],
) -> Iterator[Check]:
    """A check for each metric that ``step`` reports, against the cells that report it."""
    own = [k for k, part in enumerate(stretches) if METRICS in part.owners]
    for name in metrics:
        place = _Place(step, stretches, own, runs)
        value = here.names.get(name)
        if value is None or not own or runs[0][own[-1]] is None:
            continue
        told = place.candidates(name)[:1]
        check = _present(_Place(step, stretches, told, runs), name, value, strict=True)
        yield Check(step, "metric", name, check.verdict, check.type, check.detail)
