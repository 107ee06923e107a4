"""Whole runs, with real kernels and real files."""

from __future__ import annotations

import json
import threading

import pytest
from runners.plans import cell, parameter, plan, task
from runners.processes import processes_of

from kale.errors import UsageError
from kale.runners import RunOptions, RunResult, Silent, default_run_dir, failure_lines, run

#: A folder, a file and a text that break whatever is pasted instead of passed on.
HOSTILE = "a 'b' \"c\" {d} {{e}} ä🙂:f$%"


def states(result: RunResult) -> dict[str, str]:
    return {step.name: step.status for step in result.steps}


def printed(result: RunResult, step: str) -> str:
    return (result.run_dir / "logs" / f"{step}.log").read_text(encoding="utf-8")


class Recorder(Silent):
    """Who was running when, and how far."""

    def __init__(self) -> None:
        self.running: set[str] = set()
        self.together: set[frozenset[str]] = set()
        self.cells: list[tuple[str, int, int]] = []
        self.retries: list[tuple[str, int, str]] = []

    def step_started(self, step):
        self.running.add(step)
        self.together.add(frozenset(self.running))

    def step_progressed(self, step, cell, of):
        self.cells.append((step, cell, of))

    def step_retried(self, step, attempt, reason):
        self.retries.append((step, attempt, reason))

    def step_finished(self, result):
        self.running.discard(result.name)


def test_a_plan_without_tasks_succeeds(runtime, tmp_path):
    result = run(plan(), runtime=runtime, run_dir=tmp_path / "run", cwd=tmp_path)
    assert (result.status, result.steps) == ("succeeded", ())
    assert result.report.exists()


@pytest.mark.usefixtures("with_pages")
def test_values_parameters_and_metrics_travel_through_a_hostile_folder(runtime, tmp_path, capfd):
    folder = tmp_path / HOSTILE
    folder.mkdir()
    (folder / "data.txt").write_text("40", encoding="utf-8")
    # Beside a notebook anything may lie, also what Kale's own processes would import.
    (folder / "json.py").write_text("raise SystemExit('the wrong json')", encoding="utf-8")
    (folder / "mine.py").write_text("two = 2", encoding="utf-8")
    text = HOSTILE + "\n\\ ''' \u2028 {{$}}"
    pipeline = plan(
        task("load", "x = [int(open('data.txt').read())]", "X = {'x': x[0]}", saves=["x", "X"]),
        task(
            "fit",
            "import mine\ny = x[0] + X['x'] + mine.two + n",
            "score = y / 2\nprint(title)",
            loads={"x": "load", "X": "load"},
            takes={"n": "1", "title": "'unset'", "scale": "1.5"},
            saves=["y"],
            metrics=["score", "title", "scale"],
            env=(("GREETING", HOSTILE),),
        ),
        task(
            "check", "import os\nassert y == 84\nprint(os.environ['GREETING'])", loads={"y": "fit"}
        ),
        parameters=[
            parameter("n", "int", "1"),
            parameter("title", "str", "'unset'"),
            parameter("scale", "float", "1.5"),
        ],
    )
    result = run(
        pipeline,
        runtime=runtime,
        run_dir=default_run_dir(folder, "iris"),
        cwd=folder,
        parameters={"n": 2, "title": text},
    )
    # `GREETING` is the step's own: the step after it has none.
    assert states(result) == {"load": "succeeded", "fit": "succeeded", "check": "failed"}
    (failure,) = result.failures
    assert failure.error is not None
    assert (failure.error.type, failure.error.at.cell, failure.error.at.line) == ("KeyError", 7, 3)
    assert result.metrics == {"score": 42.0, "title": text, "scale": 1.5}
    assert json.loads((result.run_dir / "metrics.json").read_text()) == result.metrics
    assert json.loads((result.run_dir / "run.json").read_text()) == result.as_json()
    assert text in printed(result, "fit")
    assert {path.name for path in (result.run_dir / "notebooks").iterdir()} == {
        *("load.ipynb", "load.html", "fit.ipynb", "fit.html", "check.ipynb", "check.html")
    }
    # Nothing on the terminal but what the observer says, here nothing.
    assert capfd.readouterr() == ("", "")


