"""Python files held against their own plain run, and notebooks with loops against the program
that their tags say."""

from __future__ import annotations

import pytest

from kale import core

HEAD = """\
import decimal
from kale.sdk import exit_handler, log_metric, pipeline, step

NUMBERS = [1, 2]


@step
def make(n):
    print("make", n)
    return list(range(n))


@step
def square(x):
    print("square", x)
    log_metric("square", x * x)
    return x * x


@step
def third(x):
    print(decimal.Decimal(x) / 3)


@step
def coarse():
    decimal.getcontext().prec = 3


@step
def digits():
    return [0] if decimal.getcontext().prec == 3 else [0, 1]


@step
def show(*values):
    print(*values)


@step
def pair(x):
    return {"k": x}


@step
def fail(x):
    if x > 1:
        raise KeyError(x)
    return x


"""

CONSTRUCTS = """\
    offset = n * 2
    xs = make(n)
    squares = []
    for x in xs:
        y = square(x)
        squares.append(y)
    more = [square(x + offset) for x in xs]
    nothing = [square(x) for x in make(0)]
    again = []
    for x in xs:
        again.append(third(x))
    show(squares, more, nothing, again)
    if n > 2:
        word = pair(squares)
    elif n > 1:
        word = pair(n)
    else:
        word = pair(0)
    for i, x in enumerate(xs):
        if x > 0:
            show(i, word["k"])
        for j in NUMBERS:
            show(i, j)
    for x in range(0):
        show("never")
    with exit_handler(show, "at last"):
        third(1)
    return xs
"""


@pytest.fixture
def verified(tmp_path):
    """Verify a file whose pipeline has this body: the verification."""

    def run(body, *parameters, **options):
        path = tmp_path / "script.py"
        path.write_text(f"{HEAD}@pipeline\ndef p(n: int = 2):\n{body}", encoding="utf-8")
        return core.verify(path, parameters, repeat=options.pop("repeat", 0), **options)

    return run


def told(found, *kinds):
    """The comparisons in words, without those that found the same."""
    return [
        f"{check.step} {check.name}: {check.verdict.value} {check.detail}".strip()
        for check in found.checks
        if check.verdict.value != "same" and (not kinds or check.kind in kinds)
    ]


def line(text, body):
    """The number of the line with that text."""
    lines = f"{HEAD}@pipeline\ndef p(n: int = 2):\n{body}".splitlines()
    return lines.index(text, HEAD.count("\n")) + 1


def test_all_that_a_body_may_hold_is_the_same(verified):
    found = verified(CONSTRUCTS, "n=2")
    assert told(found) == []
    at = {text: line(text, CONSTRUCTS) for text in CONSTRUCTS.splitlines()}
    names = {f"{check.step} {check.name}" for check in found.checks}
    assert names >= {
        "make xs", "square.0 y", "square.1 y", "show squares", "show more", "pair-2 word",
        "file square",
        f"square.1 line {at['        y = square(x)']}, item 1",
        f"square-2.0 line {at['    more = [square(x + offset) for x in xs]']}",
        f"show-3.1.0 line {at['            show(i, j)']}, item 1.0",
        f"third-2 line {at['        third(1)']}",
    }  # fmt: skip
    assert not any("never" in check.name or "pair-3" in check.step for check in found.checks)


def test_what_a_process_remembers_is_different(verified):
    body = """\
    coarse()
    third(n)
    found = digits()
    if len(found) > 1:
        show("fine")
    else:
        show("coarse")
    for x in found:
        third(x)
"""
    found = verified(body)
    assert not found.same
    assert told(found, "value", "step") == [
        "digits found: different 2 items, in the file 1 items",
        "show show: different the pipeline runs it, the file does not",
        "show-2 show-2: different the file runs it, the pipeline does not",
        "loop-1-items found: different 2 items, in the file 1 items",
        "third-2.1 third-2.1: different the pipeline runs it, the file does not",
    ]
    assert told(found, "output")[0] == (
        f"third line {line('    third(n)', body)}: different stdout: line 1 is "
        "'0.6666666666666666666666666667', in the file '0.667'"
    )


def test_where_both_fail_the_rest_is_not_compared(verified):
    body = "    xs = make(n)\n    for x in [1, 2]:\n        show(fail(x))\n    show(xs)\n"
    assert told(verified(body), "step") == [
        f"fail.1 fail.1: failed both fail: line {line('        show(fail(x))', body)}, KeyError: 2",
        "show.1 show.1: not run `fail.1` failed",
        "show-2 show-2: not run the file stopped before",
    ]
