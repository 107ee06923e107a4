"""What cells print, and what is printed around them."""

from __future__ import annotations

from runners.engines.cells.row import row

STREAMS = [
    row("a print goes to stdout", "print('a', 'b', sep='-')"),
    row(
        "writes without a newline are joined",
        "import sys\nsys.stdout.write('a')\nsys.stdout.write('b');",
    ),
    row("what write returns is the last expression", "import sys\nsys.stdout.write('abc')"),
    row(
        "stdout and stderr are told apart",
        "import sys\nprint(1)\nprint(2, file=sys.stderr)\nprint(3)",
    ),
    row(
        "flushed writes keep their order over both streams",
        "import sys\nfor k in range(6):\n    print(k, file=[sys.stdout, sys.stderr][k % 2], flush=True)",
        exact=True,
    ),
    row("carriage returns and backspaces stay as they are", "print('10%\\r20%\\rab\\bc\\n')"),
    row("ANSI colours stay as they are", "print('\\x1b[31mred\\x1b[0m')"),
    row("emoji and other planes survive", "print('🙂 ä \\u2028 \\U0001F9EA')"),
    row("null and control bytes are printed", "print('a\\x00b\\x07\\x0cc')"),
    row("a very long line is kept whole", "print('x' * 300_000)"),
    row("many lines are kept", "for k in range(20_000): print(k)"),
    row("an empty print makes an empty line", "print()\nprint('', end='')"),
    row("a cell with output of no width shows nothing", "print('', end='')"),
    row("logging goes to stderr", "import logging\nlogging.getLogger('t').warning('w %d', 1)"),
    row(
        "warnings show their line",
        "import warnings\nwarnings.warn('careful', UserWarning)",
        mask=r"/\S*/",
    ),
    row(
        "a deprecation in the notebook's own code is shown",
        "import warnings\nwarnings.warn('old', DeprecationWarning)",
        mask=r"/\S*/",
    ),
    row(
        "redirected stdout is not shown",
        "import contextlib, io\nb = io.StringIO()\nwith contextlib.redirect_stdout(b):\n    print('in')\nb.getvalue()",
    ),
    row(
        "redirected stderr is not shown",
        "import contextlib, io, sys\nb = io.StringIO()\nwith contextlib.redirect_stderr(b):\n    print('in', file=sys.stderr)\nb.getvalue()",
    ),
    row(
        "a redefined print is used",
        "def print(*a): __import__('sys').stdout.write('mine ' + repr(a))",
        "print(1)",
        "del print",
        "print(1)",
    ),
    row(
        "what stdout says of itself",
        "import sys\n[sys.stdout.encoding, sys.stdout.isatty(), sys.stdout.writable(), sys.stdout.readable(), sys.stdout.name, sys.stdout.errors, sys.stdin is None]",
    ),
    row(
        "stdout has the buffer and number that it has",
        "import sys\ntry:\n    print(type(sys.stdout.fileno()))\nexcept Exception as e:\n    print(type(e).__name__)\nprint(hasattr(sys.stdout, 'buffer'), type(sys.stdout).__name__)",
    ),
    row(
        "writing what is no text fails",
        "import sys\ntry:\n    sys.stdout.write(b'x')\nexcept TypeError as e:\n    print(e)",
    ),
    row("writelines", "import sys\nsys.stdout.writelines(['a\\n', 'b\\n'])"),
    row("stdout of a shell command", "!echo out; echo err >&2"),
    row("output of a shell command as a value", "x = !printf 'a\\nb\\n'\nx, type(x).__name__"),
    row("a shell command that fails", "!exit 3", "_exit_code"),
    # A plain kernel hears of these by a thread, which is late at times: the cell waits for it.
    row(
        "what os.system prints",
        "import os, time\ncode = os.system('echo from a shell')\ntime.sleep(0.5)\ncode",
    ),
    row(
        "what a subprocess prints to inherited stdout",
        "import subprocess, time\ncode = subprocess.run(['echo', 'sub']).returncode\ntime.sleep(0.5)\ncode",
    ),
    row(
        "captured output of a subprocess",
        "import subprocess\nsubprocess.run(['echo', 'sub'], capture_output=True).stdout",
    ),
    row(
        "bytes that are no UTF-8 on descriptor 1", "import os\n_ = os.write(1, b'\\xff\\xfeabc\\n')"
    ),
    row(
        "what C code prints",
        "import ctypes\nc = ctypes.CDLL(None)\nc.puts(b'from C')\nc.fflush(None);",
    ),
    row(
        "what a forked child prints",
        "import os, sys\npid = os.fork()\nif pid == 0:\n    os.write(1, b'child\\n')\n    os._exit(0)\nos.waitpid(pid, 0)[1]",
    ),
    row(
        "a pool of forked workers",
        "import multiprocessing as mp\ndef f(x): return x * x\nwith mp.get_context('fork').Pool(2) as p:\n    print(p.map(f, range(4)))",
    ),
    row(
        "a pool of spawned workers",
        "import multiprocessing as mp, math\nwith mp.get_context('spawn').Pool(1) as p:\n    print(p.map(math.sqrt, [4.0]))",
    ),
    row(
        "a thread that prints within the cell",
        "import threading\nt = threading.Thread(target=print, args=('in a thread',))\nt.start(); t.join()",
    ),
    row(
        "a pool of threads",
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as p:\n    print(sum(p.map(abs, [-1, 2])))",
    ),
]
