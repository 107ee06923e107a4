"""Whether functions mean what cells do: cells share their variables, functions do not."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from kale.conversion.plain_code import cannot
from kale.conversion.step_functions import (
    StepFunction,
    global_reads,
    is_metrics,
    top_level_names,
)
from kale.errors import KaleError
from kale.ir import AnalyzedPipeline, Loop, Source
from kale.nbparser.loop_names import target_names
from kale.nbparser.syntax import parse_quietly


def settle_arguments(functions: Sequence[StepFunction], analyzed: AnalyzedPipeline) -> None:
    """Find the arguments of each function: what it reads of the parameters and steps before.

    What it returns and may not bind comes from before, too.
    """
    seen = {parameter.name for parameter in analyzed.pipeline.parameters}
    for function in functions:
        known = seen | _items(function)
        kept = [name for name in function.results if name not in function.certain]
        wanted = dict.fromkeys([*function.reads, *kept])
        function.arguments[:] = [name for name in wanted if name in known]
        seen |= function.binds


def check_meaning(
    functions: Sequence[StepFunction], analyzed: AnalyzedPipeline
) -> Iterator[KaleError]:
    """What the functions would compute otherwise than the cells (KALE780)."""
    pipeline = analyzed.pipeline
    shared = (*pipeline.imports, *pipeline.functions)
    parameters = {parameter.name for parameter in pipeline.parameters}
    made = {name for function in functions for name in function.binds}
    module = top_level_names(shared)
    for source in shared:
        for name in sorted((global_reads(source.python) & (parameters | made)) - module):
            what = "the parameter" if name in parameters else "a step's variable"
            yield cannot(
                f"code that all steps have reads {what} `{name}`, which only the steps of a"
                " script are given",
                source.at,
                f"give `{name}` to the function as an argument",
            )
    yield from _apart(functions)
    helpers = {name for source in shared for name in _read_by_functions(source)}
    handed_on = {wire.name for wire in analyzed.wires}
    seen = parameters
    for function in functions:
        step = function.step
        known = seen | _items(function)
        for name in sorted(function.binds & module & helpers):
            yield cannot(
                f"step `{step.name}` assigns `{name}`, which functions that all steps have read",
                step.at,
                "give it another name, or give it to the functions as an argument",
            )
        for name in sorted(({*function.reads} & function.binds) - known):
            yield cannot(
                f"step `{step.name}` reads `{name}` before it assigns it, and no step before"
                " has made it: in a function the name would have no value",
                analyzed.summary(step.name).uses[name],
                "give the new value another name",
            )
        for name in sorted((function.changes & module & handed_on) - known):
            yield cannot(
                f"step `{step.name}` changes `{name}`, which all steps have, and a later step"
                " reads it",
                step.at,
                f"make `{name}` in a step",
            )
        seen = seen | function.binds


def _apart(functions: Sequence[StepFunction]) -> Iterator[KaleError]:
    """KALE780 where cells of one step stand before and after those of another."""
    cells = [
        (source.at.cell or 0, function.step.name, source.at)
        for function in functions
        for source in function.step.sources
        if not is_metrics(function.step)
    ]
    seen: list[str] = []
    for _, name, at in sorted(cells, key=lambda cell: cell[0]):
        if name in seen and seen[-1] != name:
            yield cannot(
                f"a cell of step `{name}` stands below those of `{seen[-1]}`, and others above",
                at,
                "put the cells of a step one after the other, or make two steps of them",
            )
        seen.append(name)


def _items(function: StepFunction) -> set[str]:
    """The names that the loops around a step bind."""
    loops = [one for one in function.step.within if isinstance(one, Loop)]
    return {name for loop in loops for name in target_names(loop.target)}


def _read_by_functions(source: Source) -> set[str]:
    """The names that functions of a cell look up among the module's variables."""
    tree = parse_quietly(source.python)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    bodies = [one for one in (tree.body if tree else ()) if isinstance(one, kinds)]
    return {name for one in bodies for name in global_reads(ast.unparse(one))}
