"""What is known of a pipeline's steps once its blocks are joined, and the steps made on the way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace

from kale.control import Branch, ExitHandler, Loop
from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic
from kale.errors import KaleError
from kale.ir import (
    METRICS_STEP,
    AnalyzedPipeline,
    Input,
    Pipeline,
    Source,
    Step,
    StepOptions,
    StepSummary,
    Wire,
)
from kale.random_states import is_random_state
from kale.static_analysis.regions import findings, refusals
from kale.static_analysis.regions.blocks import ENTRY, item_names, target_names
from kale.static_analysis.regions.numbering import whole
from kale.static_analysis.regions.supplies import Item, Supplies, Supply, loops_of, wires_of
from kale.static_analysis.regions.units import data_contexts


@dataclass(frozen=True, slots=True)
class Outside:
    """What a block is given: values by name, which of them may share objects, and code.

    ``inputs`` tell where the values come from. ``guards`` maps those that the block must leave as
    they are to who else reads them; ``unseen`` are those, of the variables that every step makes
    anew, that a call in the block may change where the block itself does not show it.
    """

    supplies: Supplies = field(default_factory=dict)
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    inputs: Mapping[str, Input] = field(default_factory=dict)
    guards: Mapping[str, str] = field(default_factory=dict)
    carried: tuple[Source, ...] = ()
    unseen: Mapping[str, str] = field(default_factory=dict)


class Joined:
    """The steps of the author with what is found of each, as the blocks are gone through."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.names = {step.name for step in pipeline.steps}
        self.top: AnalyzedPipeline | None = None
        #: The parameters that the code at the head of every step reads.
        self.given_to_all: set[str] = set()
        #: The names that the code at the head of every step binds.
        self.made_by_all: set[str] = set()
        self.wires: list[Wire] = []
        self.summaries: dict[str, StepSummary] = {}
        self.waits: dict[str, list[str]] = {}
        #: Steps made here, with the step of the author's that each stands behind.
        self.made: list[tuple[str, Step]] = []
        self.errors: list[KaleError] = []
        self.diagnostics: list[Diagnostic] = []

    def analyzed(self) -> AnalyzedPipeline:
        """All of it as one pipeline of the author's steps and those made here."""
        assert self.top is not None
        steps: list[Step] = []
        for step in self.pipeline.steps:
            steps.append(step)
            steps += [made for behind, made in self.made if behind == step.name]
        if METRICS_STEP in self.top.after:
            steps.append(self.top.pipeline.step(METRICS_STEP))
        return replace(
            self.top,
            pipeline=replace(self.pipeline, steps=tuple(steps)),
            summaries=tuple(self.summaries[step.name] for step in steps),
            wires=tuple(replace(wire, at=whole(wire.at) or wire.at) for wire in self.wires),
            after={step.name: self._after(step) for step in steps},
            diagnostics=findings.told((), self.diagnostics, self.pipeline)[1],
        )

    def _after(self, step: Step) -> tuple[str, ...]:
        told = [context.decider for context in data_contexts(step) if context.decider]
        found = dict.fromkeys((*step.after, *told, *self.waits.get(step.name, ())))
        found.pop(step.name, None)
        return tuple(found)

    def take_step(
        self,
        summary: StepSummary,
        incoming: Iterable[Wire],
        supplies: Supplies,
        outside: Outside,
        around: Loop | None,
    ) -> None:
        """Note a step of the author's: its wires, and what it must leave as it is."""
        found: dict[str, Wire] = {}
        items: dict[str, None] = {}
        for wire in incoming:
            supply = supplies.get(wire.name)
            if supply is None or (around is not None and is_random_state(wire.name)):
                continue
            for one in wires_of(wire, supply):
                found.setdefault(one.name, one)
            items.update(dict.fromkeys(loops_of(supply)))
        self.wires += found.values()
        changed = {*summary.mutations, *summary.defs}
        if around is not None and not changed.isdisjoint(target_names(around)):
            changed |= item_names(around)
        guards = {
            name: reader
            for name, reader in outside.guards.items()
            if name in changed and (name in found or name in self.made_by_all)
        }
        guards.update((n, reader) for n, reader in outside.unseen.items() if n not in changed)
        carried = dict.fromkeys((*outside.carried, *summary.carried))
        self.summaries[summary.name] = replace(
            summary,
            carried=tuple(replace(source, at=whole(source.at) or source.at) for source in carried),
            unchanged=tuple(sorted({**guards, **dict(summary.unchanged)}.items())),
            items=tuple(items),
            inputs=inputs_from(summary, outside),
        )

    def hand_on(
        self,
        context: Loop | Branch,
        behind: Step,
        names: Collection[str],
        made: Supplies,
        outside: Outside,
    ) -> str:
        """Make a step that saves values where a block ends, wherever they are; its name.

        It stands behind a step of the author's.
        """
        number = f"-{context.number}" if isinstance(context, Branch) else ""
        name = base = f"{context.key.replace(':', '-')}{number}-values"
        count = 2
        while name in self.names:
            name, count = f"{base}-{count}", count + 1
        self.names.add(name)
        around = behind.within[: [one.key for one in behind.within].index(context.key)]
        at = replace(whole(context.at) or context.at, step=name)
        options = _without_devices(behind.options)
        self.made.append((behind.name, Step(name, (), (), options, at, (*around, context))))
        found: dict[str, Wire] = {}
        items: dict[str, None] = {}
        for given in names:
            if (supply := made.get(given)) is not None:
                for wire in wires_of(Wire(given, (), name, at), supply):
                    found.setdefault(wire.name, wire)
                items.update(dict.fromkeys(loops_of(supply)))
        self.wires += found.values()
        known = tuple(outside.inputs[given] for given in names if given in outside.inputs)
        self.summaries[name] = StepSummary(
            name,
            parameters=tuple(
                parameter.name
                for parameter in self.pipeline.parameters
                if parameter.name in self.given_to_all.union(names) - found.keys()
            ),
            items=tuple(items),
            inputs=known,
            imports=self.summaries[behind.name].imports if behind.name in self.summaries else (),
        )
        return name

    def check_exit_steps(self) -> None:
        """Refuse an exit step that is given what a step makes."""
        handlers = {
            context
            for step in self.pipeline.steps
            for context in step.within
            if isinstance(context, ExitHandler)
        }
        last = {handler.exit_step for handler in handlers}
        self.errors += [refusals.exit_step_reads(w) for w in self.wires if w.consumer in last]


def _without_devices(options: StepOptions) -> StepOptions:
    """What a step that loads and saves values alone needs of another's options: no accelerators."""
    limits, requests = (
        tuple((name, quantity) for name, quantity in pairs if "/" not in name)
        for pairs in (options.limits, options.requests)
    )
    return replace(options, limits=limits, requests=requests, report=False, files=())


def inputs_from(summary: StepSummary, outside: Outside) -> tuple[Input, ...]:
    """The inputs of a step, told by the writes outside the block that they come from."""
    found = []
    for one in summary.inputs:
        if not any(origin.step == ENTRY for origin in one.origins):
            found.append(one)
        elif one.name in outside.inputs:
            found.append(replace(one, origins=outside.inputs[one.name].origins))
    return tuple(found)


def is_saved_by(supply: Supply | Item, steps: Iterable[str]) -> bool:
    """Whether it is what one of the steps saves, and nothing else."""
    if not isinstance(supply, Supply) or supply.choice or supply.collected:
        return False
    return len(supply.producers) == 1 and supply.producers[0] in steps
