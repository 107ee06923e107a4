"""``kale run --resume`` and parts of runs, by the command line, with real steps."""

from __future__ import annotations

import json

import pytest

CELLS = {
    "parameters": ("pipeline-parameters", "rate = 1"),
    "load": ("block:load cache:disabled", "x = [1, 2, 3]"),
    "clean": ("block:clean prev:load", "y = [a * rate for a in x]"),
    "fit": ("block:fit prev:clean", "z = sum(y)"),
    "metrics": ("pipeline-metrics", "print(z)"),
}


@pytest.fixture
def run(kale, notebook):
    """Run the notebook with some cells' code replaced: exit code, the JSON document, and stderr."""

    def once(*options: str, **code: str):
        cells = [(tags, code.get(name, known)) for name, (tags, known) in CELLS.items()]
        status, out, err = kale("run", notebook(*cells), "--json", *options)
        return status, json.loads(out), err

    return once


def steps(document: dict) -> dict[str, str]:
    """How each step ended, ``cached`` if it was taken."""
    return {
        step["name"]: "cached" if step["cached"] else step["status"] for step in document["steps"]
    }


def whys(document: dict) -> dict[str, str]:
    return {step["name"]: step["why"] for step in document["steps"]}


def test_a_run_goes_on_after_a_failure_with_its_parameters(run):
    status, failed, _ = run("-p", "rate=10", fit="z = sum(y) / 0")
    assert (status, steps(failed)["clean"]) == (1, "succeeded")
    name = failed["run_dir"].rpartition("/")[2]
    assert failed["resume"].endswith(f"--resume {name}")
    status, done, _ = run("--resume", name)
    assert (status, done["metrics"]) == (0, {"z": 60})
    # Also the step that is never cached: it is not run twice for one result.
    assert steps(done) == {"load": "cached", "clean": "cached", "fit": "succeeded"}
    assert whys(done)["clean"] == f"taken from run {name}: nothing it depends on changed"
    assert whys(done)["fit"] == f"ran: it failed in run {name}"
    # Without it, the defaults hold again, and what is never cached runs.
    status, plain, _ = run()
    assert (status, plain["metrics"]) == (0, {"z": 6})
    assert steps(plain) == {"load": "succeeded", "clean": "succeeded", "fit": "succeeded"}
    assert whys(plain)["clean"] == 'ran: parameter "rate" changed from 10 to 1'


def test_what_was_edited_since_is_not_taken(run):
    run("-p", "rate=10", fit="z = sum(y) / 0")
    edited = {"load": "x = [1, 2, 4]", "clean": "y = [a * rate for a in x]  # a comment"}
    status, done, _ = run("--resume", **edited)
    assert (status, done["metrics"]) == (0, {"z": 70})
    assert steps(done) == {"load": "succeeded", "clean": "succeeded", "fit": "succeeded"}
    assert whys(done)["clean"] == 'ran: its input "x" changed (load: cache:disabled)'


def test_a_given_parameter_is_not_inherited(run):
    run("-p", "rate=10", fit="z = sum(y) / 0")
    _, done, _ = run("--resume", "-p", "rate=100")
    assert done["metrics"] == {"z": 600}
    assert steps(done) == {"load": "cached", "clean": "succeeded", "fit": "succeeded"}


def test_one_step_alone_runs_on_the_values_of_a_run_and_says_what_is_stale(run):
    run()
    status, done, _ = run("--only", "fit", clean="y = [0 for a in x]", fit="z = sum(y) + 1000")
    assert (status, done["metrics"]) == (0, {"z": 1006})
    assert steps(done) == {"load": "skipped", "clean": "skipped", "fit": "succeeded"}
    (notice,) = (d for d in done["diagnostics"] if d["code"] == "KALE514")
    assert "clean: cell 3 edited" in notice["message"]
    # Nothing of that is taken for what the notebook computes.
    _, whole, _ = run(clean="y = [0 for a in x]", fit="z = sum(y) + 1000")
    assert whole["metrics"] == {"z": 1000}


def test_a_part_of_a_notebook_and_then_the_rest(run):
    status, part, _ = run("--until", "clean")
    assert (status, steps(part)) == (
        0,
        {"load": "succeeded", "clean": "succeeded", "fit": "skipped"},
    )
    status, done, _ = run("--resume")
    assert (status, done["metrics"]) == (0, {"z": 6})
    assert steps(done) == {"load": "cached", "clean": "cached", "fit": "succeeded"}
    status, again, _ = run("--from", "clean")
    assert steps(again) == {"load": "succeeded", "clean": "succeeded", "fit": "succeeded"}
    assert whys(again)["fit"] == "ran: asked to by --from clean"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param(["--resume"], "KALE508", id="resuming before any run"),
        pytest.param(["--only", "fit"], "KALE510", id="a step alone before any run"),
        pytest.param(["--only", "fti"], "KALE509", id="a step that is not there"),
        pytest.param(["--from", "fit", "--until", "load"], "KALE509", id="a contradiction"),
    ],
)
def test_what_cannot_be_run_is_refused(run, options, code):
    status, document, _ = run(*options)
    assert (status, document["status"], document["steps"]) == (2, "refused", [])
    assert [finding["code"] for finding in document["diagnostics"]] == [code]
