"""What is known of each step while a run goes on, and which of them are most worth showing."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Any, Literal

from kale.runners.result import StepResult

State = Literal["waiting", "running", "succeeded", "cached", "failed", "skipped"]

#: States in the order in which they are counted for the user.
STATES: tuple[State, ...] = ("succeeded", "cached", "running", "failed", "skipped", "waiting")


@dataclass(frozen=True, slots=True)
class StepState:
    """One step: its ``state``, when it ``started`` on the monotonic clock, the cell it is in."""

    state: State = "waiting"
    started: float = 0.0
    cell: int = 0
    of: int = 0
    attempt: int = 1
    result: StepResult | None = None


class StepStates:
    """The states of all steps, in a fixed order; a change costs the same for any number of them.

    One thread may change them while another reads.
    """

    def __init__(self, order: Iterable[str]) -> None:
        self._rank = {name: rank for rank, name in enumerate(order)}
        self._states = dict.fromkeys(self._rank, StepState())
        # The steps in each state, those that came to it last at the end.
        self._by_state: dict[State, dict[str, None]] = {state: {} for state in STATES}
        self._by_state["waiting"] = dict.fromkeys(self._rank)
        self._lock = threading.Lock()
        #: Names that others have come in the place of.
        self._parts: dict[str, tuple[str, ...]] = {}

    def grown(self, step: str, into: Sequence[str]) -> StepStates:
        """These states, with the steps ``into``, which wait, in the place of ``step``."""

        def each(names: Iterable[str]) -> Iterator[str]:
            return chain.from_iterable(into if name == step else (name,) for name in names)

        found = StepStates(each(self._rank))
        found._states.update({name: self._states[name] for name in self._rank if name != step})
        found._by_state = {s: dict.fromkeys(each(names)) for s, names in self._by_state.items()}
        found._parts = {**self._parts, step: tuple(into)}
        return found

    def __len__(self) -> int:
        return len(self._states)

    def __getitem__(self, name: str) -> StepState:
        return self._states[name]

    def change(self, name: str, **changes: Any) -> None:
        """Set fields of a step's :class:`StepState`."""
        with self._lock:
            before = self._states[name]
            after = replace(before, **changes)
            self._states[name] = after
            if after.state != before.state:
                del self._by_state[before.state][name]
                self._by_state[after.state][name] = None

    def counts(self) -> Mapping[State, int]:
        """How many steps are in each state."""
        return {state: len(self._by_state[state]) for state in STATES}

    def is_done(self, name: str) -> bool:
        """Whether what waits for the step may start, so far as it is concerned."""
        if (parts := self._parts.get(name)) is not None:
            return all(map(self.is_done, parts))
        step = self._states[name]
        left_out = step.state == "skipped" and step.result is not None and step.result.why != ""
        return step.state in {"succeeded", "cached"} or left_out

    def most_telling(self, room: int) -> list[str]:
        """At most ``room`` steps in their order.

        Running ones come before failed ones, then what ended last and what comes next.
        """
        with self._lock:
            chosen = dict.fromkeys(self._first("running", room))
            chosen.update(dict.fromkeys(self._last(("failed",), room - len(chosen))))
            left = room - len(chosen)
            coming = self._first("waiting", left)
            # A third of the room for what ended, or more if there is not so much to come.
            most = max(left // 3, left - len(coming))
            chosen.update(dict.fromkeys(self._last(("succeeded", "cached", "skipped"), most)))
            chosen.update(dict.fromkeys(coming[: room - len(chosen)]))
        return sorted(chosen, key=self._rank.__getitem__)

    def _first(self, state: State, most: int) -> list[str]:
        return list(islice(self._by_state[state], max(most, 0)))

    def _last(self, states: tuple[State, ...], most: int) -> list[str]:
        found: list[str] = []
        for state in states:
            found += islice(reversed(self._by_state[state]), max(most - len(found), 0))
        return found
