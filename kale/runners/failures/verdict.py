"""How a step ended: from the last words of its process to its failure, or none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kale.errors import Location
from kale.ir import StepOptions
from kale.runners.failures.failure import cell_failure, kernel_death, last_started
from kale.runners.result import StepError


def judge(
    done: Mapping[str, Any] | None,
    status: int,
    stopped: str | None,
    notebook: Path,
    at: Location,
    options: StepOptions,
) -> StepError | None:
    """The failure of a step whose process is gone; ``None`` if it succeeded.

    ``done`` is what the process said last (see :mod:`kale.runners.engines.step_process`),
    ``status`` its exit status, ``stopped`` says whether the run stopped it (``"timeout"`` or
    ``"interrupted"``), ``at`` has the author's path and the step.
    """
    if done is not None and done["error"] is None:
        return None
    executed = _read(notebook)
    path, step = at.path, at.step or ""
    raised = cell_failure(executed, path=path, step=step)
    if stopped is not None:
        place = last_started(executed, path=path, step=step)
        if raised is not None and raised.type == "KeyboardInterrupt":
            place = raised.at
        else:
            raised = None
        if stopped == "timeout":
            failure = StepError(
                "Timeout",
                f"the step ran longer than its timeout of {options.timeout} s",
                place,
                hint="raise the step's `timeout:`, or make it do less",
            )
        else:
            failure = StepError("KeyboardInterrupt", "interrupted", place)
        return failure if raised is None else replace(failure, source=raised.source)
    if done is None:
        return _vanished(status, last_started(executed, path=path, step=step))
    if done["error"] == "no kernel":
        return StepError(
            "NoSuchKernel",
            "no Jupyter kernel for Python is installed here",
            at,
            hint="run `pip install ipykernel` in the environment that Kale is installed in",
        )
    if done["error"] == "kernel died":
        return kernel_death(done["status"], last_started(executed, path=path, step=step))
    if done["error"] == "cell" and raised is not None:
        return raised
    return StepError(
        done.get("type", "RunError"),
        done.get("message", "the executed notebook cannot be read"),
        last_started(executed, path=path, step=step),
        hint="the step's log may tell more",
    )


def unstartable(error: Exception, at: Location) -> StepError:
    """The failure of a step whose files could not be written or whose process not started."""
    return StepError(type(error).__name__, f"the step could not start: {error}", at)


def _vanished(status: int, at: Location) -> StepError:
    """The failure of a step whose process, not its kernel, ended without a word."""
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    hint = "the system does that when memory runs out" if status == -9 else ""
    return StepError(
        "RunError", f"the step's process {how}", at, hint=hint or "the step's log may tell more"
    )


def _read(notebook: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Killed before or while it was written: nothing is known about its cells.
        return {}
    return found
