"""What the user sees while a run goes on."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from runners.plans import PATH, plan, task

from kale.errors import Location
from kale.runners import (
    Frame,
    PlainLines,
    RunResult,
    Silent,
    StepError,
    StepResult,
    choose_observer,
    failure_lines,
)
from kale.runners.view.live_table import LiveTable
from kale.runners.view.progress import seconds_text

BOOM = StepError("ValueError", "boom", Location(PATH, 7, 3, step="train"), "    fit(x)")
FAILED = StepResult("train", "failed", seconds=2.04, attempts=1, error=BOOM)
SKIPPED = StepResult("test", "skipped", blocked_by=("train",))
STEPS = (StepResult("load", "succeeded", seconds=61, attempts=1), FAILED, SKIPPED)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def show(observer) -> None:
    observer.run_started(plan(task("load"), task("train"), task("test")))
    observer.step_started("load")
    observer.step_progressed("load", 1, 3)
    observer.step_finished(STEPS[0])
    observer.step_started("train")
    observer.step_retried("train", 2, "ValueError: boom")
    observer.step_finished(FAILED)
    observer.step_finished(SKIPPED)
    observer.run_finished(RunResult("iris", "failed", Path("/run"), STEPS))


def test_plain_lines():
    stream = io.StringIO()
    show(PlainLines(stream))
    assert stream.getvalue().splitlines() == [
        "load   started",
        "load   succeeded in 1 min 01 s",
        "train  started",
        "train  failed, attempt 2 begins: ValueError: boom",
        "train  failed after 2.0 s: ValueError: boom",
        "test   skipped: train failed",
    ]


def test_an_interrupted_run_says_what_did_not_start():
    stream = io.StringIO()
    PlainLines(stream).step_finished(StepResult("fit", "skipped"))
    assert stream.getvalue() == "fit  skipped: interrupted\n"


def test_silence(capfd):
    show(Silent())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        pytest.param(io.StringIO(), {}, PlainLines, id="a pipe"),
        pytest.param(Terminal(), {"TERM": "xterm"}, LiveTable, id="a terminal"),
        pytest.param(Terminal(), {"NO_COLOR": "1"}, LiveTable, id="a terminal without colour"),
        pytest.param(Terminal(), {"TERM": "dumb"}, PlainLines, id="a terminal that cannot draw"),
        pytest.param(Terminal(), {"CI": "true"}, PlainLines, id="a terminal in CI"),
        pytest.param(io.StringIO(), {"FORCE_COLOR": "1"}, PlainLines, id="colours in a log file"),
    ],
)
def test_choose_observer(stream, environ, expected):
    assert type(choose_observer(stream, environ)) is expected


def test_the_live_table_ends_with_every_step(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    stream = Terminal()
    show(LiveTable(stream))
    *_, load, train, test, cursor = re.sub(r"\x1b\[(\d*m|\?25l)", "", stream.getvalue()).split("\n")
    assert [row.split() for row in (load, train, test)] == [
        ["✓", "load", "1", "min", "01", "s"],
        ["✗", "train", "2.0", "s", "ValueError:", "boom"],
        ["-", "test", "train", "failed"],
    ]
    assert cursor == "\x1b[?25h", "the cursor is shown again"


def test_the_live_table_on_a_low_terminal_shows_what_runs(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("LINES", "6")
    monkeypatch.setenv("COLUMNS", "60")
    stream = Terminal()
    table = LiveTable(stream)
    table.run_started(plan(*(task(f"s{number}") for number in range(20))))
    table.step_finished(StepResult("s0", "succeeded", attempts=1))
    table.step_started("s19")
    table.step_retried("s19", 2, "boom")
    table.step_progressed("s19", 2, 5)
    table.refresh()
    shown = stream.getvalue()
    table.run_finished(None)
    assert "s19" in shown
    assert "cell 2 of 5, attempt 2" in shown
    assert "… 17 more" in shown
    assert "1 of 20 done" in shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (59.99, "59.9 s"),
        (60, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3900, "1 h 05 min"),
    ],
)
def test_seconds_text(seconds, text):
    assert seconds_text(seconds) == text


def test_a_step_that_did_not_fail_has_no_failure_lines():
    assert failure_lines(STEPS[0]) == []


def test_failure_lines():
    error = StepError(
        "ValueError",
        "boom\nmore",
        BOOM.at,
        BOOM.source,
        (Frame(Location(PATH, 3, 2), "    return 1 / x"),),
        "give it more",
    )
    step = StepResult(
        "train", "failed", Path("/run/train.ipynb"), Path("/run/train.log"), error=error
    )
    assert failure_lines(step) == [
        "iris.ipynb: cell 7 (train), line 3: ValueError: boom",
        "    more",
        "    fit(x)",
        "  in cell 3, line 2:",
        "    return 1 / x",
        "  hint: give it more",
        "  executed notebook: /run/train.ipynb",
        "  log: /run/train.log",
    ]


def test_failure_lines_of_an_exception_without_a_message():
    step = StepResult("a", "failed", error=StepError("KeyError", "", Location(PATH, 7, step="a")))
    assert failure_lines(step) == ["iris.ipynb: cell 7 (a): KeyError"]
