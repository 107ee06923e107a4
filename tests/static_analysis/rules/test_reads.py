"""Which names a step reads: upward-exposed reads, rebound builtins, and what functions need when called."""

import pytest
from both_ways import ROW, row

FORK = {"b": ["a"], "c": ["a"], "d": ["b", "c"]}

EXPOSED = [
    row("a function's own name",
        ("a", "x = 1\ndef f():\n    x = 5\n    return x"), ("b", "x = 2"), ("c", "r = f(), x")),
    row("a local that is read too early",
        ("a", "x = 1"), ("b", "def f():\n    try:\n        return x\n    except UnboundLocalError:\n        return 'u'\n    x = 3\nr = f()")),
    row("after if",
        ("a", "x=1\nc=0"), ("b", "if c: x = 2\ny = x"), ("d", "r = y")),
    row("after try",
        ("a", "x=1"), ("b", "try:\n    int('q')\n    x = 2\nexcept ValueError: pass\ny = x"), ("d", "r = y")),
    row("after a loop that may not run",
        ("a", "x=1"), ("b", "for i in []: x = 2\ny = x"), ("d", "r = y")),
    row("after with",
        ("a", "x=1"), ("b", "from contextlib import suppress\nwith suppress(ValueError):\n    int('q')\n    x = 2\ny = x"), ("d", "r = y")),
    row("after match",
        ("a", "x=1"), ("b", "match 3:\n    case 4: x = 2\ny = x"), ("d", "r = y")),
    row("in a loop before its write",
        ("a", "x=1"), ("b", "t = []\nfor i in range(2):\n    t.append(x)\n    x = 5"), ("d", "r = t, x")),
    row("in finally",
        ("a", "x=1"), ("b", "try:\n    try:\n        int('q')\n        x = 2\n    finally:\n        y = x\nexcept ValueError: pass"), ("d", "r = y")),
    row("in except",
        ("a", "x=1"), ("b", "try:\n    int('q')\n    x = 2\nexcept ValueError:\n    y = x"), ("d", "r = y")),
    row("in the else of a while that never runs",
        ("a", "x=1"), ("b", "while False:\n    pass\nelse:\n    y = x"), ("d", "r = y")),
    row("after a loop that breaks past its else",
        ("a", "x=1"), ("b", "for i in [1]:\n    break\nelse:\n    x = 2\ny = x"), ("d", "r = y")),
    row("behind and",
        ("a", "x=1"), ("b", "0 and (x := 2)\ny = x"), ("d", "r = y")),
    row("in a comprehension's condition",
        ("a", "x=1"), ("b", "[0 for i in [] if (x := 2)]\ny = x"), ("d", "r = y")),
    row("a conditional expression",
        ("a", "x = 1"), ("b", "del x"), ("c", "r = x if 0 else 5")),
    row("an f-string's value and width",
        ("a", "x = 2\nw = 5"), ("b", "y = f'{x:{w}} {x!r} {x=}'"), ("c", "r = y")),
    row("starred arguments",
        ("a", "xs = [1, 2]\nkw = {'sep': '-'}"), ("b", "r = '-'.join(map(str, [*xs, *xs])) + str({**kw})")),
    row("the message of an assert",
        ("a", "m = 'x'"), ("b", "assert True, m"), ("c", "r = m")),
    row("a default value",
        ("a", "k = [1]"), ("b", "def f(v=k): return v"), ("c", "k = [2]"), ("d", "r = f()")),
    row("a keyword's default",
        ("a", "k = 3"), ("b", "def f(*, v=k): return v"), ("c", "k = 4\nr = f()")),
    row("an annotation",
        ("a", "T = int"), ("b", "def f(x: T) -> T: return x\nr0 = f(1)"), ("c", "r = f.__annotations__['x'] is T")),
    row("a comprehension",
        ("a", "k = 2"), ("b", "r = [i * k for i in range(3)]")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, EXPOSED)
def test_a_read_that_some_path_reaches_before_a_write_is_a_use(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)


CLASS_SCOPES = [
    row("its first iterable sees them",
        ("a", "xs = [1]"), ("b", "class C:\n    xs = [9]\n    y = [i for i in xs]"), ("c", "r = C.y")),
    row("it reads the name that it binds",
        ("a", "x = 1"), ("b", "class C:\n    x = x + 1\nv = C.x"), ("c", "r = v, x, C.x")),
    row("an element and a method see past them",
        ("a", "x = 'g'"), ("b", "class C:\n    x = 'c'\n    y = [x for _ in range(1)]\n    def m(s): return x"), ("c", "r = (C.y, C().m())")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, CLASS_SCOPES)
def test_a_class_body_hides_its_names_from_its_functions_and_comprehensions(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)


BUILTINS = [
    row("one that shows again",
        ("a", "id = 42"), ("b", "x = id"), ("c", "del id\nr = x, callable(id)")),
    row("only in another branch",
        ("a", "x = 1"), ("b", "max = min\ny = max(1,2)"), ("c", "z = max(1, 2)"), ("d", "r = y, z"), after=FORK),
    row("a number",
        ("a", "id = 42"), ("b", "r = id")),
    row("a list that a step changes",
        ("a", "input = [1]"), ("b", "input.append(2)"), ("c", "r = input")),
    row("read in a shared function",
        ("functions", "def f(v): return len(v)"), ("a", "len = lambda v: 'mine'"), ("b", "r = f([1])")),
    row("read in a step's function, rebound later",
        ("a", "def f(v): return sum(v)"), ("b", "sum = lambda v: 'mine'"), ("c", "r = f([1])")),
    row("read in a lambda, rebound later",
        ("a", "f = lambda v: max(v)"), ("b", "max = min"), ("c", "r = f([1, 2])")),
    row("a class",
        ("a", "class list(list): pass\nx = list([1])"), ("b", "r = type(x).__name__, isinstance([], list), isinstance(x, list)")),
    row("an exception that is caught",
        ("a", "class ValueError(Exception): pass"), ("b", "try:\n    int('q')\nexcept ValueError:\n    r = 'own'\nexcept Exception as e:\n    r = 'builtin'")),
    row("print, before the metrics",
        ("functions", "import builtins\ndef print(*a): builtins.print('>', *a)\n"), ("a", "print(1)\nr = 1"), ("metrics", "r")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, BUILTINS)
def test_a_builtin_that_an_earlier_step_rebound_is_a_use(computes_the_same, cells, after, expected):
    computes_the_same(cells, after, expected)


CALLS = [
    row("its default value is that of the definition",
        ("a", "k = 1\nf = lambda v=k: v"), ("b", "k = 2"), ("c", "r = f()")),
    row("an earlier function in a list stays",
        ("a", "k=1\ndef f(): return k\nfs = [f]"), ("b", "def f(): return 'new'"), ("c", "r = fs[0](), f()")),
    row("a function",
        ("a", "k = 2\ndef f(): return k"), ("b", "k = 3"), ("c", "r = f()")),
    row("a shared function",
        ("functions", "def f(): return later"), ("a", "later = 1\nx = f()"), ("b", "later = 2"), ("c", "r = x, f()")),
    row("a method",
        ("a", "k=1\nclass C:\n    def m(s): return k\nc = C()"), ("b", "k = 5"), ("d", "r = c.m()")),
    row("a property",
        ("a", "k = 1\nclass C:\n    @property\n    def p(s): return k"), ("b", "k = 2"), ("c", "r = C().p")),
    row("an operator",
        ("a", "k = 1\nclass C:\n    def __add__(s, o): return k"), ("b", "c = C()\nk = 2"), ("c", "r = c + 1")),
    row("repr, of an element",
        ("a", "k = 1\nclass C:\n    def __repr__(s): return f'C{k}'"), ("b", "c = [C()]\nk = 2"), ("c", "r = str(c)")),
    row("an iterator",
        ("a", "k = 3\nclass I:\n    def __iter__(s): return iter(range(k))"), ("b", "k = 2\ni = I()"), ("c", "r = list(i)")),
    row("a context manager",
        ("a", "k = 3\nclass I:\n    def __enter__(s): return k\n    def __exit__(s, *a): pass"), ("b", "k = 2\ni = I()"), ("c", "with i as v: r = v")),
    row("an inherited method",
        ("a", "k = 1\nclass B:\n    def m(s): return k\nclass D(B): pass"), ("b", "k = 2"), ("c", "r = D().m()")),
    row("a nested function that is kept",
        ("a", "k=1\ndef f():\n    def g(): return k\n    return g\nh = f()"), ("b", "k = 5"), ("d", "r = h()")),
    row("a closure in a list",
        ("a", "def mk(n):\n    def g(): return n + k\n    return g\nk = 1\nh = [mk(10)]"), ("b", "k = 5"), ("d", "r = h[0]()")),
    row("a lambda in a dict",
        ("a", "k = 1\nd = {'f': lambda: k}"), ("b", "k = 2"), ("c", "r = d['f']()")),
    row("a lambda in a class",
        ("a", "k = 1\nclass C:\n    f = lambda s: k"), ("b", "k = 2\nc = C()"), ("c", "r = c.f()")),
    row("a decorated function",
        ("functions", "def deco(g):\n    def w(*a): return g(*a) + k\n    return w"), ("a", "@deco\ndef f(x): return x\nk = 1"), ("b", "k = 2"), ("c", "r = f(1)")),
    row("a partial",
        ("a", "from functools import partial\nk = 1\ndef f(x): return x + k\ng = partial(f, 1)"), ("b", "k = 7"), ("c", "r = g()")),
    row("a function given to map",
        ("a", "k = 1\ndef f(x): return x + k"), ("b", "k = 7"), ("c", "r = list(map(f, [1]))")),
    row("a sort key",
        ("a", "w = {1: 2, 2: 1}\ndef key(x): return w[x]"), ("b", "w = {1: 1, 2: 2}"), ("c", "r = sorted([1, 2], key=key)")),
    row("a function in a dict",
        ("a", "k = 1\ndef f(): return k\nops = {'f': f}"), ("b", "k = 7"), ("c", "r = ops['f']()")),
    row("a function that an instance holds",
        ("a", "k = 1\ndef f(): return k\nclass O: pass\no = O()\no.f = f"), ("b", "k = 7"), ("c", "r = o.f()")),
    row("a generator",
        ("a", "k = 1\ndef g():\n    for i in range(2): yield k + i"), ("b", "k = 7"), ("c", "r = list(g())")),
    row("a coroutine",
        ("a", "k = 1\nasync def f(): return k"), ("b", "k = 2"), ("c", "r = await f()")),
    row("an instance that a function made",
        ("a", "k = 3\nclass I:\n    def m(s): return k\ndef make(): return I()\nobj = make()"), ("b", "k = 2"), ("c", "r = obj.m()")),
    row("instances in a list",
        ("a", "k = 3\nclass I:\n    def m(s): return k\nobjs = [I() for _ in range(2)]"), ("b", "k = 2"), ("c", "r = [o.m() for o in objs]")),
    row("an instance of a class made in a function",
        ("a", "def mk():\n    class C:\n        def m(s): return k\n    return C()\nc = mk()\nk = 1"), ("b", "k = 2"), ("d", "r = c.m()")),
    row("a class given to a library",
        ("a", "import json\nk = 3\nclass E(json.JSONEncoder):\n    def default(s, o): return k"), ("b", "k = 2"), ("c", "r = json.dumps({1}, cls=E)")),
    row("a deep copy of an instance",
        ("a", "import copy\nk = 3\nclass I:\n    def m(s): return k\no = copy.deepcopy(I())"), ("b", "k = 2"), ("c", "r = o.m()")),
    row("functions of two steps that call each other",
        ("a", "def e(n): return n == 0 or o(n - 1)"), ("b", "def o(n): return n != 0 and e(n - 1)"), ("c", "r = e(4)")),
    row("a descriptor",
        ("a", "class D:\n    def __get__(s, o, t=None): return k\nclass C: d=D()\nk=1"), ("b", "k=2"), ("c", "r=C().d")),
    row("a global that it changes",
        ("a", "x = 1"), ("b", "def f():\n    global x\n    x += 1\nf()"), ("c", "f()\nr = x")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, CALLS)
def test_a_functions_globals_are_those_of_the_call(computes_the_same, cells, after, expected):
    computes_the_same(cells, after, expected)


NESTED = [
    row("defaults",
        ("a", "fs = [(lambda v: [v * i for i in range(v)])(j) for j in range(3)]"), ("b", "r = fs")),
    row("a lambda that a lambda returns",
        ("a", "add = lambda x: lambda y: x + y"), ("b", "r = add(1)(2)")),
    row("a lambda that is called on the spot",
        ("a", "k = (lambda g: lambda: g + 1)(2)"), ("b", "r = k()")),
    row("lambdas in a list",
        ("a", "fs = [lambda i=i: i for i in range(3)]\ngs = [lambda: i for i in range(3)]"), ("b", "r = [f() for f in fs], [g() for g in gs]")),
    row("a function wrapped on the spot",
        ("a", "def f(): return 1\nf = (lambda g: lambda: g() + 1)(f)"), ("b", "r = f()")),
    row("lambdas that a function makes",
        ("a", "def mk(n): return [lambda: n + i for i in range(2)]\nfs = mk(1)"), ("b", "r = [f() for f in fs]")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, NESTED)
def test_a_lambda_in_a_lambda_or_a_comprehension_reads_its_variables(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)


PRIVATE_NAMES = [
    row("outside of classes",
        ("a", "__x = 1"), ("b", "def f(): return __x\nr = f()")),
    row("a class whose name is underscores",
        ("a", "__x = 1"), ("b", "class __:\n    def m(self): return __x\nr = __().m()")),
    row("a special name",
        ("a", "x = 1"), ("b", "class A:\n    def m(self): return __name__\nr = A().m(), x")),
    row("a method reads one",
        ("a", "_A__x = 1"), ("b", "class A:\n    def m(self): return __x\nr = A().m()")),
    row("a class that begins with an underscore",
        ("a", "_A__x = 1"), ("b", "class _A:\n    def m(self): return __x\nr = _A().m()")),
    row("a class in a class",
        ("a", "_B__x = 1\n_A__x = 2"), ("b", "class A:\n    class B:\n        def m(self): return __x\nr = A.B().m()")),
    row("a method binds one",
        ("a", "class A:\n    def m(self):\n        global __y\n        __y = 3\nA().m()"), ("b", "r = _A__y")),
    row("a method changes one",
        ("a", "_A__x = [1]"), ("b", "class A:\n    def m(self): __x.append(2)\nA().m()"), ("c", "r = _A__x")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, PRIVATE_NAMES)
def test_a_private_name_of_a_class_is_the_name_that_python_makes_of_it(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)


METHOD_DEFAULTS = [
    row("one that is never changed",
        ("a", "class C:\n    def m(self, xs=[]): return len(xs)\nC().m()"), ("b", "r = C().m()")),
    row("one that collects",
        ("a", "class C:\n    def m(self, xs=[]):\n        xs.append(1)\n        return len(xs)\nC().m()"), ("b", "r = C().m()")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, METHOD_DEFAULTS)
def test_a_methods_default_value_is_its_classs(computes_the_same, cells, after, expected):
    computes_the_same(cells, after, expected)
