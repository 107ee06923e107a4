"""The data flow of a notebook, to read: what each step is given and why, and what it hands on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from typing import Any

from kale.dataclass import dataclass
from kale.errors import Location
from kale.ir import (
    METRICS_STEP,
    SETUP_STEP,
    AnalyzedPipeline,
    Input,
    InputKind,
    Origin,
    Reason,
    Step,
    StepSummary,
    Wire,
)
from kale.script_words import script_words


class EdgeKind(Enum):
    """Why a step waits for another."""

    PREV = "prev"  #: its author says so
    DATA = "data"  #: it reads what the other makes
    SETUP = "setup"  #: untagged cells above the first tagged one run first
    METRICS = "metrics"  #: metrics are computed when the steps above them are done


@dataclass(frozen=True, slots=True)
class Edge:
    """A step to wait for, and the names that are read from it."""

    step: str
    kind: EdgeKind
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A name that a step is given.

    ``producers`` are the steps whose versions are loaded, none for parameters and shared cells,
    for code the step that defines it. ``why`` says in a sentence where the name comes from.
    """

    source: Input
    producers: tuple[str, ...]
    why: str

    def as_json(self) -> dict[str, Any]:
        """The input as JSON values."""
        return {
            "name": self.source.name,
            "kind": self.source.kind.value,
            "producers": list(self.producers),
            "written": [_origin_as_json(origin) for origin in self.source.origins],
            "why": self.why,
            "read": None if self.source.at is None else _place_as_json(self.source.at),
        }


@dataclass(frozen=True, slots=True)
class Handed:
    """A value that a step saves, and the steps that load it."""

    name: str
    consumers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StepFlow:
    """One step: its ``cells`` (or lines), what it waits for, is given, hands on and reports."""

    name: str
    cells: tuple[int, ...]
    after: tuple[Edge, ...]
    inputs: tuple[Given, ...]
    outputs: tuple[Handed, ...]
    metrics: tuple[str, ...]
    in_lines: bool = False

    def as_json(self) -> dict[str, Any]:
        """The step as JSON values."""
        return {
            "name": self.name,
            "lines" if self.in_lines else "cells": list(self.cells),
            "after": [
                {"step": edge.step, "from": edge.kind.value, "names": list(edge.names)}
                for edge in self.after
            ],
            "inputs": [given.as_json() for given in self.inputs],
            "outputs": [
                {"name": handed.name, "consumers": list(handed.consumers)}
                for handed in self.outputs
            ],
            "metrics": list(self.metrics),
        }


@dataclass(frozen=True, slots=True)
class DataFlow:
    """A pipeline's data flow; ``steps`` stand in the order in which they can run."""

    pipeline: str
    path: str
    steps: tuple[StepFlow, ...]

    def as_json(self) -> dict[str, Any]:
        """The data flow as ``kale check --format json`` prints it."""
        return {
            "path": self.path,
            "pipeline": self.pipeline,
            "steps": [step.as_json() for step in self.steps],
        }


def describe(analyzed: AnalyzedPipeline) -> DataFlow:
    """What each step of an analysed notebook is given and why, and what it hands on."""
    loaded = {(wire.consumer, wire.name): wire for wire in analyzed.wires}
    order = _in_order(analyzed)
    position = {step.name: number for number, step in enumerate(order)}
    readers: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for wire in analyzed.wires:
        for producer in wire.producers:
            readers[producer][wire.name].add(wire.consumer)
    steps = []
    for step in order:
        summary = analyzed.summary(step.name)
        watched = dict(summary.unchanged)
        steps.append(
            StepFlow(
                name=step.name,
                cells=tuple(dict.fromkeys(source.at.number for source in step.sources)),
                after=tuple(_edges(analyzed, step, summary.inputs)),
                inputs=tuple(
                    _given(one, loaded.get((step.name, one.name)), watched)
                    for one in _inputs(analyzed, summary)
                ),
                outputs=tuple(
                    Handed(name, tuple(sorted(found, key=position.__getitem__)))
                    for name, found in sorted(readers[step.name].items())
                ),
                metrics=analyzed.metrics if step.name == analyzed.metrics_step else (),
                in_lines=step.at.in_script,
            )
        )
    return DataFlow(analyzed.pipeline.name, analyzed.pipeline.path, tuple(steps))


def _inputs(analyzed: AnalyzedPipeline, summary: StepSummary) -> list[Input]:
    """What a step is given, with the parameters that only shared cells read."""
    known = {one.name for one in summary.inputs}
    unread = [
        Input(
            parameter.name,
            InputKind.PARAMETER,
            (Origin("", "binds", parameter.at),),
            None,
            Reason.SHARED_CELL,
        )
        for parameter in analyzed.pipeline.parameters
        if parameter.name in summary.parameters and parameter.name not in known
    ]
    return sorted((*summary.inputs, *unread), key=lambda one: one.name)


