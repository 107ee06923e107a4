"""The journal of a run: what is in it when a process is killed, a disk full, a line torn."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from runners.history.past_journals import NO_OPTIONS, failed, record, succeeded, write_run
from runners.plans import parameter, plan, task

from kale.errors import UsageError
from kale.runners.history.journal import JOURNAL, Journal, read_events
from kale.runners.history.past_run import read_run
from kale.runners.options import RunOptions
from kale.runners.run_directory import create_run_directory

PLAN = plan(task("load"), task("fit"), parameters=[parameter("rate", "float", "0.1")])


def lines(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / JOURNAL).read_text().splitlines()]


# ------------------------------------------------------------------------- nothing there


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda path: None, id="no journal"),
        pytest.param(lambda path: path.touch(), id="an empty one"),
        pytest.param(lambda path: path.mkdir(), id="a folder of that name"),
        pytest.param(
            lambda path: os.mkfifo(path), id="a pipe, on which reading would wait forever"
        ),
        pytest.param(lambda path: path.write_bytes(b"\xff\xfe\n\0\n[]\n3\n"), id="no events"),
        pytest.param(lambda path: path.write_text("[" * 100_000 + "\n"), id="JSON of great depth"),
        pytest.param(
            lambda path: path.write_text("1" * 10_000 + "\n"), id="a number of great size"
        ),
        pytest.param(lambda path: path.write_text('{"event": "started"}'), id="half a line alone"),
        pytest.param(
            lambda path: (path.touch(), os.truncate(path, 1 << 31)),
            id="two gigabytes of nothing",
        ),
    ],
)
def test_what_is_no_journal_has_no_events(tmp_path, make):
    make(tmp_path / JOURNAL)
    assert list(read_events(tmp_path)) == []


def test_a_link_to_a_journal_elsewhere_is_not_followed(tmp_path):
    write_run(tmp_path / "run", of=PLAN)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / JOURNAL).symlink_to(tmp_path / "run" / JOURNAL)
    assert list(read_events(tmp_path / "other")) == []


def test_a_directory_holds_one_journal_and_no_second_is_begun(tmp_path):
    directory = write_run(tmp_path / "run", [succeeded("load")], of=PLAN, ends="failed")
    before = (directory.root / JOURNAL).read_bytes()
    with pytest.raises(UsageError) as caught:
        Journal.create(directory, PLAN, {}, NO_OPTIONS)
    assert caught.value.code == "KALE504"
    assert (directory.root / JOURNAL).read_bytes() == before


# ------------------------------------------------------------------------ what is written


def test_a_run_is_a_line_for_its_start_each_step_and_its_end(tmp_path):
    done = succeeded("load", why="ran: never ran before", engine="fast", attempts=2)
    kept = record("load", tmp_path, code={"cell 7": "a"})
    directory = write_run(
        tmp_path / "run",
        [(done, kept), failed("fit", message="no\nway")],
        of=PLAN,
        parameters={"rate": 0.5},
        ends="failed",
    )
    first, load, fit, last = lines(directory.root)
    assert (first["event"], first["pipeline"]) == ("started", "iris")
    assert first["notebook"] == str(Path("iris.ipynb").absolute())
    assert (first["parameters"], first["defaults"]) == ({"rate": 0.5}, {"rate": 0.1})
    assert first["steps"] == ["load", "fit"]
    assert (load["name"], load["status"], load["engine"]) == ("load", "succeeded", "fast")
    assert (load["why"], load["attempts"], load["seconds"]) == ("ran: never ran before", 2, 1.5)
    assert load["record"] == kept.as_json()
    assert (fit["error"], fit["record"]) == ("ValueError: no", None)
    assert (last["event"], last["status"]) == ("finished", "failed")
    assert last["seconds"] >= fit["at"] >= load["at"] >= 0


def test_what_was_asked_for_is_told(tmp_path):
    options = RunOptions(until=frozenset(["fit"]), refresh=frozenset(["load"]), jobs=3)
    Journal.create(create_run_directory(tmp_path), PLAN, {}, options).close()
    assert lines(tmp_path)[0]["options"] == {"until": ["fit"], "refresh": ["load"]}


def test_the_environment_is_not_in_it(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_PASSWORD", "opensesame")
    steps = plan(task("load", env=(("TOKEN", "hunter2hunter2"),)))
    write_run(tmp_path / "run", [(succeeded("load"), record("load"))], of=steps, ends="succeeded")
    text = (tmp_path / "run" / JOURNAL).read_text()
    assert "opensesame" not in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("a\nb\r\x1b[31m \u2028 é 🎉", id="text with line ends and escapes"),
        pytest.param("\udc80", id="text that no encoding takes"),
        pytest.param([1, None, {"a": [True]}], id="nested JSON"),
        pytest.param(10**30, id="a large number"),
        pytest.param(float("inf"), id="an infinite number"),
    ],
)
def test_a_parameter_comes_back_as_it_was(tmp_path, value):
    write_run(tmp_path / "run", of=PLAN, parameters={"rate": value})
    assert read_run(tmp_path / "run").parameters == {"rate": value}


def test_a_parameter_that_is_no_json_does_not_stop_a_run(tmp_path):
    write_run(tmp_path / "run", of=PLAN, parameters={"rate": {1, 2}})
    assert read_run(tmp_path / "run").parameters == {"rate": "{1, 2}"}


def test_a_journal_only_grows(tmp_path):
    journal = Journal.create(create_run_directory(tmp_path), PLAN, {}, NO_OPTIONS)
    known = (tmp_path / JOURNAL).read_bytes()
    for number in range(20):
        journal.step_finished(succeeded(f"s{number}"), record(f"s{number}"))
        now = (tmp_path / JOURNAL).read_bytes()
        assert now.startswith(known)
        known = now
    journal.finished("succeeded")
    assert (tmp_path / JOURNAL).read_bytes().startswith(known)


# ------------------------------------------------------------------------ what goes wrong


@pytest.mark.parametrize("kept", [0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1 - 1e-9])
def test_a_torn_last_line_costs_that_step_alone(tmp_path, kept):
    results = [(succeeded(name), record(name)) for name in ("load", "fit")]
    directory = write_run(tmp_path / "run", results, of=PLAN)
    journal = directory.root / JOURNAL
    *whole, last = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(whole) + last[: int(kept * len(last))])
    assert list(read_run(directory.root).steps) == ["load"]


def test_a_damaged_line_costs_its_step_alone(tmp_path):
    results = [(succeeded(name), record(name)) for name in ("load", "fit")]
    directory = write_run(tmp_path / "run", results, of=PLAN, ends="succeeded")
    journal = directory.root / JOURNAL
    first, load, fit, last = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(first + load.replace(b'"event"', b'\xff"eve"') + fit + last)
    run = read_run(directory.root)
    assert (list(run.steps), run.status) == (["fit"], "succeeded")


_WRITER = """
    import sys
    from pathlib import Path
    from runners.history.past_journals import NO_OPTIONS, record, succeeded
    from runners.plans import plan, task
    from kale.runners.history.journal import Journal
    from kale.runners.run_directory import create_run_directory, in_use

    directory = create_run_directory(Path(sys.argv[1]))
    with in_use(directory.root):
        steps = plan(*(task(f"s{number}") for number in range(20_000)))
        journal = Journal.create(directory, steps, {}, NO_OPTIONS)
        for number in range(20_000):
            journal.step_finished(succeeded(f"s{number}"), record(f"s{number}"))
            print(number, flush=True)
