"""``--only``: the values of an earlier run, put where one step of a new run looks for them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kale.diagnostics import Diagnostic, diagnose
from kale.errors import Location
from kale.ir import Plan
from kale.runners.cache.linking import link_or_clone
from kale.runners.cache.step_keys import StepKeys
from kale.runners.history.past_run import PastRun
from kale.runners.only import inputs_for_only, stale_notice
from kale.runners.run_directory import RunDirectory


def lend_inputs(
    plan: Plan,
    step: str,
    lender: PastRun,
    directory: RunDirectory,
    keys: StepKeys,
    parameters: Mapping[str, Any],
) -> tuple[Diagnostic, ...]:
    """Link what ``step`` reads from the run ``lender`` into a new run's directory.

    Returns a notice if what made these values has been edited since, or would be given other
    ``parameters`` now.

    Raises:
        UsageError: the run lacks a value (KALE510).
        OSError: a file cannot be linked nor copied.
    """
    for value in inputs_for_only(plan, step, lender):
        target = directory.root / value.place
        target.mkdir(parents=True)
        for file in value.folder.iterdir():
            _share(file, target / file.name)
    told = stale_notice(plan, step, lender, {t.name: keys.code(t) for t in plan.tasks}, parameters)
    at = Location(plan.pipeline.path, step=step)
    hint = "leave `--only` out to have all that changed run again"
    return (diagnose("KALE514", told, at=at, hint=hint),) if told else ()


def _share(file: Path, target: Path) -> None:
    try:
        link_or_clone(file, target)
    except OSError:  # another disk, or a file system that knows no links
        target.unlink(missing_ok=True)
        shutil.copy2(file, target)
