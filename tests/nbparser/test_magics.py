"""What IPython's commands read and bind: a table, and a real IPython that agrees with it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from kale.static_analysis import analyze

#: What stands before each command; ``p`` to ``t`` are bound nowhere else.
BEFORE = "d = {'k': 1}\nx = [3]\ny = 'a'\nz = 2\ndef f(*args): return args\n"

#: A command with the names of the notebook that it reads, and those that it binds.
NOTHING = [
    ("%load_ext autoreload\n%autoreload 2", "", ""),
    ("%config Application.log_level = 30", "", ""),
    ("%who", "", ""),
    ("%history", "", ""),
    ("%alias show_it echo", "", ""),
    ("!echo $HOME", "", ""),
    ("!echo $$x {{x}}", "", ""),
    ("!echo '$x'", "", ""),
    ("!echo {x} {no python}", "", ""),
    ("!awk '{print $1}' {x} < /dev/null", "", ""),
    ("%%bash\necho $x {y}", "", ""),
    ("%%html\n<b>{x}</b>", "", ""),
    ("%%HTML\n<b>{x}</b>", "", ""),
    ("%%javascript\nlet p = x", "", ""),
    ("%%latex\n$x$", "", ""),
    ("%%markdown\n{x}", "", ""),
    ("%%writefile p.txt\n{x}\np = 1", "", ""),
    ("%%file p.txt\n{x}\np = 1", "", ""),
    ("%%script cat\np = x", "", ""),
    ("%%python\np = 1", "", ""),
    ("%%sh\np=1", "", ""),
    ("%%timeit -n1 -r1\np = 1", "", ""),
    ("%%timeit -n1 -r1 p = 1\nq = p", "", ""),
    ("%timeit -n1 -r1 p = 1", "", ""),
    ("%%capture p\nNone;", "", ""),
    ("%%capture p\nNone; # so\n\n", "", ""),
    ("%cd .", "", ""),
    ("cd .", "", ""),
    ("pwd", "", ""),
    ("ls", "", ""),
    ("%rerun nothing", "", ""),
    ("%reset -f in", "", ""),
    ("%reset_selective -f ^x$", "", ""),
    ("%timeit?", "", ""),
    ("x?", "", ""),
    ("x.append??", "", ""),
    ("?x", "", ""),
]
SOMETHING = [
    ("%time p = f(x)", "f x", "p"),
    ("%time -z", "z", ""),
    ("%time p = x is 1, '\\d'", "x", "p"),
    ("!echo {x is 1}", "x", ""),
    ("%time --no-raise-error f(x)", "f x", ""),
    ("p = %time f(x)", "f x", "p"),
    ("%%time\np = x\nq = 1", "x", "p q"),
    ("%%time --no-raise-error\np = x", "x", "p"),
    ("%timeit -n1 -r1 f(x)", "f x", ""),
    ("%timeit -n1 -r1 -v p f(x)", "f x", "p"),
    ("p = %timeit -n1 -r1 -o f(x)", "f x", "p"),
    ("%%timeit -n1 -r1\np = y\nf(p)", "f y", ""),
    ("%%timeit -n1 -r1 p = y\nf(p)", "f y", ""),
    ("%%capture p\nq = x", "x", "p q"),
    ("%%capture\nq = x", "x", "q"),
    ("%%capture p\nq = x  # so;", "x", "p q"),
    ("%%capture y\nq = y", "y", "q y"),
    ("%prun -q p = f(x)", "f x", "p"),
    ("%%prun -q p = x\nq = p", "x", "p q"),
    ("p = !echo {x} $y", "x y", "p"),
    ("p, q = !printf 'a\\nb'", "", "p q"),
    ("p = %sx echo $y", "y", "p"),
    ("%sx echo $y", "y", ""),
    ("%system echo $y", "y", ""),
    ("!!echo $y", "y", ""),
    ("%sc -l p = ls", "", "p"),
    ("!echo {z + 1} {d['k']} {x[0:1]} {y!r}", "z d x y", ""),
    ("!echo {{{z}}} $d.k", "z d", ""),
    ("!echo {[i for i in x]}", "x", ""),
    ("%env KALE_TEST=$y", "y", ""),
    ("%set_env KALE_TEST {y}", "y", ""),
    ("p = %env HOME", "", "p"),
    ("%%bash --out p --err q\necho a", "", "p q"),
    ("%%sh --out p\necho a", "", "p"),
    ("%%script --out p cat\na", "", "p"),
    ("%%bash -s {z} $y\necho a", "z y", ""),
    ("%%sx --out p\nls", "", "p"),
    ("%%!\nls", "", ""),
    ("%%writefile $y\np", "y", ""),
    ("/f x", "f x", ""),
    (",f a b", "f", ""),
    (";f a b", "f", ""),
    ("time p = f(x)", "f x", "p"),
    ("if z:\n    %time p = x\n    !echo $y", "z x y", "p"),
    ("def g(p):\n    !echo {p} {z}\n    return p\nq = g(1)", "z", "g q"),
    ("import asyncio\nawait asyncio.sleep(0)\np = x", "x", "asyncio p"),
    ("async def g():\n    yield z\nasync for p in g():\n    q = p", "z", "g p q"),
]
#: Commands of extensions, or that want more than a bare shell.
UNTRIED = [
    ("%automagic", "", ""),
    ("%gui", "", ""),
    ("%recall", "", ""),
    ("%reset -f", "", ""),
    ("%load x.py", "", ""),
    ("%edit x.py", "", ""),
    ("%matplotlib inline", "", ""),
    ("%store x y", "x y", ""),
    ("%store x > p.txt", "x", ""),
    ("%store -r p q", "", "p q"),
    ("%store -d x", "", ""),
    ("%macro p 1-2", "", "p"),
    ("%memit f(x)", "f x", ""),
    ("%%memit\np = x", "x", "p"),
    ("%lprun -f f f(x)", "f x", ""),
    ("%%debug\np = x", "x", "p"),
    ("%R -i x -o p", "x", "p"),
    ("%%sql p <<\nselect * from a where b = :z and c::int = 1", "z", "p"),
    ("p = %sql select {z}", "z", "p"),
    ("%%bigquery p --project a\nselect @z", "z", "p"),
    ("%%unheard_of\n{z} and :y and x", "z y", ""),
    (
        "%%cython\nimport a.b as p\ndef q(int n):\n    return n\ncdef int r(int n): return n\n"
        "cpdef int s(int n): return n\ncdef class t:\n    pass\n",
        "",
        "p q s t",
    ),
]


@pytest.fixture
def names(parse):
    """The names that a cell reads of those before it, and those that it binds."""

    def build(code):
        made = parse((BEFORE, "block:before"), (code, "block:it", "prev:before"))
        summary = analyze(made).summary("it")
        return set(summary.uses), set(summary.defs) - {"__timeit__"}

    return build


@pytest.mark.parametrize(("code", "reads", "binds"), [*NOTHING, *SOMETHING, *UNTRIED])
def test_names_of_a_command(code, reads, binds, names):
    assert names(code) == (set(reads.split()), set(binds.split()))


@pytest.mark.xfail(strict=True, reason="the setup statement takes the line of the class")
def test_setup_of_timeit_above_a_compound_statement_binds_nothing(names):
    assert names("%%timeit p = 1\nfor q in x: pass") == ({"x"}, set())


@pytest.mark.xfail(strict=True, reason="a class body hides its names from functions in it")
def test_timeit_with_a_function_in_it_binds_nothing(names):
    assert names("%%timeit\np = 1\n[p for _ in x]") == ({"x"}, set())


def test_pylab_binds_what_it_imports_and_warns_of_stars(parse):
    analyzed = analyze(parse(("%pylab inline\nx = array([1])", "block:a")))
    assert {"np", "plt", "numpy", "figsize"} <= set(analyzed.summary("a").defs)
    assert "KALE310" in {found.code for found in analyzed.diagnostics}


def test_xdel_deletes(parse, names):
    assert names("%xdel z\nz = 3") == ({"z"}, {"z"})


IN_A_SHELL = """
import io, json, sys, types
from contextlib import redirect_stderr, redirect_stdout
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