"""


@pytest.mark.parametrize("seen", [0, 1, 17, 200, 1000])
def test_a_killed_process_takes_no_step_along_that_it_had_told_of(tmp_path, seen):
    run = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_WRITER), str(run)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as writer:
        for _ in range(seen + 1):
            told = int(writer.stdout.readline())
        going = read_run(run).status
        writer.kill()
        told = max([told, *(int(line) for line in writer.stdout if line.endswith(b"\n"))])
    assert going == "running"
    found = read_run(run)
    assert found.status == "killed"
    assert list(found.steps)[: told + 1] == [f"s{number}" for number in range(told + 1)]
    assert len(found.steps) <= told + 2
    assert all(step.record is not None for step in found.steps.values())


def test_a_full_disk_stops_nothing_and_is_told(tmp_path):
    journal = Journal.create(create_run_directory(tmp_path), PLAN, {}, NO_OPTIONS)
    journal.step_finished(succeeded("load"), record("load"))
    size = (tmp_path / JOURNAL).stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, limits[1]))
        journal.step_finished(succeeded("fit"), record("fit"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert (tmp_path / JOURNAL).stat().st_size == size + 50
    assert journal.trouble == f"File too large: {JOURNAL}"
    # With room again, what follows is whole.
    journal.step_finished(succeeded("show"), record("show"))
    journal.finished("succeeded")
    run = read_run(tmp_path)
    assert (list(run.steps), run.status) == (["load", "show"], "succeeded")


def test_a_disk_that_fails_stops_nothing_and_is_told(tmp_path):
    (tmp_path / JOURNAL).touch()
    journal = Journal(os.open(tmp_path / JOURNAL, os.O_PATH))  # neither writing nor syncing works
    journal.step_finished(succeeded("load"), record("load"))
    journal.finished("succeeded")
    assert journal.trouble == f"Bad file descriptor: {JOURNAL}"


def test_a_journal_is_closed_once(tmp_path):
    journal = Journal.create(create_run_directory(tmp_path), PLAN, {}, NO_OPTIONS)
    journal.finished("succeeded")
    before = (tmp_path / JOURNAL).read_bytes()
    other = os.open(tmp_path, os.O_RDONLY)  # it may well get the descriptor that is free now
    journal.close()
    os.close(other)
    assert (tmp_path / JOURNAL).read_bytes() == before


def test_the_disk_is_waited_for_only_when_a_step_has_run(tmp_path):
    def writers() -> int:
        return sum(thread.name == "kale-journal" for thread in threading.enumerate())

    cached = Journal.create(create_run_directory(tmp_path / "a"), PLAN, {}, NO_OPTIONS)
    cached.step_finished(succeeded("load", cached=True), record("load"))
    cached.step_finished(failed("fit"), None)
    assert writers() == 0
    cached.finished("failed")
    ran = Journal.create(create_run_directory(tmp_path / "b"), PLAN, {}, NO_OPTIONS)
    ran.step_finished(succeeded("load"), record("load"))
    assert writers() == 1
    ran.finished("succeeded")
    assert (writers(), ran.trouble) == (0, "")
