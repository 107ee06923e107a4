"""Compiled loops, conditions, fan-in and exit handlers through KFP's own local runner."""

from __future__ import annotations

import pytest
from runners.flows import branches, handler, loop, plan, step

from kale.codegen.kfp_spec import emit_package
from kale.runners import Silent
from kale.runners.kfp_local import run_kfp_local

pytestmark = pytest.mark.usefixtures("measured_children")

pytest.importorskip("kfp", reason="kfp is not installed")


class Grown(Silent):
    """Keeps what steps have become."""

    def __init__(self):
        self.grown = {}

    def step_grown(self, step, into):
        self.grown[step] = into


def run(made, folder, **parameters):
    """The result, what each step printed, and what the steps in loops have become."""
    told = Grown()
    result = run_kfp_local(
        made,
        emit_package(made),
        run_dir=folder / "run",
        cwd=folder,
        parameters=parameters,
        observer=told,
    )
    printed = {each.name: each.log.read_text() for each in result.steps if each.log}
    return result, printed, told.grown


def states(result):
    return {each.name: each.status for each in result.steps}


def test_loops_whose_length_a_step_tells_and_a_value_from_either_branch(tmp_path):
    """What plain Python makes of it: for x in xs: for y in range(x): pairs.append((x, y)), …"""
    outer = loop(1, "x", "xs", "load", collected=["pairs>pairs"])
    inner = loop(2, "y", "ys", "more", collected=["pair>pairs"])
    high, low = branches(1, "choose", "total > n")
    made = plan(
        step("load", "xs = [0, 2]", decides="loop:1=xs"),
        step("more", "ys = range(x)", outer, decides="loop:2=ys"),
        step("pair", "pair = (x, y, n)", outer, inner),
        step(
            "choose",
            "print(pairs)\ntotal = len(pairs)\nnumber = 0 if total > n else 1",
            decides="if:1=number",
        ),
        step("many", "said = 'many'", high),
        step("few", "said = f'few: {pairs[-1]}'", low),
        step("say", "print(said)"),
        n=1,
    )
    result, printed, grown = run(made, tmp_path, n=7)
    assert result.status == "succeeded"
    assert states(result) == {
        "load": "succeeded",
        "more.0": "succeeded",
        "more.1": "succeeded",
        "pair.0": "skipped",
        "pair.1.0": "succeeded",
        "pair.1.1": "succeeded",
        "choose": "succeeded",
        "many": "skipped",
        "few": "succeeded",
        "say": "succeeded",
    }
    assert printed["choose"] == "[(2, 0, 7), (2, 1, 7)]\n"
    assert printed["say"] == "few: (2, 1, 7)\n"
    why = {each.name: each.why for each in result.steps if each.status == "skipped"}
    assert why == {
        "pair.0": "its loop has no items",
        "many": "its branch was not taken: `total > n` is false",
    }
    assert grown["more"] == ("more.0", "more.1")
    assert [each.index for each in result.steps if each.task == "pair"] == [(0,), (1, 0), (1, 1)]


def test_no_items_at_all_a_branch_that_nobody_takes_and_an_exit_step_after_a_failure(tmp_path):
    each = loop(1, "x", "xs", "load", collected=["y>ys"])
    known = loop(2, "i", "[5]", count=1)
    only, _ = branches(1, "count", "ys")
    group = handler("tidy")
    made = plan(
        step("tidy", "print('tidied', n)"),
        step("load", "xs = []", decides="loop:1=xs"),
        step("double", "y = 2 * x", each),
        step("count", "print(ys)\nnumber = 0 if ys else 1", decides="if:1=number"),
        step("never", "print(ys)", only),
        step("fail", "print(i)\n1 / 0", group, known),
        n=1,
    )
    result, printed, _ = run(made, tmp_path)
    assert result.status == "failed"
    assert states(result) == {
        "tidy": "succeeded",
        "load": "succeeded",
        "double": "skipped",
        "count": "succeeded",
        "never": "skipped",
        "fail.0": "failed",
    }
    assert printed["count"] == "[]\n"
    assert printed["tidy"] == "tidied 1\n"
    (error,) = [each.error for each in result.steps if each.error]
    assert error.message == "division by zero"
