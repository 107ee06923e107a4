"""In-place changes of arrays and frames, and aliases that last from step to step."""

import pytest
from both_ways import ROW, row

ARRAYS = {
    "augmented": "n += 1",
    "a slice": "n[:2] = 9",
    "a view": "v = n[1:]\nv[0] = 9",
    "reshape": "n.reshape(-1)[0] = 9",
    "T": "n.T[0] = 9",
    "sort": "n.sort()",
    "out=": "np.add(n, 1, out=n)",
    "ufunc.at": "np.add.at(n, [0], 5)",
    "put": "np.put(n, [0], 7)",
    "flat": "n.flat[0] = 8",
    "ravel": "n.ravel()[0] = 8",
    "copyto": "np.copyto(n, 4)",
    "nditer": "for y in np.nditer(n, op_flags=['readwrite']): y[...] = 3",
    "a generator's shuffle": "np.random.default_rng(0).shuffle(n)",
    "memoryview": "memoryview(n)[0] = 5",
}


@pytest.mark.parametrize("code", ARRAYS.values(), ids=ARRAYS)
def test_a_change_of_an_array_reaches_later_steps(both, code):
    found = both(
        ("a", "import numpy as np\nn = np.arange(3)"), ("b", code), ("c", "r = n.tolist()")
    )
    assert found.same, found


FRAMES = {
    "a column": "df['b'] = 1",
    "loc": "df.loc[0, 'a'] = 9",
    "iloc": "df.iloc[0, 0] = 9",
    "at": "df.at[0, 'a'] = 9",
    "inplace=True": "df.drop(columns='a', inplace=True)",
    "insert": "df.insert(0, 'z', 1)",
    "pop": "df.pop('a')",
    "del": "del df['a']",
    "columns": "df.columns = ['q']",
    "attrs": "df.attrs['x'] = 1",
    "the index's name": "df.index.name = 'i'",
    "update": "df.update(pd.DataFrame({'a': [9, 9]}))",
    "a loop's variable": "for f in [df]: f['b'] = 1",
    "pipe": "def add(f):\n    f['b'] = 1\n    return f\ndf.pipe(add)",
    "eval in place": "df.eval('b = a * 2', inplace=True)",
    "an attribute": "df.a = 5",
}


@pytest.mark.parametrize("code", FRAMES.values(), ids=FRAMES)
def test_a_change_of_a_frame_reaches_later_steps(both, code):
    found = both(
        ("a", "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})"),
        ("b", code),
        ("c", "r = str((df.to_dict('list'), df.attrs, df.index.name))"),
    )
    assert found.same, found


