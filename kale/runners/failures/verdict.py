"""How a step ended: from the last words of its process to its failure, or none."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kale.errors import Location
from kale.ir import StepOptions
from kale.runners.failures.deaths import kernel_death, process_death
from kale.runners.failures.failure import cell_failure, last_started
from kale.runners.failures.masking import mask_message, secret_values
from kale.runners.failures.memory import oom_kills
from kale.runners.failures.step_error import StepError
from kale.runners.failures.step_inputs import step_inputs
from kale.runners.run_directory import RunDirectory


def judge(
    done: Mapping[str, Any] | None,
    status: int,
    stopped: str | None,
    notebook: Path,
    at: Location,
    options: StepOptions,
    *,
    directory: RunDirectory | None = None,
    begun: int | None = None,
    oom_before: int | None = None,
) -> StepError | None:
    """The failure of a step whose process is gone; ``None`` if it succeeded.

    ``done`` is what the process said last (see :mod:`kale.runners.engines.step_process`),
    ``status`` its exit status, ``stopped`` says whether the run stopped it (``"timeout"`` or
    ``"interrupted"``), ``at`` has the author's path and the step. In ``directory`` is what the
    step was given; ``begun`` is the last cell of its notebook that began, from 1; ``oom_before``
    what :func:`kale.runners.failures.memory.oom_kills` said before the step began.
    """
    if done is not None and done["error"] is None:
        return None
    secrets = secret_values(
        {**os.environ, **dict(options.env)}, [secret.env for secret in options.secrets]
    )
    executed, step = _read(notebook), at.step or ""
    if not executed and directory is not None:
        # Killed before or while it was written: which cells there are is known all the same.
        executed = _read(directory.step_notebook(step))
    place = last_started(executed, path=at.path, step=step, begun=begun)
    raised = cell_failure(executed, path=at.path, step=step, probe=_probed(done), secrets=secrets)
    if stopped is not None:
        failure = _stopped(stopped, raised, place, options)
    else:
        failure = _failed(done, status, raised, place, at, _killed_since(oom_before), secrets)
    if directory is None or failure.type in ("KeyboardInterrupt", "NoSuchKernel"):
        return failure
    return replace(failure, inputs=step_inputs(directory.context(step), secrets))


def unstartable(error: Exception, at: Location) -> StepError:
    """The failure of a step whose files could not be written or whose process not started."""
    return StepError(type(error).__name__, f"the step could not start: {error}", at)


def _stopped(
    stopped: str, raised: StepError | None, place: Location, options: StepOptions
) -> StepError:
    """The failure of a step that the run ended, at the line where it was then, if it told that."""
    if stopped == "timeout":
        failure = StepError(
            "Timeout",
            f"the step ran longer than its timeout of {options.timeout} s",
            place,
            hint="raise the step's `timeout:`, or make it do less",
        )
    else:
        failure = StepError("KeyboardInterrupt", "interrupted", place)
    if raised is None or raised.type != "KeyboardInterrupt":
        return failure
    return replace(raised, type=failure.type, message=failure.message, hint=failure.hint)


def _failed(
    done: Mapping[str, Any] | None,
    status: int,
    raised: StepError | None,
    place: Location,
    at: Location,
    oom: int | None,
    secrets: Sequence[str],
) -> StepError:
    if done is None:
        return process_death(status, place, oom)
    if done["error"] == "no kernel":
        return StepError(
            "NoSuchKernel",
            "no Jupyter kernel for Python is installed here",
            at,
            hint="run `pip install ipykernel` in the environment that Kale is installed in",
        )
    if done["error"] == "kernel died":
        return kernel_death(done["status"], place, oom)
    if done["error"] == "cell" and raised is not None:
        return raised
    return StepError(
        done.get("type", "RunError"),
        mask_message(done.get("message", "the executed notebook cannot be read"), secrets),
        place,
        hint="the step's log may tell more",
    )


def _probed(done: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What the probe ``values`` found, if it ran and found anything."""
    found: Any = done
    for key in ("probes", "values", "failure"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _killed_since(before: int | None) -> int | None:
    now = oom_kills()
    return None if before is None or now is None else now - before


def _read(notebook: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found
