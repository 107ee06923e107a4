"""One step alone on an earlier run's values: what is missing, what is no value, what is stale."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from runners.history.past_journals import failed, record, save, succeeded, write_run
from runners.plans import plan, task

from kale.errors import UsageError
from kale.ir import Port, PortKind, Task
from kale.runners.history.past_run import PastRun, read_run
from kale.runners.only import InputFolder, inputs_for_only, run_for_only, stale_notice

PLAN = plan(
    task("load", "df = 1", saves=["df", "n"]),
    task("clean", "df += 1", loads={"df": "load"}, saves=["df"]),
    task("fit", "m = df", loads={"df": "clean", "n": "load"}, saves=["m"]),
    task("show", "print(1)"),
)
ALL = [("load", "df"), ("load", "n"), ("clean", "df")]


BOTH = (succeeded("load"), succeeded("clean"))


def past(path: Path, *, saved=ALL, results=BOTH) -> PastRun:
    run = write_run(path, results, of=PLAN, ends="failed").root
    for producer, variable in saved:
        save(run, producer, variable)
    return read_run(run)


_WITHOUT = "run `run` has no value of {} to run `fit` alone on"


@pytest.mark.parametrize(
    ("saved", "results", "missing", "first"),
    [
        pytest.param(
            [], [], "`df` (of step `clean`), `n` (of step `load`)",
            "--until clean --until load", id="nothing ran",
        ),
        pytest.param(
            ALL, [succeeded("load"), failed("clean")], "`df` (of step `clean`)",
            "--until clean", id="a step failed, and what it had saved by then is no value of it",
        ),
        pytest.param(
            ALL, [succeeded("load")], "`df` (of step `clean`)",
            "--until clean", id="a step was in flight when the run was killed",
        ),
        pytest.param(
            ALL[:2], [succeeded("load"), succeeded("clean")], "`df` (of step `clean`)",
            "--until clean", id="the values were removed",
        ),
    ],
)  # fmt: skip
def test_a_run_that_lacks_an_input_is_refused(tmp_path, saved, results, missing, first):
    run = past(tmp_path / "run", saved=saved, results=results)
    with pytest.raises(UsageError) as caught:
        inputs_for_only(PLAN, "fit", run)
    error = caught.value
    assert (error.code, error.message) == ("KALE510", _WITHOUT.format(missing))
    assert error.hint == f"run `kale run iris.ipynb {first}` first"
    assert str(error.at) == "iris.ipynb: step fit"


def _link_folder(run: Path) -> None:
    (run / "values/clean/df").rename(run / "elsewhere")
    (run / "values/clean/df").symlink_to(run / "elsewhere")


def _link_step(run: Path) -> None:
    (run / "values/clean").rename(run / "elsewhere")
    (run / "values/clean").symlink_to(run / "elsewhere")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(_link_folder, id="a link to a folder"),
        pytest.param(_link_step, id="a link to all of a step's values"),
        pytest.param(
            lambda run: (run / "values/clean/df/x").symlink_to("/etc/passwd"), id="a link to a file"
        ),
        pytest.param(lambda run: os.mkfifo(run / "values/clean/df/x"), id="a pipe"),
        pytest.param(lambda run: (run / "values/clean/df/x").mkdir(), id="a folder in it"),
        pytest.param(
            lambda run: (run / "values/clean/df/manifest.json").unlink(), id="no manifest"
        ),
        pytest.param(
            lambda run: (run / "values/clean/df/manifest.json").write_text("[" * 99_999),
            id="a manifest of great depth",
        ),
        pytest.param(
            lambda run: (run / "values/clean/df/manifest.json").write_text('{"name": "other"}'),
            id="another variable's manifest",
        ),
    ],
)
def test_what_is_no_value_of_the_run_is_none(tmp_path, spoil):
    run = past(tmp_path / "run")
    assert len(inputs_for_only(PLAN, "fit", run)) == 2
    spoil(run.path)
    with pytest.raises(UsageError) as caught:
        inputs_for_only(PLAN, "fit", run)
    assert caught.value.code == "KALE510"


def test_where_the_inputs_are_and_where_they_are_to_be(tmp_path):
    run = past(tmp_path / "run")
    assert inputs_for_only(PLAN, "fit", run) == [
        InputFolder("clean", "df", run.path / "values/clean/df", PurePosixPath("values/clean/df")),
        InputFolder("load", "n", run.path / "values/load/n", PurePosixPath("values/load/n")),
    ]


def test_a_step_that_reads_nothing_needs_nothing(tmp_path):
    assert inputs_for_only(PLAN, "show", past(tmp_path / "run", saved=[], results=[])) == []


def test_folders_may_have_had_other_names_then(tmp_path):
    steps = plan(task("load", "x = X = 1", saves=["x", "X"]), task("fit", loads={"X": "load"}))
    run = past(tmp_path / "run", saved=[], results=[succeeded("load")])
    folder = save(run.path, "load", "X")  # there was no `x` then
    assert inputs_for_only(steps, "fit", run) == [
        InputFolder("load", "X", folder, PurePosixPath("values/load/X~2"))
    ]


def test_of_two_versions_both_are_inputs(tmp_path):
    def port(producer: str) -> Port:
        return Port("df", PortKind.ARTIFACT, f"in_{producer}", (producer, "out_df"))

    both: Task = task("fit")
    both = Task("fit", "fit", (port("load"), port("clean")), (), (), both.notebook, both.options)
    found = inputs_for_only(plan(*PLAN.tasks[:2], both), "fit", past(tmp_path / "run"))
    assert [(one.producer, one.variable) for one in found] == [("load", "df"), ("clean", "df")]


# ---------------------------------------------------------------------------- choosing a run


def test_the_newest_run_that_has_all_is_taken(tmp_path):
    runs = [
        past(tmp_path / "3", results=[failed("load")]),
        past(tmp_path / "2"),
        past(tmp_path / "1"),
    ]
    assert run_for_only(PLAN, "fit", iter(runs)) is runs[1]


@pytest.mark.parametrize(
    ("runs", "message", "hint"),
    [
        pytest.param(
            0, "no run has values to run `fit` alone on",
            "run `kale run iris.ipynb --until clean --until load` first", id="no run at all",
        ),
        pytest.param(
            2, "no run has all that `fit` reads; the newest lacks `df` (of step `clean`)",
            "run `kale run iris.ipynb --until clean` first", id="none that has all",
        ),
    ],
)  # fmt: skip
def test_without_such_a_run_the_step_to_run_first_is_named(tmp_path, runs, message, hint):
    known = [past(tmp_path / f"{n}", results=[succeeded("load")]) for n in range(runs)]
    with pytest.raises(UsageError) as caught:
        run_for_only(PLAN, "fit", known)
    error = caught.value
    assert (error.code, error.message, error.hint) == ("KALE510", message, hint)


# ------------------------------------------------------------------------------------ stale


def stale(tmp_path: Path, step: str, now: dict[str, dict[str, str]]) -> str:
    results = [
        (succeeded("load"), record("load", code={"cell 3": "a", "load": "x"})),
        (succeeded("clean"), record("clean", code={"cell 5": "b"})),
        (succeeded("show"), record("show", code={"cell 9": "c"})),
    ]
    run = read_run(write_run(tmp_path / "run", results, of=PLAN, ends="failed").root)
    return stale_notice(PLAN, step, run, now)


@pytest.mark.parametrize(
    "now",
    [
        pytest.param({}, id="nothing is known of now"),
        pytest.param({"load": {"cell 3": "a"}, "clean": {"cell 5": "b"}}, id="nothing changed"),
        pytest.param({"load": {"cell 4": "a"}}, id="a cell moved"),
        pytest.param({"load": {"cell 3": "a", "load": "y"}}, id="what Kale puts in is another"),
        pytest.param({"fit": {"cell 7": "z"}, "show": {"cell 9": "z"}}, id="no step before it"),
    ],
)
def test_no_notice_when_the_values_are_those_of_the_code(tmp_path, now):
    assert stale(tmp_path, "fit", now) == ""


def test_a_notice_names_the_cells_that_changed_since(tmp_path):
    now = {"load": {"cell 3": "A"}, "clean": {"cell 5": "b", "cell 6": "n"}}
    assert stale(tmp_path, "fit", now) == (
        "`fit` runs on values of run run, made before this changed: "
        "load: cell 3 edited; clean: cell 6 added"
    )
    assert stale(tmp_path / "2", "clean", now).endswith("changed: load: cell 3 edited")
