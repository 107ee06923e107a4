"""The report of a run: complete, escaped, and whole in itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runners.plans import PATH, cell, notebook, parameter, plan, task
from runners.view.html_page import Page

from kale.diagnostics import diagnose
from kale.errors import Location
from kale.runners import RunResult, StepError, StepResult
from kale.runners.view.report import write_report

pytestmark = pytest.mark.usefixtures("with_pages")

EVIL = "<script>alert('x')</script> {{ 7 * 7 }} \"quoted\" & \u2028 🙂"


@pytest.fixture
def run_dir(tmp_path):
    for part in ("notebooks", "logs"):
        (tmp_path / part).mkdir()
    return tmp_path


def executed(run_dir, name: str, content: bytes | None = None):
    path = run_dir / "notebooks" / f"{name}.ipynb"
    path.write_bytes(content or notebook([cell(f"print({EVIL!r})")]))
    return path


def page(run_dir) -> Page:
    return Page((run_dir / "report.html").read_text(encoding="utf-8"))


def sound(report: Page) -> bool:
    """Whether a page is well formed and all its inner addresses lead somewhere."""
    assert report.mistakes == []
    assert len(report.ids) == len(set(report.ids))
    assert {anchor[1:] for anchor in report.anchors} <= set(report.ids)
    return not {"script", "img", "link", "iframe"} & set(report.tags)


def write(run_dir, tasks, steps, **values):
    status = "failed" if any(step.status == "failed" for step in steps) else "succeeded"
    result = RunResult("iris", status, run_dir, tuple(steps), **values)
    write_report(plan(*tasks), result, pages={})
    return page(run_dir)


def test_an_empty_run(run_dir):
    report = write(run_dir, (), ())
    assert report.links == []
    assert not {"Metrics", "What failed", "Pipeline", "Timeline"} & set(report.words.split())
    assert sound(report)


def test_all_that_a_run_has_to_tell(run_dir):
    log = run_dir / "logs" / "train.log"
    log.touch()
    error = StepError("ValueError", EVIL, Location(PATH, 7, 3, step="train"), f"f({EVIL})")
    steps = (
        StepResult("load", "succeeded", executed(run_dir, "load"), seconds=1.2, attempts=1),
        StepResult("train", "failed", executed(run_dir, "train"), log, 62, 3, error, engine="fast"),
        StepResult("test", "skipped", blocked_by=("train",)),
        StepResult("old", "succeeded", executed(run_dir, "old"), cached=True, why=EVIL),
    )
    finding = diagnose("KALE505", EVIL, at=Location(PATH), hint=EVIL)
    result = RunResult("iris", "failed", run_dir, steps, {"score": 0.5, EVIL: EVIL}, (finding,), 65)
    tasks = [task("load"), task("train", after=["load"]), task("test", after=["load", "train"])]
    own = plan(*tasks, task("old"), parameters=[parameter("rate", "float", "0.1")])
    write_report(own, result, parameters={"rate": EVIL}, resume=f"kale run {EVIL}")
    report = page(run_dir)
    assert sound(report)
    pages = [f"notebooks/{name}.html" for name in ("load", "train", "old")]
    assert set(report.links) == {*pages, "notebooks/train.html#failure", "logs/train.log"}
    assert all((run_dir / link.partition("#")[0]).exists() for link in report.links)
    # Message, source line, command, metric's name and value, note, cause, finding and hint.
    assert report.text.count("<script>alert('x')</script> {{ 7 * 7 }}") >= 9
    text = report.words
    counts = "1 succeeded, 1 failed, 1 skipped, 1 cached"
    assert f"✗ failed Iris in 1 min 05 s · {counts} · iris.ipynb" in text
    assert "iris.ipynb: cell 7" in text
    assert "score 0.5" in text
    assert "train ✗ failed (attempt 3) 1 min 02 s load fast log ValueError:" in text
    assert "test - skipped train train failed" in text, "the arrow from load follows from train's"
    assert "old ↺ cached <script>" in text
    assert "KALE505 warning iris.ipynb:" in text
    assert "instead of 0.1" in text


def test_the_graph_names_each_step_and_leads_to_its_row(run_dir):
    names = ["load", "fit", "特徴量_検証_とても長い名前のステップです_もっと長い名前"]
    steps = [StepResult(name, "succeeded", attempts=1, seconds=2) for name in names]
    report = write(run_dir, [task(names[0]), *(task(n, after=["load"]) for n in names[1:])], steps)
    assert sound(report)
    assert report.tags.count("svg") == 1
    assert "Steps: load; fit after load; 特徴量" in report.words
    assert "fit: succeeded in 2.0 s" in report.words
    assert set(report.anchors) == {"#step-1", "#step-2", "#step-3"}


def test_a_thousand_steps_are_squares_that_lead_to_their_rows(run_dir):
    names = [f"s{number}" for number in range(1000)]
    tasks = [task(name, after=names[n - 1 : n] if n % 7 else ()) for n, name in enumerate(names)]
    steps = [
        StepResult(name, "succeeded", attempts=1, seconds=1, started=number / 10)
        for number, name in enumerate(names)
    ]
    report = write(run_dir, tasks, steps)
    assert sound(report)
    assert "svg" not in report.tags
    assert {f"#step-{number}" for number in range(1, 1001)} == set(report.anchors)


@pytest.mark.parametrize(
    ("steps", "shown"),
    [
        pytest.param([], False, id="nothing ran"),
        pytest.param(
            [StepResult("a", "succeeded", cached=True)], False, id="all was there already"
        ),
        pytest.param(
            [
                StepResult("a", "succeeded", attempts=1, seconds=1),
                StepResult("b", "failed", attempts=1, seconds=2, started=1),
            ],
            True,
            id="one after the other",
        ),
    ],
)
def test_there_is_a_timeline_where_it_tells_something(run_dir, steps, shown):
    report = write(run_dir, [task(step.name) for step in steps], steps)
    assert ("Timeline" in report.words) is shown


def test_pages_ask_no_other_machine(run_dir):
    step = StepResult("load", "succeeded", executed(run_dir, "load"), attempts=1)
    write_report(plan(task("load")), RunResult("iris", "succeeded", run_dir, (step,)))
    notebook_page = Page((run_dir / "notebooks/load.html").read_text(encoding="utf-8"))
    assert notebook_page.links == ["../report.html"]


@pytest.mark.parametrize(
    ("content", "options", "interrupted"),
    [
        pytest.param(b"{broken", {}, False, id="a notebook that was cut short"),
        pytest.param(None, {"report": False}, False, id="a step that wants no page"),
        pytest.param(None, {}, True, id="a user who waits for the prompt"),
        pytest.param(
            notebook([cell("#" + "x" * 20_000_001)]), {}, False, id="too much for a browser"
        ),
    ],
)
def test_without_a_page_the_notebook_itself_is_linked(run_dir, content, options, interrupted):
    step = StepResult("load", "succeeded", executed(run_dir, "load", content), attempts=1)
    result = RunResult("iris", "failed", run_dir, (step,), interrupted=interrupted)
    write_report(plan(task("load", **options)), result)
    assert page(run_dir).links == ["notebooks/load.ipynb"]
    assert ("interrupted" in page(run_dir).words) is interrupted


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (211, "m 211"),
        (0.5, "m 0.5"),
        (2.821315331732854, "m 2.82132 2.821315331732854"),
        (float("nan"), "m nan"),
        ([1, "é"], 'm [1, "é"]'),
        ("a" * 40, "m " + "a" * 40),
        (None, "m null"),
    ],
)
def test_a_metric_is_readable_and_exact(run_dir, value, shown):
    assert f"Metrics {shown} Steps" in write(run_dir, (), (), metrics={"m": value}).words


def test_half_a_surrogate_pair_does_not_break_the_report(run_dir):
    metrics = json.loads('{"name": "\\ud800"}')
    report = write(run_dir, (), (), metrics=metrics)
    assert "\\ud800" in report.text


def test_a_page_that_came_from_an_earlier_run_is_linked(run_dir):
    Path(run_dir / "notebooks" / "load.html").write_text("<p>")
    step = StepResult("load", "succeeded", executed(run_dir, "load"), cached=True)
    assert write(run_dir, [task("load")], [step]).links == ["notebooks/load.html"]
