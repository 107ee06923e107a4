"""IPython's syntax read as Python: the same lines, the names that are read and bound."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kale.nbparser import to_python
from kale.nbparser.installs import installs

PLAIN = [
    "",
    "\n",
    "x = 1",
    "x = 1\n",
    "a % b",
    "x = (1\n%time\n)",
    "s = '''\n%time x\n!ls\n'''",
    "# !ls\n",
    "await f()",
    "async with a as b:\n    pass",
    "print('?')",
    "x = [i\nfor i in y\n]",
    "x != 1",
    "\fx = 1",
    "def f():\n\treturn 1",
    "'\u2028'",
    "x = 1\r\ny = 2\r\n",
]


@pytest.mark.parametrize("code", PLAIN)
def test_python_stays_as_it_is(code):
    assert to_python(code) == code


@pytest.mark.parametrize(
    "code", ["x = (1,", "def f(:\n  pass", "print 'a'", "x = = 1", "a b", "\tz = 1\n    !ls"]
)
def test_what_is_neither_python_nor_ipython_stays_as_it_is(code):
    assert to_python(code) == code


CALL = "get_ipython()"


@pytest.mark.parametrize(
    ("code", "python"),
    [
        ("%matplotlib inline\nx = 1\n", f"{CALL}.run_line_magic('matplotlib', 'inline')\nx = 1\n"),
        (
            "!pip install \\\n  a \\\n  b\nx = 1",
            f"{CALL}.system('pip install    a    b')\n\n\nx = 1",
        ),
        ("f = !ls {d} $e", f"f = {CALL}.getoutput('ls {{d}} $e', d is None, e is None)"),
        ("!!ls $a", f"{CALL}.getoutput('ls $a', a is None)"),
        (
            "!echo {d['k'] + e} {{q}} $$r $1",
            (f"{CALL}.system(\"echo {{d['k'] + e}} {{{{q}}}} $$r $1\", (d['k'] + e) is None)"),
        ),
        (
            "%cd {a.b} $c.d",
            f"{CALL}.run_line_magic('cd', '{{a.b}} $c.d', (a.b) is None, (c.d) is None)",
        ),
        ("x = %env HOME", f"x = {CALL}.run_line_magic('env', 'HOME')"),
        ("%time x = f(y)", "x = f(y)"),
        (
            "if a:\n    %time x = f()\n    !ls $x",
            f"if a:\n    x = f()\n    {CALL}.system('ls $x', x is None)",
        ),
        ("x = %time f(y)", "x = (f(y))"),
        ("x = %time y = 1", f"x = {CALL}.run_line_magic('time', 'y = 1')"),
        ("%time a = !ls", f"a = {CALL}.getoutput('ls')"),
        ("%time for i in x: f(i)", "for i in x: f(i)"),
        ("%time", f"{CALL}.run_line_magic('time', '')"),
        ("%timeit -n1 -r 3 f(z)", "class __timeit__: f(z)"),
        ("%timeit for i in x: f(i)", "for i in x: f(i)"),
        ("r = %timeit -o f(z)", f"r = {CALL}.run_line_magic('timeit', f(z))"),
        ("%prun -D p.prof x = f()", "x = f()"),
        ("%lprun -f g g(x)", "g(x)"),
        ("%R -i a -o b", f"b = {CALL}.run_line_magic('R', '-i a -o b', a is None)"),
        (
            "df?\n?df\ndf.head??",
            (
                f"{CALL}.run_line_magic('pinfo', 'df')\n"
                f"{CALL}.run_line_magic('pinfo', 'df')\n{CALL}.run_line_magic('pinfo2', 'df.head')"
            ),
        ),
        ("?", f"{CALL}.show_usage()"),
        ("%timeit?", f"{CALL}.run_line_magic('pinfo', '%timeit')"),
        ("/f x", "f(x)"),
        (",f a b", 'f("a", "b")'),
        ("  %time x = 1\n  y = 2", "x = 1\ny = 2"),
        ("  x = 1\n  y = 2", "x = 1\ny = 2"),
        (">>> x = 1\n>>> y = 2", "x = 1\ny = 2"),
        ("In [1]: x = 1", "x = 1"),
        ("%%time\nx = f()\n", f"{CALL}.run_cell_magic('time', '', '')\nx = f()\n"),
        (
            "\n\n%%capture out --no-stderr\n!ls {q}\nx = 1",
            (
                f"\n\nout = {CALL}.run_cell_magic('capture', 'out --no-stderr', '')\n"
                f"{CALL}.system('ls {{q}}', q is None)\nx = 1"
            ),
        ),
        (
            "%%time\n%%capture c\nx = 1",
            (
                f"{CALL}.run_cell_magic('time', '', '')\n"
                f"c = {CALL}.run_cell_magic('capture', 'c', '')\nx = 1"
            ),
        ),
        (
            "%%timeit -n 10\nx = g()\nfor i in x:\n\th(i)\n",
            "class __timeit__:\n x = g()\n for i in x:\n \th(i)\n",
        ),
        ("%%timeit y = 3\nx = g(y)", "class __timeit__:\n y = 3; x = g(y)"),
        ("%%timeit\n# nothing\n", "\n# nothing\n"),
        (
            "%%bash --out res\necho a\necho b",
            f"res = {CALL}.run_cell_magic('bash', '--out res', 'echo a\\necho b\\n')\n\n",
        ),
        (
            "%%writefile {name}.py\nimport os\n",
            f"{CALL}.run_cell_magic('writefile', '{{name}}.py', 'import os\\n', name is None)\n\n",
        ),
        ("%%html\n<b>'''{{$}}", f"{CALL}.run_cell_magic('html', '', \"<b>'''{{{{$}}}}\\n\")\n"),
        (
            "%%R -i a,b -o c\ny",
            f"c = {CALL}.run_cell_magic('R', '-i a,b -o c', 'y\\n', a is None, b is None)\n",
        ),
        ("%%time?", f"{CALL}.run_line_magic('pinfo', '%%time')"),
        ("print('\u2028')\n!ls '\u2028'", f"print('\u2028')\n{CALL}.system(\"ls '\\u2028'\")"),
    ],
)
def test_ipython_becomes_python_of_as_many_lines(code, python):
    assert to_python(code) == python
    assert python.count("\n") == code.count("\n")
    ast.parse(python)


@pytest.mark.parametrize(
    ("code", "python"),
    [
        ("pip install a", f"{CALL}.run_line_magic('pip', 'install a')"),
        ("\nls -l\n", f"\n{CALL}.run_line_magic('ls', '-l')\n"),
        ("pwd", f"{CALL}.run_line_magic('pwd', '')"),
        ("time x = f()", "x = f()"),
    ],
)
def test_a_cell_of_one_line_needs_no_percent_sign(code, python):
    assert to_python(code) == python
    assert to_python(code, {code.split()[0]}) == code


@pytest.mark.parametrize(
    "code", ["ls = 1", "time.sleep(1)", "ls, x = 1, 2", "env", "x\nls", "ls()"]
)
def test_a_variable_or_a_longer_cell_is_no_magic(code):
    assert to_python(code, {"env"}) == code


def test_only_names_that_the_notebook_binds_are_read_by_shell_commands():
    assert to_python("!ls $HOME {d}", {"d"}) == f"{CALL}.system('ls $HOME {{d}}', d is None)"


@pytest.mark.parametrize(
    "code",
    [
        "%timeit y = g(); [y for _ in z]",
        "%%timeit\ny = g()\n[y for _ in z]\n",
        "%%timeit\ny = g()\nf(lambda: y)\n",
    ],
)
def test_what_a_function_could_not_see_in_a_class_stays_outside(code):
    assert "class" not in to_python(code)


@given(
    st.lists(
        st.sampled_from(
            [
                "x = 1",
                "!ls {x}",
                "%time y = x",
                "if x:",
                "    !ls",
                "    pass",
                "'''",
                "a = (",
                ")",
                "x?",
                "%%time",
                "%%timeit x = 1",
                "%%capture x",
                "%%cython",
                "%%sql x <<",
                "%%bash",
                "%time x = (",
                "%pylab",
                "%xdel x",
                "%run x.py",
                "%pip install x",
                "pip install x",
                "def f(x): return x",
                "!a \\",
                "",
                "# c",
                "é = !ls $x",
                "\tz = 1",
                "%",
                "??",
                "\x0c",
            ]
        ),
        max_size=8,
    )
)
def test_no_text_changes_its_number_of_lines(lines):
    code = "\n".join(lines)
    python = to_python(code)
    assert python.count("\n") == code.count("\n")
    for install in installs(code, python):
        assert 1 <= install.first <= install.last <= code.count("\n") + 1
        assert "pip install x" in install.text


def test_python_cells_do_not_import_ipython():
    program = (
        "import sys; from kale.nbparser import to_python;"
        "to_python('x = 1\\ny = x % 2'); assert 'IPython' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
