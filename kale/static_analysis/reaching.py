"""Reaching definitions over the step graph: which steps a read name comes from."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from kale.diagnostics import Diagnostic, diagnose
from kale.errors import KaleError
from kale.ir import Input, Pairs, Wire
from kale.random_states import is_random_state
from kale.static_analysis.conflicts import (
    changed_code,
    interleaved,
    later_write,
    made_too_late,
    unordered_writers,
)
from kale.static_analysis.facts import PARAMETERS, Facts, Kind, Write
from kale.static_analysis.imports.carrying import cut_down
from kale.static_analysis.needs import (
    Need,
    Place,
    base_write,
    closure,
    code_under,
    imports_again,
    optional_need,
    place_of,
    read_spans,
    stands_alone,
    step_needs,
    touches,
)
from kale.static_analysis.order import ancestors, wait_for
from kale.static_analysis.provenance import trace_inputs, writes_behind
from kale.static_analysis.random_wires import inherit
from kale.static_analysis.undefined import undefined_name


@dataclass(frozen=True, slots=True)
class Flow:
    """What reaches each step: values on wires, parameters, code, and what it must leave alone.

    ``after`` maps every step to all the steps it waits for, ``needs`` to what it reads from
    outside, ``inputs`` tells where that comes from. ``unchanged`` maps a step to (name, reader)
    pairs.
    """

    wires: tuple[Wire, ...]
    after: Mapping[str, tuple[str, ...]]
    needs: Mapping[str, Mapping[str, Need]]
    parameters: Mapping[str, tuple[str, ...]]
    carried: Mapping[str, tuple[Write, ...]]
    unchanged: Mapping[str, Pairs]
    inputs: Mapping[str, tuple[Input, ...]]
    diagnostics: tuple[Diagnostic, ...]
    errors: tuple[KaleError, ...]


def resolve(facts: Facts, after: Mapping[str, Iterable[str]]) -> Flow:
    """Find the producers of every read; ``after`` holds the ``prev:`` edges, in notebook order.

    Raises nothing: what is wrong is in ``errors``, so that all of it can be shown at once.
    """
    resolver = _Resolver(facts, {step: list(before) for step, before in after.items()})
    for step in after:
        for need in step_needs(facts, step).values():
            where = resolver.random if is_random_state(need.name) else resolver.pending
            where.append(need)
    resolver.find_bases()
    resolver.take_futures()
    resolver.infer_edges()
    resolver.choose_producers()
    resolver.inherit_random_states()
    resolver.check_windows()
    return resolver.flow()


@dataclass
class _Resolver:
    """A work list: a need may call for code or values that are needs in turn."""

    facts: Facts
    after: dict[str, list[str]]
    pending: deque[Need] = field(default_factory=deque)
    random: deque[Need] = field(default_factory=deque)
    needs: dict[str, dict[str, Need]] = field(default_factory=lambda: defaultdict(dict))
    bases: dict[tuple[str, str], Write] = field(default_factory=dict)
    parameters: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    carried: dict[str, dict[Place, Write]] = field(default_factory=lambda: defaultdict(dict))
    read: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    unchanged: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    released: set[tuple[str, str]] = field(default_factory=set)
    sources: dict[tuple[str, str], tuple[Write, ...]] = field(default_factory=dict)
    wires: list[Wire] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    errors: list[KaleError] = field(default_factory=list)
    ancestors: dict[str, set[str]] = field(default_factory=dict)

    # -- which write each need is about

    def find_bases(self) -> None:
        """Settle all needs: first what the steps read themselves, then what that calls for."""
        while self.pending:
            need = self.pending.popleft()
            self.read[need.step].add(need.name)
            if need.name in self.needs[need.step]:
                continue
            base = base_write(self.facts, need.name, need.step, need.cell)
            if base is None or base.kind is Kind.UNBIND:
                error = undefined_name(self.facts, need, base)
                if error is not None:
                    self.errors.append(error)
                elif base is None:
                    self._take_stars(need)
                continue
            self.needs[need.step][need.name] = need
            self._take(need, base)

    def take_futures(self) -> None:
        """Give each step the imports from ``__future__`` that stand in other steps above it."""
        for step in self.after:
            last = max((cell.number for cell in self.facts.cells_of(step)), default=0)
            for write in self.facts.futures:
                if write.cell < last and step not in write.owners:
                    self._carry(step, write)

    def _carry(self, step: str, write: Write) -> None:
        self.carried[step][place_of(write)] = write

    def _take(self, need: Need, base: Write) -> None:
        if base.owners == (PARAMETERS,):
            self.parameters[need.step].add(need.name)
        if base.kind is Kind.MUTATE and not base.shared:
            under = code_under(self.facts, base)
            if under is not None and (under.shared or stands_alone(self.facts, under)):
                if base.tied and stands_alone(self.facts, under):
                    base = under  # code that holds no object shares none
                elif not _is_own_code(under, base):
                    self._report(changed_code(need, base, under))
                    base = under
        self.sources[need.step, need.name] = (base,)
        if not base.shared and base.definition is not None and stands_alone(self.facts, base):
            for place, write in closure(self.facts, base).items():
                self.carried[need.step][place] = write
                assert write.definition is not None
                for name in sorted(write.definition.reads):
                    self.pending.append(
                        Need(need.step, name, need.cell, need.cell, need.at, strong=False)
                    )
            return
        self.bases[need.step, need.name] = base
        if base.kind is Kind.MAYBE and not base.shared:
            for owner in base.owners:
                optional = optional_need(self.facts, owner, need.name)
                if optional is not None:
                    self.pending.append(optional)

    def _take_stars(self, need: Need) -> None:
        """A name that nothing defines, a builtin too, may come from any star import above."""
        for star in self.facts.stars:
            if star.cell < need.cell and need.step not in star.owners:
                self._carry(need.step, star)

    def _report(self, found: KaleError | Diagnostic | None) -> None:
        if isinstance(found, KaleError):
            self.errors.append(found)
        elif found is not None:
            self.diagnostics.append(found)

    # -- edges

    def infer_edges(self) -> None:
        order = list(self.after)
        self.ancestors = ancestors(self.after)
        # Ties come last: they hold where the steps are in order anyway.
        todo = sorted(
            self.bases.items(),
            key=lambda item: (self._need(*item[0]).tied, self._need(*item[0]).cell, item[0]),
        )
        for (step, name), base in todo:
            if base.shared or any(owner in self.ancestors[step] for owner in base.owners):
                continue
            owner = min(base.owners, key=order.index)
            need = self._need(step, name)
            if need.tied:
                self._leave_alone(need, owner)
                continue
            if step in self.ancestors[owner]:
                self.errors.append(made_too_late(need, base, owner))
                continue
            self.after[step].append(owner)
            wait_for(self.ancestors, step, owner)
            self.diagnostics.append(
                diagnose(
                    "KALE201",
                    f"step `{step}` waits for `{owner}`, because it reads `{name}`, which cell "
                    f"{base.cell} {base.kind.value}",
                    at=need.at,
                    hint=f"add the tag `prev:{owner}` to say so in the notebook",
                )
            )

    def _leave_alone(self, need: Need, owner: str) -> None:
        """Take back a tied need of another branch's value: what the step reads must stay as it was.

        Whatever that value shares with what the step makes itself, it shares with something
        that the step loads.
        """
        del self.bases[need.step, need.name]
        del self.needs[need.step][need.name]
        self.released.add((need.step, need.name))
        for name in sorted(self.facts.groups.get(need.name, ())):
            if name in self.needs[need.step]:
                self.unchanged[need.step].setdefault(name, owner)

    def _need(self, step: str, name: str) -> Need:
        return self.needs[step][name]

    # -- producers

    def choose_producers(self) -> None:
        for (step, name), base in sorted(self.bases.items()):
            need = self._need(step, name)
            producers = self._producers(need, base)
            for producer in producers:
                self._report(later_write(self.facts, need, producer))
            if producers:
                optional = base.kind is Kind.MAYBE or not need.strong
                self.wires.append(Wire(name, tuple(producers), step, need.at, optional))
                behind = writes_behind(self.facts, need, base, producers)
                self.sources[step, name] = behind

    def _producers(self, need: Need, base: Write) -> list[str]:
        """The latest of the base write's step and the ancestors that may have changed the value."""
        above = self.ancestors[need.step]
        candidates = [] if base.shared else [o for o in base.owners if o in above][:1]
        if candidates:
            self._report(unordered_writers(self.facts, self.ancestors, need, base, candidates))
        for touch in touches(self.facts, need.name, base, need.cell):
            for owner in touch.owners:
                if owner == need.step or owner in candidates:
                    continue
                if (owner, need.name) in self.released:
                    continue
                if owner in above:
                    candidates.append(owner)
                else:
                    self.unchanged[owner].setdefault(need.name, need.step)
        return [
            one
            for one in candidates
            if not any(one in self.ancestors[other] for other in candidates)
        ]

    def inherit_random_states(self) -> None:
        for need in self.random:
            found = inherit(self.facts, need, self.ancestors)
            self._report(found.warning)
            if found.write is None:
                continue
            self.needs[need.step][need.name] = need
            self.sources[need.step, need.name] = (found.write,)
            if found.producer is not None:
                self.wires.append(Wire(need.name, (found.producer,), need.step, need.at))

    def check_windows(self) -> None:
        """Another step's write between two cells of a step would come too early or too late."""
        for step in self.after:
            for name, (first, last) in read_spans(self.facts, step).items():
                if is_random_state(name):
                    continue
                writes = self.facts.writes.get(name, ())
                for before, write in pairwise((None, *writes)):
                    assert write is not None
                    if not first < write.cell < last or step in write.owners:
                        continue
                    if before is not None and imports_again(write, before):
                        continue
                    if write.kind is not Kind.TOUCH:
                        at = write.at
                        self.errors.append(interleaved(step, name, write, at, last))
                        break
                    for owner in write.owners:
                        if not write.shared:
                            self.unchanged[owner].setdefault(name, step)

    # -- result

    def _taken(self, step: str) -> dict[str, Write]:
        return {
            name: self.sources[step, name][0]
            for name in self.read[step]
            if self.sources.get((step, name))
        }

    def flow(self) -> Flow:
        return Flow(
            wires=tuple(self.wires),
            after={step: tuple(before) for step, before in self.after.items()},
            needs=self.needs,
            parameters={step: tuple(sorted(names)) for step, names in self.parameters.items()},
            carried={
                step: cut_down(found, self.read[step], self._taken(step))
                for step, found in self.carried.items()
            },
            unchanged={
                step: tuple(
                    (name, reader)
                    for name, reader in sorted(names.items())
                    if (step, name) in self.bases
                )
                for step, names in self.unchanged.items()
            },
            inputs=trace_inputs(
                self.facts,
                self.needs,
                self.sources,
                self.wires,
            ),
            diagnostics=tuple(self.diagnostics),
            errors=tuple(self.errors),
        )


def _is_own_code(code: Write, change: Write) -> bool:
    """Whether a step changes a function or a class that it has made itself: that is a value."""
    assert code.definition is not None
    return not code.definition.is_import and not set(code.owners).isdisjoint(change.owners)
