# ruff: noqa: SLF001 - processes are found where nobody else needs them
"""The fast engine: how a step in a forked shell runs, prints, fails, is stopped and ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import papermill
import pytest
from runners.engines.forked_steps import Steps
from runners.plans import cell, notebook
from runners.processes import processes_of

from kale.runners.engines import fast_engine
from kale.runners.engines.child import Child
from kale.runners.engines.choice import fast_obstacle
from kale.runners.engines.shell.preload import installed_folders

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="shells are forked on Linux alone"),
    pytest.mark.usefixtures("measured_children"),
]


@pytest.fixture
def steps(tmp_path) -> Iterator[Steps]:
    with Steps(tmp_path) as made:
        yield made


def text(outputs: list[dict]) -> str:
    return "".join("".join(output.get("text", "")) for output in outputs)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.02)


def assert_nothing_runs(folder: Path) -> None:
    deadline = time.monotonic() + 30
    while left := processes_of(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


# ------------------------------------------------------------------------ how it ends


@pytest.mark.parametrize(
    ("code", "done"),
    [
        pytest.param("import os; os._exit(3)", {"error": "kernel died", "status": 3}, id="an exit"),
        pytest.param(
            "import ctypes; ctypes.string_at(0)", {"error": "kernel died", "status": -11},
            id="a segmentation fault",
        ),
        pytest.param(
            "import os; os.kill(os.getpid(), 9)", {"error": "kernel died", "status": -9}, id="SIGKILL"
        ),
        pytest.param(
            "import os\nif os.fork() == 0:\n    import time; time.sleep(300)\nos._exit(4)",
            {"error": "kernel died", "status": 4}, id="an exit that leaves a child behind",
        ),
        pytest.param("1 / 0", {"error": "cell"}, id="an exception"),
        pytest.param("import sys; sys.exit(0)", {"error": "cell"}, id="SystemExit"),
        pytest.param("(lambda f: f(f))(lambda f: f(f))", {"error": "cell"}, id="deep recursion"),
        pytest.param("raise KeyboardInterrupt", {"error": "cell"}, id="KeyboardInterrupt"),
        pytest.param(
            "exit()", {"error": "kernel died", "status": 0}, id="the shell's own exit"
        ),
    ],
)  # fmt: skip
def test_the_end_of_a_step_is_told_and_what_came_before_is_kept(steps, tmp_path, code, done):
    outputs = steps.run("print('before'); import sys; sys.stdout.flush()", code, "print('after')")
    assert {key: steps.ran.get(key) for key in done} == done
    assert steps.status == 0
    assert text(outputs[0]) == "before\n"
    assert text(outputs[2]) == ("" if done["error"] else "after\n")
    steps.templates.close()
    assert_nothing_runs(tmp_path)


def test_what_was_printed_just_before_a_crash_is_kept(steps):
    (outputs,) = steps.run("print('x', flush=True); import os; os.abort()")
    assert text(outputs) == "x\n"
    assert steps.ran["status"] == -6


@pytest.mark.parametrize(
    ("cells", "made"),
    [
        pytest.param(
            ["import atexit; _ = atexit.register(lambda: open('made', 'w').write('1'))"], "1",
            id="exit handlers",
        ),
        pytest.param(["f = open('made', 'w'); _ = f.write('1')"], "1", id="a file left open"),
        pytest.param(
            ["import mine", "mine.f.write('1');"], "1", id="a file left open by a module beside"
        ),
        pytest.param(
            ["class A:\n    def __del__(self):\n        open('made', 'w').write('1')", "a = A()"], "1",
            id="the end of an object",
        ),
        pytest.param(
            ["import zipfile; z = zipfile.ZipFile('made', 'w'); z.writestr('a', '1')"], "PK",
            id="an archive left open",
        ),
        pytest.param(
            ["import threading, time\ndef work():\n    time.sleep(.5)\n    open('made', 'w').write('1')",
             "threading.Thread(target=work).start()"], "1", id="a thread that outlives the cells",
        ),
        pytest.param(
            ["from concurrent.futures import ThreadPoolExecutor\nimport time",
             "_ = ThreadPoolExecutor().submit(lambda: time.sleep(.3) or open('made', 'w').write('1'))"],
            "1", id="a pool that works on",
        ),
    ],
)  # fmt: skip
def test_a_step_leaves_what_a_kernel_leaves_at_its_end(steps, tmp_path, cells, made):
    (tmp_path / "mine.py").write_text("f = open('made', 'w')")
    steps.run(*cells)
    assert steps.ran["error"] is None
    assert (tmp_path / "made").read_text(errors="replace")[: len(made)] == made


def test_what_the_end_of_a_step_prints_is_in_its_log(steps, tmp_path):
    steps.run("import atexit; _ = atexit.register(print, 'bye')")
    assert "bye" in (tmp_path / "log").read_text()


def test_children_of_a_step_end_with_it(steps, tmp_path):
    steps.run(
        "import subprocess, sys",
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])",
    )
    assert steps.ran["error"] is None
    steps.templates.close()
    assert_nothing_runs(tmp_path)


# ---------------------------------------------------------------------- what it prints


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        pytest.param("import os; os.system('echo hi')", "hi\n", id="a command"),
        pytest.param("import os; os.write(1, b'hi')", "hi", id="bytes on descriptor 1"),
        pytest.param("import os; os.write(1, b'\\xff\\xc3') and None", "\ufffd", id="no text"),
        pytest.param("print('\U0001f642' * 3, end='')", "\U0001f642" * 3, id="emoji"),
        pytest.param(
            "import os\nif os.fork() == 0:\n    print('child')\n    os._exit(0)\nos.wait();",
            "child\n", id="a forked child's print",
        ),
        pytest.param(
            "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nprint(pid == 0)",
            "False\nTrue\n", id="a child that comes back from the cell",
        ),
        pytest.param(
            "from multiprocessing import get_context\nwith get_context('fork').Pool(2) as p:\n"
            "    print(p.map(abs, [-1, -2]))", "[1, 2]\n", id="a pool of processes",
        ),
        pytest.param(
            "import threading\nt = threading.Thread(target=print, args=('t',))\nt.start(); t.join()",
            "t\n", id="a thread's print",
        ),
    ],
)  # fmt: skip
def test_what_is_printed_is_shown(steps, code, shown):
    (outputs, _) = steps.run(code, "1")
    assert steps.ran["error"] is None
    assert set(text(outputs).split()) >= set(shown.split())


def test_text_and_displays_are_in_order_and_text_in_one_piece(steps):
    code = """import sys, time