def test_branches_run_together_and_a_failure_stops_its_own_alone(runtime, tmp_path):
    meet = (
        "import os, time\nopen(me, 'w').close()\nwhile not os.path.exists(other): time.sleep(.01)"
    )
    pipeline = plan(
        task("left", "me, other = 'left', 'right'", meet, "def f():\n    return 1 / 0\n\n\nf()"),
        task("right", "me, other = 'right', 'left'", meet),
        task("after-left", "1", after=["left"]),
        task("after-both", "1", after=["after-left", "right"]),
        task("after-right", "1", after=["right"]),
    )
    seen = Recorder()
    result = run(
        pipeline,
        runtime=runtime,
        run_dir=tmp_path / "run",
        cwd=tmp_path,
        options=RunOptions(jobs=2),
        observer=seen,
    )
    assert states(result) == {
        "left": "failed",
        "right": "succeeded",
        "after-left": "skipped",
        "after-both": "skipped",
        "after-right": "succeeded",
    }
    assert frozenset({"left", "right"}) in seen.together
    assert max(map(len, seen.together)) == 2
    assert [entry for entry in seen.cells if entry[0] == "right"] == [
        ("right", 1, 2),
        ("right", 2, 2),
    ]
    left, *_ = result.steps
    assert failure_lines(left) == [
        "iris.ipynb: cell 9 (left), line 5: ZeroDivisionError: division by zero",
        "    f()",
        "    ^^^",
        "  in f, cell 9, line 2:",
        "    return 1 / 0",
        "           ^^^^^",
        f"  executed notebook: {tmp_path}/run/notebooks/left.ipynb",
        f"  log: {tmp_path}/run/logs/left.log",
    ]
    skipped = next(step for step in result.steps if step.name == "after-both")
    assert skipped.blocked_by == ("left",)
    assert skipped.as_json() == {
        "name": "after-both",
        "status": "skipped",
        "cached": False,
        "why": "",
        "engine": "",
        "attempts": 0,
        "notebook": None,
        "seconds": 0.0,
        "error": None,
    }


def test_kernels_that_end_early_and_much_output(runtime, tmp_path):
    pipeline = plan(
        task("exits", "import sys\nsys.exit(0)", "x = 1"),
        task("dies", "1", "import os\nos._exit(3)", kernel="no-such-kernel"),
        task("prints", "for _ in range(300):\n    print('x' * 10_000)"),
        kernel="no-such-kernel",
    )
    result = run(pipeline, runtime=runtime, run_dir=tmp_path / "run", cwd=tmp_path)
    exits, dies, prints = result.steps
    assert exits.error is not None
    assert dies.error is not None
    assert (exits.error.type, str(exits.error.at)) == (
        "SystemExit",
        "iris.ipynb: cell 7 (exits), line 2",
    )
    assert (dies.error.message, str(dies.error.at)) == (
        "the kernel ended with exit status 3",
        "iris.ipynb: cell 8 (dies)",
    )
    assert prints.status == "succeeded"
    assert printed(result, "prints").count("x") == 3_000_000
    assert [(d.code, d.message) for d in result.diagnostics] == [
        ("KALE505", "kernel `no-such-kernel` is not installed here; the steps ran in `python3`")
    ]


def test_attempts_and_time_are_limited(runtime, tmp_path):
    twice = "import os\nassert os.path.exists('seen') or open('seen', 'w').close()"
    pipeline = plan(
        task("again", twice, "x = 1", saves=["x"], retries=2),
        task(
            "slow",
            "import time",
            "try:\n    time.sleep(60)\nfinally:\n    print('tidy')",
            timeout=3,
        ),
    )
    seen = Recorder()
    result = run(pipeline, runtime=runtime, run_dir=tmp_path / "run", cwd=tmp_path, observer=seen)
    again, slow = result.steps
    assert (again.status, again.attempts) == ("succeeded", 2)
    assert seen.retries == [("again", 2, "cell 7, line 2: AssertionError")]
    assert slow.error is not None
    assert slow.error.message == "the step ran longer than its timeout of 3 s"
    assert slow.error.at.cell == 8
    assert "tidy" in printed(result, "slow")
    assert slow.seconds < 9


