"""What ``kale run`` prints when a run has ended."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import click

from kale.cli.runs import why_lines
from kale.cli.terminal import print_lines, shown_path
from kale.printable import printable
from kale.runners import RunResult, StepResult, failure_lines
from kale.runners.view.progress import seconds_text


def print_result(result: RunResult, *, why: bool) -> None:
    """Print failures on standard error; metrics and where the report is on standard output.

    With ``why``, each step's reason to run or not comes first.
    """
    if why:
        print_lines(why_lines(result.steps), sys.stderr)
    failures = [step for step in result.failures if not _was_stopped(result, step)]
    for number, step in enumerate(failures, 1):
        resume = result.resume if number == len(failures) else ""
        print_lines(failure_lines(step, resume=resume, colour=True, here=Path.cwd()), sys.stderr)
    if result.resume and not failures:
        click.echo(f"resume: {printable(result.resume)}", err=True)
    click.echo(f"{result.pipeline}: {_outcome(result)}")
    width = max((len(name) for name in result.metrics), default=0)
    for name, value in result.metrics.items():
        click.echo(f"  {name:<{width}}  {_on_one_line(value)}")
    click.echo(f"report: {shown_path(result.report)}")


def _was_stopped(result: RunResult, step: StepResult) -> bool:
    """Whether a step failed only because the user has interrupted the run."""
    stopped = step.error is not None and step.error.type == "KeyboardInterrupt"
    return result.interrupted and stopped


def _outcome(result: RunResult) -> str:
    """How the run ended and how long it took; if not well, how many steps ended how."""
    seconds = seconds_text(result.seconds)
    if result.interrupted:
        done = sum(step.status == "succeeded" for step in result.steps)
        return f"interrupted after {seconds}, {done} of {_steps(len(result.steps))} done"
    if result.status == "succeeded":
        taken = sum(step.cached for step in result.steps)
        known = f" ({taken} of {_steps(len(result.steps))} taken from earlier runs)"
        return f"succeeded in {seconds}{known if taken else ''}"
    counts = Counter(step.status for step in result.steps)
    told = [f"{_steps(counts['failed'])} failed"]
    told += [f"{counts[status]} {status}" for status in ("succeeded", "skipped") if counts[status]]
    return f"failed in {seconds} ({', '.join(told)})"


def _steps(number: int) -> str:
    return f"{number} step{'s' if number != 1 else ''}"


def _on_one_line(value: object) -> str:
    """A metric's value; text that would break the line or obey the terminal is quoted."""
    if isinstance(value, str):
        return value if value.isprintable() else printable(json.dumps(value, ensure_ascii=False))
    return str(value)
