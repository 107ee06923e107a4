"""The report of a run: complete, escaped, and whole in itself."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from runners.plans import PATH, cell, notebook, plan, task

from kale.diagnostics import diagnose
from kale.errors import Location
from kale.runners import RunResult, StepError, StepResult
from kale.runners.view.report import write_report

EVIL = "<script>alert('x')</script> {{ 7 * 7 }} \"quoted\" & \u2028 🙂"


class Page(HTMLParser):
    """The text, the tags and the addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data):
        self.text += data


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


def test_an_empty_run(run_dir):
    write_report(plan(), RunResult("iris", "succeeded", run_dir, ()))
    assert page(run_dir).links == []
    assert "Metrics" not in page(run_dir).text
    assert "What failed" not in page(run_dir).text


def test_all_that_a_run_has_to_tell(run_dir):
    log = run_dir / "logs" / "train.log"
    log.touch()
    error = StepError("ValueError", EVIL, Location(PATH, 7, 3, step="train"), f"f({EVIL})")
    steps = (
        StepResult("load", "succeeded", executed(run_dir, "load"), seconds=1.2, attempts=1),
        StepResult("train", "failed", executed(run_dir, "train"), log, 62, 3, error),
        StepResult("test", "skipped", blocked_by=("train",)),
    )
    finding = diagnose("KALE505", EVIL, at=Location(PATH), hint=EVIL)
    result = RunResult("iris", "failed", run_dir, steps, {"score": 0.5, EVIL: EVIL}, (finding,), 65)
    write_report(plan(task("load"), task("train"), task("test")), result)
    report = page(run_dir)
    assert "script" not in report.tags
    assert report.links == ["notebooks/load.html", "notebooks/train.html", "logs/train.log"]
    assert all((run_dir / link).exists() for link in report.links)
    # Message, source line, note, metric's name and value, finding and hint, each as it was.
    assert report.text.count(EVIL) == 7
    text = " ".join(report.text.split())
    assert "Iris failed in 1 min 05 s · 1 succeeded, 1 failed, 1 skipped · iris.ipynb" in text
    assert "iris.ipynb: cell 7 (train), line 3: ValueError:" in text
    assert "score 0.5" in text
    assert "train failed (attempt 3) 1 min 02 s executed notebook log ValueError:" in text
    assert "test skipped train failed" in text
    assert "KALE505 warning iris.ipynb:" in text


def test_pages_ask_no_other_machine(run_dir):
    step = StepResult("load", "succeeded", executed(run_dir, "load"), attempts=1)
    write_report(plan(task("load")), RunResult("iris", "succeeded", run_dir, (step,)))
    notebook_page = Page((run_dir / "notebooks/load.html").read_text(encoding="utf-8"))
    assert [link for link in notebook_page.links if "://" in link] == []


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
    assert ("interrupted" in page(run_dir).text) is interrupted


def test_half_a_surrogate_pair_does_not_break_the_report(run_dir):
    metrics = json.loads('{"name": "\\ud800"}')
    write_report(plan(), RunResult("iris", "succeeded", run_dir, (), metrics))
    assert "\\ud800" in page(run_dir).text
