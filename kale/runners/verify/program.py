"""What a pipeline is held against: its notebook, or the plain Python of its file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kale.ir import AnalyzedPipeline, Plan
from kale.runners.result import RunResult, StepError
from kale.runners.run_directory import RunDirectory
from kale.runners.verify.by_place import PlaceComparison
from kale.runners.verify.comparison import Comparison, Whole, executed_notebook
from kale.runners.verify.instrument import (
    WHOLE,
    ActiveCell,
    Stretch,
    snapshot_file,
    stretches,
    whole_plan,
)
from kale.runners.verify.nested_cells import nested_plan
from kale.runners.verify.outputs import shown_by_cell
from kale.runners.verify.reference import Reference, read_reference, script_plan
from kale.runners.verify.values import read_snapshot
from kale.runners.verify.verdict import Check
from kale.script_words import is_script

#: All checks of a pipeline's run against what some runs of the program have left.
Compare = Callable[[Sequence[Any]], list[Check]]


class Program(Protocol):
    """A program whose results are the right ones."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def doing(self) -> str:
        """What running it is."""

    def plan(
        self, plan: Plan, parameters: Mapping[str, Any], folder: Path, env: Mapping[str, str]
    ) -> Plan:
        """A plan of one step, which runs it with ``parameters`` and writes to ``folder``."""

    def read(self, directory: RunDirectory, folder: Path, error: StepError | None) -> Any:
        """What a run of that plan has left."""

    def comparison(self, result: RunResult, directory: RunDirectory, folder: Path) -> Compare:
        """What holds a run of the pipeline against runs of the program."""


@dataclass(frozen=True, slots=True)
class WholeNotebook:
    """The cells of a notebook, from top to bottom."""

    analyzed: AnalyzedPipeline
    pipeline_plan: Plan
    parts: Sequence[Stretch]
    name: str = "the notebook"
    doing: str = "running the notebook top to bottom"

    def plan(
        self, plan: Plan, parameters: Mapping[str, Any], folder: Path, env: Mapping[str, str]
    ) -> Plan:
        """See :class:`Program`."""
        return whole_plan(plan, self.parts, parameters, folder, env)

    def read(self, directory: RunDirectory, folder: Path, error: StepError | None) -> Whole:
        """See :class:`Program`."""
        return Whole(
            tuple(read_snapshot(snapshot_file(folder, str(k))) for k in range(len(self.parts))),
            shown_by_cell(executed_notebook(directory, WHOLE)),
            error,
        )

    def comparison(self, result: RunResult, directory: RunDirectory, folder: Path) -> Compare:
        """See :class:`Program`."""
        plan = self.pipeline_plan
        return Comparison(self.analyzed, plan, self.parts, result, directory, folder).checks


@dataclass(frozen=True, slots=True)
class MarkedProgram:
    """A program that is told apart by places: of a Python file, or a notebook with loops."""

    analyzed: AnalyzedPipeline
    pipeline_plan: Plan
    parts: Sequence[Stretch]

    @property
    def name(self) -> str:
        """See :class:`Program`."""
        return "the file" if self._in_script else "the notebook"

    @property
    def doing(self) -> str:
        """See :class:`Program`."""
        return f"running {self.name} {'as plain Python' if self._in_script else 'top to bottom'}"

    @property
    def _in_script(self) -> bool:
        return is_script(self.pipeline_plan.pipeline.path)

    def plan(
        self, plan: Plan, parameters: Mapping[str, Any], folder: Path, env: Mapping[str, str]
    ) -> Plan:
        """See :class:`Program`."""
        if self._in_script:
            return script_plan(plan, parameters, folder, env)
        return nested_plan(plan, self.parts, parameters, folder, env)

    def read(self, directory: RunDirectory, folder: Path, error: StepError | None) -> Reference:
        """See :class:`Program`."""
        return read_reference(directory, folder, error)

    def comparison(self, result: RunResult, directory: RunDirectory, folder: Path) -> Compare:
        """See :class:`Program`."""
        plan = self.pipeline_plan
        return PlaceComparison(self.analyzed, plan, result, directory, folder).checks


def program_of(
    analyzed: AnalyzedPipeline, plan: Plan, cells: Sequence[ActiveCell]
) -> MarkedProgram | WholeNotebook:
    """The program that a pipeline was made of; ``cells`` are those of a notebook."""
    parts = stretches(plan.pipeline, cells)
    if is_script(plan.pipeline.path) or any(step.within for step in plan.pipeline.steps):
        return MarkedProgram(analyzed, plan, parts)
    return WholeNotebook(analyzed, plan, parts)
