"""Notebooks verified with real kernels: what differs is found, what only seems to is told apart."""

from __future__ import annotations

import fcntl
import os
from dataclasses import replace

import pytest


def other(found):
    """The checks that are not the same, as ``step name: verdict``."""
    return {
        f"{check.step} {check.name}": check.verdict.value
        for check in found.checks
        if check.verdict.value != "same"
    }


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(
            [
                ("pipeline-parameters", "n = 3"),
                ("imports", "import numpy as np\nprint('ready')"),
                ("functions", "class Pair:\n    def __init__(self, a):\n        self.a = a"),
                ("block:a", "x = np.arange(n)\npairs = [Pair(x), Pair(x)]\nx"),
                ("block:b prev:a", "pairs[0].a[0] = 7\nprint(x)"),
                ("block:c prev:b", "total = int(x.sum())\nnames = {'p', 'q', 'r', 's'}"),
                ("pipeline-metrics", "print(total)"),
            ],
            id="a chain that changes objects in place, with parameters, classes and metrics",
        ),
        pytest.param(
            [
                ("imports", "log = []"),
                ("block:a", "x = [1]\nlog.append('a')"),
                ("block:b prev:a", "y = x + [2]"),
                ("block:c prev:a", "x.append(3)\nz = len(x)"),
                ("block:b", "w = y * 2"),
                ("block:d prev:b prev:c", "print(x, y, z, w)"),
            ],
            id="branches, the cells of one between those of the other, and a value they see apart",
        ),
        pytest.param(
            [
                ("block:a", "%%time\ndef f(v):\n    return v + 1"),
                ("skip", "def f(v):\n    return 0"),
                ("block:b prev:a", "_ = f(1)\nf(1)"),
                ("", "# the cell above is this step's, too\nq = f(2)"),
                ("block:c prev:b", "for i in range(q):\n    print(i)\ndel i\nf(q)"),
            ],
            id="code that travels, magics, cells without a tag, and one that is skipped",
        ),
    ],
)
def test_a_pipeline_that_computes_the_same(verified, cells):
    found = verified(*cells)
    unequal = {name: verdict for name, verdict in other(found).items() if "used" not in verdict}
    # What `%%time` prints is new in each run.
    assert set(unequal.values()) <= {"not repeatable"}, unequal
    assert all(name.endswith(" cell 1") for name in unequal)
    assert found.same
    assert len(found.checks) > 6


def test_a_wrong_value_and_what_follows_from_it_are_found(verified):
    found = verified(
        ("block:a", "import decimal\ndecimal.getcontext().prec = 3\nx = decimal.Decimal(1)"),
        ("block:b prev:a", "import time\ny = x / 3\nprint(time.time())\nprint(y)"),
        ("block:c prev:b", "big = y * 1000\nz = int(x)"),
        repeat=1,
    )
    assert other(found) == {
        "b y": "different",
        "b cell 2": "different",
        "c y": "different",
        "c big": "different",
    }
    assert not found.same
    assert len(found.wrong) == 4
    details = {check.name: check.detail for check in found.wrong if check.step == "b"}
    assert details["cell 2"].startswith("stdout: line 2 is")
    assert details["cell 2"].endswith(", in the notebook '0.333'")


def test_what_time_and_chance_make_is_told_apart(verified):
    found = verified(
        ("imports", "import random, time, uuid"),
        ("block:a", "start = time.time()\ndraws = [random.random() for _ in range(3)]\nfixed = 1"),
        (
            "block:b prev:a",
            "class A:\n    pass\na = A()\nprint(a)\nprint(start, fixed)\nnumber = id(a)",
        ),
        (
            "block:c prev:b",
            "words = list({'p', 'q', 'r', 's', 't', 'u'})\nprint(words)\nkey = uuid.uuid4()",
        ),
        ("block:d prev:c", "lock = __import__('threading').Lock()\nkeys = (n for n in words)"),
    )
    assert other(found) == {
        "a start": "not repeatable",
        "a draws": "not repeatable",
        "b start": "not repeatable",
        "b number": "not repeatable",
        "b cell 3": "not repeatable",
        "c words": "not repeatable",
        "c cell 4": "not repeatable",
        "c key": "not repeatable",
        "d words": "not repeatable",
        "d lock": "cannot be compared",
        "d keys": "cannot be compared",
    }
    assert found.same
    assert found.runs > 1
    strictly = replace(found, strict=True)
    assert len(strictly.wrong) == 11
    assert strictly.as_json()["status"] == "different"


