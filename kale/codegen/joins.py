"""Tasks that join the list of what a loop makes, for readers that Kubeflow Pipelines gives none.

It hands such a list on only to what stands right beside the loop. A step in another loop, a branch
or a handler gets it from a task beside the loop, which loads the list and saves it as one value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kale.codegen.literals import python_literal
from kale.codegen.names import ascii_key, kubernetes_name
from kale.codegen.remembering import remembering
from kale.codegen.step_notebook import notebook_json, step_cell
from kale.control import ExitHandler
from kale.ir import Plan, Port, PortKind, Step, StepOptions, Task

#: The cells that a value may need to be loaded.
_SHARED = ("imports", "functions", "definition")

_RUNTIME = '__import__("kale_runtime")'


@remembering
def with_joins(plan: Plan) -> Plan:
    """``plan`` with those tasks, each before its first reader; mostly the same plan."""
    made: dict[tuple[tuple[str, str], int], Task] = {}
    tasks: list[Task] = []
    readers: dict[str, Task] = {}
    by_name = {task.name: task for task in plan.tasks}
    for task in plan.tasks:
        ports = []
        for port in task.inputs:
            if port.collected and port.source and _stands_deeper(task, by_name[port.source[0]]):
                place = port.source, _shared(task, by_name[port.source[0]])
                if place not in made:
                    taken = {
                        *by_name,
                        *(t.key for t in plan.tasks),
                        *(j.name for j in made.values()),
                    }
                    join = _join(task, port, by_name[port.source[0]], taken)
                    made[place], readers[join.name] = join, task
                    tasks.append(join)
                join = made[place]
                port = replace(port, source=(join.name, join.outputs[0].key), collected=False)
            ports.append(port)
        tasks.append(_reading(task, tuple(ports)) if (*ports,) != task.inputs else task)
    return _completed(plan, tuple(tasks), readers) if made else plan


def _stands_deeper(reader: Task, producer: Task) -> bool:
    """Whether there is a group around the reader that is not around the producer."""
    return len(reader.within) > _shared(reader, producer)


def _shared(reader: Task, producer: Task) -> int:
    same = 0
    for one, other in zip(reader.within, producer.within, strict=False):
        if one != other:
            break
        same += 1
    return same


def _join(reader: Task, port: Port, producer: Task, taken: set[str]) -> Task:
    assert port.source is not None
    base = kubernetes_name(f"list-{port.name}") or "list"
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    key = ascii_key(port.name)
    within = producer.within[: _shared(reader, producer)]
    deciders = (context.decider for context in within if not isinstance(context, ExitHandler))
    taking = Port(port.name, PortKind.ARTIFACT, f"in_{key}", port.source, collected=True)
    giving = Port(port.name, PortKind.ARTIFACT, f"out_{key}")
    return Task(
        name,
        name,
        (taking,),
        (giving,),
        tuple(dict.fromkeys((producer.name, *filter(None, deciders)))),
        _notebook(reader.notebook, name, taking, giving),
        _options(reader.options),
        within=within,
    )


def _notebook(like: bytes, name: str, taking: Port, giving: Port) -> bytes:
    """A notebook that loads a list and saves it, with what the reader's has to load its values."""
    document = json.loads(like)
    known = document["metadata"]["kale"]
    shared = [cell for cell in document["cells"] if cell["metadata"]["kale"]["role"] in _SHARED]
    names = python_literal([taking.name])
    cells = [(cell["metadata"]["kale"], "".join(cell["source"])) for cell in shared]
    cells += [
        ({"role": "load"}, f"{_RUNTIME}.load_inputs(globals(), {names})"),
        ({"role": "save"}, f"{_RUNTIME}.save_outputs(globals(), {names})"),
    ]
    document["cells"] = [step_cell(number, *cell) for number, cell in enumerate(cells, start=1)]
    document["metadata"]["kale"] = {
        "collected": [taking.name],
        "inputs": {taking.name: [taking.key]},
        "metrics": [],
        "outputs": {giving.name: giving.key},
        "parameters": {},
        "step": name,
        **{key: known[key] for key in ("marshal",) if key in known},
    }
    return notebook_json(document)


def _reading(task: Task, ports: tuple[Port, ...]) -> Task:
    """The reader, whose list is now one value."""
    document = json.loads(task.notebook)
    known: dict[str, Any] = document["metadata"]["kale"]
    lists = [port.name for port in ports if port.collected]
    known.pop("collected", None)
    if lists:
        known["collected"] = list(dict.fromkeys(lists))
    after = dict.fromkeys((*task.after, *(p.source[0] for p in ports if p.source and p.source[0])))
    loops = {context.key for context in task.within}
    return replace(
        task,
        inputs=ports,
        after=tuple(name for name in after if name not in loops),
        notebook=notebook_json(document),
    )


def _options(options: StepOptions) -> StepOptions:
    """What loads the values of a step: all but what its own work and its readers need."""
    few = tuple(pair for pair in options.limits if pair[0] in ("cpu", "memory"))
    return replace(options, limits=few, report=False, retries=options.retries)


def _completed(plan: Plan, tasks: tuple[Task, ...], readers: Mapping[str, Task]) -> Plan:
    """The plan with ``tasks``; to each join goes what its reader has installed."""
    steps, environment = plan.pipeline.steps, plan.environment
    at = {step.name: step.at for step in steps}
    joins = tuple(
        Step(task.name, (), (), task.options, at[readers[task.name].name], task.within)
        for task in tasks
        if task.name in readers
    )

    def spread(found: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {**found, **{n: found[r.name] for n, r in readers.items() if r.name in found}}

    return replace(
        plan,
        pipeline=replace(plan.pipeline, steps=(*steps, *joins)),
        tasks=tasks,
        environment=replace(
            environment,
            required=spread(environment.required),
            if_missing=spread(environment.if_missing),
        ),
    )
