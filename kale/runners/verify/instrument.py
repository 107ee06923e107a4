"""The notebooks that a verification runs: steps and whole, with cells that take snapshots."""

from __future__ import annotations

import importlib.resources
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from kale.ir import METRICS_STEP, Files, Pipeline, Plan, StepOptions, Task

#: The one step of the plan that runs the whole notebook.
WHOLE = "notebook"

#: Who owns a cell that is no step's: every step runs it, or it gives the metrics.
SHARED, METRICS = "shared", METRICS_STEP

#: The module that cells of ours call.
_MODULE = "kale_snapshot"


@dataclass(frozen=True, slots=True)
class ActiveCell:
    """A code cell that the notebook runs: its number from 1, and its code as it stands there."""

    number: int
    code: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Cells in a row that belong to the same steps; a snapshot is taken at their end.

    ``owners`` are steps, :data:`METRICS`, or :data:`SHARED` alone.
    """

    owners: frozenset[str]
    cells: tuple[ActiveCell, ...]


def stretches(pipeline: Pipeline, cells: Iterable[ActiveCell]) -> tuple[Stretch, ...]:
    """The active cells of a notebook, in its order, by whose they are."""
    owners = _owners(pipeline)
    found: list[Stretch] = []
    for cell in cells:
        own = owners.get(cell.number, frozenset({SHARED}))
        if found and found[-1].owners == own:
            found[-1] = replace(found[-1], cells=(*found[-1].cells, cell))
        else:
            found.append(Stretch(own, (cell,)))
    return tuple(found)


def _owners(pipeline: Pipeline) -> dict[int, frozenset[str]]:
    owners: dict[int, frozenset[str]] = {}
    for step in pipeline.steps:
        for source in step.sources:
            cell = source.at.cell or 0
            owners[cell] = owners.get(cell, frozenset()) | {step.name}
    for source in pipeline.metrics:
        owners.setdefault(source.at.cell or 0, frozenset({METRICS}))
    return owners


def snapshot_file(folder: Path, name: str, part: str = "end") -> Path:
    """Where the snapshot of a step, or of a stretch by its number, is written."""
    return folder / f"{name}.{part}.json"


def snapshot_modules() -> Files:
    """The modules that the cells of ours call, as files beside the step runtime."""
    folder = importlib.resources.files("kale.runners.verify")
    return {
        PurePosixPath(f"kale_{name}.py"): folder.joinpath(f"{name}.py").read_bytes()
        for name in ("snapshot", "plain")
    }


def watched_plan(plan: Plan, folder: Path) -> Plan:
    """``plan``, whose steps write snapshots to ``folder``: behind their own cells, and at the end.

    The one behind the step's own cells stands behind what saves its values, too: what saving
    does to a value, later steps will see.
    """
    return replace(plan, tasks=tuple(_watched(task, folder) for task in plan.tasks))


def _watched(task: Task, folder: Path) -> Task:
    document = json.loads(task.notebook)
    cells = document["cells"]
    if task.metrics or task.name == METRICS_STEP:
        cells.append(_snapshot_cell(snapshot_file(folder, task.name, "metrics")))
    own = [k for k, cell in enumerate(cells) if cell["metadata"]["kale"]["role"] in _OWN]
    if own:
        target = snapshot_file(folder, task.name)
        cells.insert(own[-1] + 1, _snapshot_cell(target, of_item=bool(task.within)))
    return replace(task, notebook=_bytes(document))


#: The cells of a step's notebook after which its values are final.
_OWN = frozenset({"step", "save"})


def whole_plan(
    plan: Plan,
    parts: Sequence[Stretch],
    parameters: Mapping[str, Any],
    folder: Path,
    env: Mapping[str, str],
) -> Plan:
    """A plan of one step, which runs the whole notebook, in its order, in one interpreter.

    The values of ``parameters`` take the place of the notebook's. ``env`` is added to its
    environment, as are the variables that steps ask for. The snapshots are named by the numbers of
    the stretches, from 0.
    """
    declaring = declaring_cells(plan.pipeline, parts)
    cells: list[dict[str, Any]] = []
    for number, part in enumerate(parts):
        for cell in part.cells:
            cells.append(author_cell(cell.number, cell.code))
            if cell.number in declaring:
                cells += given_cells(cell, parameters)
        cells.append(_snapshot_cell(snapshot_file(folder, str(number))))
    return one_step_plan(plan, cells, env)


def one_step_plan(plan: Plan, cells: Iterable[Mapping[str, Any]], env: Mapping[str, str]) -> Plan:
    """A plan of one step of these cells; ``env`` and what all steps ask for is its environment."""
    asked = {name: value for task in plan.tasks for name, value in task.options.env}
    kernel = plan.pipeline.kernel
    document = {
        "cells": [{**cell, "id": f"verify-{k}"} for k, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": kernel, "language": "python", "name": kernel},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    options = StepOptions(env=tuple({**asked, **env}.items()))
    task = Task(WHOLE, WHOLE, (), (), (), _bytes(document), options)
    return replace(plan, tasks=(task,), diagnostics=())


def declaring_cells(pipeline: Pipeline, parts: Sequence[Stretch]) -> frozenset[int]:
    """The cells that declare parameters: those that every step has and whose code none has."""
    code = {source.at.cell for source in (*pipeline.imports, *pipeline.functions)}
    shared = (cell.number for part in parts if part.owners == {SHARED} for cell in part.cells)
    return frozenset(number for number in shared if number not in code)


def given_cells(cell: ActiveCell, values: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """What gives parameters their values behind a cell that declares them, as papermill does."""
    named = [name for name in values if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", cell.code)]
    if named:
        yield _code_cell({"role": "verify"}, "\n".join(f"{n} = {values[n]!r}" for n in named))


def _snapshot_cell(target: Path, *, of_item: bool = False) -> dict[str, Any]:
    function = "take_item" if of_item else "take"
    code = f'__import__("{_MODULE}").{function}(globals(), {str(target)!r})'
    return {
        **_code_cell({"role": "verify"}, code),
        "id": f"verify-{target.stem.rpartition('.')[2]}",
    }


def author_cell(number: int, code: str) -> dict[str, Any]:
    """A cell that counts as the author's."""
    return _code_cell({"role": "step", "cell": number, "line": 1}, code)


def our_cell(code: str) -> dict[str, Any]:
    """A cell that is none of the author's."""
    return _code_cell({"role": "verify"}, code)


def _code_cell(kale: Mapping[str, Any], code: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"kale": dict(kale)},
        "outputs": [],
        "source": code,
    }


def _bytes(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode("ascii")
