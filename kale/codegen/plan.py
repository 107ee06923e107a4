"""From an analysed pipeline to a plan: tasks in order, their ports and their notebooks."""

from __future__ import annotations

import heapq
from collections.abc import Mapping

from kale.codegen.names import (
    RESERVED_KEYS,
    ascii_key,
    kubernetes_name,
    parameter_keys,
    unique,
)
from kale.codegen.runtime_parts import parts_for
from kale.codegen.step_notebook import step_notebook
from kale.errors import PackageError, raise_all
from kale.ir import (
    AnalyzedPipeline,
    Environment,
    ExitHandler,
    Loop,
    Pipeline,
    Plan,
    Port,
    PortKind,
    Step,
    Task,
)

#: Argo takes 128 characters, and Kubeflow Pipelines puts ``-driver`` behind a task's name.
_LONGEST_TASK_KEY = 121


def make_plan(analyzed: AnalyzedPipeline) -> Plan:
    """One task for each step, in topological order; steps that no edge orders keep notebook order.

    Ports follow the wires: an input artifact for each candidate version of each variable, an
    output for each variable that a later step loads. Keys are unique within a task, and a
    variable's output key is the same for all its readers. Whatever a task stands in, what feeds it
    and what it waits for are tasks. In a loop it waits for the one that tells the number of items,
    and has a parameter for its own number, whose source is the loop's key and that variable; in a
    condition it waits for the one that tells the branch.

    Raises:
        PackageError: step names that Kubernetes would make equal, or too long for it.
    """
    pipeline = analyzed.pipeline
    keys = _task_keys(pipeline)
    waits = _waits(analyzed)
    parameters = parameter_keys(p.name for p in pipeline.parameters)
    outputs = {step.name: _outputs(analyzed, step.name, parameters) for step in pipeline.steps}
    tasks = tuple(
        _task(analyzed, step, keys[step.name], waits[step.name], parameters, outputs)
        for step in _topological(pipeline, waits)
    )
    return Plan(
        pipeline,
        tasks,
        analyzed.diagnostics,
        parts_for(analyzed),
        {summary.name: summary.imports for summary in analyzed.summaries},
        Environment(options=pipeline.packaging),
    )


def _task_keys(pipeline: Pipeline) -> dict[str, str]:
    keys: dict[str, str] = {}
    owners: dict[str, Step] = {}
    errors = []
    for step in pipeline.steps:
        key = keys[step.name] = kubernetes_name(step.name)
        first = owners.setdefault(key, step)
        if first is not step:
            errors.append(
                PackageError(
                    "KALE401",
                    f"steps `{first.name}` and `{step.name}` are both `{key}` in Kubernetes",
                    at=step.at,
                    hint="rename one of them",
                )
            )
        if len(key) > _LONGEST_TASK_KEY:
            errors.append(
                PackageError(
                    "KALE402",
                    f"the name of step `{step.name}` has {len(key)} characters;"
                    f" Kubernetes takes {_LONGEST_TASK_KEY}",
                    at=step.at,
                    hint="shorten it",
                )
            )
    raise_all(errors)
    return keys


def _waits(analyzed: AnalyzedPipeline) -> dict[str, tuple[str, ...]]:
    """All that each step waits for, in notebook order: a value's producers come before it."""
    order = {step.name: index for index, step in enumerate(analyzed.pipeline.steps)}
    waits = {name: set(analyzed.after.get(name, ())) for name in order}
    for wire in analyzed.wires:
        waits[wire.consumer].update(wire.producers)
    for step in analyzed.pipeline.steps:
        contexts = (context for context in step.within if not isinstance(context, ExitHandler))
        waits[step.name].update(context.decider for context in contexts if context.decider)
    return {name: tuple(sorted(before, key=order.__getitem__)) for name, before in waits.items()}


def _topological(pipeline: Pipeline, waits: Mapping[str, tuple[str, ...]]) -> list[Step]:
    """Kahn's algorithm, the earliest ready step first (Knuth, TAOCP 1, section 2.2.3)."""
    index = {step.name: number for number, step in enumerate(pipeline.steps)}
    missing = {name: len(before) for name, before in waits.items()}
    followers: dict[str, list[str]] = {name: [] for name in index}
    for name, before in waits.items():
        for producer in before:
            followers[producer].append(name)
    ready = [index[name] for name, count in missing.items() if not count]
    heapq.heapify(ready)
    ordered = []
    while ready:
        step = pipeline.steps[heapq.heappop(ready)]
        ordered.append(step)
        for name in followers[step.name]:
            missing[name] -= 1
            if not missing[name]:
                heapq.heappush(ready, index[name])
    assert len(ordered) == len(pipeline.steps), "an analysed pipeline is acyclic"
    return ordered


def _outputs(
    analyzed: AnalyzedPipeline, step: str, parameters: Mapping[str, str]
) -> dict[str, Port]:
    names = sorted({wire.inside or wire.name for wire in analyzed.wires if step in wire.producers})
    # The SDK's components have one namespace for parameters, inputs and outputs.
    taken = {*RESERVED_KEYS, *parameters.values()}
    ports: dict[str, Port] = {}
    for name in names:
        key = unique(f"out_{ascii_key(name)}", taken)
        taken.add(key)
        ports[name] = Port(name, PortKind.ARTIFACT, key)
    return ports


def _inputs(
    analyzed: AnalyzedPipeline,
    step: Step,
    parameters: Mapping[str, str],
    outputs: Mapping[str, Mapping[str, Port]],
) -> tuple[Port, ...]:
    saved = outputs[step.name].values()
    taken = {*RESERVED_KEYS, *parameters.values(), *(port.key for port in saved)}
    read = set(analyzed.summary(step.name).parameters)
    ports = []
    for name, key in parameters.items():
        if name in read:
            free = unique(key, {*RESERVED_KEYS, *parameters.values()} - {key} | RESERVED_KEYS)
            taken.add(free)
            ports.append(Port(name, PortKind.PARAMETER, free, ("", name)))
    for loop in step.within:
        if isinstance(loop, Loop):
            key = unique(ascii_key(loop.index), taken)
            taken.add(key)
            ports.append(Port(loop.index, PortKind.PARAMETER, key, (loop.key, loop.index)))
    wires = (wire for wire in analyzed.wires if wire.consumer == step.name)
    for wire in sorted(wires, key=lambda wire: wire.name):
        for producer in wire.producers:
            key = unique(f"in_{ascii_key(wire.name)}", taken)
            taken.add(key)
            source = (producer, outputs[producer][wire.inside or wire.name].key)
            how = {"choice": wire.choice, "collected": wire.collected}
            ports.append(Port(wire.name, PortKind.ARTIFACT, key, source, **how))
    return tuple(ports)


def _task(
    analyzed: AnalyzedPipeline,
    step: Step,
    key: str,
    after: tuple[str, ...],
    parameters: Mapping[str, str],
    outputs: Mapping[str, Mapping[str, Port]],
) -> Task:
    inputs = _inputs(analyzed, step, parameters, outputs)
    saved = tuple(outputs[step.name].values())
    metrics = analyzed.metrics if step.name == analyzed.metrics_step else ()
    notebook = step_notebook(analyzed, step.name, inputs=inputs, outputs=saved, metrics=metrics)
    return Task(
        step.name,
        key,
        inputs,
        saved,
        after,
        notebook,
        step.options,
        metrics,
        step.within,
        step.decides,
        step.shown,
        step.container,
    )
