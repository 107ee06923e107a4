"""A notebook with loops and conditions as one program: the cells of its steps in `for` and `if`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from kale.control import Branch, Loop
from kale.ir import Pipeline, Plan, Step
from kale.runners.verify.instrument import (
    SHARED,
    Stretch,
    author_cell,
    declaring_cells,
    given_cells,
    one_step_plan,
    our_cell,
)
from kale.runners.verify.reference import TOKEN

_PLAIN = '__import__("kale_plain")'


def nested_plan(
    plan: Plan,
    parts: Sequence[Stretch],
    parameters: Mapping[str, Any],
    folder: Path,
    env: Mapping[str, str],
) -> Plan:
    """A plan of one step, which runs all cells in one kernel, marked by their numbers.

    The cells of steps in loops and conditions run together, where the first of them stands.
    """
    names = {port.name for task in plan.tasks for port in (*task.inputs, *task.outputs)}
    names |= {name for task in plan.tasks for name in task.metrics}
    begin = f"begin({str(folder)!r}, {TOKEN!r}, {sorted(names)!r})"
    cells = [our_cell(f"{_PLAIN}.{begin}")]
    declaring = declaring_cells(plan.pipeline, parts)
    groups = {_cell(group[0]): group for group in _groups(plan.pipeline)}
    grouped = {_cell(step) for group in groups.values() for step in group}
    for part in parts:
        for cell in part.cells:
            if part.owners != {SHARED} and cell.number in grouped:
                if cell.number in groups:
                    code = "\n".join(_program(groups[cell.number], 0))
                    cells.append(author_cell(cell.number, code))
                continue
            cells.append(author_cell(cell.number, cell.code))
            cells += given_cells(cell, parameters) if cell.number in declaring else ()
            cells.append(our_cell(f"{_PLAIN}.mark({cell.number}, globals())"))
    return one_step_plan(plan, cells, env)


def cell_numbers(step: Step) -> list[int]:
    """The numbers that the cells of a step are told apart by.

    One that decides about loops and conditions has its cell from the step that it stands before.
    """
    return [(-1 if step.decides else 1) * (source.at.cell or 0) for source in step.sources]


def _cell(step: Step) -> int:
    return step.sources[0].at.cell or 0


def _groups(pipeline: Pipeline) -> Iterator[list[Step]]:
    """The steps of each outermost loop or condition, with the step that decides about it."""
    deciders = {key: step for step in pipeline.steps for key, _ in step.decides}
    inside = (step for step in pipeline.steps if step.within and step.sources)
    for key, group in groupby(inside, key=lambda step: step.within[0].key):
        steps = list(group)
        yield [deciders[key], *steps] if key in deciders else steps


def _program(steps: Sequence[Step], depth: int) -> Iterator[str]:
    """Python text that runs the cells of neighbours that stand in the same ``depth`` contexts."""
    decided = {key: name for step in steps for key, name in step.decides}

    def context(step: Step) -> tuple[str, int]:
        if depth >= len(step.within):
            return "", 0
        found = step.within[depth]
        return found.key, found.number if isinstance(found, Branch) else 0

    for (key, number), group in groupby(steps, key=context):
        members = list(group)
        around = members[0].within[depth] if key else None
        cell = _cell(members[0])
        if isinstance(around, Loop):
            names = [name for name, _ in around.collected]
            # A mark where no step stands: what comes before the first item is nobody's.
            items = f"collecting({-cell}, globals(), lambda: {around.items}, {names!r})"
            yield f"for {around.target} in {_PLAIN}.{items}:"
        elif around is not None:
            yield f"if {decided[key]} == {number}:"
        else:
            for step in members:
                for number, source in zip(cell_numbers(step), step.sources, strict=True):
                    yield f"{_PLAIN}.run_cell({number}, {source.code!r}, globals())"
            continue
        yield from (f"    {line}" for line in _program(members, depth + 1))
