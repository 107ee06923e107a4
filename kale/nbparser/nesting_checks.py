"""Whether the loops and conditions of a notebook can be cut out of it: each is one piece."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from kale.control import Branch
from kale.errors import KaleError, NotebookError
from kale.ir import SETUP_STEP, Step
from kale.nbparser.cells import Role, TaggedCell

#: The keys and branch numbers of what a step stands in, the outermost first.
_Path = tuple[str, ...]


def check_nesting(steps: Iterable[Step], cells: Iterable[TaggedCell]) -> list[KaleError]:
    """KALE778 where a cell of something else stands between those of a loop or condition."""
    groups: dict[_Path, dict[str, Step]] = defaultdict(dict)
    for step in steps:
        path = _path(step)
        for depth in range(1, len(path) + 1):
            groups[path[:depth]][step.name] = step
    return [*_torn(groups, tuple(cells))]


def _path(step: Step) -> _Path:
    return tuple(
        f"{one.key}.{one.number}" if isinstance(one, Branch) else one.key for one in step.within
    )


def _torn(
    groups: Mapping[_Path, Mapping[str, Step]], cells: Sequence[TaggedCell]
) -> Iterable[KaleError]:
    owners = [(cell.cell.number, name) for cell in cells for name in _owners(cell)]
    for inside in groups.values():
        own = [number for number, name in owners if name in inside]
        others = [pair for pair in owners if pair[1] not in inside]
        before = {name for number, name in others if name and number < own[0]}
        between = [pair for pair in others if own[0] < pair[0] < own[-1]]
        around = [pair for pair in others if pair[0] > own[-1] and pair[1] in before]
        for number, name in (*between, *around):
            first = next(step for step in inside.values() if step.at.cell == own[0])
            group = f"the loop or condition that begins in cell {own[0]}"
            what = f"of step `{name}`" if name else "of `pipeline-metrics`"
            yield NotebookError(
                "KALE778",
                f"cell {number}, {what}, stands between the cells of {group}"
                if between
                else f"cell {number}, {what}, stands after {group}, and another of that step"
                " before it",
                at=replace(first.at, cell=number, line=None, step=name or None, cell_id=None),
                hint="a loop or condition is one piece: put its cells one after the other, and"
                " those of any other step before or after them",
            )
            return


def _owners(cell: TaggedCell) -> tuple[str, ...]:
    """The steps that a cell is of; an empty name for the metrics, none for what all steps have."""
    match cell.role:
        case Role.STEP:
            return cell.steps
        case Role.SETUP:
            return (SETUP_STEP,)
        case Role.METRICS:
            return ("",)
    return ()