config = Config({"HistoryManager": {"enabled": False}})
module = types.ModuleType("__main__")
shell = InteractiveShell.instance(config=config, user_module=module)
before, cells = json.load(sys.stdin)
answers = []
for code in cells:
    shell.run_cell("%reset -f")
    shell.run_cell(before).raise_error()
    known = dict(shell.user_ns)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as errors:
        done = shell.run_cell(code, store_history=True)
    failed = done.error_before_exec or done.error_in_exec
    changed = {k for k, v in shell.user_ns.items() if k not in known or known[k] is not v}
    names = sorted(n for n in changed if not n.startswith("_"))
    answers.append(f"{type(failed).__name__}: {failed}" if failed else names)
json.dump(answers, sys.stdout)
"""


def in_a_shell(cells, folder):
    """What IPython itself binds in each cell, a list of names, or why the cell fails."""
    done = subprocess.run(
        [sys.executable, "-c", IN_A_SHELL],
        input=json.dumps([BEFORE, cells]),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=folder,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_ipython_binds_what_the_table_says(tmp_path):
    rows = [*NOTHING, *SOMETHING]
    found = in_a_shell([code for code, _, _ in rows], tmp_path)
    agreed = {code: sorted(binds.split()) for code, _, binds in rows}
    assert dict(zip(agreed, found, strict=True)) == agreed


#: Cells that always fail, with what is said of them before anything runs.
FAILING = [
    ("%time y = (", "nb.ipynb: cell 2 (it), line 1", "`%time` cannot run what follows it"),
    ("%time p = (\n1)", "nb.ipynb: cell 2 (it), line 1", "`%time` cannot run what follows it"),
    ("p = 1\n%timeit f(", "nb.ipynb: cell 2 (it), line 2", "`%timeit` cannot run what follows it"),
    ("%time await f()", "nb.ipynb: cell 2 (it), line 1", "`%time` cannot run what follows it"),
    ("%%time\nawait f()", "nb.ipynb: cell 2 (it), line 1", "`%%time` cannot run the cell"),
    ("%%time p = 1\nq = 2", "nb.ipynb: cell 2 (it), line 1", "`%%time` cannot run the cell"),
    ("%%time\nreturn 1", "nb.ipynb: cell 2 (it), line 2", "'return' outside function"),
    ("%%time\np = (\n", "nb.ipynb: cell 2 (it), line 2", "'(' was never closed"),
    ("%%time", "nb.ipynb: cell 2 (it), line 1", "`%%time` stands above nothing"),
    ("%%bash\n", "nb.ipynb: cell 2 (it), line 1", "`%%bash` stands above nothing"),
    (
        "# slow\n%%time\np = 1",
        "nb.ipynb: cell 2 (it), line 2",
        "`%%time` is understood in the first line of a cell only",
    ),
    ("p = 1\npip install a", "nb.ipynb: cell 2 (it), line 2", "invalid syntax"),
]


@pytest.mark.parametrize(("code", "place", "reason"), FAILING)
def test_a_command_that_always_fails_is_refused(code, place, reason, problems):
    (problem,) = problems((BEFORE, "block:before"), (code, "block:it", "prev:before"))
    assert problem.startswith(f"{place}: KALE009: the cell is not valid Python: {reason}")


def test_ipython_runs_none_of_them(tmp_path):
    found = in_a_shell([code for code, _, _ in FAILING], tmp_path)
    assert [one for one in found if isinstance(one, list)] == []
