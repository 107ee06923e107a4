"""A run of a pipeline held against runs of its notebook: steps, values, metrics and outputs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale.ir import METRICS_STEP, AnalyzedPipeline, Plan
from kale.runners.result import RunResult, StepError, StepResult
from kale.runners.run_directory import RunDirectory
from kale.runners.verify.instrument import SHARED, WHOLE, Stretch, snapshot_file
from kale.runners.verify.outputs import Shown, compare_shown, shown_by_cell
from kale.runners.verify.values import Snapshot, compare_metrics, compare_step, read_snapshot
from kale.runners.verify.verdict import Check, Verdict


@dataclass(frozen=True, slots=True)
class Whole:
    """One run of the notebook: the snapshot at the end of each stretch, and what cells show."""

    snapshots: tuple[Snapshot | None, ...]
    shown: Mapping[int, Shown]
    error: StepError | None


def executed_notebook(directory: RunDirectory, step: str) -> Mapping[str, Any]:
    """The executed notebook of a step; empty where there is none."""
    try:
        text = directory.executed_notebook(step).read_text(encoding="utf-8")
        found: Mapping[str, Any] = json.loads(text)
    except (OSError, ValueError):
        # The step never ran, or was killed while its notebook was written.
        return {}
    return found


@dataclass(frozen=True, slots=True)
class Comparison:
    """A pipeline's run, to be held against runs of the notebook."""

    analyzed: AnalyzedPipeline
    plan: Plan
    parts: Sequence[Stretch]
    result: RunResult
    directory: RunDirectory
    folder: Path

    def checks(self, wholes: Sequence[Whole]) -> list[Check]:
        """All checks, step by step in the order of the plan; the notebook's own failure first."""
        results = {step.name: step for step in self.result.steps}
        found = list(self._failures(wholes[0]))
        for task in self.plan.tasks:
            step = results[task.name]
            if step.status == "skipped":
                reason = ", ".join(f"`{name}` failed" for name in step.blocked_by)
                found.append(Check(task.name, "step", task.name, Verdict.NOT_RUN, detail=reason))
                continue
            found += self._values(task.name, wholes)
            found += self._metrics(task.name, wholes)
            found += self._outputs(task.name, wholes)
        return found

    def _failures(self, whole: Whole) -> Iterator[Check]:
        """A check for each step that failed, and for the notebook if no step failed as it did."""
        failed = [(step, step.error) for step in self.result.failures if step.error is not None]
        both = [step.name for step, error in failed if _alike(error, whole.error)]
        if whole.error is not None and not both:
            detail = f"the notebook fails, the pipeline does not: {_words(whole.error)}"
            owner = next((n for n in self._owners(whole.error) if n != SHARED), WHOLE)
            yield Check(owner, "step", owner, Verdict.FAILED, detail=detail)
        for step, error in failed:
            who = "both fail" if step.name in both else "the pipeline fails, the notebook does not"
            if whole.error is not None and step.name not in both:
                who = "fails in another way than the notebook"
            detail = f"{who}: {_words(error)}"
            yield Check(step.name, "step", step.name, Verdict.FAILED, detail=detail)

    def _owners(self, error: StepError) -> list[str]:
        found = [p.owners for p in self.parts if error.at.cell in {c.number for c in p.cells}]
        return sorted(found[0]) if found else []

    def _values(self, step: str, wholes: Sequence[Whole]) -> Iterator[Check]:
        part = "metrics" if step == METRICS_STEP else "end"
        here = read_snapshot(snapshot_file(self.folder, step, part))
        runs = [whole.snapshots for whole in wholes]
        owned = [k for k, p in enumerate(self.parts) if step in p.owners]
        whole_error = wholes[0].error
        stopped = bool(owned) and runs[0][owned[-1]] is None
        if here is None or stopped:
            told = whole_error is not None and step in self._owners(whole_error)
            if self._result(step).status == "succeeded" and not told:
                yield self._blind(step, wholes[0])
            return
        yield from compare_step(self.analyzed, step, here, self.parts, runs)

    def _blind(self, step: str, whole: Whole) -> Check:
        """The check of a step whose values there is nothing to hold against."""
        if whole.error is not None:
            why = "the notebook stopped before"
            return Check(step, "step", step, Verdict.NOT_RUN, detail=why)
        why = "its values could not be looked at; is the disk full?"
        return Check(step, "step", step, Verdict.FAILED, detail=why)

    def _result(self, step: str) -> StepResult:
        return next(result for result in self.result.steps if result.name == step)

    def _metrics(self, step: str, wholes: Sequence[Whole]) -> Iterator[Check]:
        here = read_snapshot(snapshot_file(self.folder, step, "metrics"))
        if here is not None:
            names = self.plan.task(step).metrics
            runs = [whole.snapshots for whole in wholes]
            yield from compare_metrics(step, names, here, self.parts, runs)

    def _outputs(self, step: str, wholes: Sequence[Whole]) -> Iterator[Check]:
        here = shown_by_cell(executed_notebook(self.directory, step))
        for cell, shown in here.items():
            runs = [whole.shown[cell] for whole in wholes if cell in whole.shown]
            if not runs or not (shown or any(runs)):
                continue
            verdict, detail = compare_shown(shown, runs)
            yield Check(step, "output", f"cell {cell}", verdict, detail=detail, cell=cell)


def _alike(one: StepError, other: StepError | None) -> bool:
    """Whether two failures are the same exception in the same cell."""
    if other is None or one.at.cell is None:
        return False
    return (one.type, one.at.cell) == (other.type, other.at.cell)


def _words(error: StepError) -> str:
    first = error.message.strip().split("\n")[0]
    place = f"cell {error.at.cell}, " if error.at.cell else ""
    return f"{place}{error.type}: {first}" if first else f"{place}{error.type}"
