"""The cells of a step's notebook: the author's, and between them the calls of the step runtime."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from kale.codegen.literals import python_literal
from kale.ir import (
    METRICS_STEP,
    AnalyzedPipeline,
    Branch,
    Loop,
    Parameter,
    Pipeline,
    Source,
    Step,
    StepSummary,
)
from kale.random_states import RANDOM_STATES, is_random_state

#: A cell: its ``metadata.kale`` and its code.
Cell = tuple[dict[str, Any], str]


def step_cells(
    analyzed: AnalyzedPipeline,
    step: Step,
    *,
    parameters: Iterable[Parameter],
    loaded: tuple[str, ...],
    saved: tuple[str, ...],
    metrics: tuple[str, ...],
) -> Iterator[Cell]:
    """The cells, each part only where there is something in it.

    They are the parameters; imports; functions; definitions carried from other steps; the load of
    the inputs and, for a step in loops, the items; a check of the types of arguments; the step's
    own cells, one for one; a check of the types of results; the save of the outputs; what loops and
    conditions wait for; the metrics.
    """
    pipeline, summary = analyzed.pipeline, analyzed.summary(step.name)
    if given := [f"{p.name} = {python_literal(p.default)}" for p in parameters]:
        yield {"role": "parameters"}, "\n".join(given)
    yield from _written("imports", pipeline.imports)
    yield from _written("functions", pipeline.functions)
    yield from _written("definition", summary.carried)
    guards = _guards(analyzed, step, summary)
    # Elsewhere, a tag can order the two.
    words = bool(_data_contexts(step)) or step.at.in_script
    told = {name: _why(reader) if words else reader for name, reader in guards.items()}
    yield from _loads(step, summary, loaded, saved, guards, told)
    yield from _type_checks(step, result=False)
    if step.name != METRICS_STEP:
        yield from _written("step", step.sources)
    yield from _type_checks(step, result=True)
    flows = any(_data_contexts(other) for other in pipeline.steps)
    changed = not summary.mutations.keys().isdisjoint(loaded)
    # What comes from a loop or a branch may share objects with others, which only the run knows.
    if saved or guards or (flows and changed):
        within = {"within": True} if _data_contexts(step) else {}
        save = _call("save_outputs", list(saved), **within)
        yield {"role": "save"}, "\n".join([*_get_random_states(saved), save])
    if step.decides:
        yield {"role": "decide"}, _decision(pipeline, step)
    if step.name == analyzed.metrics_step:
        yield from _written("metrics", pipeline.metrics)
        if metrics:
            yield {"role": "record"}, _call("record_metrics", list(metrics))


def _data_contexts(step: Step) -> list[Loop | Branch]:
    return [context for context in step.within if isinstance(context, Loop | Branch)]


def loops_around(step: Step) -> list[Loop]:
    """The loops that the step stands in, the outermost first."""
    return [context for context in step.within if isinstance(context, Loop)]


def _guards(analyzed: AnalyzedPipeline, step: Step, summary: StepSummary) -> dict[str, str]:
    """What the step must leave as it is, and who reads it: a step, or the items of a loop.

    A step that may change the item of a loop must leave the others as they are, with which the item
    may share objects; and its own, too, where the steps of another loop's items have it, too.
    """
    loops, found = loops_around(step), dict[str, str]()
    changing = [loop for loop in loops if loop.key in summary.items]
    while changing and summary.mutations.keys().isdisjoint(_names(changing[-1].target)):
        changing.pop()
    differs = _loops_it_differs_in(analyzed, step)
    for number, loop in enumerate(loops):
        own = differs.get(loop.items, set())
        if loop in changing and loop.items.isidentifier():
            same = [outer.key for outer in loops[:number] if outer.key not in own]
            found[loop.items] = (*same, loop.key)[0]
        differs |= {name: {*own, loop.key} for name in _names(loop.target)}
    return {**found, **dict(summary.unchanged)}


def _loops_it_differs_in(analyzed: AnalyzedPipeline, step: Step) -> dict[str, set[str]]:
    """The loops of whose items each input of the step has a value of its own."""
    steps = {other.name: other for other in analyzed.pipeline.steps}
    found: dict[str, set[str]] = {}
    for wire in analyzed.wires:
        if wire.consumer == step.name:
            makers = [steps[producer] for producer in wire.producers]
            keys = {loop.key for maker in makers for loop in loops_around(maker)}
            found.setdefault(wire.name, set()).update(keys)
    return found


def _why(reader: str) -> str:
    """Why a step must not change what another one, or a loop of that key, reads."""
    who = f"step `{reader}` reads and needs"
    if ":" in reader:
        who = "the other items of the loop read and need"
    return f"which {who} as it was before; change a copy of it"


def _loads(
    step: Step,
    summary: StepSummary,
    loaded: tuple[str, ...],
    saved: tuple[str, ...],
    guards: dict[str, str],
    told: dict[str, str],
) -> Iterator[Cell]:
    """The load of the inputs; in loops first of what they go over, then the items, then the rest.

    So an earlier step of the loop may have changed an item, and the last load, which remembers how
    things are before the step, knows the items, too.
    """
    left, bound = list(loaded), set[str]()
    loads: list[tuple[list[str], str]] = []
    for loop in loops_around(step):
        if loop.key in summary.items:
            read = _names(loop.items)
            loads.append(([name for name in left if name in read], _item(loop, guards)))
            left = [name for name in left if name not in read]
            bound |= _names(loop.target)
    # What a shared cell makes and this step may change is compared with how it was before.
    fresh = summary.mutations.keys() & set(saved) - summary.defs.keys() | bound & set(saved)
    final = left or guards or {name for name in fresh if not is_random_state(name)}
    for number, (names, item) in enumerate(loads, start=1):
        if names:
            more = {"more": True} if final or any(later for later, _ in loads[number:]) else {}
            yield {"role": "load"}, _call("load_inputs", names, **more)
        yield {"role": "item"}, item
    if final:
        load = _call("load_inputs", left, **({"unchanged": told} if told else {}))
        yield {"role": "load"}, "\n".join([load, *_set_random_states(left)])


def _item(loop: Loop, guards: dict[str, str]) -> str:
    """What binds the variables of a loop to the item of the step."""
    guarded = f", {python_literal(loop.items)}" if guards.get(loop.items) == loop.key else ""
    bare = isinstance(ast.parse(loop.items, mode="eval").body, ast.Tuple)
    items = f"({loop.items})" if bare else loop.items
    return f"{loop.target} = {_RUNTIME}.item({items}, {loop.index}{guarded})"


def _names(text: str) -> set[str]:
    """The variables that an expression, or the target of a loop, names."""
    tree = ast.parse(text, mode="eval")
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _type_checks(step: Step, *, result: bool) -> Iterator[Cell]:
    checks = [[c.name, c.type, c.what] for c in step.types if c.result is result]
    if checks:
        yield {"role": "types"}, _call("check_types", checks)


def _decision(pipeline: Pipeline, step: Step) -> str:
    contexts = (context for other in pipeline.steps for context in other.within)
    branches = {context.key for context in contexts if isinstance(context, Branch)}
    told = {
        "loops": {key: name for key, name in step.decides if key not in branches},
        "conditions": {key: name for key, name in step.decides if key in branches},
    }
    return _call("decide", **{kind: names for kind, names in told.items() if names})


def _set_random_states(loaded: Iterable[str]) -> Iterator[str]:
    """What puts the loaded random states in force."""
    for state in RANDOM_STATES:
        if state.name in loaded:
            yield f"{state.set}(globals().pop({python_literal(state.name)}))"


def _get_random_states(saved: Iterable[str]) -> Iterator[str]:
    """What makes values of the random states that are to be saved."""
    for state in RANDOM_STATES:
        if state.name in saved:
            yield f"globals()[{python_literal(state.name)}] = {state.get}()"


_RUNTIME = '__import__("kale_runtime")'


def _call(function: str, *arguments: Any, **named: Any) -> str:
    """The call of a function of the step runtime that reads or binds the step's variables."""
    given = [python_literal(argument) for argument in arguments]
    given += [f"{name}={python_literal(argument)}" for name, argument in named.items()]
    return f"{_RUNTIME}.{function}({', '.join(['globals()', *given])})"


def _written(role: str, sources: Iterable[Source]) -> Iterator[Cell]:
    for source in sources:
        at = source.at
        place = {"cell": at.cell, "line": at.line, "cell_id": at.cell_id}
        known: dict[str, Any] = {k: value for k, value in place.items() if value is not None}
        if source.installs:
            known["installs"] = [list(lines) for lines in source.installs]
        yield {"role": role, **known}, source.code
