"""Steps that print, exit, crash, fork and ask: each has the right end, and nothing runs on."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import pytest
from runners.plans import plan, task
from runners.processes import processes_of

from kale.runners import run
from kale.runners.options import RunOptions

#: Prints, and leaves something running: a child, a grandchild, a thread.
LEAVES_A_CHILD = "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\nprint('left')"
LEAVES_A_FORK = (
    "import os, time\nif os.fork() == 0:\n    time.sleep(300)\n    os._exit(0)\nprint('left')"
)
LEAVES_A_THREAD = "import threading, time\nthreading.Thread(target=time.sleep, args=(300,), daemon=True).start()\nprint('left')"
BIG_PLOT = (
    "import matplotlib.pyplot as plt\n"
    "plt.figure(figsize=(50, 50), dpi=142).add_subplot().plot([1, 2])\nplt.show()"
)


@dataclass(frozen=True)
class Odd:
    """A step: its cells, then how it ends: the error's type and message, and what it has shown."""

    cells: tuple[str, ...]
    error: tuple[str, str] | None = None
    logged: str = ""
    shown: str = ""


def odd(*cells: str, **ends) -> Odd:
    return Odd(cells, **ends)


DEATHS = [
    pytest.param(
        odd(
            "print('a', flush=True)\nimport time; time.sleep(.5)",
            "import os\nos._exit(3)",
            "1",
            error=("KernelDied", "the kernel ended with exit status 3"),
            logged="a\n",
        ),
        id="ends the interpreter",
    ),
    pytest.param(
        odd(
            "print('a')\nexit()",
            "import time\ntime.sleep(3)",
            error=("KernelDied", "the kernel ended with exit status 0"),
            logged="a\n",
        ),
        id="is told to exit by the notebook",
    ),
    pytest.param(
        odd(
            "print('a', flush=True)\nimport time; time.sleep(.5)",
            "import ctypes\nctypes.string_at(0)",
            error=("KernelDied", "the kernel was killed by SIGSEGV"),
            logged="a\n",
        ),
        id="has a segfault",
    ),
    pytest.param(
        odd(
            "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
            error=("KernelDied", "the kernel was killed by SIGKILL"),
        ),
        id="is killed as if memory were out",
    ),
]

FAILURES = [
    pytest.param(
        odd(
            "print('a')\nimport sys\nsys.exit()",
            "print('b')",
            error=("SystemExit", "0"),
            logged="a\n",
        ),
        id="exits",
    ),
    pytest.param(
        odd(
            "input('name? ')",
            error=(
                "StdinNotImplementedError",
                "raw_input was called, but this frontend does not support input requests.",
            ),
        ),
        id="asks",
    ),
    pytest.param(
        odd("import sys\nassert sys.stdin.read() == ''\nprint('end')", logged="end\n"),
        id="reads stdin",
    ),
    pytest.param(
        odd(
            "import sys\ndef f(): return f()\nsys.setrecursionlimit(150)\nf()",
            error=("RecursionError", "maximum recursion depth exceeded"),
        ),
        id="calls itself without end",
    ),
]

ENDS_WELL = [
    pytest.param(
        odd("print('x' * 100_000_000)", logged="x" * 100_000_000 + "\n"),
        id="prints 100 MB",
        marks=pytest.mark.slow,
    ),
    pytest.param(
        odd(
            "for k in range(1_000_000): print(k)",
            logged="".join(f"{k}\n" for k in range(1_000_000)),
        ),
        id="prints a million lines",
        marks=pytest.mark.slow,
    ),
    pytest.param(odd(LEAVES_A_CHILD, logged="left\n"), id="leaves a child"),
    pytest.param(odd(LEAVES_A_FORK, logged="left\n"), id="leaves a fork of itself"),
    pytest.param(odd(LEAVES_A_THREAD, logged="left\n"), id="leaves a thread"),
    pytest.param(
        odd(
            "import multiprocessing as mp\ndef f(x): return x * x\nwith mp.Pool(2) as pool:\n    print(sum(pool.map(f, range(100))))",
            logged="328350\n",
        ),
        id="has workers",
    ),
    pytest.param(
        odd(
            "import asyncio\nasync def f():\n    await asyncio.sleep(.05)\n    print('task')\nt = asyncio.create_task(f())",
            "await t\nprint('done')",
            logged="done\n",
        ),
        id="has tasks",
    ),
    pytest.param(
        odd("from IPython.display import HTML\nHTML('<b>&</b>')", shown="<b>&</b>"), id="shows HTML"
    ),
    pytest.param(
        odd(
            "import comm\ncomm.create_comm(target_name='jupyter.widget', comm_id='cafe', data={'state': {'_model_name': 'M', '_model_module': 'm'}});",
            shown='"model_name": "M"',
        ),
        id="shows a widget",
    ),
    pytest.param(
        odd(BIG_PLOT, shown='"image/png"'),
        id="shows a plot of 50 megapixels",
        marks=pytest.mark.slow,
    ),
]


@pytest.mark.parametrize("engine", ["kernel", "fast"])
@pytest.mark.parametrize("step", [*DEATHS, *FAILURES, *ENDS_WELL])
def test_a_step_that(step, engine, runtime, tmp_path):
    result = run(
        plan(task("odd", *step.cells), task("after", "1", after=["odd"])),
        runtime=runtime,
        run_dir=tmp_path / "run",
        cwd=tmp_path,
        options=RunOptions(engine=engine, use_cache=False),
    )
    done, after = result.steps
    error = None if done.error is None else (done.error.type, done.error.message)
    assert error == step.error
    assert (done.engine, after.status) == (engine, "skipped" if step.error else "succeeded")
    log = done.log.read_text()
    assert step.logged in log, log[:1000]
    notebook = json.loads(done.notebook.read_text())
    printed = [
        o["text"]
        for c in notebook["cells"]
        for o in c.get("outputs", ())
        if o.get("name") == "stdout"
    ]
    assert step.logged in "".join(map("".join, printed))
    assert json.dumps(step.shown)[1:-1] in json.dumps(notebook) or step.shown in json.dumps(
        notebook
    )
    deadline = time.monotonic() + 30
    while processes_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes_of(tmp_path)
