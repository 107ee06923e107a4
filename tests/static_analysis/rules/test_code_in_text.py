"""Code that is not plain Python: IPython syntax, and constant strings that are code."""

import pytest
from both_ways import ROW, row

IPYTHON = [
    row("another language",
        ("a", "x = 1"), ("b", "%%bash\nx=3; echo $x"), ("c", "r = x")),
    row("HTML",
        ("a", "x = 1"), ("b", "%%html\n<b>x = 2</b>"), ("c", "r = x")),
    row("a file's text",
        ("a", "x = 1"), ("b", "%%writefile f.py\nx = 2"), ("c", "r = x, open('f.py').read()")),
    row("a loop that is timed",
        ("a", "x = 1"), ("b", "%timeit -n1 -r1 y = x"), ("c", "r = x")),
    row("help",
        ("a", "x = 1"), ("b", "x?\ny = x"), ("c", "r = y")),
    row("a directory's name",
        ("a", "x = 1"), ("b", "%pwd\ny = x"), ("c", "r = y")),
    row("%time",
        ("a", "%time x = 3"), ("b", "r = x")),
    row("%time reads",
        ("a", "x = 3"), ("b", "%time y = x + 1"), ("c", "r = y")),
    row("%%time",
        ("a", "%%time\nx = 3\ny = x + 1"), ("b", "r = y")),
    row("%%time over a command",
        ("a", "%%time\nx = !echo 3"), ("b", "r = x[0]")),
    row("%%capture",
        ("a", "x = 1"), ("b", "%%capture cap\nprint(x)\ny = 2"), ("c", "r = cap.stdout, y")),
    row("%%prun",
        ("a", "def f(): return 3"), ("b", "%%prun -q\ny = f()"), ("c", "r = y")),
    row("a command's lines",
        ("a", "o = []\nfor i in range(2):\n    t = !echo $i\n    o += t"), ("b", "r = list(o)")),
    row("a command in a function",
        ("a", "def f(v):\n    o = !echo {v}\n    return o[0]"), ("b", "r = f('q')")),
    row("braces in a command",
        ("a", "x = 'hi'"), ("b", "y = !echo {x}"), ("c", "r = y[0]")),
    row("an expression in braces",
        ("a", "x = [1, 2]"), ("b", "y = !echo {len(x) + 1}"), ("c", "r = y[0]")),
    row("a dollar in a command",
        ("a", "x = 'hi'"), ("b", "y = !echo $x"), ("c", "r = y[0]")),
    row("two dollars",
        ("a", "import os\nHOMEX = 3"), ("b", "y = !echo $$ | wc -l"), ("c", "r = y[0].strip()")),
    row("braces in a magic",
        ("a", "p = '.'"), ("b", "y = %sx ls -d {p}"), ("c", "r = y[0]")),
    row("a script's output",
        ("a", "x = 1"), ("b", "%%script bash --out y\necho hi"), ("c", "r = y")),
    row("top-level await",
        ("a", "import asyncio\nx = await asyncio.sleep(0, 5)"), ("b", "r = x")),
    row("top-level async with",
        ("a", "import asyncio\nlock = asyncio.Lock()\nasync with lock: x = 4\ndel lock"), ("b", "r = x")),
    row("a semicolon",
        ("a", "x = 1;"), ("b", "y = x; z = y;"), ("c", "r = z")),
    row("an extension",
        ("a", "%load_ext autoreload\n%autoreload 0\nx = 1"), ("b", "r = x")),
    row("a command over two lines",
        ("a", "x = !echo a \\\n  b"), ("b", "r = x[0]")),
    row("names that Python normalizes",
        ("a", "größe = 2\nﬁ = 3"), ("b", "r = größe + fi")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, IPYTHON)
def test_ipython_syntax_binds_and_reads_as_python_does(computes_the_same, cells, after, expected):
    computes_the_same(cells, after, expected)


STRINGS = [
    row("names of its own",
        ("a", "x = 1"), ("b", "r = eval('x', {'x': 5})")),
    row("names that the notebook has not, of its own",
        ("a", "x = 1"), ("b", "r = eval('u', {'u': 5}), x")),
    row("variables of its own",
        ("a", "x = 1"), ("b", "r = eval('[i + x for i in [1]]'), eval('(lambda v: v)(2)')")),
    row("a query that is given its names",
        ("a", "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})"), ("b", "r = df.query('a > @u', local_dict={'u': 1}).a.tolist()")),
    row("a function's argument",
        ("a", "x = 1"), ("b", "def f(x): return eval('x')\nr = f(3)")),
    row("columns only, with a number put in",
        ("a", "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\nt = 1"), ("b", "r = df.query(f'a > {t}').a.tolist()")),
    row("eval",
        ("a", "x = 1"), ("b", "y = eval('x + 1')"), ("c", "r = y")),
    row("eval in a comprehension",
        ("a", "x = 1"), ("b", "r = [eval('x') for _ in range(1)]")),
    row("DataFrame.query",
        ("a", "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\nt = 1"), ("b", "r = df.query('a > @t').a.tolist()")),
    row("an attribute in a query",
        ("a", "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\nclass O: pass\no = O()\no.t = 1"), ("b", "r = df.query('a > @o.t').a.tolist()")),
    row("a quoted column in a query",
        ("a", "import pandas as pd\ndf = pd.DataFrame({'a b': [1, 2]})\nt = 1"), ("b", "r = df.query('`a b` > @t')['a b'].tolist()")),
    row("a query in two parts",
        ("a", "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\nt = 1"), ("b", "r = df.query('a > @t and '\n 'a < 5').a.tolist()")),
    row("DataFrame.eval in place",
        ("a", "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\nt = 1"), ("b", "df.eval('b = a + @t', inplace=True)"), ("c", "r = df.b.tolist()")),
    row("a query by keyword",
        ("a", "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\nt = 1"), ("b", "r = df.query(expr='a > @t').a.tolist()")),
    row("a query in a function",
        ("a", "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\ndef q(d): return d.query('a > @t')"), ("b", "t = 1"), ("c", "r = q(df).a.tolist()")),
    row("eval in a function",
        ("a", "x = 1\ndef f(): return eval('x')"), ("b", "x = 2"), ("c", "r = f()")),
    row("pandas.eval",
        ("a", "import pandas as pd\nu = 1"), ("b", "r = int(pd.eval('u + 1'))")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, STRINGS)
def test_a_constant_string_of_code_is_read_as_code(computes_the_same, cells, after, expected):
    computes_the_same(cells, after, expected)


LOOKUPS = [
    row("another dictionary",
        ("a", "x = 1"), ("b", "d = {'x': 2}\nr = d['x'], x")),
    row("read",
        ("a", "x = 1"), ("b", "r = globals()['x']")),
    row("set",
        ("a", "x = 1"), ("b", "globals()['x'] = 2"), ("c", "r = x")),
    row("set where nothing else binds it",
        ("a", "globals()['x'] = 2"), ("b", "r = x")),
    row("counted up",
        ("a", "x = 1"), ("b", "globals()['x'] += 2"), ("c", "r = x")),
    row("changed in place",
        ("a", "l = [1]"), ("b", "globals()['l'].append(2)"), ("c", "r = l")),
    row("read in a function",
        ("a", "def f(): return globals()['x']\nx = 1"), ("b", "x = 2"), ("c", "r = f()")),
    row("read in a class body and a comprehension",
        ("a", "x = 1"), ("b", "class C:\n    y = [globals()['x'] for z in [3]]\nr = C.y")),
    row("changed in place through a function",
        ("a", "l = [1]"), ("b", "def f(): return globals()['l']\nf().append(2)"), ("c", "r = l")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, LOOKUPS)
def test_a_constant_subscript_of_globals_is_the_name(computes_the_same, cells, after, expected):
    computes_the_same(cells, after, expected)


STARS = [
    row("a name that it does not have",
        ("a", "x = 1"), ("b", "from math import *"), ("c", "r = x")),
    row("in a shared cell",
        ("imports", "from math import *"), ("a", "x = pow(2, 3)"), ("b", "r = (x, pow(2, 3))")),
    row("a function defined after it",
        ("a", "from math import *\ndef floor(v): return 'own'"), ("b", "r = floor(1.5)")),
    row("a step's value after a shared one",
        ("functions", "from math import *"), ("a", "pi = 3"), ("b", "r = pi")),
    row("over an earlier value",
        ("a", "pi = 3"), ("b", "from math import *"), ("c", "r = pi")),
    row("over a builtin",
        ("a", "from math import *\nx = pow(2, 3)"), ("b", "r = (x, pow(2, 3))")),
    row("over a name that the step then reads",
        ("a", "e = 'mine'"), ("b", "from math import *\nq = e"), ("c", "r = (q, e)")),
    row("over a function",
        ("a", "def floor(v): return 'own'"), ("b", "from math import *"), ("c", "r = floor(1.5)")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, STARS)
def test_a_star_import_brings_in_what_its_module_gives_here(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)
