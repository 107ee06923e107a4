"""Values of shared cells, pipeline parameters, and objects that several variables share."""

import pytest
from both_ways import ROW, row

FORK = {"b": ["a"], "c": ["a"], "d": ["b", "c"]}

SHARED = [
    row("a name that the shared cell makes from another",
        ("functions", "k = [1]\nn = len(k)"), ("a", "k.append(2)"), ("b", "r = (n, k)")),
    row("a shared cell below a step",
        ("a", "x=1"), ("functions", "y = 5\ndef f(): return y"), ("b", "r=f()+x")),
    row("a shared cell that sets a step's name anew",
        ("a", "y=1\nz=y"), ("functions", "y = 5"), ("b", "r=y+z")),
    row("two shared cells set one name",
        ("functions", "k=1\ndef f(): return k"), ("functions", "k=2"), ("a", "r=f()")),
    row("an alias of an import",
        ("imports", "import math\nm = math"), ("a", "x=m.pi"), ("b", "r=m.pi==x")),
    row("a generator of random numbers",
        ("imports", "import numpy as np\nrng = np.random.default_rng(0)"), ("a", "x=rng.random()"), ("b", "r=x,rng.random()")),
    row("a counter",
        ("imports", "import itertools\nids = itertools.count()"), ("a", "x=next(ids)"), ("b", "r=x,next(ids)")),
    row("a file in memory",
        ("imports", "import io\nf = io.StringIO()"), ("a", "f.write('a')"), ("b", "f.write('b')\nr=f.getvalue()")),
    row("a function that counts",
        ("functions", "k={'n':0}\ndef inc():\n    k['n'] += 1\n    return k['n']"), ("a", "x=inc()"), ("b", "y=inc()"), ("c", "r=x,y,k")),
    row("changed in one branch, read in another",
        ("imports", "c=[0]"), ("a", "c[0]+=1"), ("b", "x=c[0]"), ("d", "r=x,c"), after={"b": (), "d": ("a", "b")}),
    row("a registry that decorators fill",
        ("functions", "REG={}\ndef reg(f):\n    REG[f.__name__]=f\n    return f\n@reg\ndef one(): return 1"), ("a", "@reg\ndef two(): return 2"), ("b", "r=sorted(REG)")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, SHARED)
def test_a_shared_value_is_fresh_unless_a_step_on_the_way_changed_it(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)


PARAMETERS = [
    row("read only",
        ("parameters", "p=2"), ("a", "x=p"), ("b", "r=p+x")),
    row("an assignment that does not happen",
        ("parameters", "p=2"), ("a", "if p>5: p=1"), ("b", "r=p")),
    row("read by a shared function",
        ("parameters", "p=2"), ("functions", "def f(): return p"), ("a", "x=f()\np=9"), ("b", "r=f(),x")),
    row("assigned in another branch",
        ("parameters", "p=2"), ("a", "x=1"), ("b", "p=3\ny=p"), ("c", "z=p"), ("d", "r=y,z"), after=FORK),
    row("of a builtin's name",
        ("parameters", "max=2"), ("a", "r=max")),
    row("None",
        ("parameters", "a1=None"), ("a", "r=a1 is None")),
    row("assigned",
        ("parameters", "p=2"), ("a", "p=3"), ("b", "r=p")),
    row("augmented",
        ("parameters", "p=2"), ("a", "p+=3"), ("b", "r=p")),
    row("a list that is changed",
        ("parameters", "p=[2]"), ("a", "p.append(3)"), ("b", "r=p")),
    row("a list that is changed under another name",
        ("parameters", "p=[2]"), ("a", "q=p\nq.append(3)"), ("b", "r=p")),
    row("a list in a dict",
        ("parameters", "p={'a':[1]}"), ("a", "p['a'].append(3)"), ("b", "r=p")),
    row("an assignment that happens",
        ("parameters", "p=2"), ("a", "if p>1: p=1"), ("b", "r=p")),
    row("assigned in a shared cell",
        ("parameters", "p=2"), ("imports", "p = p + 1"), ("a", "x=p"), ("b", "r=p,x")),
    row("changed in a shared cell",
        ("parameters", "p=[2]"), ("imports", "p.append(3)"), ("a", "x=list(p)"), ("b", "r=p,x")),
    row("given another name in a shared cell",
        ("parameters", "p=[2]"), ("imports", "q = p"), ("a", "q.append(3)"), ("b", "r=p,q")),
    row("deleted and set anew",
        ("parameters", "p=2"), ("a", "del p\np=7"), ("b", "r=p")),
    row("a loop's variable",
        ("parameters", "p=2"), ("a", "for p in range(p): pass"), ("b", "r=p")),
    row("set by a function",
        ("parameters", "p=2"), ("functions", "def s():\n    global p\n    p = 5"), ("a", "s()"), ("b", "r=p")),
    row("assigned in a branch and read after it",
        ("parameters", "p=2"), ("a", "x=1"), ("b", "p=3\ny=p"), ("c", "z=p"), ("d", "r=y,z,p"), after=FORK),
]  # fmt: skip


@pytest.mark.parametrize(ROW, PARAMETERS)
def test_a_parameter_is_an_input_and_data_once_a_step_assigned_it(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)


SHARING = [
    row("a variable alone",
        ("a", "x=1"), ("b", "x=2"), ("c", "r=x")),
    row("two variables",
        ("a", "x=[1]\ny=x"), ("b", "r=x is y")),
    row("one inside another",
        ("a", "x=[1]\ny={'x':x}"), ("b", "y['x'].append(2)\nr=x")),
    row("made in two steps",
        ("a", "x=[1]"), ("b", "y=x"), ("c", "y.append(2)\nr=x, x is y")),
    row("through three steps",
        ("a", "x=[1]"), ("b", "y={'k':x}"), ("c", "z=[y]"), ("d", "z[0]['k'].append(2)\nr=x, y")),
    row("instances",
        ("functions", "class N:\n    def __init__(s, p=None): s.p=p"), ("a", "root=N()\nkid=N(root)"), ("b", "kid.p.name='q'\nr=root.name")),
    row("an array and its view",
        ("a", "import numpy as np\nx=np.zeros(3)\ny=x[:2]"), ("b", "y[0]=5\nr=x.tolist()")),
    row("a frame twice in a list",
        ("a", "import pandas as pd\ndf=pd.DataFrame({'a':[1]})\nfs=[df,df]"), ("b", "fs[0]['b']=1\nr=list(df.columns), fs[0] is fs[1]")),
    row("in a shared cell",
        ("functions", "x=[1]\ny=x"), ("a", "1"), ("b", "r= x is y")),
    row("a shared value and a step's",
        ("functions", "x=[1]"), ("a", "y=x"), ("b", "x.append(1)\nr=y")),
    row("a shared value kept in a step",
        ("functions", "x=[1]"), ("a", "y=x"), ("b", "r=y is x")),
    row("over two branches",
        ("a", "x=[1]\ny=x"), ("b", "p=x"), ("c", "q=y"), ("d", "r = p is q"), after=FORK,
        gap="two branches give two copies; nothing changes them, only `is` tells"),
]  # fmt: skip


@pytest.mark.parametrize(ROW, SHARING)
def test_variables_that_share_an_object_when_saved_share_it_when_loaded(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)


DISPLAY = [
    row("a generator",
        ("a", "x=1\n(i for i in range(3))"), ("b", "r=x")),
    row("a lock",
        ("a", "import threading\nx=1\nthreading.Lock()"), ("b", "r=x")),
    row("a file",
        ("a", "x=1\nopen('f','w')"), ("b", "r=x")),
    row("a variable that no step reads",
        ("a", "x=1\nl=(i for i in [1])"), ("b", "r=x")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, DISPLAY)
def test_a_last_bare_expression_never_has_to_be_saved(computes_the_same, cells, after, expected):
    computes_the_same(cells, after, expected)