from IPython.display import display
for k in range(3):
    print(k); time.sleep(.1); print(k, file=sys.stderr)
    display({'k': k})
for k in range(3):
    print('more'); time.sleep(.1)"""
    (outputs,) = steps.run(code)
    kinds = [output.get("name", output["output_type"]) for output in outputs]
    assert kinds == [*["stdout", "stderr", "display_data"] * 3, "stdout"]
    assert text(outputs[-1:]) == "more\n" * 3


def test_a_display_is_updated_though_text_before_it_was_joined(steps):
    code = """import time
for _ in range(4):
    print('text'); time.sleep(.1)
from IPython.display import display
h = display('old', display_id='h')"""
    (outputs, _) = steps.run(code, "h.update('new')")
    assert [output["output_type"] for output in outputs] == ["stream", "display_data"]
    assert outputs[1]["data"] == {"text/plain": ["'new'"]}


def test_what_is_printed_reaches_the_log_while_the_cell_runs(steps, tmp_path):
    code = "print('now')\nimport time, os\nwhile not os.path.exists('seen'): time.sleep(.01)"
    child = steps.begin(code)
    deadline = time.monotonic() + 60
    while "now" not in (tmp_path / "log").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    (tmp_path / "seen").touch()
    steps.end(child)
    assert steps.ran["error"] is None


def test_what_belongs_to_no_running_cell_is_in_the_log(steps, tmp_path):
    # As in a kernel the stream does not learn of the cells that begin when it was replaced.
    steps.run("import sys\nsys.stdout = sys.__stdout__", "print('stray')")
    assert "stray" in (tmp_path / "log").read_text()


@pytest.mark.slow
def test_a_million_lines_and_a_hundred_megabytes(steps, tmp_path):
    (lines, size) = steps.run(
        "for k in range(1_000_000): print(k)", "for _ in range(100): print('x' * 1_000_000)"
    )
    assert steps.ran["error"] is None
    assert text(lines).count("\n") == 1_000_000
    assert len(text(size)) == 100_000_100
    assert len(lines) == len(size) == 1


# ------------------------------------------------------------------------ how it runs


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        pytest.param(["import asyncio; await asyncio.sleep(0); print(1)"], "1", id="await"),
        pytest.param(
            ["import asyncio\nasync def f():\n    await asyncio.sleep(.05)\n    return 7",
             "t = asyncio.create_task(f())", "import time; time.sleep(.1); print(await t)"],
            "7", id="a task that goes on between cells",
        ),
        pytest.param(
            ["import asyncio\nasync def f(): pass",
             "c = f()\ntry:\n    asyncio.run(c)\nexcept RuntimeError:\n    c.close(); print('no')"],
            "no", id="asyncio.run, which a kernel's loop forbids",
        ),
        pytest.param(
            ["from contextvars import ContextVar\nv = ContextVar('v')", "v.set(3);", "print(v.get())"],
            "3", id="a context variable",
        ),
        pytest.param(["x = !echo 5", "print(x[0])"], "5", id="a shell command's output"),
        pytest.param(
            ["try:\n    input()\nexcept Exception as e:\n    print(type(e).__name__)"],
            "StdinNotImplementedError", id="input, of which there is none",
        ),
    ],
)  # fmt: skip
def test_cells_run_as_in_a_kernel(steps, cells, shown):
    outputs = steps.run(*cells)
    assert steps.ran["error"] is None, outputs
    assert text(outputs[-1]).strip() == shown


def test_a_step_that_is_held_is_ready_and_runs_nothing_until_it_may(steps, tmp_path):
    child = steps.begin("open('ran', 'w').close()", hold=True)
    time.sleep(1)
    assert not (tmp_path / "ran").exists()
    assert not (tmp_path / "out.ipynb").exists()
    child.go()
    steps.end(child)
    assert steps.ran["error"] is None
    assert (tmp_path / "ran").exists()


def test_a_step_that_is_held_and_not_needed_leaves_nothing(steps, tmp_path):
    child = steps.begin("open('ran', 'w').close()", hold=True)
    child.kill()
    while not child.read()[0]:
        pass
    child.close()
    steps.templates.close()
    assert_nothing_runs(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_probes_run_around_the_cells_and_are_not_seen(steps):
    probe = {
        "source": "seen = []\ndef start(word): seen.append(word)\n"
        "def failure(): seen.append('failure')\ndef end(): return seen",
        "arguments": {"word": "start"},
    }
    outputs = steps.run("print(sorted(globals()))", "1 / 0", probes={"p": probe})
    assert steps.ran["probes"]["p"]["end"] == ["start", "failure"]
    assert "seen" not in text(outputs[0])
    plain = steps.run("print(sorted(globals()))")
    assert plain[0] == outputs[0]


# --------------------------------------------------------------- when it is stopped


def test_a_stop_interrupts_the_cell(steps, tmp_path):
    child = steps.begin(
        "import time\ntry:\n    open('on', 'w').close(); time.sleep(300)\nfinally:\n    print('tidy')"
    )
    wait_for(tmp_path / "on")
    child.stop()
    (outputs,) = steps.end(child)
    assert steps.ran["error"] == "cell"
    assert text(outputs) == "tidy\n"
    assert outputs[-1]["ename"] == "KeyboardInterrupt"


def test_a_stop_kills_a_cell_that_goes_on_and_keeps_what_it_printed(steps, tmp_path):
    child = steps.begin(
        "import time\nprint('begun')\nwhile True:\n    try:\n"
        "        open('on', 'w').close(); time.sleep(300)\n    except KeyboardInterrupt: pass"
    )
    wait_for(tmp_path / "on")
    child.stop()
    (outputs,) = steps.end(child)
    assert steps.ran is None
    assert steps.status == 128 + signal.SIGALRM
    assert text(outputs) == "begun\n"
    steps.templates.close()
    assert_nothing_runs(tmp_path)


def test_a_stop_that_a_cell_swallows_lets_no_other_begin(steps, tmp_path):
    child = steps.begin(
        "import time\ntry:\n    open('on', 'w').close(); time.sleep(300)\n"
        "except KeyboardInterrupt: pass",
        "open('next', 'w').close()",
    )
    wait_for(tmp_path / "on")
    child.stop()
    steps.end(child)
    assert steps.ran is None
    assert not (tmp_path / "next").exists()


WAITS = (
    "import subprocess, sys, time\n"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
    "open('on', 'w').close(); time.sleep(300)"
)


@pytest.mark.parametrize("which", ["step", "steps' server", "shells' server", "shell"])
def test_whoever_is_killed_nothing_is_left_and_the_end_is_told(steps, tmp_path, which):
    child = steps.begin(WAITS)
    wait_for(tmp_path / "on")
    while child._kernel is None:
        child.read()
    step_server, shell_server = (process.pid for process in steps.templates._processes)
    pids = {
        "step": child._process.pid,
        "steps' server": step_server,
        "shells' server": shell_server,
        "shell": child._kernel,
    }
    os.kill(pids[which], signal.SIGKILL)
    while not child.read()[0]:
        pass
    child.close()
    if which.startswith("shell"):
        assert child.done is not None
        assert child.done["error"] == "kernel died"
        assert child.done["status"] in (-signal.SIGKILL, None)
    else:
        # Told to end by the system, it may have had the time to say how.
        assert child.done is None or child.done["error"] == "cell"
    # Nobody needs the servers: the next step starts what it lacks.
    steps.run("x = 1")
    assert steps.ran["error"] is None
    assert steps.ran["engine"] == "fast"
    steps.templates.close()
    assert_nothing_runs(tmp_path)


RUN = """
import sys, time
from pathlib import Path
from runners.engines.forked_steps import Steps
steps = Steps(Path(sys.argv[1]))
child = steps.begin(sys.argv[2])
while True: child.read(); time.sleep(.1)
"""


def test_nothing_is_left_when_the_run_itself_is_killed(tmp_path):
    tests = str(Path(__file__).parents[2])
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(tmp_path), WAITS], env={**os.environ, "PYTHONPATH": tests}
    )
    wait_for(tmp_path / "on")
    run.kill()
    run.wait()
    assert_nothing_runs(tmp_path)


def test_an_install_while_a_step_runs_ends_nothing(steps, tmp_path):
    first = steps.begin(
        "import os, time\nopen('on', 'w').close()\n"
        "while not os.path.exists('go'):\n    time.sleep(0.02)\nprint('went on')"
    )
    wait_for(tmp_path / "on")
    # What a change in the folder of distributions leaves.
    now = time.time_ns()
    os.utime(installed_folders()[-1], ns=(now, now))
    second = steps.begin("1", output=str(tmp_path / "second.ipynb"))
    while not second.read()[0]:
        pass
    second.close()
    assert second.done is not None
    assert second.done["error"] is None
    (tmp_path / "go").touch()
    [[output]] = steps.end(first)
    assert (steps.ran["error"], "".join(output["text"])) == (None, "went on\n")


# ------------------------------------------------------------ without a server, elsewhere


def test_a_step_without_templates_is_the_same(tmp_path):
    path = tmp_path / "in.ipynb"
    path.write_bytes(notebook([cell("print(1)"), cell("1 / 0")]))
    job = {
        "notebook": str(path), "output": str(tmp_path / "out.ipynb"), "cwd": str(tmp_path),
        "parameters": {}, "connection_file": str(tmp_path / "k.json"), "engine": "fast",
    }  # fmt: skip
    child = Child(job, tmp_path / "job", log=tmp_path / "log", env=dict(os.environ))
    while not child.read()[0]:
        pass
    assert child.close() == 0
    assert child.done is not None
    assert (child.done["error"], child.done["engine"]) == ("cell", "fast")
    assert (tmp_path / "log").read_text() == "1\n"


def test_papermill_finds_the_engine_and_writes_what_its_own_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    papermill.engines.papermill_engines.register(fast_engine.ENGINE, fast_engine.FastEngine)
    path = tmp_path / "in.ipynb"
    path.write_bytes(notebook([cell("x = 1", "parameters"), cell("print(x)\nx")]))
    made = [
        papermill.execute_notebook(
            str(path), None, parameters={"x": 2}, progress_bar=False, engine_name=engine
        )
        for engine in ("kale", None)
    ]
    for book in made:
        for own in [book, *book.cells]:
            for key in ("start_time", "end_time", "duration"):
                own.metadata.papermill[key] = bool(own.metadata.papermill[key])
            own.metadata.pop("execution", None)
            own.pop("id", None)
    assert made[0] == made[1]
    assert_nothing_runs(tmp_path)


def test_a_step_whose_variables_are_read_early_gets_an_interpreter_that_has_them(steps):
    look = "__import__('sys').flags.utf8_mode"
    assert steps.value(look, "1", env={"PYTHONUTF8": "1"}) == 1
    assert steps.value(look, "1", env={"PYTHONUTF8": "0"}) == 0


@pytest.mark.parametrize(
    ("argv", "env", "obstacle"),
    [
        pytest.param(["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], {}, "", id="own"),
        pytest.param(
            ["/usr/bin/other", "-m", "ipykernel_launcher", "-f", "{connection_file}"], {},
            "kernel `mine` is not of the interpreter that runs Kale", id="another interpreter",
        ),
        pytest.param(
            ["python", "-m", "xeus", "-f", "{connection_file}"], {},
            "kernel `mine` is started in a way of its own", id="another kernel",
        ),
        pytest.param(
            ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}", "--pylab"], {},
            "kernel `mine` is started in a way of its own", id="more options",
        ),
        pytest.param(
            ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"], {"A": "1"},
            "kernel `mine` sets variables of its own", id="variables",
        ),
    ],
)  # fmt: skip
def test_the_fast_engine_stands_for_pythons_own_kernel_alone(
    tmp_path, monkeypatch, argv, env, obstacle
):
    spec = tmp_path / "kernels" / "mine"
    spec.mkdir(parents=True)
    content = {"argv": argv, "display_name": "Mine", "language": "python", "env": env}
    (spec / "kernel.json").write_text(json.dumps(content))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert fast_obstacle("mine") == obstacle
    assert fast_obstacle("none-such") == "kernel `none-such` is not installed"