def test_addresses_and_warnings_alone_are_no_difference(verified):
    found = verified(
        ("imports", "import warnings"),
        ("functions", "def old():\n    warnings.warn('old')\n    return 1"),
        ("block:a", "print(object())\nx = old()"),
        ("block:b prev:a", "y = old() + x"),
    )
    assert other(found) == {"a cell 3": "address", "b cell 4": "address"}
    assert found.same
    assert found.runs == 1


def test_parameters_have_their_values_in_both_runs(verified):
    found = verified(
        ("parameters", "n = 3\nname = 'a'"),
        ("block:a", "double = n * 2"),
        ("block:b prev:a", "text = name * double\nprint(text)"),
        parameters=["n=2", "name=é'\\"],
    )
    assert other(found) == {}
    shown = {check.name: check.type for check in found.checks if check.step == "b"}
    assert shown["text"] == "builtins.str"


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            [("block:a", "x = 1"), ("block:b prev:a", "y = x / 0"), ("block:c prev:b", "z = y")],
            {
                "b b": ("failed", "both fail: cell 2, ZeroDivisionError: division by zero"),
                "b cell 2": None,
                "c c": ("not run", "`b` failed"),
            },
            id="both",
        ),
        pytest.param(
            [
                ("block:a", "import sys\nsys.setrecursionlimit(5000)\nx = 1"),
                ("block:b prev:a", "assert sys.getrecursionlimit() == 5000\ny = x"),
                ("block:c prev:a", "z = x"),
            ],
            {
                "b b": (
                    "failed",
                    "the pipeline fails, the notebook does not: cell 2, AssertionError",
                )
            },
            id="the pipeline alone",
        ),
        pytest.param(
            [
                ("block:a", "import sys\nsys.setrecursionlimit(5000)\nx = 1"),
                ("block:b prev:a", "assert sys.getrecursionlimit() != 5000\ny = x"),
                ("block:c prev:a", "z = x"),
            ],
            {
                "b b": (
                    "failed",
                    "the notebook fails, the pipeline does not: cell 2, AssertionError",
                ),
                "c c": ("not run", "the notebook stopped before"),
            },
            id="the notebook alone",
        ),
    ],
)
def test_a_cell_that_fails(verified, cells, expected):
    found = verified(*cells, repeat=0)
    told = {
        f"{check.step} {check.name}": (check.verdict.value, check.detail) for check in found.checks
    }
    for name, outcome in expected.items():
        assert told.get(name) == outcome or (outcome is None and told[name][0] == "same"), told
    assert not found.same
    assert told["a x"] == ("same", "")


FILES = (
    ("block:a", "with open('lines.txt', 'a') as file:\n    print('x', file=file)"),
    ("block:b prev:a", "n = len(open('lines.txt').readlines())"),
)


def test_a_file_that_grows_with_each_run_does_not_repeat(verified, tmp_path):
    found = verified(*FILES, repeat=1)
    assert other(found)["b n"] == "not repeatable"
    assert len((tmp_path / "lines.txt").read_text().splitlines()) == 3


def test_in_copies_of_the_folder_no_run_sees_the_files_of_another(verified, tmp_path):
    (tmp_path / "lines.txt").write_text("x\n")
    found = verified(*FILES, copy=True)
    assert "b n" not in other(found)
    assert (tmp_path / "lines.txt").read_text() == "x\n"
    assert {path.name for path in tmp_path.iterdir()} == {"nb.ipynb", ".kale", "lines.txt"}


def test_nothing_is_left_but_what_others_use(verified, tmp_path):
    names = ("verify-killed", "verify-used", "verify-new")
    for name in names:
        (tmp_path / ".kale" / name / "run").mkdir(parents=True)
    for name in names[:2]:
        os.utime(tmp_path / ".kale" / name, (1, 1))
    descriptor = os.open(tmp_path / ".kale" / "verify-used", os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        shown = "print(*[name for name in sorted(globals()) if name[0] != '_'])"
        found = verified(("block:a", "first = 1"), ("block:a", f"{shown}\n'shown'"), repeat=0)
    finally:
        os.close(descriptor)
    left = {path.name for path in (tmp_path / ".kale").glob("verify-*")}
    assert left == {"verify-used", "verify-new"}
    # Nor do the notebook's own names show that it was watched.
    assert other(found) == {}
    assert {check.name for check in found.checks} == {"first", "cell 2"}
