"""What is read of a run: journals that are damaged or foreign first, then how a run ended."""

from __future__ import annotations

import json
import random

import pytest
from runners.history.past_journals import failed, record, rewrite, run_in, succeeded

from kale.runners.cache.records import FileState, StepRecord
from kale.runners.history.journal import JOURNAL
from kale.runners.history.past_run import read_run
from kale.runners.run_directory import in_use

# --------------------------------------------------------- journals that others may have written

_ANYTHING = [None, True, -1, 1e400, 10**400, "x", "\0", [], [[]], {}, {"a": []}, ["s"] * 3]


@pytest.mark.parametrize(
    "field",
    [
        *(f"started__{name}" for name in "pipeline notebook started parameters defaults steps options".split()),
        *(f"step__{name}" for name in "name status seconds at cached why error record event".split()),
        *(f"finished__{name}" for name in "status seconds event".split()),
    ],
)  # fmt: skip
def test_no_value_in_a_journal_breaks_its_reading(tmp_path, field):
    for number, value in enumerate(_ANYTHING):
        results = [(succeeded("load"), record("load")), failed("fit")]
        run = run_in(tmp_path, f"{number}", results, parameters={"rate": 1.0})
        rewrite(run, **{field: value})
        found = read_run(run)
        if found is None:
            continue
        assert found.seconds >= 0
        assert found.status in {"failed", "killed"}
        assert isinstance(found.changed_parameters, dict)
        assert found.done <= 1
        for step in found.steps.values():
            assert step.record is None or isinstance(step.record, StepRecord)


@pytest.mark.parametrize("seed", range(5))
def test_no_damaged_byte_breaks_the_reading(tmp_path, seed):
    whole = record("load", code={"cell 3": "a"}, inputs={"x": "b"})
    results = [(succeeded("load"), whole), failed("fit")]
    journal = run_in(tmp_path, "1", results, parameters={"rate": 1.0}) / JOURNAL
    sound, chance = journal.read_bytes(), random.Random(seed)
    for _ in range(200):
        damaged = bytearray(sound)
        for _ in range(chance.choice([1, 2, 20])):
            damaged[chance.randrange(len(damaged))] = chance.choice([*b'0{}[]",:\\ \n', 0, 255])
        journal.write_bytes(damaged)
        found = read_run(journal.parent)
        for step in found.steps.values() if found else ():
            assert step.record is None or step.record.key.step == step.name


@pytest.mark.parametrize(
    "field",
    ["key", "seconds", "files", "outputs", "read", "written", "metrics", "format"],
)
def test_a_record_that_is_none_is_not_one(tmp_path, field):
    sound = record("load", tmp_path).as_json()
    for number, value in enumerate([3, "x", [1], {"a": 1}, {"a": [1]}, [["a"]], [[1, 2, 3, 4]]]):
        run = run_in(tmp_path, f"{number}", [(succeeded("load"), record("load"))])
        rewrite(run, step__record={**sound, field: value})
        if field in {"metrics", "seconds"} and isinstance(value, (dict, int)):
            continue
        assert read_run(run).steps["load"].record is None


@pytest.mark.parametrize(
    "path",
    [
        "../values/x", "values/../../x", "/etc/passwd", "..", ".", "", "a\0b", "values/..",
    ],
)  # fmt: skip
def test_a_file_outside_of_the_run_makes_a_record_none(tmp_path, path):
    run = run_in(tmp_path, "1", [(succeeded("load"), record("load"))])
    rewrite(run, step__record={**record("load").as_json(), "files": {path: [1, "sha256:00"]}})
    assert read_run(run).steps["load"].record is None


def test_a_record_of_another_step_is_none(tmp_path):
    run = run_in(tmp_path, "1", [(succeeded("load"), record("fit"))])
    assert read_run(run).steps["load"].record is None


def test_a_step_that_failed_has_no_record_whatever_the_journal_says(tmp_path):
    run = run_in(tmp_path, "1", [(failed("load"), record("load"))])
    assert read_run(run).steps["load"].record is None


