"""How cells fail."""

from __future__ import annotations

from runners.engines.cells.row import row

ERRORS = [
    row("an exception with its line", "a = 1\na / 0\nb = 2"),
    row("a name that is not there", "undefined_name"),
    row(
        "a chain of causes",
        "try:\n    {}['k']\nexcept KeyError as e:\n    raise ValueError('outer') from e",
    ),
    row(
        "an exception while handling another",
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    int('x')",
    ),
    row(
        "an exception in nested functions",
        "def f(n):\n    return 1 / n if n == 0 else f(n - 1)\nf(3)",
    ),
    row(
        "an exception in a function of an earlier cell",
        "def earlier(x):\n    y = x\n    return y.nothing",
        "earlier(1)",
    ),
    row("an exception in a library", "import json\njson.loads('{')", mask=r"/\S*/"),
    row("an assertion with a message", "assert 1 == 2, 'not so'"),
    row("a syntax error", "x = (1\ny = 2"),
    row("an indentation error", "if True:\nx = 1"),
    row("a tab where none may be", "if True:\n    x = 1\n\ty = 2"),
    row("a syntax error in executed text", "exec('1 +')"),
    row("an interrupt that the code raises", "raise KeyboardInterrupt"),
    row("an exit that the code raises", "raise SystemExit(3)"),
    row("sys.exit without a word", "import sys\nsys.exit()", "print('goes on')"),
    row("an exit with a text", "import sys\nsys.exit('a text')"),
    row(
        "an exception of the notebook's own",
        "class Mine(Exception):\n    def __str__(self): return 'mine 🙂'\nraise Mine",
    ),
    row(
        "an exception whose text raises",
        "class Bad(Exception):\n    def __str__(self): raise RuntimeError\nraise Bad",
        mask=r"/\S*/",
    ),
    row("an exception with a note", "e = ValueError('v')\ne.add_note('a note')\nraise e"),
    row(
        "a group of exceptions",
        "raise ExceptionGroup('g', [ValueError(1), TypeError(2)])",
        mask=r"/\S*/",
    ),
    row("an exception with ANSI colours in its text", "raise ValueError('\\x1b[31mred\\x1b[0m')"),
    row("an exception of many lines", "raise ValueError('a\\nb\\nc')"),
    row(
        "output before an exception is kept",
        "print('before')\nfrom IPython.display import display\ndisplay(1)\n1 / 0",
        exact=True,
    ),
    row(
        "an exception in a thread",
        "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start(); t.join()",
        mask=r"/\S*/|Thread-\d+|\(<lambda>\)",
    ),
    row("asking for input", "input('name? ')"),
    row("asking for a password", "import getpass\ngetpass.getpass()"),
    row(
        "a stack that is asked for",
        "import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()",
        mask=r"/\S*/",
    ),
    row(
        "the last exception is there",
        "1 / 0",
        "import sys\nsys.last_type.__name__, type(sys.last_value).__name__, sys.last_traceback is not None",
    ),
    row("an unknown magic", "%no_such_magic 1"),
    row("an unknown cell magic", "%%no_such_magic\n1"),
]
