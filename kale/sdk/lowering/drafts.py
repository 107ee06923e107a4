"""Steps, loops and conditions while the body of a pipeline is read, and what becomes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace

from kale.control import Branch, ContainerSpec, Context, ExitHandler, Loop, TypeCheck
from kale.dataclass import dataclass
from kale.errors import Location
from kale.ir import Source, Step, StepOptions


@dataclass(slots=True)
class LoopDraft:
    """A :class:`kale.control.Loop` whose ``collected`` lists are being found."""

    key: str
    target: str
    items: str
    index: str
    at: Location
    count: int | None = None
    decider: StepDraft | None = None
    collected: dict[str, str] = field(default_factory=dict)
    parallelism: int | None = None


@dataclass(slots=True)
class Condition:
    """All branches of a condition."""

    key: str
    tests: tuple[str, ...]
    decider: StepDraft
    at: Location


@dataclass(slots=True)
class BranchDraft:
    """The ``number``-th branch of a condition, which has one more than tests."""

    condition: Condition
    number: int


@dataclass(slots=True)
class HandlerDraft:
    """An exit handler whose exit step is made when its group has ended."""

    key: str
    at: Location
    exit_step: StepDraft | None = None


ContextDraft = LoopDraft | BranchDraft | HandlerDraft


@dataclass(slots=True)
class StepDraft:
    """A step; ``binds`` are the names that its sources bind."""

    name: str
    sources: list[Source]
    within: tuple[ContextDraft, ...]
    options: StepOptions
    at: Location
    binds: frozenset[str] = frozenset()
    decides: dict[str, str] = field(default_factory=dict)
    types: list[TypeCheck] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    container: ContainerSpec | None = None


def finished(drafts: Iterable[StepDraft]) -> tuple[Step, ...]:
    """The steps that drafts have become."""
    made: dict[int, Context] = {}

    def context(draft: ContextDraft) -> Context:
        if id(draft) not in made:
            made[id(draft)] = _context(draft)
        return made[id(draft)]

    return tuple(
        Step(
            draft.name,
            tuple(replace(s, at=replace(s.at, step=draft.name)) for s in draft.sources),
            (),
            draft.options,
            replace(draft.at, step=draft.name),
            tuple(map(context, draft.within)),
            tuple(draft.decides.items()),
            tuple(draft.types),
            tuple(draft.shown.items()),
            draft.container,
        )
        for draft in drafts
    )


def _context(draft: ContextDraft) -> Context:
    match draft:
        case LoopDraft():
            return Loop(
                draft.key,
                draft.target,
                draft.items,
                draft.index,
                draft.at,
                draft.count,
                draft.decider.name if draft.decider else "",
                tuple(draft.collected.items()),
                draft.parallelism,
            )
        case BranchDraft(condition, number):
            return Branch(
                condition.key,
                number,
                len(condition.tests) + 1,
                condition.decider.name,
                condition.at,
                condition.tests,
            )
        case HandlerDraft(key, at, exit_step):
            return ExitHandler(key, exit_step.name if exit_step else "", at)
