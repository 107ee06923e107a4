"""One step alone on the values of an earlier run: where they are, and what has changed since."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from kale.errors import Location, RunError, UsageError
from kale.ir import Plan, PortKind, Task
from kale.runners.expansion import Expansion
from kale.runners.history.differences import code_changes
from kale.runners.history.past_run import PastRun
from kale.runners.parameters import task_parameters
from kale.runners.run_directory import RunDirectory, read_plain_json
from kale.runners.value_places import value_folders

_MANIFEST = "manifest.json"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class InputFolder:
    """A saved value that a step reads.

    ``folder`` is where an earlier run has it, absolute; ``place`` where the new run expects it,
    relative to its directory.
    """

    producer: str
    variable: str
    folder: Path
    place: PurePosixPath


def inputs_for_only(plan: Plan, step: str, run: PastRun) -> list[InputFolder]:
    """The values that ``step`` reads, as ``run`` saved them, whether or not they are up to date.

    No folder and no file in it is a link to elsewhere.

    Raises:
        UsageError: the run lacks one (KALE510).
    """
    found, missing = _find(plan, step, run)
    if missing:
        names = [producer for producer, _ in missing]
        at = Location(plan.pipeline.path, step=step)
        raise UsageError(
            "KALE510",
            f"run `{run.name}` has no value of {_quoted(missing)} to run `{step}` alone on",
            at=at,
            hint=_first(plan, names),
        )
    return found


def run_for_only(plan: Plan, step: str, runs: Iterable[PastRun]) -> PastRun:
    """The first of ``runs`` that has all that ``step`` reads.

    Raises:
        UsageError: none has (KALE510).
    """
    inputs: list[tuple[str, str]] | None = None
    for run in runs:
        _, missing = _find(plan, step, run)
        if not missing:
            return run
        inputs = missing if inputs is None else inputs
    at = Location(plan.pipeline.path, step=step)
    if inputs is None:
        raise UsageError(
            "KALE510",
            f"no run has values to run `{step}` alone on",
            at=at,
            hint=_first(plan, [producer for producer, _, _ in _reads(plan.task(step))])
            or "run the whole notebook first",
        )
    raise UsageError(
        "KALE510",
        f"no run has all that `{step}` reads; the newest lacks {_quoted(inputs)}",
        at=at,
        hint=_first(plan, [producer for producer, _ in inputs]),
    )


def stale_notice(
    plan: Plan,
    step: str,
    run: PastRun,
    code: Mapping[str, Mapping[str, str]],
    parameters: Mapping[str, Any] = _NOTHING,
) -> str:
    """A sentence on what made the values for ``step`` and is not what it was in ``run``, or "".

    ``code`` is that part of each step's key now, ``parameters`` are the values given now.
    """
    steps = decided_by(plan, run)
    before = {step}
    for task in reversed(steps.plan.tasks):
        if task.name in before:
            before.update(task.after)
    told = []
    for task in steps.plan.tasks:
        # All instances of a step have the same code.
        known = next(filter(None, map(run.steps.get, steps.nodes_of(task.name))), None)
        record = known.record if known else None
        if task.name in before - {step} and record is not None and task.name in code:
            changes = [
                *code_changes(code[task.name], record.key.parts.get("code", {})),
                *_other_parameters(plan, task, run, parameters),
            ]
            if changes:
                told.append(f"{task.name}: {', '.join(changes)}")
    if not told:
        return ""
    return f"`{step}` runs on values of run {run.name}, made before this changed: {'; '.join(told)}"


def _other_parameters(
    plan: Plan, task: Task, run: PastRun, parameters: Mapping[str, Any]
) -> Iterator[str]:
    """The parameters of a task that had another value in a run than they would have now."""
    defaults = {parameter.name: parameter.default for parameter in plan.pipeline.parameters}
    now = task_parameters(task, {**defaults, **parameters})
    then = task_parameters(task, {**run.defaults, **run.parameters})
    for name, value in now.items():
        if name in then and repr(then[name]) != repr(value):
            yield f'parameter "{name}" changed'


def _reads(task: Task) -> Iterator[tuple[str, str, str]]:
    """Producer, the producer's key and the variable of each value that a task loads."""
    for port in task.inputs:
        if port.kind is PortKind.ARTIFACT and port.source is not None:
            yield *port.source, port.name


def decided_by(plan: Plan, run: PastRun) -> Expansion:
    """The steps of a plan, with as many items of loops, and the branches, that there were in a run.

    Raises:
        RunError: they would be too many (KALE750).
    """
    steps = Expansion(plan)
    for task in steps.plan.tasks if any(task.decides for task in plan.tasks) else ():
        for name in [*steps.nodes_of(task.name)] if task.decides else ():
            past = run.steps.get(name)
            if past is not None and past.status == "succeeded" and not steps[name].open:
                with suppress(RunError):
                    told = read_plain_json(RunDirectory(run.path).decisions_of(name))
                    steps.decide(name, steps.check(name, told))
    return steps


def _all_reads(steps: Expansion, step: str) -> Iterator[tuple[str, str]]:
    """Producer and key of each value that any instance of a step loads.

    Where it is not known how many there are, the producers are the plan's.
    """
    for name in steps.nodes_of(step):
        if not steps[name].left_out:
            for producer, key, _ in _reads(steps.task(name)):
                yield producer, key


def _find(plan: Plan, step: str, run: PastRun) -> tuple[list[InputFolder], list[tuple[str, str]]]:
    """What a run has of a step's inputs, and producer and variable of what it lacks."""
    found, missing = [], []
    steps = decided_by(plan, run)
    for producer, key in _all_reads(steps, step):
        outputs = steps[producer].task.outputs
        variable = next(port.name for port in outputs if port.key == key)
        known = run.steps.get(producer)
        done = known is not None and known.status == "succeeded"
        folder = _saved(run.path, producer, variable) if done else None
        if folder is None:
            missing.append((producer, variable))
            continue
        name = value_folders(port.name for port in outputs)[variable]
        place = PurePosixPath("values", producer, name)
        found.append(InputFolder(producer, variable, folder, place))
    return [*dict.fromkeys(found)], [*dict.fromkeys(missing)]


def _saved(run: Path, producer: str, variable: str) -> Path | None:
    """Where a run saved a variable; its folders may have had other names in the notebook of then.

    The manifests are checked when the value is loaded; here only whose they are.
    """
    values = RunDirectory(run).values(producer)
    try:
        if values.is_symlink() or values.parent.is_symlink():
            return None
        for folder in sorted(values.iterdir()):
            if _is_plain(folder) and _name_of(folder) == variable:
                return folder
    except (OSError, ValueError):
        return None
    return None


def _is_plain(folder: Path) -> bool:
    """Whether a folder is one, with files in it and nothing else."""
    if not stat.S_ISDIR(folder.lstat().st_mode):
        return False
    return all(stat.S_ISREG(path.lstat().st_mode) for path in folder.iterdir())


def _name_of(folder: Path) -> object:
    return read_plain_json(folder / _MANIFEST).get("name")


def _quoted(values: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"`{variable}` (of step `{producer}`)" for producer, variable in values)


def _first(plan: Plan, producers: Iterable[str]) -> str:
    """What to run so that there are values of these steps; empty if there are no such steps."""
    known = {task.name for task in plan.tasks}
    names = (name if name in known else name.partition(".")[0] for name in producers)
    steps = " ".join(f"--until {name}" for name in dict.fromkeys(names))
    return f"run `kale run {shlex.quote(plan.pipeline.path)} {steps}` first" if steps else ""
