"""The earlier run that a new one goes on from."""

from __future__ import annotations

from pathlib import Path

from kale.ir import Plan
from kale.runners.control_edges import with_control
from kale.runners.history.past_run import PastRun
from kale.runners.history.past_runs import find_run, past_runs
from kale.runners.only import run_for_only
from kale.runners.options import RunOptions
from kale.runners.selection import select


def find_origin(plan: Plan, options: RunOptions, resume: str | None) -> PastRun | None:
    """The run that ``resume`` names (empty: the newest), or that lends ``only`` its values.

    Raises:
        UsageError: there is none (KALE508, KALE510), or steps cannot be chosen so (KALE509).
    """
    select(with_control(plan), options)
    path, name = Path(plan.pipeline.path), plan.pipeline.name
    if resume is not None:
        return find_run(path.parent, name, resume, notebook=path.name)
    if options.only is not None:
        return run_for_only(plan, options.only, past_runs(path.parent, name, notebook=path.name))
    return None
