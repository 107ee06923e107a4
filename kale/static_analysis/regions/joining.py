"""The data flow of a pipeline with loops and conditions, from that of each of its blocks.

A block is analysed with its loops and conditions as one step each (:mod:`.units`), then each of
these as a block of its own (:mod:`.blocks`), and the wires between them become wires between the
author's steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from kale.control import Branch, Loop
from kale.diagnostics import Diagnostic
from kale.errors import KaleError
from kale.ir import AnalyzedPipeline, Pipeline, Step, Wire
from kale.random_states import is_random_state
from kale.static_analysis.facts import SHARED
from kale.static_analysis.one_level import Level, assemble, shared_parameters
from kale.static_analysis.regions import findings, refusals
from kale.static_analysis.regions.blocks import (
    ENTRY,
    EXIT,
    block_pipeline,
    item_names,
    target_names,
)
from kale.static_analysis.regions.items import dependent_items, guarded_in
from kale.static_analysis.regions.joined import Joined, Outside, inputs_from, is_saved_by
from kale.static_analysis.regions.numbering import numbered
from kale.static_analysis.regions.ordering import in_one_order, later_reader
from kale.static_analysis.regions.supplies import Item, Supplies, Supply
from kale.static_analysis.regions.units import Unit, data_contexts, names_set_by, units_of


def join(
    pipeline: Pipeline,
) -> tuple[AnalyzedPipeline | None, tuple[KaleError, ...], tuple[Diagnostic, ...]]:
    """The analysed pipeline, unless there are errors; the errors; the other findings."""
    joiner = _Joiner(pipeline)
    joiner.join_all()
    errors, found = findings.told(joiner.errors, joiner.diagnostics, pipeline)
    return (None if errors else joiner.analyzed()), errors, found


class _Joiner(Joined):
    """Goes through the blocks, the outermost first."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__(pipeline)
        self.numbered = numbered(pipeline)
        self.deciders = {key: name for step in pipeline.steps for key, name in step.decides}

    def join_all(self) -> None:
        """Join all blocks."""
        units = units_of(self.numbered.steps, 0, self.deciders)
        level = replace(self.numbered, steps=tuple(unit.step for unit in units))
        self._block(level, units, Outside(), None)
        self.check_exit_steps()

    # ------------------------------------------------------------------------ a block

    def _block(
        self, pipeline: Pipeline, units: Sequence[Unit], outside: Outside, around: Loop | None
    ) -> Supplies:
        """Join a block; the supplies of what its exit reads."""
        compounds = {unit.name: unit for unit in units if unit.contexts}
        try:
            level = in_one_order(pipeline, compounds)
        except CycleError:
            self.errors.append(refusals.cycle(units))
            return {}
        errors, diagnostics = findings.placed(level, units)
        self.errors += errors
        self.diagnostics += diagnostics
        if errors:
            return {}
        deciding = {unit.name for unit in units if unit.step.decides}
        analyzed = findings.with_places(assemble(level, compounds.keys() | deciding), compounds)
        if self.top is None:
            self.top, self.given_to_all = analyzed, shared_parameters(level.facts)
            self.made_by_all = {
                name
                for name, writes in level.facts.variables.items()
                if any(SHARED in w.owners and w.definition is None for w in writes)
            }
        given = dict(outside.supplies)
        if around is not None:
            outside = replace(outside, guards=guarded_in(level, outside, around, self.made_by_all))
            needs = tuple((n, given[n]) for n in sorted(item_names(around)) if n in given)
            given.update((name, Item(around, needs)) for name in target_names(around))
            for error in dependent_items(level, analyzed.wires, around, self.made_by_all):
                error.at = findings.place(error.at, compounds)
                self.errors.append(error)
        exports: dict[str, Supplies] = {}
        wanted: Supplies = {}
        for name in _in_order(analyzed):
            incoming = [wire for wire in analyzed.wires if wire.consumer == name]
            supplies = {
                wire.name: self._supply(wire, given, exports, compounds) or Supply(())
                for wire in incoming
            }
            if name == EXIT:  # which need not come last: not all steps hand something out
                wanted = supplies
                continue
            if name in compounds:
                inner = _inside(analyzed, level, name, supplies, outside)
                exports[name] = self._compound(compounds[name], analyzed, level, inner)
            elif name != ENTRY:
                self.take_step(analyzed.summary(name), incoming, supplies, outside, around)
                before = analyzed.after.get(name, ())
                self.waits[name] = [step for step in before if step in self.names]
        return wanted

    def _supply(
        self,
        wire: Wire,
        given: Supplies,
        exports: Mapping[str, Supplies],
        compounds: Mapping[str, Unit],
    ) -> Supply | Item | None:
        """Where a wire of a block comes from, by the author's steps."""
        if wire.producers == (ENTRY,):
            return given.get(wire.name)
        among = [producer for producer in wire.producers if producer in compounds]
        if not among:
            return Supply(wire.producers, optional=wire.optional)
        found = exports.get(among[0], {}).get(wire.name)
        if isinstance(found, Supply):
            return replace(found, optional=found.optional or wire.optional)
        return found

    # ---------------------------------------------------------- a loop or a condition

    def _compound(
        self, unit: Unit, analyzed: AnalyzedPipeline, level: Level, outside: Outside
    ) -> Supplies:
        """Join a loop or a condition; the supplies of what later steps want of it."""
        asked: dict[str, Wire] = {}
        for wire in analyzed.wires:
            if unit.name in wire.producers:
                asked.setdefault(wire.name, wire)
        first = unit.contexts[0]
        set_inside = {n for leaf in unit.leaves for s in leaf.sources for n in names_set_by(s)}
        set_inside |= target_names(first) if isinstance(first, Loop) else set()
        unseen = {
            name: wire.consumer
            for name, wire in asked.items()
            if name in self.made_by_all and name not in set_inside
        }
        outside = replace(outside, unseen={**outside.unseen, **unseen})
        if isinstance(first, Loop):
            return self._loop(unit, first, level, outside, asked)
        return self._condition(unit, first, outside, asked)

    def _loop(
        self, unit: Unit, loop: Loop, level: Level, outside: Outside, asked: Mapping[str, Wire]
    ) -> Supplies:
        inside = {after: within for within, after in loop.collected}
        exports: dict[str, Supply | Item] = {}
        guards = dict(outside.guards)
        for name in asked.keys() - inside:
            if name not in outside.unseen and not is_random_state(name):
                self.errors.append(refusals.last_value(asked[name], unit))
            elif name in outside.supplies:
                exports[name] = outside.supplies[name]
        for name in item_names(loop) & outside.supplies.keys():
            # An item may change what is its own alone, unless somebody reads it later.
            if (reader := later_reader(level, name, unit.name)) is not None:
                guards.setdefault(name, reader)
        for name in filter(is_random_state, outside.supplies):
            self.diagnostics.append(findings.random_in_loop(name, unit.step.at))
        wanted = tuple(inside[name] for name in asked if name in inside)
        made = self._inner(unit, unit.leaves, loop, replace(outside, guards=guards), wanted)
        for name in asked:
            found = made.get(inside.get(name, ""))
            if isinstance(found, Supply):
                what = found.inside or inside[name]
                exports[name] = replace(found, collected=True, inside=what)
        return exports

    def _condition(
        self, unit: Unit, some: Branch, outside: Outside, asked: Mapping[str, Wire]
    ) -> Supplies:
        for name in filter(is_random_state, asked):
            self.diagnostics.append(findings.random_in_loop(name, unit.step.at))
        wanted = tuple(name for name in asked if not is_random_state(name))
        branches = {c.number: c for c in unit.contexts if isinstance(c, Branch)}
        producers: dict[str, list[str]] = {name: [] for name in wanted}
        optional: set[str] = set()
        for number in range(some.of):
            branch = branches.get(number, replace(some, number=number))
            leaves = tuple(leaf for leaf in unit.leaves if _branch(leaf, some).number == number)
            made = self._inner(unit, leaves, branch, outside, wanted)
            for name in wanted:
                found = made.get(name)
                if isinstance(found, Supply):
                    producers[name] += found.producers
                    optional |= {name} if found.optional else set()
        return {
            name: Supply(tuple(found), choice=True, optional=name in optional)
            for name, found in producers.items()
        }

    def _inner(
        self,
        unit: Unit,
        leaves: tuple[Step, ...],
        context: Loop | Branch,
        outside: Outside,
        wanted: tuple[str, ...],
    ) -> Supplies:
        """Join the block of a loop or of a branch, and see that one step saves each name wanted."""
        loop = context if isinstance(context, Loop) else None
        made: dict[str, Supply | Item] = {}
        own: set[str] = set()
        if leaves:
            depth = _depth(leaves[0], context) + 1
            own = {leaf.name for leaf in leaves if len(data_contexts(leaf)) == depth}
            units = units_of(leaves, depth, self.deciders)
            block = block_pipeline(
                self.numbered,
                units,
                given={
                    name: isinstance(supply, Supply) and supply.optional
                    for name, supply in outside.supplies.items()
                },
                groups=outside.groups,
                wanted=wanted,
                loop=loop,
                carried=outside.carried,
                made_by_all=self.made_by_all,
            )
            made.update(self._block(block, units, outside, loop))
        else:
            made.update((n, outside.supplies[n]) for n in wanted if n in outside.supplies)
        inner = {leaf.name for leaf in leaves} - own
        passed = [
            name
            for name in wanted
            if not is_saved_by(made.get(name, Supply(())), own)
            and not (loop is not None and _is_collected_by(made.get(name), inner))
        ]
        if passed:
            behind = leaves[-1] if leaves else unit.leaves[-1]
            step = self.hand_on(context, behind, passed, made, outside)
            for name in passed:
                known = made.get(name)
                optional = known is None or (isinstance(known, Supply) and known.optional)
                made[name] = Supply((step,), optional=optional)
        return made


