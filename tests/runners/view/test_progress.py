"""What the user sees while a run goes on."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from runners.plans import PATH, plan, task

from kale.errors import Location
from kale.runners import (
    PlainLines,
    RunResult,
    Silent,
    StepError,
    StepResult,
    choose_observer,
)
from kale.runners.view.live_view import LiveView
from kale.runners.view.progress import seconds_text

BOOM = StepError("ValueError", "boom", Location(PATH, 7, 3, step="train"), "    fit(x)")
FAILED = StepResult("train", "failed", seconds=2.04, attempts=1, error=BOOM)
SKIPPED = StepResult("test", "skipped", blocked_by=("train",))
STEPS = (StepResult("load", "succeeded", seconds=61, attempts=1), FAILED, SKIPPED)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Ascii(Terminal):
    encoding = "ascii"


def show(observer) -> None:
    observer.run_started(plan(task("load"), task("train"), task("test")))
    observer.step_started("load")
    observer.step_progressed("load", 1, 3)
    observer.step_printed("load", "a\n")
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


@pytest.mark.parametrize(
    ("result", "line"),
    [
        pytest.param(StepResult("fit", "skipped"), "skipped: interrupted", id="never begun"),
        pytest.param(
            StepResult("fit", "skipped", why="not asked for"),
            "skipped: not asked for",
            id="left out",
        ),
        pytest.param(
            StepResult("fit", "succeeded", cached=True, why="nothing changed"),
            "cached",
            id="cached",
        ),
        pytest.param(
            StepResult("fit", "failed", error=StepError("E\x1b[2J", "a\u202eb", BOOM.at)),
            r"failed after 0.0 s: E\x1b[2J: a\u202eb",
            id="a failure that would clear the screen",
        ),
    ],
)
def test_a_step_ends_with_one_line(result, line):
    stream = io.StringIO()
    PlainLines(stream).step_finished(result)
    assert stream.getvalue() == f"fit  {line}\n"


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(["a\n"], ["a"], id="a line"),
        pytest.param(["a", "b\nc", "d\n"], ["ab", "cd"], id="lines in pieces"),
        pytest.param(["a\n\nb"], ["a", "", "b"], id="an empty line, and one without an end"),
        pytest.param(["10%\r", "50%\r90%", "\r\n"], ["90%"], id="a progress bar"),
        pytest.param(["\x1b[31mred\x1b[0m\n"], ["red"], id="colours"),
        pytest.param(["\x1b[2J\x07\ta\u2028b\n"], ["\\x1b[2J\\x07\ta\\u2028b"], id="orders"),
        pytest.param(
            ["x" * 25_000], ["x" * 10_000, "x" * 10_000, "x" * 5_000], id="no line at all"
        ),
    ],
)
def test_what_steps_print(chunks, lines):
    stream = io.StringIO()
    observer = PlainLines(stream, show_output=True)
    assert observer.shows_output
    for chunk in chunks:
        observer.step_printed("fit", chunk)
    observer.step_finished(StepResult("fit", "succeeded"))
    *printed, last = stream.getvalue().split("\n")[:-1]
    assert printed == [f"fit | {line}" for line in lines]
    assert last == "fit  succeeded in 0.0 s"


def test_lines_of_steps_do_not_mix_and_are_ended_before_a_new_attempt():
    stream = io.StringIO()
    observer = PlainLines(stream, show_output=True)
    observer.step_printed("a", "one")
    observer.step_printed("b", "two\n")
    observer.step_retried("a", 2, "boom")
    assert stream.getvalue().splitlines() == [
        "b | two",
        "a | one",
        "a  failed, attempt 2 begins: boom",
    ]


def test_what_steps_print_is_not_shown_unasked():
    stream = io.StringIO()
    observer = PlainLines(stream)
    observer.step_printed("fit", "a\nb")
    assert not observer.shows_output
    assert stream.getvalue() == ""


def test_output_and_a_moving_picture_do_not_go_together():
    observer = choose_observer(Terminal(), {"TERM": "xterm"}, show_output=True)
    assert type(observer) is PlainLines
    assert observer.shows_output


def test_silence(capfd):
    show(Silent())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("stream", "environ", "expected"),
    [
        pytest.param(io.StringIO(), {}, PlainLines, id="a pipe"),
        pytest.param(Terminal(), {"TERM": "xterm"}, LiveView, id="a terminal"),
        pytest.param(Terminal(), {"NO_COLOR": "1"}, LiveView, id="a terminal without colour"),
        pytest.param(Terminal(), {"TERM": "dumb"}, PlainLines, id="a terminal that cannot draw"),
        pytest.param(Terminal(), {"CI": "true"}, PlainLines, id="a terminal in CI"),
        pytest.param(io.StringIO(), {"FORCE_COLOR": "1"}, PlainLines, id="colours in a log file"),
        pytest.param(
            Ascii(), {"TERM": "xterm"}, PlainLines, id="a terminal that knows ASCII alone"
        ),
    ],
)
def test_choose_observer(stream, environ, expected):
    assert type(choose_observer(stream, environ)) is expected


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
