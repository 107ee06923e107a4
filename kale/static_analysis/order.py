"""Which steps run before which."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter


def ancestors(after: Mapping[str, Iterable[str]]) -> dict[str, set[str]]:
    """All the steps that run before each step; ``after`` maps a step to those it waits for.

    Raises:
        graphlib.CycleError: a step waits for itself.
    """
    found: dict[str, set[str]] = {}
    for step in TopologicalSorter(after).static_order():
        before = after.get(step, ())
        found[step] = set(before).union(*(found[one] for one in before))
    return found


def wait_for(ancestors: Mapping[str, set[str]], step: str, before: str) -> None:
    """Enter into the sets of :func:`ancestors` that a step waits for one more.

    ``before`` must not wait for ``step``.
    """
    added = ancestors[before] | {before}
    for other, known in ancestors.items():
        if other == step or step in known:
            known |= added
