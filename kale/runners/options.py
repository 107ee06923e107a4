"""How a run is to go: what the options of ``kale run`` come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ``auto`` takes the fast engine for each step that it can run, and a real kernel for others.
EngineName = Literal["auto", "fast", "kernel"]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run is to go.

    At most ``jobs`` steps run at once, by default as many as this process may use processors.
    ``fail_fast`` stops all steps as soon as one has failed. A second attempt begins after
    ``retry_pause`` seconds, each further one after twice as long. Without ``use_cache`` no step is
    taken from an earlier run; those in ``refresh`` run in any case.

    Of the steps, ``until`` keeps those and what they need, ``start`` makes those and all that
    follows run again, and ``only`` runs one step alone, on the values of an earlier run.
    """

    jobs: int | None = None
    engine: EngineName = "auto"
    fail_fast: bool = False
    use_cache: bool = True
    refresh: frozenset[str] = frozenset()
    start: frozenset[str] = frozenset()
    until: frozenset[str] = frozenset()
    only: str | None = None
    retry_pause: float = 1.0
