"""``--list`` and ``--why``: what people read of runs and steps."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import click
import pytest
from runners.history.past_journals import failed, record, succeeded, write_run
from runners.plans import parameter, plan, task

from kale.cli.runs import run_list_json, run_list_lines, why_lines
from kale.runners.history.past_run import PastRun, PastStep, read_run
from kale.runners.result import StepResult

PLAN = plan(
    task("load"),
    task("fit"),
    parameters=[parameter("rate", "float", "0.1"), parameter("api_key", "str", "''")],
)


@pytest.fixture(autouse=True)
def east(monkeypatch):
    """Clocks an hour ahead of UTC."""
    monkeypatch.setenv("TZ", "Etc/GMT-1")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def run(name: str, status: str, *steps: PastStep, **more) -> PastRun:
    return PastRun(
        path=Path("/runs", name),
        pipeline="iris",
        started="2026-11-23T04:55:02Z",
        status=status,
        order=("load", "clean", "fit"),
        steps={step.name: step for step in steps},
        **more,
    )


def test_no_runs_are_no_lines():
    assert run_list_lines([]) == []
    assert run_list_json([]) == []


def test_a_run_is_a_line_below_a_head():
    done = [PastStep("load", "succeeded", cached=True), PastStep("clean", "succeeded")]
    runs = [
        run("20261123T045502Z-1", "running", *done[:1], seconds=62),
        run("20261122T120000Z-1", "failed", *done, PastStep("fit", "failed"), seconds=3.25,
            parameters={"rate": 0.5, "lags": [1, 7]}),
        run("mine", "killed"),
    ]  # fmt: skip
    assert [click.unstyle(line) for line in run_list_lines(runs)] == [
        "RUN                 STARTED           STATUS   STEPS                                TIME  PARAMETERS",
        "20261123T045502Z-1  2026-11-23 05:55  running  1 of 3 (1 cached)              1 min 02 s",
        "20261122T120000Z-1  2026-11-23 05:55  failed   2 of 3 (1 cached, fit failed)       3.2 s  rate=0.5 lags=[1, 7]",
        "mine                2026-11-23 05:55  killed   0 of 3                              0.0 s",
    ]  # fmt: skip


def test_the_columns_stay_below_their_heads_whatever_the_script():
    runs = [run("走る", "failed", parameters={"été": "走"}), run("a", "succeeded")]
    lines = [click.unstyle(line) for line in run_list_lines(runs)]
    assert lines[1].startswith("走る  2026")
    assert lines[2].startswith("a     2026")


@pytest.mark.parametrize("width", [80, 100, 120])
def test_long_parameters_are_cut_at_the_terminals_edge(width):
    found = run("20261123T045502Z-1", "failed", parameters={"a": "x" * 30, "b": "x" * 30})
    assert len(click.unstyle(run_list_lines([found])[1])) > 120
    line = click.unstyle(run_list_lines([found], width)[1])
    assert (len(line), line[-1]) == (width, "…")


def test_nothing_in_a_journal_reaches_the_terminal_as_a_command():
    hostile = "\x1b[2J\r\n\u202e\x07"
    found = run(
        f"x{hostile}",
        "failed",
        PastStep(f"fit{hostile}", "failed"),
        parameters={f"a{hostile}": hostile},
    )
    for line in [
        *run_list_lines([found]),
        *why_lines([StepResult(hostile, "failed", why=hostile)]),
    ]:
        assert click.unstyle(line).isprintable()


@pytest.mark.parametrize(
    ("asked", "steps", "told"),
    [
        pytest.param({"until": ["clean"]}, [], "0 of 3 (--until clean)", id="nothing ran yet"),
        pytest.param(
            {"until": ["load", "clean"]},
            [PastStep("load", "succeeded"), PastStep("fit", "skipped", why="not asked for: …")],
            "1 of 2 (--until load clean)",
            id="a part",
        ),
        pytest.param(
            {"only": "load", "resume": "/a/b/2026"},
            [PastStep("load", "failed"), PastStep("fit", "failed")],
            "0 of 3 (--only load, --resume 2026, load and 1 more failed)",
            id="several notes",
        ),
        pytest.param({"only": {"a": 1}}, [], "0 of 3 (--only {'a': 1})", id="nonsense"),
    ],
)
def test_what_was_asked_for_is_told_with_the_steps(asked, steps, told):
    assert told in click.unstyle(run_list_lines([run("x", "failed", *steps, asked=asked)])[1])


def test_an_unknown_start_is_a_question_mark():
    assert " ?  " in run_list_lines([PastRun(path=run("a", "failed").path, pipeline="iris")])[1]


def test_secrets_stay_hidden(tmp_path):
    given = {"api_key": "opensesame", "rate": 0.5}
    found = read_run(write_run(tmp_path / "run", of=PLAN, parameters=given, ends="failed").root)
    told = "\n".join([*run_list_lines([found]), json.dumps(run_list_json([found]))])
    assert "opensesame" not in told
    assert "api_key=<hidden> rate=0.5" in told


def test_a_run_as_json(tmp_path):
    results = [(succeeded("load", cached=True), record("load")), failed("fit")]
    path = tmp_path / "run"
    found = read_run(write_run(path, results, of=PLAN, parameters={"rate": 0.5}).root)
    document = run_list_json([found])
    assert json.loads(json.dumps(document)) == document
    (only,) = document
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", only.pop("started"))
    assert only == {
        "run": "run",
        "run_dir": str(path),
        "seconds": found.seconds,
        "status": "killed",
        "asked": {},
        "parameters": {"rate": 0.5},
        "steps": {
            "load": {"status": "succeeded", "cached": True, "seconds": 1.5, "error": None},
            "fit": {"status": "failed", "cached": False, "seconds": 0.0, "error": "ValueError: no"},
        },
    }


def test_why_is_a_line_for_each_step():
    steps = [
        StepResult("load", "succeeded", why="taken from run x: nothing it depends on changed"),
        StepResult("clean-up", "failed", why="ran: cell 7 edited"),
        StepResult("fit", "skipped", blocked_by=("clean-up",)),
        StepResult("show", "skipped", why="not asked for: `--only fit`"),
        StepResult("send", "skipped"),
    ]
    assert why_lines(steps) == [
        "load      taken from run x: nothing it depends on changed",
        "clean-up  ran: cell 7 edited",
        "fit       did not run: clean-up failed",
        "show      not asked for: `--only fit`",
        "send      did not run: the run was interrupted",
    ]
    assert why_lines([]) == []
