"""What the cells of one step say of the loops and conditions that it stands in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kale.dataclass import dataclass
from kale.errors import KaleError, Location, NotebookError
from kale.nbparser.tag_kinds import ControlTag, LoopTag, ParallelismTag, WhenTag
from kale.nbparser.tags import format_tag

#: What a step can stand in; a loop's tag then holds its parallelism, too.
Nested = LoopTag | WhenTag


@dataclass(frozen=True, slots=True)
class PlacedControl:
    """The loop and condition tags of one cell, in the order written, and where it stands."""

    tags: tuple[ControlTag, ...]
    at: Location


def control_of(
    step: str, placed: Sequence[PlacedControl], errors: list[KaleError]
) -> tuple[Nested, ...]:
    """What the cells of a step say of it; those that say something say the same."""
    chosen: tuple[Nested, ...] = ()
    first: PlacedControl | None = None
    for cell in placed:
        tags = _with_parallelism(cell, errors)
        if first is None:
            chosen, first = tags, cell
        elif tags != chosen:
            errors.append(
                NotebookError(
                    "KALE776",
                    f"step `{step}` is tagged {_listed(first.tags)} in cell {first.at.cell} and"
                    f" {_listed(cell.tags)} in cell {cell.at.cell}",
                    at=cell.at,
                    hint="a step has one such row of tags: tag one of its cells only, or make two"
                    " steps",
                )
            )
    return chosen


def _listed(tags: Iterable[ControlTag]) -> str:
    return ", ".join(f"`{format_tag(tag)}`" for tag in tags)


def _with_parallelism(cell: PlacedControl, errors: list[KaleError]) -> tuple[Nested, ...]:
    found: list[Nested] = []
    for tag in cell.tags:
        if not isinstance(tag, ParallelismTag):
            found.append(tag)
        elif found and isinstance(found[-1], LoopTag) and found[-1].parallelism is None:
            found[-1] = replace(found[-1], parallelism=tag.items)
        else:
            errors.append(
                NotebookError(
                    "KALE776",
                    f"the tag `{format_tag(tag)}` follows no `loop:` tag of its own",
                    at=cell.at,
                    hint="put it right after the loop's tag, as in `loop:x in xs`, `parallelism:4`",
                )
            )
    return tuple(found)