LASTING = [
    row("a new list",
        ("a", "l=[1]\nm = l"), ("b", "m = [5]"), ("c", "m.append(2)"), ("e", "r = l, m")),
    row("a value read back from text",
        ("a", "import json\nl=[1]\ny = json.loads(json.dumps(l))"), ("b", "y.append(9)"), ("d", "r = l")),
    row("names in three steps",
        ("a", "l=[1]"), ("b", "m = l"), ("c", "n = m"), ("d", "n.append(2)"), ("e", "r = l, m, n, l is n")),
    row("an attribute set in between",
        ("a", "class O: pass\no = O()\nl=[1]"), ("b", "o.x = l"), ("c", "l.append(2)"), ("e", "r = o.x, o.x is l")),
    row("containers in containers",
        ("a", "l=[1]\ncfg = {'a': {'b': [l]}}"), ("b", "cfg['a']['b'][0].append(2)"), ("c", "r = l, cfg")),
    row("what an instance was made with",
        ("a", "class O:\n    def __init__(s, x): s.x = x\nl=[1]\no = O(l)"), ("b", "o.x.append(2)"), ("c", "r = l")),
    row("what a method keeps",
        ("a", "class O:\n    def keep(s, x): s.x = x\nl=[1]\no = O()\no.keep(l)"), ("b", "o.x.append(2)"), ("c", "r = l")),
    row("append",
        ("a", "l=[1]\nq=[]\nq.append(l)"), ("b", "q[0].append(2)"), ("c", "r = l")),
    row("update",
        ("a", "l=[1]\nq={}\nq.update(k=l)"), ("b", "q['k'].append(2)"), ("c", "r = l")),
    row("extend and insert",
        ("a", "l=[1]\nq=[]\nq.extend([l])\nq.insert(0, l)"), ("b", "q[1].append(2)"), ("c", "r = l, q")),
    row("a function that appends its argument",
        ("a", "l=[1]\nq=[]\ndef put(v): q.append(v)\nput(l)"), ("b", "q[0].append(2)"), ("c", "r = l")),
    row("a function that keeps its argument in a global",
        ("a", "l=[1]\ndef put(v):\n    global q\n    q = v\nput(l)"), ("b", "q.append(2)"), ("c", "r = l")),
    row("what a method returns",
        ("a", "class B:\n    def __init__(s): s.v = []\n    def get(s): return s.v\nbx = B()"), ("b", "v = bx.get()\nv.append(1)"), ("c", "r = bx.v")),
    row("a function that returns a global",
        ("a", "l=[1]\ndef get(): return l"), ("b", "get().append(2)"), ("c", "r = l")),
    row("a local alias in a function",
        ("a", "l=[1]"), ("b", "def f():\n    y = l\n    y.append(3)\nf()"), ("c", "r = l")),
    row("a default argument",
        ("a", "l=[1]\ndef f(v=l): v.append(3)"), ("b", "f()"), ("c", "r = l")),
    row("a dataclass",
        ("a", "from dataclasses import dataclass\n@dataclass\nclass C:\n    x: list\nl=[1]\nc = C(l)"), ("b", "c.x.append(2)"), ("d", "r = l")),
    row("a SimpleNamespace",
        ("a", "import types\nl=[1]\nns = types.SimpleNamespace(x=l)"), ("b", "ns.x.append(2)"), ("d", "r = l")),
    row("a partial",
        ("a", "from functools import partial\nl=[1]\ndef add(q, v): q.append(v)\np = partial(add, l)"), ("b", "p(2)"), ("d", "r = l")),
    row("a deque",
        ("a", "from collections import deque\nl=[1]\ng = deque([l])"), ("b", "g[0].append(2)"), ("d", "r = l")),
    row("max",
        ("a", "l=[1]\nm=[2]\nb = max(l, m, key=sum)"), ("b", "b.append(9)"), ("d", "r = m")),
    row("next",
        ("a", "l=[[1]]\ny = next(iter(l))"), ("b", "y.append(9)"), ("d", "r = l")),
    row("getattr",
        ("a", "class O: pass\no=O()\no.w=[1]\ny = getattr(o, 'w')"), ("b", "y.append(9)"), ("d", "r = o.w")),
    row("itemgetter",
        ("a", "import operator\nl=[[1]]\ny = operator.itemgetter(0)(l)"), ("b", "y.append(9)"), ("d", "r = l")),
    row("a decorator that is a method",
        ("a", "class R:\n    def __init__(s): s.fs = {}\n    def reg(s, f):\n        s.fs[f.__name__] = f\n        return f\nR1 = R()"), ("b", "@R1.reg\ndef foo(): return 1"), ("c", "r = sorted(R1.fs), foo()")),
    row("an iterator",
        ("a", "l=[1,2,3]\nit = iter(l)\nnext(it)"), ("b", "l.append(4)"), ("d", "r = list(it)")),
    row("views of an array",
        ("a", "import numpy as np\nn = np.zeros(2)\nm = np.asarray(n)\nk = n.view()\nj = np.atleast_1d(n)\ni = n[None]\nh = np.array(n, copy=False)\ng = np.broadcast_to(n, (1, 2))"), ("b", "n[0] = 5"), ("d", "r = [x.tolist() for x in (m, k, j, i, h, g)]")),
    row("a frame in a dict",
        ("a", "import pandas as pd\ndf = pd.DataFrame({'a':[1]})\nd = {'x': df}"), ("b", "d['x']['b'] = 2"), ("d", "r = list(df.columns)")),
    row("a class attribute",
        ("a", "l=[1]\nclass C: x = l"), ("b", "C.x.append(2)"), ("c", "r = l"),
        gap="a class body's values are not tied to the class"),
    row("a default factory",
        ("a", "from collections import defaultdict\nl=[1]\nd=defaultdict(lambda: l)\nd['x']"), ("b", "d['x'].append(2)"), ("c", "r = l")),
    row("random.choice",
        ("a", "import random\nl=[[1]]\ny = random.choice(l)"), ("b", "y.append(9)"), ("d", "r = l")),
    row("itertools",
        ("a", "import itertools\nl=[[1]]\ny = list(itertools.islice(l, 1))"), ("b", "y[0].append(9)"), ("d", "r = l")),
    row("heapq",
        ("a", "import heapq\nl=[[1]]\ny = heapq.nlargest(1, l)"), ("b", "y[0].append(9)"), ("d", "r = l")),
    row("reduce",
        ("a", "from functools import reduce\nl=[1]\ny = reduce(lambda a, b: a, [l, 1])"), ("b", "y.append(9)"), ("d", "r = l")),
    row("parts of an array",
        ("a", "import numpy as np\nn = np.zeros(4)\np, q = np.split(n, 2)"), ("b", "n[0] = 5"), ("d", "r = p.tolist()"),
        gap="what a library's function returns is taken for a new object"),
    row("a dict's keys",
        ("a", "d={'a':1}\nks = d.keys()"), ("b", "d['b'] = 2"), ("d", "r = list(ks)"),
        gap="what a library's function returns is taken for a new object"),
    row("a default of a shared class",
        ("functions", "DEF=[1]\nclass C:\n    def __init__(s, v=DEF): s.v=v"), ("a", "c=C()"), ("b", "c.v.append(2)\nr=DEF, C().v"),
        gap="a shared class's default values are not tied to its instances"),
]  # fmt: skip


@pytest.mark.parametrize(ROW, LASTING)
def test_names_that_share_an_object_share_its_changes_in_every_later_step(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)
