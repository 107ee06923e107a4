"""Which steps run before which."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from graphlib import TopologicalSorter


class Steps(AbstractSet[str]):
    """Some of the steps, as the bits of one number: a thousand of them are 125 bytes.

    As sets of names, the ancestors in a chain of a thousand steps are half a million entries.
    """

    __slots__ = ("_bits", "_numbers")

    def __init__(self, numbers: Mapping[str, int], bits: int) -> None:
        self._numbers = numbers
        self._bits = bits

    @classmethod
    def _from_iterable(cls, it: Iterable[str]) -> AbstractSet[str]:  # type: ignore[override]
        return frozenset(it)  # of what the operators of sets make in common

    def __contains__(self, step: object) -> bool:
        number = self._numbers.get(step)  # type: ignore[call-overload]
        return number is not None and bool(self._bits >> number & 1)

    def __iter__(self) -> Iterator[str]:
        return (step for step, number in self._numbers.items() if self._bits >> number & 1)

    def __len__(self) -> int:
        return self._bits.bit_count()


class Order(Mapping[str, Steps]):
    """Each step with all the steps that run before it."""

    def __init__(self, after: Mapping[str, Iterable[str]]) -> None:
        """Follow ``after``, which maps a step to those it waits for.

        Raises:
            graphlib.CycleError: a step waits for itself.
        """
        steps = list(TopologicalSorter(after).static_order())
        self._numbers = {step: number for number, step in enumerate(steps)}
        self._bits: dict[str, int] = {}
        self._known: dict[frozenset[str], int] = {}  # the writers of a name are asked for often
        for step in steps:
            self._bits[step] = 0
            for before in after.get(step, ()):
                self._bits[step] |= self._with(before)

    def __getitem__(self, step: str) -> Steps:
        return Steps(self._numbers, self._bits[step])

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def _with(self, step: str) -> int:
        return self._bits[step] | 1 << self._numbers[step]

    def wait_for(self, step: str, before: str) -> None:
        """Enter that a step waits for one more, which must not wait for it."""
        added, bit = self._with(before), self._numbers[step]
        self._bits[step] |= added
        for other, known in self._bits.items():
            if known >> bit & 1:
                self._bits[other] |= added

    def latest(self, steps: Iterable[str]) -> list[str]:
        """Those of some steps after which no other of them runs."""
        steps = list(steps)
        early = 0
        for step in steps:
            early |= self._bits[step]
        return [step for step in steps if not early >> self._numbers[step] & 1]

    def apart(self, writers: frozenset[str], reader: str, chosen: str) -> bool:
        """Whether one of the writers runs before the reader, and is in no order with ``chosen``."""
        rivals = self._bits[reader] & ~self._with(chosen) & self._of(writers)
        chosen_bit = self._numbers[chosen]
        return bool(rivals) and any(
            not self._bits[step] >> chosen_bit & 1 for step in Steps(self._numbers, rivals)
        )

    def _of(self, steps: frozenset[str]) -> int:
        if steps not in self._known:
            numbers = (self._numbers[step] for step in steps if step in self._numbers)
            self._known[steps] = sum(1 << number for number in numbers)
        return self._known[steps]
