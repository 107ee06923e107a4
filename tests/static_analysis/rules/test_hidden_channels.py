"""State that no static reading can hand on: a warning with a code, where it stands."""

import pytest
from both_ways import ROW, codes, row

IMPORTS = (
    "imports",
    "import math, os, random, sys, warnings\nimport matplotlib.pyplot as plt\nimport numpy as np\n"
    "import pandas as pd",
)
FORK = {"b": ["a"], "c": ["a"], "d": ["b", "c"]}


def case(sentence, expected, *cells, after=None, gap=""):
    marks = pytest.mark.xfail(reason=gap) if gap else ()
    return pytest.param((IMPORTS, *cells), after, expected, id=sentence, marks=marks)


CASES = [
    case("a generator of one's own", [], ("a", "rng = np.random.default_rng(0)"),
         ("b", "r = rng.random()")),
    case("settings in a shared cell", [], ("imports", "pd.set_option('display.width', 99)"),
         ("a", "x = 1"), ("b", "r = x")),
    case("an environment variable that no other step reads", [],
         ("a", "os.environ['MODE'] = 'x'"), ("b", "r = 1")),
    case("a file of the step itself", [], ("a", "open('f', 'w').write('1')\nx = open('f').read()"),
         ("b", "r = x")),
    case("an attribute of an object", [], ("a", "class O: pass\no = O()\nsetattr(o, 'k', 1)"),
         ("b", "r = o.k")),
    case("exec of a text that is computed", ["KALE330 3:1"], ("a", "text = 'q = ' + str(1)"),
         ("b", "exec(text)"), ("c", "r = 1")),
    case("globals()", ["KALE334 3:1"], ("a", "n = str(1)"), ("b", "globals()[n] = 2"), ("c", "r = 1")),
    case("locals()", ["KALE334 3:1"], ("a", "x = 1"), ("b", "y = locals()"), ("c", "r = 1")),
    case("%run", ["KALE330 3:1"], ("a", "x = 1"), ("b", "%run nowhere.py"), ("c", "r = 1")),
    case("%store", ["KALE335 3:1"], ("a", "x = 1"), ("b", "%store x"), ("c", "r = 1")),
    case("setattr on a module", ["KALE320 2:1"], ("a", "setattr(math, 'k', 1)"), ("b", "r = math.k")),
    case("an option of pandas", ["KALE332 2:1"], ("a", "pd.set_option('display.width', 99)"),
         ("b", "r = pd.get_option('display.width')")),
    case("rcParams", ["KALE320 2:1"], ("a", "plt.rcParams['figure.dpi'] = 33"),
         ("b", "r = plt.rcParams['figure.dpi']")),
    case("sys.path", ["KALE332 2:1"], ("a", "sys.path.append('lib')"), ("b", "r = len(sys.path)")),
    case("warnings", ["KALE332 2:1"], ("a", "warnings.filterwarnings('ignore')"),
         ("b", "r = len(warnings.filters)")),
    case("os.environ", ["KALE336 2:1"], ("a", "os.environ['MODE'] = 'x'"),
         ("b", "r = os.environ['MODE']")),
    case("os.chdir", ["KALE337 2:1"], ("a", "os.chdir('d')"), ("b", "r = os.getcwd()")),
    case("a file between unordered steps", ["KALE333 3:1"], ("a", "open('f', 'w').write('1')"),
         ("b", "r = open('f').read()"), after={}),
    case("the module of all names", ["KALE334 3:2"], ("a", "x = 1"),
         ("b", "import __main__\nr = __main__.x"), gap="`__main__` is not looked at"),
    case("a question for the names", ["KALE334 3:1"], ("a", "x = 1"), ("b", "r = 'x' in dir()"),
         gap="dir() is not looked at"),
    case("the shell's own names", ["KALE334 3:1"], ("a", "x = 1"),
         ("b", "r = get_ipython().user_ns['x']"), gap="the shell's namespace is not looked at"),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "after", "expected"), CASES)
def test_what_no_static_reading_can_see_is_told_where_it_stands(analyzed, cells, after, expected):
    assert codes(analyzed(*cells, after=after)) == expected


RANDOM = [
    row("drawn in the step that seeds", ("a", "import random\nrandom.seed(1)\nx = random.random()"),
        ("b", "r = x")),
    row("seeded in one step, drawn from in two", ("imports", "import random"),
        ("a", "random.seed(1)\nx = random.random()"), ("b", "y = random.random()"),
        ("c", "r = x, y, random.random()")),
    row("NumPy's, seeded in a shared cell", ("imports", "import numpy as np\nnp.random.seed(1)"),
        ("a", "x = float(np.random.rand())"), ("b", "r = x, float(np.random.rand())")),
    row("past a step that draws nothing", ("imports", "import random"), ("a", "random.seed(1)"),
        ("b", "y = 1"), ("c", "r = random.random(), y")),
    row("drawn by a function", ("functions", "import random\ndef draw(): return random.random()"),
        ("a", "random.seed(1)\nx = draw()"), ("b", "r = x, draw()")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, RANDOM)
def test_numbers_drawn_along_a_chain_equal_the_notebooks(computes_the_same, cells, after, expected):
    computes_the_same(cells, after, expected)


def test_random_state_that_two_branches_draw_from_is_told(both):
    found = both(("imports", "import random"), ("a", "random.seed(1)"), ("b", "y = random.random()"),
                 ("c", "z = random.random()"), ("d", "r = y, z"), after=FORK)  # fmt: skip
    assert not found.same
    assert {"KALE331 3:1", "KALE331 4:1"} & set(codes(found.analyzed))
