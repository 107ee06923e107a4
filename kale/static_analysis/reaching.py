"""Reaching definitions over the step graph: which steps a read name comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic, diagnose
from kale.errors import KaleError
from kale.ir import Input, Pairs, Wire
from kale.random_states import is_random_state
from kale.static_analysis.bases import Bases
from kale.static_analysis.conflicts import (
    interleaved,
    later_write,
    made_too_late,
    unordered_writers,
)
from kale.static_analysis.facts import Facts, Kind, Write
from kale.static_analysis.imports.carrying import cut_down
from kale.static_analysis.needs import Need, imports_again, read_spans, step_needs
from kale.static_analysis.order import Order
from kale.static_analysis.provenance import trace_inputs, writes_behind
from kale.static_analysis.random_wires import inherit, last_user


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


class _Resolver(Bases):
    """What the bases call for: edges between steps, wires, and values to be left alone."""

    def __init__(self, facts: Facts, after: dict[str, list[str]]) -> None:
        super().__init__(facts, after)
        self.order = Order(after)
        self.unchanged: dict[str, dict[str, str]] = defaultdict(dict)
        self.released: set[tuple[str, str]] = set()
        self.wires: list[Wire] = []

    # -- edges

    def infer_edges(self) -> None:
        position = {step: number for number, step in enumerate(self.after)}
        # Ties come last: they hold where the steps are in order anyway.
        todo = sorted(
            self.bases.items(),
            key=lambda item: (self._need(*item[0]).tied, self._need(*item[0]).cell, item[0]),
        )
        for (step, name), base in todo:
            if base.shared or any(owner in self.order[step] for owner in base.owners):
                continue
            owner = min(base.owners, key=position.__getitem__)
            need = self._need(step, name)
            if need.tied:
                self._leave_alone(need, owner)
                continue
            if step in self.order[owner]:
                self.errors.append(made_too_late(need, base, owner))
                continue
            self.after[step].append(owner)
            self.order.wait_for(step, owner)
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
                self.report(later_write(self.facts, need, producer))
            if producers:
                optional = base.kind is Kind.MAYBE or not need.strong
                self.wires.append(Wire(name, tuple(producers), step, need.at, optional))
                behind = writes_behind(self.facts, need, base, producers)
                self.sources[step, name] = behind

    def _producers(self, need: Need, base: Write) -> list[str]:
        """The latest of the base write's step and the ancestors that may have changed the value."""
        above = self.order[need.step]
        candidates = [] if base.shared else [o for o in base.owners if o in above][:1]
        if candidates:
            self.report(unordered_writers(self.facts, self.order, need, base, candidates[0]))
        for touch in self.facts.timeline(need.name).touches(base.cell, need.cell):
            for owner in touch.owners:
                if owner == need.step or owner in candidates:
                    continue
                if (owner, need.name) in self.released:
                    continue
                if owner in above:
                    candidates.append(owner)
                else:
                    self.unchanged[owner].setdefault(need.name, need.step)
        return self.order.latest(candidates)

    def inherit_random_states(self) -> None:
        for need in self.random:
            before = last_user(self.facts, need)
            known = before is None or before in self.order[need.step]
            if before is not None and not known and need.step not in self.order[before]:
                self.after[need.step].append(before)
                self.order.wait_for(need.step, before)
            found = inherit(self.facts, need, self.order)
            self.report(found.warning)
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
