"""What waits for what, and what feeds what, once loops and conditions are told how to go on."""

from __future__ import annotations

import pytest
from runners.control_plans import branches, handler, loop, standing
from runners.grown_plans import CHOICE, LOOP, NESTED, OUTER, grown, loads
from runners.plans import task

from kale.runners.expansion import Expansion

KNOWN = loop("loop:1", count=2)


def waits(steps: Expansion) -> dict[str, tuple[str, ...]]:
    return {name: steps.after(name) for name in steps.names}


@pytest.mark.parametrize(
    ("tasks", "told", "expected"),
    [
        pytest.param(
            LOOP,
            [],
            {"fit": ("load",), "score": ("fit", "load"), "best": ("score",)},
            id="steps in a loop wait for the step that tells its length",
        ),
        pytest.param(
            LOOP,
            [("load", {"loop:1": 2})],
            {"score.1": ("fit.1", "load"), "best": ("score.0", "score.1")},
            id="an item waits for itself, and who reads all for all",
        ),
        pytest.param(
            LOOP, [("load", {"loop:1": 0})], {"best": ("score",)}, id="all of none is one place"
        ),
        pytest.param(
            NESTED,
            [("load", {"loop:1": 2}), ("split.1", {"loop:2": 2})],
            {
                "fit.0": ("split.0", "load"),
                "fit.1.1": ("split.1", "load"),
                "mean.0": ("fit.0", "load"),
                "mean.1": ("fit.1.0", "fit.1.1", "load"),
                "best": ("fit.0", "fit.1.0", "fit.1.1", "mean.0", "mean.1"),
            },
            id="a list of the inner items, and one of all",
        ),
        pytest.param(
            (
                standing([KNOWN], "split", saves=["x"]),
                standing([KNOWN, loop("loop:2", count=2)], "fit", loads={"x": "split"}),
                standing([KNOWN], "mean", collects={"fits": "fit"}),
            ),
            [],
            {
                "fit.1.0": ("split.1",),
                "mean.0": ("fit.0.0", "fit.0.1"),
                "mean.1": ("fit.1.0", "fit.1.1"),
            },
            id="two loops whose lengths are known at once",
        ),
        pytest.param(
            CHOICE,
            [("load", {"if:1": 1})],
            {"warn": ("load",), "report": ("deploy", "warn", "drop")},
            id="branches",
        ),
        pytest.param(
            (task("clean"), standing([handler("clean")], "a"), task("b", after=["a"])),
            [],
            {"clean": (), "b": ("a",)},
            id="an exit step needs nobody's success",
        ),
    ],
)
def test_who_waits_for_whom(tasks, told, expected):
    found = waits(grown(*tasks, told=told))
    assert {name: found[name] for name in expected} == expected


def test_an_exit_step_comes_after_its_group_and_waits_for_any_end_of_it():
    inside = handler("clean")
    steps = grown(
        task("clean"),
        loads(),
        standing([inside, OUTER], "a"),
        standing([inside], "b"),
        told=[("load", {"loop:1": 2})],
    )
    assert steps.names == ("load", "a.0", "a.1", "b", "clean")
    assert steps.after_any("clean") == ("a.0", "a.1", "b")
    assert steps.after("clean") == steps.after_any("b") == ()
    assert steps.exit_steps == {"clean"}


def sources(steps: Expansion, name: str) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for port in steps.task(name).inputs:
        found.setdefault(port.name, []).append(port.source and port.source[0])
    return found


@pytest.mark.parametrize(
    ("tasks", "told", "name", "expected"),
    [
        pytest.param(
            LOOP,
            [("load", {"loop:1": 0})],
            "best",
            {"scores": [None]},
            id="of no items there is a list all the same",
        ),
        pytest.param(
            LOOP,
            [("load", {"loop:1": 11})],
            "best",
            {"scores": [f"score.{number}" for number in range(11)]},
            id="the order is that of the numbers",
        ),
        pytest.param(
            LOOP,
            [("load", {"loop:1": 2})],
            "fit.1",
            {"xs": ["load"], "index_1": ["loop:1"]},
            id="an item reads what stands outside, and its number",
        ),
        pytest.param(
            NESTED,
            [
                ("load", {"loop:1": 2}),
                ("split.1", {"loop:2": 1}),
                ("split.0", {"loop:2": 2}),
            ],
            "best",
            {"fits": ["fit.0.0", "fit.0.1", "fit.1.0"], "means": ["mean.0", "mean.1"]},
            id="nested loops are flat, the outer items first",
        ),
        pytest.param(
            CHOICE,
            [("load", {"if:1": 2})],
            "report",
            {"x": ["drop"]},
            id="a choice is of what ran",
        ),
        pytest.param(
            (
                loads(),
                standing([OUTER], "test", loads={"xs": "load"}, decides={"if:1": "xs"}),
                standing([OUTER, branches("if:1", "test", "ok")[0]], "fit", saves=["x"]),
                standing((), "best", collects={"fits": "fit"}),
            ),
            [("load", {"loop:1": 3}), *((f"test.{n}", {"if:1": n % 2}) for n in range(3))],
            "best",
            {"fits": ["fit.0", "fit.2"]},
            id="what a branch of an item left out is not in the list",
        ),
    ],
)
def test_what_feeds_a_step(tasks, told, name, expected):
    assert sources(grown(*tasks, told=told), name) == expected
