"""A block analysed in an order in which at most one version of a value comes from a condition."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from kale.control import Loop
from kale.ir import Pipeline
from kale.static_analysis.one_level import Level, examine_level
from kale.static_analysis.regions.units import Unit


def in_one_order(pipeline: Pipeline, compounds: Mapping[str, Unit]) -> Level:
    """A block, with those of its units in an order that may each change a value.

    Of two versions of a value one cannot come from a condition, which has several itself.

    Raises:
        CycleError: the order that the author asks for cannot be kept.
    """
    loops = {name for name, unit in compounds.items() if isinstance(unit.contexts[0], Loop)}
    conditions = compounds.keys() - loops
    while True:
        level = examine_level(pipeline, loops)
        waits = dict(_rivals(level, conditions)) or dict(_late_changes(level, conditions))
        if not waits:
            return level
        pipeline = replace(
            pipeline,
            steps=tuple(
                replace(step, after=(*step.after, waits[step.name])) if step.name in waits else step
                for step in pipeline.steps
            ),
        )


def _rivals(level: Level, conditions: Collection[str]) -> Iterator[tuple[str, str]]:
    """Those that may each change a value, of which one is a condition: each, and the one before."""
    for wire in level.flow.wires:
        if len(wire.producers) > 1 and not set(wire.producers).isdisjoint(conditions):
            names = [s.name for s in level.pipeline.steps if s.name in wire.producers]
            yield from ((late, early) for early, late in pairwise(names))
            return


def _late_changes(level: Level, conditions: Collection[str]) -> Iterator[tuple[str, str]]:
    """Readers of a value that a condition above them may change, and the condition.

    A step that may do so is watched as it runs, for as a rule it does not. A branch may do so for
    sure.
    """
    names = [step.name for step in level.pipeline.steps]
    for condition in sorted(conditions):
        for _, reader in level.flow.unchanged.get(condition, ()):
            if reader in names and names.index(reader) > names.index(condition):
                yield reader, condition


def later_reader(level: Level, name: str, unit: str) -> str | None:
    """A step of a block that reads a value after a loop over it."""
    names = [step.name for step in level.pipeline.steps]
    for step in names[names.index(unit) + 1 :]:
        if name in level.flow.needs.get(step, ()):
            return step
    return None
