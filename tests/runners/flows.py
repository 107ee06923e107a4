"""Plans of steps in loops, conditions and exit handlers, from the code of each step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kale.codegen import make_plan
from kale.control import Branch, ExitHandler, Loop
from kale.errors import Location
from kale.ir import Parameter, Pipeline, Plan, Source, Step, StepOptions
from kale.static_analysis import analyze

AT = Location("nb.ipynb", cell=1, line=1)


def loop(number: int, target: str, items: str, decider: str = "", **rest: Any) -> Loop:
    """``collected`` maps names inside to those outside, ``a>b``."""
    pairs = tuple(tuple(text.split(">")) for text in rest.pop("collected", ()))
    return Loop(
        f"loop:{number}",
        target,
        items,
        f"kale_index_{number}",
        AT,
        decider=decider,
        collected=pairs,
        **rest,
    )


def branches(number: int, decider: str, *tests: str) -> tuple[Branch, ...]:
    """The branches of a condition, the last of them what is left."""
    of = len(tests) + 1
    return tuple(Branch(f"if:{number}", n, of, decider, AT, tests) for n in range(of))


def handler(exit_step: str) -> ExitHandler:
    return ExitHandler("exit:1", exit_step, AT)


def step(name: str, code: str, *within: Any, decides: str = "", **rest: Any) -> Step:
    """``decides`` is ``key=name`` for each loop and condition."""
    pairs = tuple(tuple(text.split("=")) for text in decides.split())
    return Step(name, (Source(code, AT, code),), (), StepOptions(), AT, within, pairs, **rest)


def plan(*steps: Step, **parameters: int) -> Plan:
    """Each step in a cell of its own, from cell 10 on."""
    placed = []
    for cell, each in enumerate(steps, start=10):
        at = replace(AT, cell=cell, step=each.name)
        sources = tuple(replace(source, at=at) for source in each.sources)
        placed.append(replace(each, at=at, sources=sources))
    known = tuple(
        Parameter(name, "int", repr(value), replace(AT, cell=2))
        for name, value in parameters.items()
    )
    return make_plan(
        analyze(Pipeline("flow", "Flow", "nb.ipynb", parameters=known, steps=tuple(placed)))
    )
