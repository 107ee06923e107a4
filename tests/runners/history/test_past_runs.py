"""The runs of a notebook: found wherever they lie, and one of them by its name."""

from __future__ import annotations

import os
import tempfile

import pytest
from runners.history.past_journals import (
    LOAD_AND_FIT,
    failed,
    record,
    rewrite,
    run_in,
    succeeded,
    write_run,
)

from kale.errors import UsageError
from kale.runners import default_run_dir
from kale.runners.history.journal import JOURNAL
from kale.runners.history.past_runs import EarlierSteps, find_run, past_runs, runs_of
from kale.runners.result import StepResult
from kale.runners.run_directory import in_use


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path):
    """No test sees the runs of whoever runs it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home cache"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


# ----------------------------------------------------------------------------- all the runs


def test_there_are_no_runs_where_there_is_nothing(tmp_path):
    assert runs_of(tmp_path, "iris") == []


def test_runs_are_found_newest_first_wherever_they_may_lie(tmp_path):
    ours, temporary = tmp_path / ".kale", tmp_path / "temporary/kale"
    cache = tmp_path / "home cache/kale"
    for root, stamp in [
        (ours, "20260101T000000Z-1"),
        (ours, "20260101T000000Z-10"),
        (ours, "20260101T000000Z-9"),
        (cache, "20260102T000000Z-1"),
        (temporary, "20250102T000000Z-1"),
    ]:
        rewrite(run_in(root, stamp), started__notebook=str(tmp_path / "iris.ipynb"))
    assert [run.name[6:] for run in runs_of(tmp_path, "iris")] == [
        "02T000000Z-1", "01T000000Z-10", "01T000000Z-9", "01T000000Z-1", "02T000000Z-1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda run: (run / JOURNAL).unlink(), id="without a journal"),
        pytest.param(lambda run: rewrite(run, started__pipeline="other"), id="of another pipeline"),
        pytest.param(lambda run: rewrite(run, started__format=99), id="of a later version"),
        pytest.param(lambda run: run.rename(run.with_name("mine")), id="named otherwise"),
        pytest.param(
            lambda run: (run.rename(run.with_name("x")), run.symlink_to(run.with_name("x"))),
            id="a link to a run",
        ),
    ],
)
def test_what_is_no_run_of_the_notebook_is_passed_over(tmp_path, spoil):
    spoil(run_in(tmp_path / ".kale", "20260101T000000Z-1"))
    kept = run_in(tmp_path / ".kale", "20250101T000000Z-1")
    assert [run.path for run in runs_of(tmp_path, "iris")] == [kept]


def test_runs_of_a_notebook_elsewhere_with_the_same_name_are_not_ours(tmp_path):
    for stamp, notebook in [
        ("20260101T000000Z-1", "/elsewhere/iris.ipynb"),
        ("20260101T000000Z-2", str(tmp_path / "iris.ipynb")),
    ]:
        run = run_in(tmp_path / "home cache/kale", stamp)
        rewrite(run, started__notebook=notebook)
    assert [run.path for run in runs_of(tmp_path, "iris")] == [run]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_another_users_run_in_the_folder_for_temporary_files_is_not_ours(tmp_path):
    run = run_in(tmp_path / "temporary/kale", "20260101T000000Z-1")
    rewrite(run, started__notebook=str(tmp_path / "iris.ipynb"))
    assert len(runs_of(tmp_path, "iris")) == 1
    os.chown(run, 12345, 12345)
    assert runs_of(tmp_path, "iris") == []
    with pytest.raises(UsageError):
        find_run(tmp_path, "iris", run.name)


def test_runs_move_with_the_notebooks_folder(tmp_path):
    old = tmp_path / "old"
    run_in(old / ".kale", "20260101T000000Z-1")
    old.rename(tmp_path / "new")
    assert len(runs_of(tmp_path / "new", "iris")) == 1


def test_the_run_that_goes_on_can_be_left_out(tmp_path):
    run = default_run_dir(tmp_path, "iris")
    write_run(run, of=LOAD_AND_FIT)
    assert list(past_runs(tmp_path, "iris", besides=run)) == []


# ------------------------------------------------------------------------------ one by name


@pytest.fixture
def three(tmp_path):
    """Runs of two days; the newest goes on."""
    root = tmp_path / ".kale"
    names = ("20260101T080000Z-1", "20260101T090000Z-1", "20260202T000000Z-1")
    paths = [run_in(root, name, ends=None) for name in names]
    with in_use(paths[2]):
        yield paths


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param(None, 1, id="nothing: the newest that does not go on"),
        pytest.param("", 1, id="an empty text is nothing"),
        pytest.param("20260101T080000Z-1", 0, id="its name"),
        pytest.param("20260101T08", 0, id="enough of its name"),
    ],
)
def test_a_run_is_found_by_name(tmp_path, three, given, found):
    assert find_run(tmp_path, "iris", given).path == three[found]


def test_one_step_that_ran_alone_is_nothing_to_go_on_from_unless_named(tmp_path):
    whole, alone = (run_in(tmp_path / ".kale", f"2026010{day}T000000Z-1") for day in (1, 2))
    rewrite(alone, started__options={"only": "fit"})
    assert find_run(tmp_path, "iris", None).path == whole
    assert find_run(tmp_path, "iris", "20260102").path == alone


def test_the_run_of_a_copy_of_the_notebook_is_another_unless_named(tmp_path):
    mine, copys = (run_in(tmp_path / ".kale", f"2026010{day}T000000Z-1") for day in (1, 2))
    rewrite(copys, started__notebook=str(tmp_path / "iris-Copy1.ipynb"))
    assert find_run(tmp_path, "iris", None, notebook="iris.ipynb").path == mine
    assert find_run(tmp_path, "iris", "20260102", notebook="iris.ipynb").path == copys
    assert find_run(tmp_path, "iris", None).path == copys
    assert [run.path for run in runs_of(tmp_path, "iris", notebook="iris.ipynb")] == [mine]


def test_a_whole_name_is_not_taken_for_the_beginning_of_others(tmp_path):
    for counter in (1, 10, 11):
        run_in(tmp_path / ".kale", f"20260101T000000Z-{counter}")
    assert find_run(tmp_path, "iris", "20260101T000000Z-1").name == "20260101T000000Z-1"


def test_a_run_is_found_by_path(tmp_path, three, monkeypatch):
    mine = write_run(tmp_path / "mine", of=LOAD_AND_FIT, ends="failed").root
    monkeypatch.chdir(tmp_path)
    for given in ("mine", "./mine", str(mine)):
        assert find_run(tmp_path, "iris", given).path == mine


_MISSING = "there is no run `{}` of `iris`"


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        pytest.param(
            "20260101",
            "`20260101` may be any of `20260101T090000Z-1`, `20260101T080000Z-1`",
            "give more of the name",
            id="the beginning of several",
        ),
        pytest.param(
            "20260202",
            "run `20260202T000000Z-1` still goes on",
            "wait for its end, or stop it first",
            id="one that goes on",
        ),
        pytest.param(
            "20260101T08O000Z-1",
            _MISSING.format("20260101T08O000Z-1"),
            "did you mean `20260101T080000Z-1`? `--list` shows all",
            id="a letter for a digit",
        ),
        pytest.param("../x", _MISSING.format("../x"), "`--list` shows all", id="no such path"),
        pytest.param("a\0b", _MISSING.format("a\0b"), "`--list` shows all", id="no path at all"),
        pytest.param(
            "x" * 5000, _MISSING.format("x" * 79 + "…"), "`--list` shows all", id="too long"
        ),
        pytest.param(
            "empty",
            "folder `empty` holds no run that can be resumed",
            "`--list` shows the runs that can be",
            id="a folder without a run",
        ),
        pytest.param(
            "other",
            "run `other` is one of pipeline `titanic`, not of `iris`",
            "`--list` shows the runs of this notebook",
            id="a run of another pipeline",
        ),
    ],
)
def test_a_run_that_cannot_be_resumed_is_refused(
    tmp_path, three, monkeypatch, given, message, hint
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    rewrite(
        write_run(tmp_path / "other", of=LOAD_AND_FIT, ends="failed").root,
        started__pipeline="titanic",
    )
    with pytest.raises(UsageError) as caught:
        find_run(tmp_path, "iris", given)
    error = caught.value
    assert (error.code, error.message, error.hint) == ("KALE508", message, hint)


@pytest.mark.parametrize("given", [None, "20260101"])
def test_without_any_run_there_is_nothing_to_resume(tmp_path, given):
    with pytest.raises(UsageError) as caught:
        find_run(tmp_path, "iris", given)
    assert caught.value.code == "KALE508"
    assert caught.value.hint == "run it first, without `--resume`"


# ------------------------------------------------------------------------- steps of earlier


def test_a_steps_record_is_that_of_the_newest_run_that_has_one(tmp_path):
    root = tmp_path / ".kale"
    old = run_in(root, "20260101T000000Z-1", [(succeeded("load"), record("load"))])
    run_in(root, "20260102T000000Z-1", [failed("load")])
    known = EarlierSteps(past_runs(tmp_path, "iris"))
    assert known.record("load").run == str(old)
    assert known.record("fit") is None
    assert known.run(str(old)).path == old
    run, step = known.last("load")
    assert (run.name, step.status) == ("20260102T000000Z-1", "failed")


def test_no_more_journals_are_read_than_it_takes(tmp_path):
    root, read = tmp_path / ".kale", []
    for day in (1, 2, 3):
        run_in(root, f"2026010{day}T000000Z-1", [(succeeded("load"), record("load"))])

    def counted():
        for run in past_runs(tmp_path, "iris"):
            read.append(run.name)
            yield run

    known = EarlierSteps(counted())
    assert read == []
    assert known.record("load") is not None
    assert known.record("load") is not None
    assert len(read) == 1
    assert known.record("fit") is None
    assert len(read) == 3


def test_a_step_that_was_skipped_never_began(tmp_path):
    run_in(tmp_path / ".kale", "20260101T000000Z-1", [StepResult("load", "skipped")])
    assert EarlierSteps(past_runs(tmp_path, "iris")).last("load") is None
