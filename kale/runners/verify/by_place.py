"""A run of a pipeline held against marked runs of its program: each step at its line or cell.

Of each step those names are compared that travel to it or from it, and of each place what is
printed there; where the program works on several items in one statement, all that they print.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kale.control import Loop
from kale.ir import AnalyzedPipeline, Plan, PortKind, Task
from kale.runners.result import RunResult, StepError, StepResult
from kale.runners.run_directory import RunDirectory
from kale.runners.verify.comparison import executed_notebook
from kale.runners.verify.instrument import WHOLE, snapshot_file
from kale.runners.verify.logged_metrics import compare_logged, logged_values
from kale.runners.verify.nested_cells import cell_numbers
from kale.runners.verify.outputs import Shown, compare_shown, shown
from kale.runners.verify.reference import Key, Reference, author_name
from kale.runners.verify.values import Snapshot, compare_names, read_snapshot
from kale.runners.verify.verdict import Check, Verdict
from kale.script_words import script_line, script_words


@dataclass(frozen=True, slots=True)
class PlaceComparison:
    """A pipeline's run, to be held against runs of the program."""

    analyzed: AnalyzedPipeline
    plan: Plan
    result: RunResult
    directory: RunDirectory
    folder: Path

    def checks(self, runs: Sequence[Reference]) -> list[Check]:
        """All checks, step by step in the order of the run; the program's own failure first."""
        found = [*self._failures(runs[0]), *self._steps(runs), *self._outputs(runs)]
        names = {step.name for step in self.result.steps}
        here = logged_values(*(self.directory.logged(name) for name in sorted(names)))
        if runs[0].error is None:
            found += compare_logged(self._whole, here, [run.metrics for run in runs])
        if self._in_script:
            found = [replace(check, detail=script_words(check.detail)) for check in found]
        return found

    # ------------------------------------------------------------------ steps and values

    def _failures(self, run: Reference) -> Iterator[Check]:
        failed = [(step, step.error) for step in self.result.failures if step.error is not None]
        both = [step.name for step, error in failed if _alike(error, run.error)]
        if run.error is not None and not both:
            detail = f"the notebook fails, the pipeline does not: {_words(run.error)}"
            yield Check(self._whole, "step", self._whole, Verdict.FAILED, detail=detail)
        for step, error in failed:
            who = "both fail" if step.name in both else "the pipeline fails, the notebook does not"
            detail = f"{who}: {_words(error)}"
            yield Check(step.name, "step", step.name, Verdict.FAILED, detail=detail)

    def _steps(self, runs: Sequence[Reference]) -> Iterator[Check]:
        for step in self._written:
            task, key = self.plan.task(_name(step)), self._end(step, runs[0])
            ran, runs_there = step.status == "succeeded", key in runs[0].values
            if step.status == "failed":
                continue
            if step.blocked_by or (not runs_there and runs[0].error is not None):
                why = ", ".join(f"`{name}` failed" for name in step.blocked_by)
                yield Check(step.name, "step", step.name, Verdict.NOT_RUN,
                            detail=why or "the notebook stopped before")  # fmt: skip
            elif ran and runs_there:
                yield from self._values(step, task, key, runs)
                yield from self._metrics(step, task, runs)
            elif ran != runs_there and len(key) > _depth(task):
                yes, no = ("pipeline", "notebook") if ran else ("notebook", "pipeline")
                detail = f"the {yes} runs it, the {no} does not"
                yield Check(step.name, "step", step.name, Verdict.DIFFERENT, detail=detail)
        yield from self._unseen(runs[0])

    def _unseen(self, run: Reference) -> Iterator[Check]:
        """Places of steps to which the program came, and the pipeline did not."""
        seen = {self._end(step, run) for step in self._written}
        numbers = {self._numbers(_name(step))[-1]: _name(step) for step in self._written}
        blocked = {
            _name(step) for step in self.result.steps if step.status == "failed" or step.blocked_by
        }
        for key in sorted(run.values.keys() - seen):
            name = numbers.get(key[0])
            if name is not None and name not in blocked:
                what = ".".join(map(str, (name, *key[1:])))
                detail = "the notebook runs it, the pipeline does not"
                yield Check(what, "step", what, Verdict.DIFFERENT, detail=detail)

    def _values(
        self, step: StepResult, task: Task, key: Key, runs: Sequence[Reference]
    ) -> Iterator[Check]:
        # One statement may work on all items; in a container there is no Python to look at.
        if len(key) <= _depth(task) or task.container is not None:
            return
        here = read_snapshot(snapshot_file(self.folder, step.name))
        there = [run.values.get(key) for run in runs]
        if here is None or there[0] is None:
            why = "its values could not be looked at; is the disk full?"
            yield Check(step.name, "step", step.name, Verdict.FAILED, detail=why)
            return
        summary = self.analyzed.summary(task.name)
        touched = {*summary.defs, *summary.uses, *summary.mutations}
        known = there[0].names
        # What is appended to a list may have no name in the file.
        appended = {one for loop in _loops(task) for one, all_ in loop.collected if one != all_}
        names = {port.name for port in task.outputs} - (appended - known.keys())
        names |= {
            port.name
            for port in task.inputs
            if port.kind is PortKind.ARTIFACT and port.name in touched
        }
        authors = {name: name if name in known else author_name(name) for name in names}
        values = {
            authors[name]: here.names[name]
            for name in sorted(names & here.names.keys())
            if authors[name] in known
        }
        shared = {
            (min(pair), max(pair))
            for one, other in here.shared
            if (pair := (authors.get(one, ""), authors.get(other, ""))) and values.keys() >= {*pair}
        }
        yield from compare_names(step.name, Snapshot(values, frozenset(shared)), there)

    def _metrics(self, step: StepResult, task: Task, runs: Sequence[Reference]) -> Iterator[Check]:
        """Metrics of a notebook, against the last of the cells that report them."""
        here = read_snapshot(snapshot_file(self.folder, step.name, "metrics"))
        cells = [source.at.cell or 0 for source in self.plan.pipeline.metrics]
        there = [run.values.get((cells[-1],)) if cells else None for run in runs]
        if here is not None and there[0] is not None:
            names = {name: here.names[name] for name in task.metrics if name in here.names}
            for check in compare_names(step.name, Snapshot(names), there):
                yield replace(check, kind="metric")

    # ------------------------------------------------------------------ what is shown

    def _outputs(self, runs: Sequence[Reference]) -> Iterator[Check]:
        order = {task.name: number for number, task in enumerate(self.plan.tasks)}
        parts: dict[Key, list[Mapping[str, Any]]] = {}
        owners: dict[Key, str] = {}
        broken = set()
        for step in sorted(self.result.steps, key=lambda one: (one.index, order[_name(one)])):
            for number in self._numbers(_name(step)):
                key = self._key(number, step.index, runs[0])
                if key not in owners or self._decides(owners[key]):
                    owners[key] = step.name
                if step.status == "failed" or step.blocked_by:
                    broken.add(key)
            if step.status == "succeeded":
                cells = executed_notebook(self.directory, step.name).get("cells", ())
                for number, outputs in self._own_outputs(cells):
                    key = self._key(number, step.index, runs[0])
                    parts.setdefault(key, []).extend(outputs)
        for key in sorted({*parts, *(owners.keys() & runs[0].shown.keys())} - broken):
            if runs[0].error is not None and key not in runs[0].values:
                continue
            here = shown(parts.get(key, ()))
            there: list[Shown] = [run.shown.get(key, {}) for run in runs]
            if here or any(there):
                verdict, detail = compare_shown(here, there)
                place, cell = self._words_of(key)
                step_name = owners.get(key, self._whole)
                yield Check(step_name, "output", place, verdict, detail=detail, cell=cell)

    def _own_outputs(
        self, cells: Sequence[Mapping[str, Any]]
    ) -> Iterator[tuple[int, list[Mapping[str, Any]]]]:
        """What a step's own cells show, by number; plain Python shows no value of a last line."""
        for cell in cells:
            kale = cell["metadata"].get("kale", {})
            if kale.get("role") == "step":
                outputs = [
                    output
                    for output in cell.get("outputs", ())
                    if not (self._in_script and output.get("output_type") == "execute_result")
                ]
                number = kale["cell"]
                yield script_line(number) if self._in_script else number, outputs

    def _words_of(self, key: Key) -> tuple[str, int | None]:
        """The place of a key for people, and its cell."""
        text = f"{'line' if self._in_script else 'cell'} {key[0]}"
        if key[1:]:
            text += f", item {'.'.join(map(str, key[1:]))}"
        return text, None if self._in_script else key[0]

    # ------------------------------------------------------------------ places

    @property
    def _in_script(self) -> bool:
        return self.plan.pipeline.steps[0].at.in_script

    @property
    def _written(self) -> list[StepResult]:
        """The steps that the author wrote; others only hand values on."""
        return [step for step in self.result.steps if self._numbers(_name(step))]

    def _decides(self, step: str) -> bool:
        return any(task.name == step and task.decides for task in self.plan.tasks)

    @property
    def _whole(self) -> str:
        """What stands in the place of a step where none is meant."""
        return "file" if self._in_script else WHOLE

    def _numbers(self, step: str) -> list[int]:
        """The lines, or the cells, of a step."""
        found = next(one for one in self.plan.pipeline.steps if one.name == step)
        if not self._in_script:
            return cell_numbers(found)
        return [source.at.number for source in found.sources]

    def _key(self, number: int, index: tuple[int, ...], run: Reference) -> Key:
        """Where the program comes to a number: with as many items as it tells apart there."""
        depth = max((len(key) for key in run.values if key[0] == number), default=len(index) + 1)
        return (number, *index)[:depth]

    def _end(self, step: StepResult, run: Reference) -> Key:
        """Where the program has done what a step does."""
        return self._key(self._numbers(_name(step))[-1], step.index, run)


def _loops(task: Task) -> list[Loop]:
    return [context for context in task.within if isinstance(context, Loop)]


def _depth(task: Task) -> int:
    """The loops around a task."""
    return len(_loops(task))


def _name(step: StepResult) -> str:
    return step.step or step.name


def _alike(one: StepError, other: StepError | None) -> bool:
    """Whether two failures are the same exception, at the same place if both tell one."""
    if other is None or one.type != other.type:
        return False
    lines = _lines(other)
    return not lines or bool(lines & _lines(one))


def _lines(error: StepError) -> set[int]:
    places = [error.at, *(frame.at for frame in error.frames)]
    return {at.shown_line for at in places if at.in_script and at.shown_line is not None}


def _words(error: StepError) -> str:
    first = error.message.strip().split("\n")[0]
    place = f"{error.at.place}, " if error.at.place else ""
    return f"{place}{error.type}: {first}" if first else f"{place}{error.type}"
