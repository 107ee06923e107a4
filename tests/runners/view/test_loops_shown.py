"""How the items of loops, and branches that are not taken, are shown: as a report, and as lines."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from runners.control_plans import branches, loop, standing
from runners.plans import plan
from runners.view.html_page import Page

from kale.runners import PlainLines, RunResult, StepResult
from kale.runners.expansion import Expansion
from kale.runners.view.levels import levels_of
from kale.runners.view.live_lines import LiveLines
from kale.runners.view.report import write_report
from kale.runners.view.step_states import StepStates

OVER_XS = loop("loop:1", "load")
TASKS = (
    standing((), "load", decides={"loop:1": "xs"}),
    standing([OVER_XS], "fit", saves=["x"]),
    standing([OVER_XS], "score", loads={"x": "fit"}, saves=["x"]),
    standing((), "best", collects={"scores": "score"}),
)


def item(step: str, *index: int, status="succeeded", **more) -> StepResult:
    name = ".".join((step, *map(str, index)))
    ran = {"attempts": 1, "seconds": 2.04} if status != "skipped" else {}
    return StepResult(name, status, step=step, index=index, **ran, **more)


@pytest.fixture
def report(tmp_path):
    def write(tasks, *steps) -> Page:
        well = all(step.status != "failed" for step in steps)
        result = RunResult("iris", "succeeded" if well else "failed", tmp_path, steps)
        write_report(Expansion(plan(*tasks)).plan, result, pages={})
        return Page((tmp_path / "report.html").read_text(encoding="utf-8"))

    return write


def graph(page: Page) -> str:
    """The words of the graph's boxes, each with its title."""
    return page.words.partition("Steps: ")[2].partition("Timeline")[0]


@pytest.mark.parametrize(
    ("fits", "shown"),
    [
        pytest.param(
            [item("fit", status="skipped", why="its loop has no items")],
            "fit: skipped: its loop has no items fit - skipped",
            id="no item",
        ),
        pytest.param([item("fit", 0)], "fit: 1 succeeded fit ✓ 1 item", id="one item"),
        pytest.param(
            [item("fit", 0), item("fit", 1)], "fit: 2 succeeded fit ✓ 2 items", id="all do well"
        ),
        pytest.param(
            [item("fit", 0), item("fit", 1, status="failed"), item("fit", 2)],
            "fit: 2 succeeded, 1 failed fit ✗ 1 of 3",
            id="the one that failed counts",
        ),
        pytest.param(
            [item("fit", 0), item("fit", 1, status="skipped", why="its branch was not taken")],
            "fit: 1 succeeded, 1 skipped fit ✓ 1 of 2",
            id="some left out",
        ),
    ],
)
def test_the_graph_of_a_report_has_one_box_for_a_step_in_a_loop(report, fits, shown):
    page = report(TASKS[:2], item("load"), *fits)
    assert shown in graph(page)
    assert page.mistakes == []
    assert {anchor[1:] for anchor in page.anchors} <= set(page.ids)


def test_a_row_names_the_same_item_of_what_it_waited_for(report):
    page = report(
        TASKS,
        item("load"),
        *(item(step, number) for step in ("fit", "score") for number in range(2)),
        item("best"),
    )
    rows = page.words.partition("Ran by Log Note ")[2]
    assert "score.1 ✓ succeeded 2.0 s fit.1 " in rows
    assert "best ✓ succeeded 2.0 s score " in rows


def test_why_a_branch_was_not_taken_stands_in_its_row(report):
    taken, rest = branches("if:1", "load", "score > 0.8")
    tasks = (TASKS[0], standing([taken], "deploy"), standing([rest], "warn"))
    why = "its branch was not taken: `score > 0.8` is false"
    page = report(tasks, item("load"), item("deploy", status="skipped", why=why), item("warn"))
    assert f"deploy - skipped load {why}" in page.words


def lines(changes: dict[str, dict], *, grown: dict[str, list[str]]) -> list[str]:
    levels = levels_of({t.name: t.after for t in Expansion(plan(*TASKS)).plan.tasks})
    states = StepStates(levels.order)
    states.change("load", state="succeeded", result=item("load"))
    for step, into in grown.items():
        levels, states = levels.grown(step, into), states.grown(step, into)
    for name, change in changes.items():
        states.change(name, **change)
    return [line.plain.rstrip() for line in LiveLines("Iris", levels, states).draw(80, 24, 3.0)]


def test_each_item_has_a_line_below_the_step_before():
    known = {"fit": ["fit.0", "fit.1"], "score": ["score.0", "score.1"]}
    done = {"state": "succeeded", "result": item("fit", 0)}
    assert [line.split() for line in lines({"fit.0": done}, grown=known)[1:]] == [
        "✓ load 2.0 s".split(),
        "✓ ╭ fit.0 2.0 s ← load".split(),
        "· ╰ fit.1 ← load".split(),
        "· ╭ score.0 ← fit".split(),
        "· ╰ score.1 ← fit".split(),
        "· best ← score".split(),
    ]


@pytest.mark.parametrize(
    ("scores", "done"),
    [
        pytest.param([None, None], False, id="none has begun"),
        pytest.param([item("score", 0), None], False, id="one is left"),
        pytest.param([item("score", 0), item("score", 1)], True, id="all did well"),
        pytest.param(
            [item("score", 0), item("score", 1, status="skipped", why="its branch …")],
            True,
            id="what is left out is waited for no longer",
        ),
        pytest.param(
            [item("score", 0), item("score", 1, status="skipped", blocked_by=("fit.1",))],
            False,
            id="what a failure kept from running never comes",
        ),
    ],
)
def test_a_step_in_a_loop_is_done_when_all_its_items_are(scores, done):
    states = StepStates(["score", "best"]).grown("score", ["score.0", "score.1"])
    for number, result in enumerate(scores):
        if result is not None:
            states.change(f"score.{number}", state=result.status, result=result)
    assert states.is_done("score") is done
    assert len(states) == 3
    assert states.most_telling(9) == ["score.0", "score.1", "best"]


def test_plain_lines_make_room_for_the_numbers():
    stream = io.StringIO()
    view = PlainLines(stream)
    view.run_started(plan(*TASKS))
    view.step_grown("fit", [f"fit.{number}" for number in range(11)])
    view.step_started("fit.10")
    view.step_finished(replace(item("fit", 1), cached=True))
    assert stream.getvalue() == "fit.10  started\nfit.1   cached\n"
