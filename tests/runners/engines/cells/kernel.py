"""What the interpreter is to the code that runs in it."""

from __future__ import annotations

from runners.engines.cells.row import row

KERNEL = [
    row(
        "the names of the module",
        "__name__, __doc__ is not None, '__file__' in globals(), sorted(k for k in globals() if k.startswith('__'))",
    ),
    row(
        "the shell says what it is",
        "ip = get_ipython()\ntype(ip).__name__, type(ip).__module__, 'IPKernelApp' in ip.config, ip.has_trait('kernel'), type(ip.kernel).__name__",
    ),
    row(
        "the display hooks say what they are",
        "import sys\ntype(get_ipython().display_pub).__name__, type(sys.displayhook).__name__, type(get_ipython().displayhook).__name__",
    ),
    row(
        "arguments and main module",
        "import sys, __main__\n__main__.__dict__ is globals(), len(sys.path) > 0, sys.path[0] == ''",
    ),
    row(
        "a class of the notebook is pickled",
        "import pickle, dataclasses\n@dataclasses.dataclass\nclass D:\n    a: int\npickle.loads(pickle.dumps(D(3)))",
    ),
    row(
        "the source of a function",
        "def source_of(a):\n    # a comment\n    return a",
        "import inspect\nprint(inspect.getsource(source_of))",
    ),
    row(
        "the source of a class",
        "class SourceOf:\n    def m(self): return 1",
        "import inspect\nprint(inspect.getsource(SourceOf))",
    ),
    row(
        "a cell within a cell",
        "r = get_ipython().run_cell('print(1)\\n2')\nr.result",
        "get_ipython().execution_count >= 0",
    ),
    row("ex and ev", "get_ipython().ex('ee = 4')\nget_ipython().ev('ee + 1')"),
    row("an await at the top level", "import asyncio\nawait asyncio.sleep(0, 'slept')"),
    row(
        "async for at the top level",
        "async def gen():\n    for k in range(2): yield k\nasync for k in gen(): print(k)",
    ),
    row(
        "async with at the top level",
        "import contextlib\n@contextlib.asynccontextmanager\nasync def am():\n    print('in'); yield 1; print('out')\nasync with am() as v: print(v)",
    ),
    row("an exception after an await", "import asyncio\nawait asyncio.sleep(0)\n1 / 0"),
    row(
        "a task goes on in the next cell",
        "import asyncio\nasync def later():\n    await asyncio.sleep(0.05)\n    return 'later'\ntask = asyncio.create_task(later())",
        "await task",
    ),
    row(
        "a second loop is refused",
        "import asyncio\nasync def one(): return 1\nco = one()\ntry:\n    asyncio.run(co)\nexcept RuntimeError as e:\n    print(e)\nfinally:\n    co.close()",
    ),
    row(
        "the running loop is there",
        "import asyncio\nasyncio.get_event_loop().is_running(), asyncio.get_running_loop() is asyncio.get_event_loop()",
    ),
    row(
        "gather over several",
        "import asyncio\nawait asyncio.gather(*(asyncio.sleep(0, k) for k in range(3)))",
    ),
    row(
        "context variables over cells",
        "import contextvars\ncv = contextvars.ContextVar('cv', default=0)\ncv.set(5);",
        "cv.get()",
    ),
    row("a history of inputs", "In[-1]", "_ih[-2] == In[-2], _i"),
    row(
        "signal handlers are Python's",
        "import signal\nsignal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL",
    ),
    row(
        "the cell runs in the main thread",
        "import threading\nthreading.current_thread() is threading.main_thread(), threading.current_thread().name",
    ),
    row("the process leads its session", "import os\nos.getpid() == os.getsid(0)"),
    row("faulthandler is on", "import faulthandler\nfaulthandler.is_enabled()"),
    row(
        "callbacks around a cell",
        "seen = []\nip = get_ipython()\nfor name in ('pre_execute', 'pre_run_cell', 'post_execute', 'post_run_cell'):\n    ip.events.register(name, lambda *a, name=name: seen.append(name))",
        "seen",
        "seen",
    ),
    row(
        "a local time zone",
        "import os, time\nos.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()\ntime.tzname",
    ),
    row(
        "the environment of a kernel",
        "import os\n[os.environ.get(k) for k in ('MPLBACKEND', 'CLICOLOR', 'FORCE_COLOR', 'PAGER', 'GIT_PAGER', 'TERM', 'PYDEVD_USE_FRAME_EVAL', 'CLICOLOR_FORCE')]",
    ),
    row(
        "settings of the interpreter",
        "import sys, os\n[sys.flags.dont_write_bytecode, sys.flags.utf8_mode, sys.flags.safe_path, sys.dont_write_bytecode, sys.getrecursionlimit(), sys.warnoptions, os.nice(0), sys.getswitchinterval()]",
    ),
    row("filters of warnings", "import warnings\nlen(warnings.filters), warnings.filters[0][0]"),
    row(
        "settings of logging",
        "import logging\nlogging.getLogger().handlers, logging.getLogger().level",
    ),
    row("a form feed and other odd characters in code", "x = 1\x0c\nx + 1"),
    row("a magic in the middle of code", "for k in range(2):\n    %env KALE_A"),
    row(
        "future statements last",
        "from __future__ import annotations",
        "def ann(x: nothing): pass\nann.__annotations__",
    ),
    row("a cell of comments alone", "# nothing", "# more\n\n"),
    row(
        "globals of the notebook",
        "import types\nsorted(k for k, v in globals().items() if k.startswith('_') and not k.startswith('_i') and not k[1:].isdigit() and not k.startswith('__'))",
    ),
    row(
        "weak references to shown values",
        "import gc, weakref\nclass W: pass\nw = W()\nref = weakref.ref(w)\nw;",
        "del w\ngc.collect()\nref() is None",
    ),
    row(
        "timers and signals of the code's own",
        "import signal, time\ndef ring(*_): print('rings')\nold = signal.signal(signal.SIGALRM, ring)\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\ntime.sleep(0.1)\nsignal.signal(signal.SIGALRM, old);",
    ),
]
