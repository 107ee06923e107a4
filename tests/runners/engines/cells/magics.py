"""What IPython adds to Python."""

from __future__ import annotations

from runners.engines.cells.row import TIMES, row

MAGICS = [
    row("%time", "%time x = 1\nx", mask=TIMES),
    row("%%time shows the value", "%%time\nprint('in')\n5", mask=TIMES),
    row("%timeit", "%timeit -n1 -r1 1", mask=TIMES + r"|±.*"),
    row(
        "%%capture keeps output", "%%capture out\nprint('kept')\n1", "out.stdout, len(out.outputs)"
    ),
    row(
        "a captured display can be shown",
        "%%capture out\nfrom IPython.display import display\ndisplay(7)",
        "out.show()",
    ),
    row(
        "capture_output as a context",
        "from IPython.utils.capture import capture_output\nwith capture_output() as c:\n    print('x')\nc.stdout",
    ),
    row("%%writefile", "%%writefile w.txt\nabc", "open('w.txt').read()"),
    row("%env", "%env KALE_A=1", "%env KALE_A", "import os\nos.environ['KALE_A']"),
    row("%pwd and %ls", "%pwd", "%ls w.txt", mask=r"'.*'"),
    row("%who", "%who Html"),
    row("%%bash", "%%bash\necho out\necho err >&2"),
    row("%%bash that fails", "%%bash\nexit 2"),
    row("%%sh, %%script and their captured output", "%%script --out got cat\nabc", "got"),
    row(
        "%%html, %%javascript, %%latex, %%markdown, %%svg",
        "%%html\n<b>h</b>",
        "%%javascript\n1",
        "%%latex\n$x$",
        "%%markdown\n*m*",
        "%%svg\n<svg xmlns='http://www.w3.org/2000/svg'/>",
    ),
    row("%%python", "%%python\nprint('another python')"),
    row("%%prun is quiet", "%%prun -q\nx = 1"),
    row("%run of a file", "%%writefile r.py\nprint(__name__)\nran = 5", "%run r.py", "ran"),
    row(
        "%load_ext and an unknown one",
        "%load_ext autoreload",
        "%autoreload 0",
        "%load_ext no_such_extension",
    ),
    row(
        "a module that was written is imported",
        "%%writefile kale_written.py\nv = 3",
        "import kale_written\nkale_written.v",
    ),
    row("%lsmagic and %history", "%history -n 1-1", "%alias_magic tm time"),
    row("a magic called by function", "get_ipython().run_line_magic('env', 'KALE_A')"),
    row(
        "a registered magic",
        "from IPython.core.magic import register_line_magic\n@register_line_magic\ndef mine(line):\n    return line.upper()",
        "%mine abc",
    ),
    row("automagic", "pwd", mask=r"'.*'"),
]