def test_two_runs_at_once_and_outside_of_the_main_thread(runtime, tmp_path):
    pipeline = plan(task("one", "x = 1", saves=["x"]), task("two", "x += 1", loads={"x": "one"}))
    results = []

    def work() -> None:
        folder = default_run_dir(tmp_path, "iris")
        results.append(run(pipeline, runtime=runtime, run_dir=folder, cwd=tmp_path))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.status for result in results] == ["succeeded", "succeeded"]
    assert results[0].run_dir != results[1].run_dir


def test_a_step_that_cannot_start_fails_and_the_others_run(runtime, tmp_path):
    pipeline = plan(task("bad", "1", env=(("A\0B", "1"),)), task("after", "1", after=["bad"]))
    result = run(pipeline, runtime=runtime, run_dir=tmp_path / "run", cwd=tmp_path)
    assert states(result) == {"bad": "failed", "after": "skipped"}
    error = result.steps[0].error
    assert error is not None
    assert error.message == "the step could not start: embedded null byte"


def test_an_observer_that_breaks_leaves_no_process(runtime, tmp_path):
    class Broken(Silent):
        ended = False

        def step_progressed(self, step, cell, of):
            raise BrokenPipeError

        def run_finished(self, result):
            self.ended = result is None

    observer = Broken()
    with pytest.raises(BrokenPipeError):
        run(
            plan(task("slow", "import time; time.sleep(60)")),
            runtime=runtime,
            run_dir=tmp_path / "run",
            cwd=tmp_path,
            observer=observer,
        )
    assert observer.ended
    assert not processes_of(tmp_path)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        pytest.param(
            {"options": RunOptions(jobs=0)},
            "KALE506",
            "0 steps at the same time cannot run anything",
            id="no jobs",
        ),
        pytest.param(
            {"parameters": {"zzz": 1}},
            "KALE501",
            "there is no pipeline parameter `zzz`",
            id="an unknown parameter",
        ),
    ],
)
def test_wrong_use(runtime, tmp_path, options, code, message):
    with pytest.raises(UsageError) as caught:
        run(plan(), runtime=runtime, run_dir=tmp_path / "run", cwd=tmp_path, **options)
    assert (caught.value.code, caught.value.message) == (code, message)
    assert not (tmp_path / "run").exists()


def test_a_cell_of_kales_own_that_fails_names_the_step(runtime, tmp_path):
    pipeline = plan(task("fit", cell("raise OSError('no such value')", "load"), "x = 1"))
    result = run(pipeline, runtime=runtime, run_dir=tmp_path / "run", cwd=tmp_path)
    assert failure_lines(result.steps[0])[0] == "iris.ipynb: step fit: OSError: no such value"


def test_exit_handlers_run_and_what_a_step_left_running_does_not(runtime, tmp_path):
    tidy = "import atexit\natexit.register(lambda: open('tidied', 'w').close())"
    leave = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])"
    )
    pipeline = plan(task("tidy", tidy), task("leave", leave))
    result = run(pipeline, runtime=runtime, run_dir=tmp_path / "run", cwd=tmp_path)
    assert result.status == "succeeded"
    assert (tmp_path / "tidied").exists()
    assert not processes_of(tmp_path)


def test_the_authors_own_path_comes_after_the_runtime(runtime, tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "mine.py").write_text("two = 2", encoding="utf-8")
    (tmp_path / "lib" / "kale_runtime.py").write_text("raise ImportError", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    pipeline = plan(task("a", "import mine\nx = mine.two", saves=["x"]))
    result = run(pipeline, runtime=runtime, run_dir=tmp_path / "run", cwd=tmp_path)
    assert result.status == "succeeded"