def _in_order(analyzed: AnalyzedPipeline) -> list[Step]:
    """Topological order; of several steps that could come next, the first of the notebook."""
    steps = analyzed.pipeline.steps
    index = {step.name: number for number, step in enumerate(steps)}
    sorter = TopologicalSorter({step.name: analyzed.after.get(step.name, ()) for step in steps})
    sorter.prepare()
    ready: list[int] = []
    found = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(ready, index[name])
        step = steps[heappop(ready)]
        found.append(step)
        sorter.done(step.name)
    return found


def _edges(analyzed: AnalyzedPipeline, step: Step, inputs: Iterable[Input]) -> Iterator[Edge]:
    for before in analyzed.after.get(step.name, ()):
        names = tuple(
            one.name
            for one in inputs
            if one.kind is InputKind.VALUE and any(o.step == before for o in one.origins)
        )
        if before == SETUP_STEP and before in step.after:
            kind = EdgeKind.SETUP
        elif step.name == METRICS_STEP:
            kind = EdgeKind.METRICS
        else:
            kind = EdgeKind.PREV if before in step.after else EdgeKind.DATA
        yield Edge(before, kind, names)


_Names = tuple[str, ...]


def _given(one: Input, wire: Wire | None, watched: Mapping[str, str]) -> Given:
    producers = wire.producers if wire is not None else ()
    if one.kind is InputKind.CODE:
        producers = tuple(origin.step for origin in one.origins if origin.step)
    how = [_gathered(wire)] if wire is not None and (wire.collected or wire.choice) else []
    rivals = producers if len(producers) > 1 and not how else ()
    why = "; ".join((*how, *_reasons(one, producers, rivals, watched.get(one.name))))
    in_script = any(origin.at.in_script for origin in one.origins)
    return Given(one, producers, script_words(why) if in_script else why)


def _gathered(wire: Wire) -> str:
    """How a value comes out of a loop or a condition."""
    if wire.choice:
        return f"comes from {_listed([f'`{step}`' for step in wire.producers])}, of which one runs"
    return f"is the list of `{wire.inside or wire.name}` of all items"


def _reasons(one: Input, producers: _Names, rivals: _Names, reader: str | None) -> Iterator[str]:
    """Where a name comes from, and why the step has it, in parts of a sentence."""
    if one.reason is Reason.SHARE:
        yield f"may share an object with `{one.shares}`, which this step changes"
    elif one.reason is Reason.TIE:
        yield f"may share an object with `{one.shares}`, so the two travel together"
    elif one.reason is Reason.HAND_ON:
        yield "is handed on where this step leaves it as it was"
    elif one.reason is Reason.CODE:
        yield "is read by code that this step is given"
    elif one.reason is Reason.SHARED_CELL:
        yield "is read by cells that every step runs"
    for origins in _by_write(o for o in one.origins if o.step not in rivals):
        yield _told(one, origins)
    if rivals:
        versions = [
            f"`{step}` ({_places([o for o in one.origins if o.step == step])})" for step in rivals
        ]
        yield f"{_listed(versions)} may change it; the version that changed is taken"
    if one.kind is InputKind.CODE and producers:
        yield "its source goes along"
    if reader is not None:
        # The key of a loop has a colon, which no step's name has.
        who = "each item of the loop" if ":" in reader else f"`{reader}`"
        yield f"has to stay as it is here, because {who} reads it at the same time"


def _by_write(origins: Iterable[Origin]) -> Iterable[list[Origin]]:
    """Origins that differ in the place only, together."""
    found: dict[tuple[str, str, str], list[Origin]] = defaultdict(list)
    for origin in origins:
        found[origin.step, origin.effect, origin.through].append(origin)
    return found.values()


def _told(one: Input, origins: list[Origin]) -> str:
    origin, places = origins[0], _places(origins)
    if one.kind is InputKind.PARAMETER:
        return f"declared in {places}"
    who = f"`{origin.step}`" if origin.step else "every step"
    effect = origin.effect
    if effect == "ties":
        return f"{who} may make `{origin.through}` share its object in {places}"
    if origin.through:
        shares = "may share" if effect.startswith("may") else "shares"
        return f"{who} {effect} `{origin.through}`, which {shares} its object, in {places}"
    return f"{who} {effect} it {'in place ' if 'change' in effect else ''}in {places}"


def _places(origins: list[Origin]) -> str:
    """The places of writes: a cell and its line, or several cells."""
    cells = list(dict.fromkeys(str(origin.at.number) for origin in origins))
    if len(cells) > 1:
        return f"{'lines' if origins[0].at.in_script else 'cells'} {_listed(cells)}"
    return origins[0].at.place


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _origin_as_json(origin: Origin) -> dict[str, Any]:
    return {
        "step": origin.step or None,
        "effect": origin.effect,
        "through": origin.through or None,
        **_place_as_json(origin.at),
    }


def _place_as_json(at: Location) -> dict[str, Any]:
    return {"cell": at.shown_cell, "cell_id": at.cell_id, "line": at.shown_line}
