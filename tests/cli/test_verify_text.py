"""A verification as a table: aligned, short of nothing, and safe to show."""

from __future__ import annotations

import click
import pytest

from kale.cli.verify_text import outcome_line, verification_lines
from kale.runners.verify import Check, Verdict, Verification

LONG = "line 1 is 'a rather long line of text', in the notebook 'another one'"


def verification(*checks, strict=False):
    return Verification("p", "p.ipynb", checks, runs=1, seconds=1.0, strict=strict)


def lines(*checks, width=None):
    found = verification_lines(verification(*checks), width)
    return [click.unstyle(line) for line in found]


ROWS = (
    Check("load", "value", "x", Verdict.SAME, "builtins.int"),
    Check("load", "output", "cell 2", Verdict.DIFFERENT, detail=LONG, cell=2),
    Check("train", "metric", "été", Verdict.UNKNOWN, "m.\x1b[2JType"),
)


def test_the_table_in_a_pipe_has_a_line_for_each_check():
    assert lines(*ROWS)[:4] == [
        "STEP   WHAT            TYPE           VERDICT",
        "load   x               int            same",
        f"       cell 2: output                 different           {LONG}",
        "train  metric été      m.\\x1b[2JType  cannot be compared",
    ]


def test_on_a_terminal_what_is_too_wide_stands_below_its_row():
    found = lines(*ROWS, width=100)
    assert found[2:4] == ["       cell 2: output                 different", f"    {LONG}"]


def test_verdicts_that_occur_are_explained_and_no_others():
    told = [line for line in lines(*ROWS) if ": " in line and not line.startswith(" ")]
    assert [line.partition(":")[0] for line in told] == ["cannot be compared", "p"]


@pytest.mark.parametrize(
    ("checks", "strict", "line"),
    [
        pytest.param((), False, "p: the pipeline computes what the notebook computes", id="nothing"),
        pytest.param(
            ROWS[::2], False,
            "p: the pipeline computes what the notebook computes (1 same, 1 cannot be compared)",
            id="a doubt",
        ),
        pytest.param(
            ROWS[::2], True, "p: 1 of 2 differs (1 same, 1 cannot be compared)", id="a doubt, strictly"
        ),
        pytest.param(
            ROWS[:2] * 2, False, "p: 2 of 4 differ (2 same, 2 different)", id="two differences"
        ),
    ],
)  # fmt: skip
def test_the_outcome_in_a_line(checks, strict, line):
    assert outcome_line(verification(*checks, strict=strict)) == line
