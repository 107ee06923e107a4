"""What people and programs read of a run that is followed."""

from __future__ import annotations

import json

import pytest

from kale.cli.following import outcome_json, print_note, print_outcome, print_step
from kale.cluster.following import RunOutcome, StepFailure
from kale.cluster.run_state import StepState

FAILED = RunOutcome(
    "r1",
    "failed",
    (
        StepState("load", "cached"),
        StepState("train", "failed", "cell 14, line 2: ValueError: no"),
        StepState("eval", "skipped"),
    ),
    (
        StepFailure("train", ("cell 14, line 2: ValueError: no", "  in field x", "    y = f(x)")),
        StepFailure("plot", (), "OOMKilled (the pod `p` is gone)", "see its page"),
    ),
)


@pytest.fixture(autouse=True)
def no_colours(monkeypatch):
    monkeypatch.delenv("FORCE_COLOR", raising=False)


@pytest.mark.parametrize(
    ("step", "line"),
    [
        (StepState("train", "running"), "train: running"),
        (StepState("train", "running", "ErrImagePull: x"), "train: running: ErrImagePull: x"),
        (StepState("train", "succeeded"), "train: done"),
        (StepState("train", "cached"), "train: taken from the cache"),
        (StepState("train", "skipped"), "train: skipped"),
        (StepState("train", "canceled"), "train: canceled"),
        (StepState("train", "pending"), "train: waiting"),
        (StepState("train", "failed", "cell 1: E"), "train: failed: cell 1: E"),
    ],
)
def test_a_step_is_a_line_on_standard_error(capfd, step, line):
    print_step(step)
    assert capfd.readouterr() == ("", f"{line}\n")


def test_colours_where_they_are_asked_for(capfd, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_step(StepState("train", "failed", "why"))
    assert capfd.readouterr().err == "train: \x1b[31mfailed\x1b[0m: why\n"


def test_the_end_of_a_run_that_failed(capfd):
    print_outcome(FAILED)
    assert capfd.readouterr() == (
        "",
        "step `train` failed: cell 14, line 2: ValueError: no\n"
        "    in field x\n"
        "      y = f(x)\n"
        "step `plot` failed: OOMKilled (the pod `p` is gone)\n"
        "  hint: see its page\n"
        "the run failed (1 cached, 1 failed, 1 skipped)\n",
    )


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (RunOutcome("r", "succeeded", ()), "the run succeeded"),
        (
            RunOutcome("r", "succeeded", (StepState("a", "succeeded"), StepState("b", "cached"))),
            "the run succeeded (1 cached, 1 succeeded)",
        ),
        (RunOutcome("r", "canceled", ()), "the run was canceled"),
        (RunOutcome("r", "failed", (), error="no quota"), "the run failed (no quota)"),
    ],
)
def test_the_last_line(capfd, outcome, line):
    print_outcome(outcome)
    assert capfd.readouterr() == ("", f"{line}\n")


def test_a_note(capfd):
    print_note("nothing is heard")
    assert capfd.readouterr() == ("", "nothing is heard\n")


def test_json():
    found = json.loads(json.dumps(outcome_json(FAILED)))
    assert found["state"] == "failed"
    assert found["steps"][1] == {
        "step": "train",
        "state": "failed",
        "detail": "cell 14, line 2: ValueError: no",
    }
    assert [failure["step"] for failure in found["failures"]] == ["train", "plot"]
