"""What a terminal or a pipe shows of a run on a cluster: a line for each change of a step."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from kale.cli.terminal import print_lines

if TYPE_CHECKING:
    from kale.cluster.following import RunOutcome, StepFailure
    from kale.cluster.run_state import StepState

#: What people read for a state.
_WORDS = {
    "succeeded": "done",
    "cached": "taken from the cache",
    "skipped": "skipped",
    "pending": "waiting",
}
_COLOURS = {"failed": "red", "succeeded": "green", "cached": "blue"}


def print_step(step: StepState) -> None:
    """Print a step's new state on standard error, as in ``train: failed: cell 14, line 3: …``."""
    words = [click.style(_WORDS.get(step.state, step.state), fg=_COLOURS.get(step.state))]
    words += [step.detail] if step.detail else []
    _print(f"{step.step}: {': '.join(words)}")


def print_note(text: str) -> None:
    """Print what is to be known of the server on standard error."""
    _print(text)


def print_outcome(outcome: RunOutcome) -> None:
    """Print how a run ended on standard error: what is to be known of failures, and the counts."""
    for failure in outcome.failures:
        print_failure(failure)
    counts = Counter(step.state for step in outcome.steps)
    told = [f"{counts[state]} {state}" for state in sorted(counts) if state != "pending"]
    if not outcome.succeeded and outcome.error:
        told.append(outcome.error)
    counted = f" ({', '.join(told)})" if told else ""
    _print(f"the run {_ended(outcome)}{counted}")


def _ended(outcome: RunOutcome) -> str:
    return {"canceled": "was canceled", "skipped": "was skipped"}.get(outcome.state, outcome.state)


def print_failure(failure: StepFailure) -> None:
    """Print why a step failed on standard error, with the author's line, or where that may be."""
    why = failure.lines or (failure.missing,)
    _print(f"step `{failure.step}` failed: {why[0]}")
    for line in why[1:]:
        _print(f"  {line}")
    if failure.hint:
        _print(f"  hint: {failure.hint}")


def outcome_json(outcome: RunOutcome) -> dict[str, Any]:
    """A run's end as JSON values."""
    return {
        "run_id": outcome.run_id,
        "state": outcome.state,
        "error": outcome.error,
        "steps": [
            {"step": step.step, "state": step.state, "detail": step.detail}
            for step in outcome.steps
        ],
        "failures": [failure_json(failure) for failure in outcome.failures],
    }


def failure_json(failure: StepFailure) -> dict[str, Any]:
    """Why a step failed, as JSON values."""
    return {
        "step": failure.step,
        "lines": list(failure.lines),
        "missing": failure.missing,
        "hint": failure.hint,
    }


def _print(line: str) -> None:
    print_lines([line], sys.stderr)
