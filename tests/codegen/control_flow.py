"""Builders of analysed pipelines with loops and conditions, by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from codegen.builders import PATH, analyzed

from kale.errors import Location
from kale.ir import AnalyzedPipeline, Branch, Context, Loop, TypeCheck, Wire

AT = Location(PATH, 1, 1)


def loop(number: int, target: str, items: str, **rest: Any) -> Loop:
    """The loop ``loop:N`` whose index is ``kale_index_N``."""
    return Loop(f"loop:{number}", target, items, f"kale_index_{number}", AT, **rest)


def branch(number: int, decider: str, *, of: int = 2, key: str = "if:1") -> Branch:
    return Branch(key, number, of, decider, AT)


def collected(inside: str, producer: str, consumer: str, name: str) -> Wire:
    """The list ``name`` of all values that ``producer``, in a loop, calls ``inside``."""
    return Wire(name, (producer,), consumer, AT, collected=True, inside=inside)


def choice(name: str, producers: str, consumer: str) -> Wire:
    """A value from one of the branches; the producers are joined by ``;``."""
    return Wire(name, tuple(producers.split(";")), consumer, AT, choice=True)


def checked(name: str, kind: str, what: str, *, result: bool = False) -> TypeCheck:
    return TypeCheck(name, kind, what, AT, result)


def controlled(
    *steps: str | tuple[str, str],
    within: Mapping[str, Iterable[Context]] | None = None,
    decides: Mapping[str, Mapping[str, str]] | None = None,
    items: Mapping[str, Iterable[str]] | None = None,
    types: Mapping[str, Iterable[TypeCheck]] | None = None,
    shown: Mapping[str, Mapping[str, str]] | None = None,
    special: Iterable[Wire] = (),
    summaries: Mapping[str, Mapping[str, Any]] | None = None,
    **rest: Any,
) -> AnalyzedPipeline:
    """As :func:`codegen.builders.analyzed`; what is by step has the steps' names as keys.

    ``special`` are wires beside the ordinary ones, ``summaries`` further fields of summaries.
    """
    base = analyzed(*steps, **rest)
    return replace(
        base,
        pipeline=replace(
            base.pipeline,
            steps=tuple(
                replace(
                    step,
                    within=tuple((within or {}).get(step.name, ())),
                    decides=tuple((decides or {}).get(step.name, {}).items()),
                    types=tuple((types or {}).get(step.name, ())),
                    shown=tuple((shown or {}).get(step.name, {}).items()),
                )
                for step in base.pipeline.steps
            ),
        ),
        summaries=tuple(
            replace(
                summary,
                items=tuple((items or {}).get(summary.name, ())),
                **(summaries or {}).get(summary.name, {}),
            )
            for summary in base.summaries
        ),
        wires=(*base.wires, *special),
    )
