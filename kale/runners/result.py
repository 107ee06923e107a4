"""What a run leaves behind: the state of each step, its failure, and the metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from kale.diagnostics import Diagnostic
from kale.runners.failures.failure_text import failure_lines
from kale.runners.failures.step_error import Frame, StepError
from kale.runners.logged import Logged

__all__ = [
    "Frame",
    "RunInterrupted",
    "RunResult",
    "RunStatus",
    "StepError",
    "StepResult",
    "StepStatus",
    "failure_lines",
]

#: How a step ended; a skipped step waits for one that failed, or was left out.
StepStatus = Literal["succeeded", "failed", "skipped"]

#: How a run ended. ``refused`` is for the caller, when there was no plan to run.
RunStatus = Literal["succeeded", "failed", "refused"]


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of a run.

    ``seconds`` is wall time over all ``attempts``; ``notebook`` the executed notebook and ``log``
    what the step printed, both absolute paths that exist, or ``None``. ``blocked_by`` names
    the failed steps that a skipped one was waiting for. ``cached`` says that the results were taken
    from an earlier run, ``why`` why they were or why the step ran; ``engine`` is what ran it.
    ``started`` is in seconds since the run began, ``logged`` what the step's code has logged.
    Of an instance of a step in loops, ``step`` is the step's name, and ``index`` has the numbers of
    the items that it worked on; its ``name`` is made of both.
    """

    name: str
    status: StepStatus
    notebook: Path | None = None
    log: Path | None = None
    seconds: float = 0.0
    attempts: int = 0
    error: StepError | None = None
    blocked_by: tuple[str, ...] = ()
    cached: bool = False
    why: str = ""
    engine: str = ""
    started: float = 0.0
    logged: Logged = field(default_factory=Logged)
    step: str = ""
    index: tuple[int, ...] = ()

    @property
    def task(self) -> str:
        """The name of the plan's task that it is, or is an instance of."""
        return self.step or self.name

    def as_json(self) -> dict[str, Any]:
        """The step as ``kale run --json`` prints it."""
        return {
            "name": self.name,
            "status": self.status,
            "cached": self.cached,
            "why": self.why,
            "engine": self.engine,
            "attempts": self.attempts,
            "notebook": None if self.notebook is None else str(self.notebook),
            "seconds": round(self.seconds, 3),
            "error": None if self.error is None else self.error.as_json(),
            **self.logged.as_json(),
            **({"step": self.step, "index": [*self.index]} if self.index else {}),
        }


def _no_metrics() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RunResult:
    """A whole run: ``steps`` in topological order, ``metrics`` by name as JSON values.

    ``interrupted`` says that a signal ended it; its status is then ``failed``. ``resume`` is the
    command that goes on from here, empty if there is nothing to go on with.
    """

    pipeline: str
    status: RunStatus
    run_dir: Path
    steps: tuple[StepResult, ...]
    metrics: Mapping[str, Any] = field(default_factory=_no_metrics)
    diagnostics: tuple[Diagnostic, ...] = ()
    seconds: float = 0.0
    interrupted: bool = False
    resume: str = ""

    @property
    def report(self) -> Path:
        """The run's report, a page for a browser."""
        return self.run_dir / "report.html"

    @property
    def failures(self) -> tuple[StepResult, ...]:
        """The steps that failed, in topological order."""
        return tuple(step for step in self.steps if step.status == "failed")

    def as_json(self) -> dict[str, Any]:
        """The run as ``kale run --json`` prints it."""
        return {
            "pipeline": self.pipeline,
            "status": self.status,
            "run_dir": str(self.run_dir),
            "steps": [step.as_json() for step in self.steps],
            "metrics": dict(self.metrics),
            "seconds": round(self.seconds, 3),
            "resume": self.resume,
            "diagnostics": [finding.as_json() for finding in self.diagnostics],
        }


class RunInterrupted(KeyboardInterrupt):
    """A signal ended the run; all its processes are gone and its files are written."""

    def __init__(self, result: RunResult) -> None:
        super().__init__("interrupted")
        self.result = result
