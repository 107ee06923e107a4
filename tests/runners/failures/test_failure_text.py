"""A failed step as a person reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from runners.plans import PATH

from kale.errors import Location
from kale.runners import Frame, StepError, StepResult, failure_lines
from kale.runners.failures.failure_text import retry_reason

AT = Location(PATH, 7, 3, 9, step="train")
#: What a terminal obeys, or what ends a line or turns its direction.
HOSTILE = "\x1b[2J\r\x07\x9b31m\u202e\u2028\x85\n\x1b]0;owned\x07\ud800"


def told(error: StepError, **step) -> list[str]:
    return failure_lines(StepResult("train", "failed", error=error, **step))


def test_a_step_that_did_not_fail_has_no_lines():
    assert failure_lines(StepResult("train", "succeeded")) == []


def test_all_that_can_be_told():
    error = StepError(
        "ValueError",
        "could not convert string to float: 'male'\r\nin column Sex",
        AT,
        "    model.fit(X, y)",
        (
            Frame(Location(PATH, 3, 2, 12), "    return 1 / x", "scale", (("x", "0"),), 5),
            Frame(Location("data/helpers.py", line=4), "    deeper(1)", "load", times=98),
        ),
        "give it numbers",
        (("X", "DataFrame (891, 2): Age float64, Sex str"), ("y", "Series (891,) int64")),
        (("X", "DataFrame, 891 rows"), ("y_all", "Series")),
        6,
    )
    step = StepResult(
        "train", "failed", Path("/run/train.ipynb"), Path("/run/train.log"), attempts=3, error=error
    )
    assert failure_lines(step, resume="kale run iris.ipynb --resume") == [
        "iris.ipynb: cell 7 (train), line 3: ValueError: could not convert string to float: 'male'",
        "    in column Sex",
        "    model.fit(X, y)",
        "        ^^^^^^",
        "      X = DataFrame (891, 2): Age float64, Sex str",
        "      y = Series (891,) int64",
        "  in scale, cell 3, line 2:",
        "    return 1 / x",
        "           ^^^^^",
        "      x = 0",
        "  in load, data/helpers.py, line 4, 98 times:",
        "    deeper(1)",
        "  inputs:",
        "    X      DataFrame, 891 rows",
        "    y_all  Series",
        "  hint: give it numbers",
        "  attempts: 3",
        "  executed notebook: /run/train.ipynb",
        "  log: /run/train.log",
        "  resume: kale run iris.ipynb --resume",
    ]
    assert failure_lines(step, here=Path("/run"))[-2:] == [
        "  executed notebook: train.ipynb",
        "  log: train.log",
    ]


@pytest.mark.parametrize(
    ("error", "lines"),
    [
        pytest.param(
            StepError("KeyError", "", Location(PATH, 7, step="a")),
            ["iris.ipynb: cell 7 (a): KeyError"],
            id="an exception without a message or a line",
        ),
        pytest.param(
            StepError("E", "m", Location(PATH, 7, 3, step="a"), "\t  f(x)"),
            ["iris.ipynb: cell 7 (a), line 3: E: m", "    f(x)", "    ^"],
            id="a line of which no column is known",
        ),
        pytest.param(
            StepError("E", "m", AT, "        é = '日本' + ö", width=8),
            [f"{AT}: E: m", "    é = '日本' + ö", "    ^^^^^^^^^^"],
            id="characters that take two columns",
        ),
        pytest.param(
            StepError("E", "m", Location(PATH, 7, 3, 5), "\tx =\ty", width=1),
            ["iris.ipynb: cell 7, line 3: E: m", "    x = y", "       ^"],
            id="tabs",
        ),
        pytest.param(
            StepError("E", "m", Location(PATH, 7, 3, 99), "f(x)", width=1),
            ["iris.ipynb: cell 7, line 3: E: m", "    f(x)"],
            id="a column that the line has not",
        ),
        pytest.param(
            StepError("E", "m", Location(PATH, 7, 3, 1), f"f({'x' * 300})", width=303),
            [
                "iris.ipynb: cell 7, line 3: E: m",
                f"    f({'x' * 117}…",
                f"    {'^' * 120}",
            ],
            id="an expression longer than a line",
        ),
        pytest.param(
            StepError("E", "m", Location(PATH, 7, 3, 301), f"{'x' * 300}1 / 0", width=5),
            [
                "iris.ipynb: cell 7, line 3: E: m",
                f"    … {'x' * 40}1 / 0",
                f"    {' ' * 42}^^^^^",
            ],
            id="an expression far to the right",
        ),
        pytest.param(
            StepError("E", "\n".join("abcdefghijklmnop"), Location(PATH, 7)),
            [
                "iris.ipynb: cell 7: E: a",
                *(f"    {letter}" for letter in "bcdefghijklm"),
                "    … 3 lines more in the executed notebook",
            ],
            id="a message of many lines",
        ),
        pytest.param(
            StepError("E", "a" * 9999, Location(PATH, 7)),
            [f"iris.ipynb: cell 7: E: {'a' * 596}…"],
            id="a message of one long line",
        ),
    ],
)
def test_lines(error, lines):
    assert told(error) == lines


def test_nothing_reaches_the_terminal_as_a_command():
    error = StepError(
        f"E{HOSTILE}",
        f"m{HOSTILE}",
        Location(f"{HOSTILE}.ipynb", 7, 3, 2, step="a"),
        f"x{HOSTILE}",
        (Frame(Location(f"/{HOSTILE}.py", line=1, column=2), f"y{HOSTILE}", HOSTILE, width=3),),
        HOSTILE,
        ((HOSTILE, HOSTILE),),
        ((HOSTILE, HOSTILE),),
        4,
    )
    step = StepResult("a", "failed", Path(f"/{HOSTILE}"), Path(f"/{HOSTILE}"), error=error)
    lines = [*failure_lines(step, resume=HOSTILE), retry_reason(error)]
    assert all(line.isprintable() for line in lines), lines
    assert len(lines) == 15


def test_colours_only_when_asked_for():
    error = StepError("E", "m", AT, "        f(x)", hint="h", width=4)
    plain = told(error)
    painted = failure_lines(StepResult("train", "failed", error=error), colour=True)
    assert painted[0] == "iris.ipynb: cell 7 (train), line 3: \x1b[1m\x1b[31mE: m\x1b[0m"
    assert not any("\x1b" in line for line in plain)
    assert [line.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[31m", "")
            .replace("\x1b[0m", "") for line in painted] == plain  # fmt: skip


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(StepError("E", "m\nmore", AT), "cell 7, line 3: E: m", id="a line"),
        pytest.param(StepError("E", "", Location(PATH, 7)), "cell 7: E", id="a cell"),
        pytest.param(StepError("E", "m", Location(PATH)), "E: m", id="no place"),
    ],
)
def test_retry_reason(error, reason):
    assert retry_reason(error) == reason


def test_json_has_all_of_it():
    frame = Frame(Location("h.py", line=4, column=2), "f()", "g", (("a", "1"),), 3)
    error = StepError("E", "m", AT, "s", (frame,), "h", (("x", "1"),), (("i", "int"),), 2)
    assert error.as_json() == {
        "type": "E",
        "message": "m",
        "cell": 7,
        "cell_id": None,
        "line": 3,
        "column": 9,
        "source": "s",
        "values": {"x": "1"},
        "frames": [
            {
                "path": "h.py",
                "cell": None,
                "line": 4,
                "column": 2,
                "function": "g",
                "source": "f()",
                "values": {"a": "1"},
                "times": 1,
            }
        ],
        "inputs": {"i": "int"},
        "hint": "h",
    }