def test_a_record_is_of_the_directory_that_it_lies_in(tmp_path):
    whole = StepRecord(
        record("load", code={"cell 3": "a"}).key,
        "/somewhere/else",
        2.0,
        {"values/load/x/value.json": (3, "sha256:00")},
        {"x": "sha256:11"},
        (FileState("/data.csv", "sha256:22", 5, 6),),
        (FileState("/out.csv", None),),
        {"score": 0.5},
    )
    run = run_in(tmp_path, "1", [(succeeded("load"), whole)])
    moved = run.rename(tmp_path / "moved")
    found = read_run(moved).steps["load"].record
    assert found.run == str(moved)
    assert found.as_json() == {**whole.as_json(), "run": str(moved)}


# ---------------------------------------------------------------------------------- one run


@pytest.mark.parametrize(
    ("ends", "status"),
    [
        pytest.param(None, "killed", id="no end is told"),
        pytest.param("succeeded", "succeeded", id="success"),
        pytest.param("failed", "failed", id="failure"),
        pytest.param("interrupted", "interrupted", id="interruption"),
    ],
)
def test_how_a_run_ended(tmp_path, ends, status):
    run = read_run(run_in(tmp_path, "1", [succeeded("load")], ends=ends))
    assert (run.status, run.done, run.order) == (status, 1, ("load", "fit"))


def test_a_run_that_goes_on_is_told_from_one_that_was_killed(tmp_path):
    path = run_in(tmp_path, "1", ends=None)
    with in_use(path):
        assert read_run(path).status == "running"
    assert read_run(path).status == "killed"


def test_what_is_told_of_a_run(tmp_path):
    steps = [succeeded("load", cached=True, why="taken"), failed("fit")]
    run = read_run(run_in(tmp_path, "1", steps, parameters={"rate": 0.5}))
    assert (run.name, run.path, run.pipeline) == ("1", tmp_path / "runs/iris/1", "iris")
    assert len(run.started) == len("2026-11-23T04:55:02Z")
    load, fit = run.steps.values()
    assert (load.status, load.cached, load.why, load.seconds) == ("succeeded", True, "taken", 1.5)
    assert (fit.status, fit.error) == ("failed", "ValueError: no")


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        pytest.param({}, {}, id="nothing given"),
        pytest.param({"rate": 0.1}, {}, id="the default given"),
        pytest.param({"rate": 0.5}, {"rate": 0.5}, id="another value"),
        pytest.param({"old": 1}, {"old": 1}, id="a parameter without a known default"),
    ],
)
def test_parameters_that_differ_from_the_defaults(tmp_path, given, changed):
    run = read_run(run_in(tmp_path, "1", parameters=given))
    assert (run.parameters, run.changed_parameters) == (given, changed)


@pytest.mark.parametrize(
    ("grown", "order"),
    [
        pytest.param([], ["load", "fit"], id="nothing grew"),
        pytest.param([("fit", ["fit.0", "fit.1"])], ["load", "fit.0", "fit.1"], id="a loop"),
        pytest.param(
            [("fit", ["fit.0", "fit.1"]), ("fit.1", ["fit.1.0"])],
            ["load", "fit.0", "fit.1.0"],
            id="a loop in a loop",
        ),
        pytest.param([("fit", ["load"]), ("load", ["fit"])], ["load", "fit"], id="in a circle"),
        pytest.param([("fit", ["fit", "fit"])], ["load", "fit", "fit"], id="into itself"),
        pytest.param([(["fit"], {"fit": 1}), ("fit", [7, None])], ["load"], id="into no names"),
        pytest.param(
            [(f"{n}" if n else "fit", [f"{n + 1}"]) for n in range(5000)],
            ["load", "5000"],
            id="very deep",
        ),
    ],
)
def test_steps_in_loops_are_known_by_what_they_became(tmp_path, grown, order):
    journal = run_in(tmp_path, "1", [succeeded("load"), failed("fit")]) / JOURNAL
    lines = journal.read_text().splitlines(keepends=True)
    told = [{"event": "grown", "step": step, "into": into} for step, into in grown]
    journal.write_text("".join([lines[0], *(json.dumps(t) + "\n" for t in told), *lines[1:]]))
    assert read_run(journal.parent).order == tuple(order)
