"""Plans whose steps stand in loops, conditions and exit handlers, by hand."""

from __future__ import annotations

from typing import Any

from codegen.builders import PATH, source

from kale.codegen import make_plan
from kale.control import Branch, ExitHandler, Loop
from kale.errors import Location
from kale.ir import (
    AnalyzedPipeline,
    Pipeline,
    Plan,
    Step,
    StepOptions,
    StepSummary,
    Wire,
)

AT = Location(PATH, 10, 1)


def loop(number: int, decider: str = "", **rest: Any) -> Loop:
    """The loop ``for x1 in xs1``, ``kale_index_1``; without a decider it has two items."""
    known = {} if decider else {"count": 2}
    items = rest.pop("items", f"xs{number}")
    more = {"decider": decider, **known, **rest}
    return Loop(f"loop:{number}", f"x{number}", items, f"kale_index_{number}", AT, **more)


def branches(number: int, decider: str, of: int = 2) -> tuple[Branch, ...]:
    """The branches of a condition; the last is what is left."""
    tests = tuple(f"score > 0.{9 - n}" for n in range(of - 1))
    return tuple(Branch(f"if:{number}", n, of, decider, AT, tests) for n in range(of))


def handler(exit_step: str, number: int = 1) -> ExitHandler:
    return ExitHandler(f"exit:{number}", exit_step, AT)


def step(name: str, *within: Any, decides: str = "", **rest: Any) -> Step:
    """``decides`` are the keys of the loops and conditions that the step tells of."""
    told = tuple((key, f"told_{number}") for number, key in enumerate(decides.split()))
    at = Location(PATH, 10, 1, step=name)
    return Step(name, (source("pass", 10),), (), StepOptions(), at, within, told, **rest)


def wire(text: str, **how: Any) -> Wire:
    """``x: a -> b``, ``x: a|b -> c`` for a choice, ``xs: x of a -> b`` for what is collected."""
    name, _, rest = text.partition(": ")
    made, _, consumer = rest.partition(" -> ")
    inside, of, producers = made.rpartition(" of ")
    found = tuple(producers.replace("|", ";").split(";"))
    return Wire(
        name,
        found,
        consumer,
        AT,
        choice="|" in producers,
        collected=bool(of),
        inside=inside,
        **how,
    )


def grouped(
    *parts: Step | str, after: tuple[tuple[str, str], ...] = (), **pipeline: Any
) -> AnalyzedPipeline:
    """Of steps and wires, as :func:`step` and :func:`wire` make them; ``reads`` maps parameters."""
    reads = pipeline.pop("reads", {})
    steps = tuple(part for part in parts if isinstance(part, Step))
    waits: dict[str, tuple[str, ...]] = {each.name: () for each in steps}
    for name, before in after:
        waits[name] += (before,)
    return AnalyzedPipeline(
        Pipeline(**{"name": "flow", "title": "Flow", "path": PATH} | pipeline, steps=steps),
        tuple(StepSummary(each.name, parameters=reads.get(each.name, ())) for each in steps),
        tuple(wire(part) for part in parts if isinstance(part, str)),
        waits,
    )


def plan(*parts: Step | str, **rest: Any) -> Plan:
    return make_plan(grouped(*parts, **rest))
