"""Run a planned pipeline."""

from __future__ import annotations

from kale.runners.local import run
from kale.runners.parameters import read_parameters
from kale.runners.result import (
    Frame,
    RunInterrupted,
    RunResult,
    StepError,
    StepResult,
    failure_lines,
)
from kale.runners.run_directory import default_run_dir
from kale.runners.view.progress import Observer, PlainLines, Silent, choose_observer

__all__ = [
    "Frame",
    "Observer",
    "PlainLines",
    "RunInterrupted",
    "RunResult",
    "Silent",
    "StepError",
    "StepResult",
    "choose_observer",
    "default_run_dir",
    "failure_lines",
    "read_parameters",
    "run",
]
