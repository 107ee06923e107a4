"""Why a step ran: asked, missing, failed, changed; and where it began, steps away."""

from __future__ import annotations

from pathlib import Path

import pytest
from runners.history.past_journals import failed, key, record, succeeded, write_run
from runners.plans import parameter, plan, task

from kale.runners.history.past_run import read_run
from kale.runners.history.past_runs import EarlierSteps
from kale.runners.history.why import Reasons
from kale.runners.result import StepResult

A, B, C = ("sha256:" + char * 64 for char in "abc")

PLAN = plan(
    task("load", "df = 1", saves=["df", "n"], takes={"rate": "0.1"}),
    task("clean", "df += 1", loads={"df": "load"}, saves=["df"]),
    task("fit", "m = df", loads={"df": "clean", "n": "load"}, saves=["m"]),
    task("send", "print(1)", loads={"m": "fit"}, caching=False),
    parameters=[parameter("rate", "float", "0.1")],
)

LOAD = key("load", code={"cell 3": A}, parameters={"rate": A})
CLEAN = key("clean", code={"cell 5": A}, inputs={"df": A})
FIT = key("fit", code={"cell 7": A}, inputs={"df": A, "n": A})


def changed(known, **parts):
    """The key with other items in some of its parts."""
    return key(known.step, **{**known.parts, **{p: {**known.parts.get(p, {}), **i} for p, i in parts.items()}})  # fmt: skip


def reasons(path: Path, *results, parameters=None, before=None) -> Reasons:
    """The reasons of a run after one with these results; after none, if there are none."""
    runs = []
    if results:
        run = write_run(path / "run 1", results, of=PLAN, parameters=before or {})
        runs.append(read_run(run.root))
    return Reasons(PLAN, EarlierSteps(runs), parameters or {})


ENDED_WELL = tuple(
    (succeeded(known.step), record(known.step, **known.parts)) for known in (LOAD, CLEAN, FIT)
)


# ------------------------------------------------------------------------------- one step


@pytest.mark.parametrize(
    ("results", "more", "told"),
    [
        pytest.param((), {}, "never ran before", id="there is no earlier run"),
        pytest.param(
            (StepResult("load", "skipped"),), {}, "never ran before", id="it was skipped always"
        ),
        pytest.param(
            (StepResult("load", "skipped", why="stopped, since `clean` failed"),),
            {},
            "it was stopped in run run 1",
            id="it was stopped for the failure of another",
        ),
        pytest.param((failed("load"),), {}, "it failed in run run 1", id="it failed"),
        pytest.param(
            (failed("load", "KeyboardInterrupt", "interrupted"),),
            {},
            "it was interrupted in run run 1",
            id="it was interrupted",
        ),
        pytest.param(
            (succeeded("clean"),),
            {},
            "run run 1 was killed before it ended",
            id="it was in flight when the run was killed",
        ),
        pytest.param(
            (succeeded("load"),), {}, "no run knows what it depended on", id="it left no record"
        ),
        pytest.param(ENDED_WELL, {}, "its results are not in the cache", id="nothing changed"),
        pytest.param(
            ENDED_WELL, {"miss": "data.csv changed"}, "data.csv changed", id="a record is of no use"
        ),
        pytest.param((), {"miss": "data.csv changed"}, "data.csv changed", id="of a run long gone"),
        pytest.param(
            ENDED_WELL,
            {"miss": "data.csv changed", "key": changed(LOAD, code={"cell 3": B})},
            "cell 3 edited",
            id="a record of no use of before the last edit",
        ),
        pytest.param(
            ENDED_WELL, {"asked": "asked to by --refresh"}, "asked to by --refresh", id="asked for"
        ),
        pytest.param(ENDED_WELL, {"asked": "--no-cache"}, "--no-cache", id="without the cache"),
        pytest.param(
            ENDED_WELL, {"key": None}, "what it depends on cannot be told", id="it has no key"
        ),
        pytest.param(
            ENDED_WELL, {"key": changed(LOAD, code={"cell 3": B})}, "cell 3 edited", id="an edit"
        ),
    ],
)
def test_why_a_step_ran(tmp_path, results, more, told):
    known = {"key": LOAD, **more}
    assert reasons(tmp_path, *results).ran("load", known.pop("key"), **known) == f"ran: {told}"


def test_a_step_that_is_never_cached_says_so(tmp_path):
    assert reasons(tmp_path).ran("send", key("send")) == "ran: cache:disabled"


def test_a_parameter_is_told_with_both_its_values(tmp_path):
    now = changed(LOAD, parameters={"rate": B})
    told = reasons(tmp_path / "1", *ENDED_WELL, parameters={"rate": 0.5}).ran("load", now)
    assert told == 'ran: parameter "rate" changed from 0.1 to 0.5'
    told = reasons(tmp_path / "2", *ENDED_WELL, before={"rate": 0.5}).ran("load", now)
    assert told == 'ran: parameter "rate" changed from 0.5 to 0.1'


def test_why_a_step_did_not_run(tmp_path):
    told = reasons(tmp_path).taken("load", record("load", "/runs/20261123T045502Z-1"))
    assert told == "taken from run 20261123T045502Z-1: nothing it depends on changed"


# ------------------------------------------------------------------------------- upstream


def test_an_input_is_told_with_what_happened_upstream(tmp_path):
    known = reasons(tmp_path, *ENDED_WELL)
    known.ran("load", changed(LOAD, code={"cell 3": B}))
    told = known.ran("clean", changed(CLEAN, inputs={"df": B}))
    assert told == 'ran: its input "df" changed (load: cell 3 edited)'


def test_steps_further_down_are_told_the_root_and_not_the_way(tmp_path):
    known = reasons(tmp_path, *ENDED_WELL)
    known.ran("load", changed(LOAD, code={"cell 3": B}))
    known.ran("clean", changed(CLEAN, inputs={"df": B}))
    told = known.ran("fit", changed(FIT, inputs={"df": B}))
    assert told == 'ran: its input "df" changed (load: cell 3 edited)'


def test_a_step_that_was_edited_itself_is_a_root(tmp_path):
    known = reasons(tmp_path, *ENDED_WELL)
    known.ran("load", changed(LOAD, code={"cell 3": B}))
    told = known.ran("clean", changed(CLEAN, inputs={"df": B}, code={"cell 5": C}))
    assert told == 'ran: cell 5 edited, its input "df" changed (load: cell 3 edited)'
    told = known.ran("fit", changed(FIT, inputs={"df": B}))
    assert told == 'ran: its input "df" changed (clean: cell 5 edited)'


def test_an_input_of_an_older_run_is_told_with_that_run(tmp_path):
    known = reasons(tmp_path, *ENDED_WELL)
    known.taken("load", record("load", "/runs/older"))
    told = known.ran("clean", changed(CLEAN, inputs={"df": B}))
    assert told == 'ran: its input "df" changed (load: taken from run older)'


def test_of_two_inputs_each_has_its_own_root(tmp_path):
    known = reasons(tmp_path, *ENDED_WELL)
    known.ran("load", LOAD, asked="asked to by --refresh")
    known.ran("clean", changed(CLEAN, code={"cell 5": B}))
    told = known.ran("fit", changed(FIT, inputs={"df": B, "n": B}))
    assert told == (
        'ran: its input "df" changed (clean: cell 5 edited), '
        'its input "n" changed (load: asked to by --refresh)'
    )


def test_a_change_of_nothing_upstream_is_told_without_a_root(tmp_path):
    told = reasons(tmp_path, *ENDED_WELL).ran("clean", changed(CLEAN, inputs={"df": B}))
    assert told == 'ran: its input "df" changed'
