"""Run a planned pipeline."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "history.past_run": ["PastRun"],
    "history.past_runs": ["runs_of"],
    "local": ["run"],
    "options": ["EngineName", "RunOptions"],
    "origin": ["find_origin"],
    "parameters": ["inherited_parameters", "read_parameters"],
    "run_directory": ["default_run_dir"],
    "view.progress": ["Observer", "PlainLines", "Silent", "choose_observer"],
}


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562): whoever imports papermill imports this."""
    if name in __all__:
        home = next((home for home, names in _HOMES.items() if name in names), "result")
        return getattr(import_module(f"kale.runners.{home}"), name)
    raise AttributeError(f"module 'kale.runners' has no attribute {name!r}")
