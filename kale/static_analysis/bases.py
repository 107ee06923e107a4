"""Which write each need of a step is about, and the code that travels instead of a value."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import field

from kale.dataclass import dataclass
from kale.diagnostics import Diagnostic
from kale.errors import KaleError
from kale.static_analysis.conflicts import changed_code
from kale.static_analysis.facts import PARAMETERS, Facts, Kind, Write
from kale.static_analysis.needs import (
    Need,
    Place,
    base_write,
    closure,
    code_under,
    optional_need,
    place_of,
    stands_alone,
)
from kale.static_analysis.undefined import undefined_name


@dataclass(slots=True)
class Bases:
    """A work list: a need may call for code or values that are needs in turn.

    ``bases`` are the writes whose values a step loads, by step and name; ``sources`` are the writes
    that each name comes from, ``read`` all names that a step needs.
    """

    facts: Facts
    after: dict[str, list[str]]
    pending: deque[Need] = field(default_factory=deque)
    random: deque[Need] = field(default_factory=deque)
    needs: dict[str, dict[str, Need]] = field(default_factory=lambda: defaultdict(dict))
    bases: dict[tuple[str, str], Write] = field(default_factory=dict)
    parameters: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    carried: dict[str, dict[Place, Write]] = field(default_factory=lambda: defaultdict(dict))
    read: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    sources: dict[tuple[str, str], tuple[Write, ...]] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    errors: list[KaleError] = field(default_factory=list)

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
                    self.report(changed_code(need, base, under))
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

    def report(self, found: KaleError | Diagnostic | None) -> None:
        """Keep an error or a finding."""
        if isinstance(found, KaleError):
            self.errors.append(found)
        elif found is not None:
            self.diagnostics.append(found)


def _is_own_code(code: Write, change: Write) -> bool:
    """Whether a step changes a function or a class that it has made itself: that is a value."""
    assert code.definition is not None
    return not code.definition.is_import and not set(code.owners).isdisjoint(change.owners)