def _is_collected_by(supply: Supply | Item | None, steps: set[str]) -> bool:
    """Whether it is the list of what a step of an inner loop makes: the outer loop goes on with it.

    The steps are those of the inner loops.
    """
    return isinstance(supply, Supply) and supply.collected and steps.issuperset(supply.producers)


def _inside(
    analyzed: AnalyzedPipeline, level: Level, name: str, supplies: Supplies, outside: Outside
) -> Outside:
    """What a loop or a condition is given by the block that it stands in."""
    summary = analyzed.summary(name)
    guards = {**outside.guards, **dict(summary.unchanged)}
    return Outside(
        supplies,
        level.facts.groups,
        {one.name: one for one in inputs_from(summary, outside)},
        guards,
        tuple(dict.fromkeys((*outside.carried, *summary.carried))),
        outside.unseen,
    )


def _branch(leaf: Step, some: Branch) -> Branch:
    branch = data_contexts(leaf)[_depth(leaf, some)]
    assert isinstance(branch, Branch)
    return branch


def _depth(leaf: Step, context: Loop | Branch) -> int:
    return next(depth for depth, one in enumerate(data_contexts(leaf)) if one.key == context.key)


def _in_order(analyzed: AnalyzedPipeline) -> Iterator[str]:
    waits = {step.name: set(analyzed.after.get(step.name, ())) for step in analyzed.pipeline.steps}
    for wire in analyzed.wires:
        waits[wire.consumer].update(set(wire.producers) - {wire.consumer})
    return iter(TopologicalSorter(waits).static_order())
