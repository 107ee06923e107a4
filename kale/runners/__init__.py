"""Run a planned pipeline."""

from __future__ import annotations

from kale.runners.history.past_run import PastRun
from kale.runners.history.past_runs import runs_of
from kale.runners.local import run
from kale.runners.options import EngineName, RunOptions
from kale.runners.origin import find_origin
from kale.runners.parameters import inherited_parameters, read_parameters
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
    "EngineName",
    "Frame",
    "Observer",
    "PastRun",
    "PlainLines",
    "RunInterrupted",
    "RunOptions",
    "RunResult",
    "Silent",
    "StepError",
    "StepResult",
    "choose_observer",
    "default_run_dir",
    "failure_lines",
    "find_origin",
    "inherited_parameters",
    "read_parameters",
    "run",
    "runs_of",
]
