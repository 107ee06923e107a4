"""Nothing that one step does to its interpreter is found by another that is forked after it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from runners.engines.forked_steps import Steps

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="shells are forked on Linux alone")

MODULES = ["numpy", "pandas", "matplotlib:pyplot", "logging", "random"]

HEAD = """import asyncio, atexit, builtins, faulthandler, gc, locale, logging, os, random, resource
import signal, sys, threading, warnings
import numpy as np, pandas as pd, matplotlib
from matplotlib import pyplot as plt"""


@pytest.fixture(scope="module")
def steps(tmp_path_factory) -> Iterator[Steps]:
    with Steps(tmp_path_factory.mktemp("fresh"), MODULES) as made:
        assert made.await_preload() == {}
        yield made


@pytest.mark.parametrize(
    ("change", "look"),
    [
        pytest.param("left = 1", "'left' in globals()", id="a global"),
        pytest.param("builtins.left = 1", "hasattr(builtins, 'left')", id="a builtin"),
        pytest.param("print = None", "repr(print)[:10]", id="a builtin's name"),
        pytest.param("1; 2", "[len(Out), len(In)]", id="the history of cells"),
        pytest.param("sys.modules['left'] = sys", "'left' in sys.modules", id="a new module"),
        pytest.param(
            "del sys.modules['pandas']", "'pandas' in sys.modules", id="a module taken away"
        ),
        pytest.param("np.left = 1", "hasattr(np, 'left')", id="a module's attribute"),
        pytest.param(
            "pd.DataFrame.head = None", "pd.DataFrame.head is None", id="a class's method"
        ),
        pytest.param(
            "pd.set_option('display.max_rows', 3)",
            "pd.get_option('display.max_rows')",
            id="pandas' options",
        ),
        pytest.param(
            "np.seterr(all='raise')", "{k: str(v) for k, v in np.geterr().items()}", id="numpy's errors"
        ),
        pytest.param("sys.path.insert(0, 'left')", "sys.path", id="the path of modules"),
        pytest.param("sys.argv.append('left')", "sys.argv", id="the arguments"),
        pytest.param("sys.setrecursionlimit(77777)", "sys.getrecursionlimit()", id="recursion"),
        pytest.param("sys.setswitchinterval(1)", "sys.getswitchinterval()", id="switch interval"),
        pytest.param("gc.disable()", "gc.isenabled()", id="garbage collection"),
        pytest.param("os.makedirs('sub', exist_ok=True); os.chdir('sub')", "os.getcwd()", id="cwd"),
        pytest.param("os.environ['LEFT'] = '1'", "os.environ.get('LEFT')", id="the environment"),
        pytest.param("os.putenv('LEFT', '1')", "os.popen('echo $LEFT').read()", id="a child's"),
        pytest.param(
            "f = open('left.txt', 'w')",
            "[os.readlink(f'/proc/self/fd/{n}').endswith('.txt') for n in os.listdir('/proc/self/fd')"
            " if os.path.exists(f'/proc/self/fd/{n}')]",
            id="open files",
        ),
        pytest.param("os.umask(0o777)", "os.umask(0o22)", id="umask"),
        pytest.param("os.nice(5)", "os.nice(0)", id="priority"),
        pytest.param(
            "resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))",
            "resource.getrlimit(resource.RLIMIT_NOFILE)",
            id="resource limits",
        ),
        pytest.param(
            "plt.figure(); plt.rcParams['lines.linewidth'] = 9; matplotlib.use('svg')",
            "[plt.get_fignums(), plt.rcParams['lines.linewidth'], matplotlib.get_backend()]",
            id="matplotlib",
        ),
        pytest.param(
            "warnings.simplefilter('error')", "list(map(str, warnings.filters))", id="warnings"
        ),
        pytest.param(
            "signal.signal(signal.SIGUSR1, lambda *_: None); signal.signal(signal.SIGINT, signal.SIG_DFL)",
            "[str(signal.getsignal(s)) for s in (signal.SIGUSR1, signal.SIGINT)]",
            id="signal handlers",
        ),
        pytest.param(
            "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])",
            "[*map(int, signal.pthread_sigmask(signal.SIG_BLOCK, []))]",
            id="blocked signals",
        ),
        pytest.param("signal.alarm(1000)", "signal.alarm(0)", id="an alarm"),
        pytest.param(
            "locale.setlocale(locale.LC_ALL, 'C')", "locale.setlocale(locale.LC_ALL)", id="locale"
        ),
        pytest.param(
            "import time; threading.Thread(target=time.sleep, args=(1,), daemon=True, name='left').start()",
            "sorted(t.name for t in threading.enumerate())",
            id="threads",
        ),
        pytest.param(
            "logging.basicConfig(level=5); logging.disable(50)",
            "[logging.root.level, len(logging.root.handlers), logging.root.manager.disable]",
            id="logging",
        ),
        pytest.param(
            "asyncio.get_running_loop().set_debug(True); t = asyncio.create_task(asyncio.sleep(99))",
            "[asyncio.get_running_loop().get_debug(), len(asyncio.all_tasks())]",
            id="the event loop",
        ),
        pytest.param(
            "get_ipython().run_line_magic('precision', '2')", "repr(get_ipython().display_formatter"
            ".formatters['text/plain'].float_format)", id="IPython's settings",
        ),
        pytest.param(
            "get_ipython().run_line_magic('load_ext', 'autoreload')",
            "len(get_ipython().extension_manager.loaded)",
            id="IPython's extensions",
        ),
        pytest.param("sys.stdout = None", "type(sys.stdout).__name__", id="the streams"),
        pytest.param("sys.breakpointhook = print", "sys.breakpointhook.__name__", id="hooks"),
        pytest.param("faulthandler.enable()", "faulthandler.is_enabled()", id="faulthandler"),
        pytest.param("atexit.register(print)", "atexit._ncallbacks()", id="exit handlers"),
    ],
)  # fmt: skip
def test_a_step_finds_nothing_of_the_one_before(steps, change, look):
    if change in ("sys.stdout = None", "print = None"):
        steps.run(HEAD, change)  # nothing can be printed where it was made
        assert steps.ran["error"] is None
        assert steps.value(look, HEAD) in ("OutStream", "<built-in ")
        return
    changed = steps.value(look, HEAD, change)
    # It is a change: where it was made it is seen.
    assert steps.value(look, HEAD) != changed


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param("random.random()", id="Python's"),
        pytest.param("np.random.rand()", id="numpy's"),
        pytest.param("np.random.default_rng().random()", id="a new generator's"),
        pytest.param("__import__('uuid').uuid4().hex", id="identifiers"),
        pytest.param("next(__import__('tempfile')._get_candidate_names())", id="temporary files'"),
    ],
)
def test_unseeded_random_numbers_are_a_steps_own(steps, draw):
    assert steps.value(draw, HEAD) != steps.value(draw, HEAD)


@pytest.mark.parametrize(
    ("seed", "draw"),
    [
        pytest.param("random.seed(1)", "random.random()", id="Python's"),
        pytest.param("np.random.seed(1)", "np.random.rand()", id="numpy's"),
    ],
)
def test_seeded_random_numbers_are_the_same_and_last_for_their_step(steps, seed, draw):
    seeded = steps.value(draw, HEAD, seed)
    assert steps.value(draw, HEAD) != seeded
    assert steps.value(draw, HEAD, seed) == seeded


def test_what_a_step_has_of_its_own_reaches_no_other(steps):
    look = "[os.environ.get('OWN'), os.popen('echo $OWN').read(), os.environ['KALE_STEP_CONTEXT']]"
    assert steps.value(look, HEAD, env={"OWN": "1"}) == ["1", "1\n", "c"]
    assert steps.value(look, HEAD) == [None, "\n", "c"]


def test_a_step_without_a_variable_that_the_run_has_does_not_see_it(tmp_path):
    with Steps(tmp_path, OFTEN="1") as steps:
        assert steps.value("os.environ.get('OFTEN')", "import os") == "1"


def test_a_shell_holds_nothing_of_the_server_or_of_kale(steps):
    waiting = [steps.begin("1", hold=True) for _ in range(3)]
    look = """[
        sorted(m for m in sys.modules if m.split('.')[0] in ('kale', '_kale_shell', 'papermill')),
        os.getpid() == os.getpgrp() == os.getsid(0),
        __name__, sys.modules['__main__'].__dict__ is globals(),
        'IPKernelApp' in get_ipython().config, type(get_ipython()).__name__,
        sys.flags.safe_path, '' in sys.path]"""
    assert steps.value(look.replace("\n", " "), HEAD) == [
        *([], True, "__main__", True, True, "ZMQInteractiveShell", False, True)
    ]
    names = (
        "[os.readlink(f'/proc/self/fd/{n}') for n in fds if os.path.exists(f'/proc/self/fd/{n}')]"
    )
    sockets = f"sum(name.startswith('socket:') for name in {names})"
    # The one to the step's process, and the event loop's own two.
    assert steps.value(sockets, HEAD, "fds = os.listdir('/proc/self/fd')") == 3
    for child in waiting:
        child.kill()
        while not child.read()[0]:
            pass
        child.close()
