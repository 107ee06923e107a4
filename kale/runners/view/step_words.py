"""What the report says of one step that has ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from kale.runners.result import StepResult
from kale.runners.view.progress import headline, seconds_text, skip_reason, was_interrupted


def state_of(step: StepResult) -> str:
    """Its status, or ``cached`` or ``interrupted``, which tell more."""
    if step.cached:
        return "cached"
    return "interrupted" if was_interrupted(step) else step.status


def counts_of(steps: Iterable[StepResult]) -> str:
    """Steps by state, as ``3 succeeded, 1 failed``; the states in the order in which they come."""
    return ", ".join(f"{count} {state}" for state, count in Counter(map(state_of, steps)).items())


def time_of(step: StepResult) -> str:
    """How long it was at work; empty if it was not."""
    return seconds_text(step.seconds) if step.attempts and not step.cached else ""


def note_of(step: StepResult) -> str:
    """Why it failed, did not run, was taken from another run, or ran."""
    if step.status == "skipped":
        return skip_reason(step)
    return headline(step) or step.why
