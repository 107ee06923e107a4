"""What travels as source and what as a value."""

import pytest
from both_ways import ROW, row

FORK = {"b": ["a"], "c": ["a"], "d": ["b", "c"]}

CODE = [
    row("a definition that is deleted",
        ("a", "def f(): return 1"), ("b", "del f"), ("c", "r='f' in globals()")),
    row("a function that calls a function",
        ("a", "def g(): return 2\ndef f(): return g()"), ("b", "r=f()")),
    row("a function that needs an import",
        ("a", "import math\ndef f(): return math.floor(2.5)"), ("b", "r=f()")),
    row("a function that needs a constant",
        ("a", "K=2\ndef f(): return K"), ("b", "r=f()")),
    row("a chain over three steps",
        ("a", "class C: v=3"), ("b", "def g(): return C.v"), ("c", "def f(): return g()"), ("d", "r=f()")),
    row("a class and its base",
        ("a", "class B:\n    v=3"), ("b", "class C(B): pass"), ("c", "r=C.v")),
    row("a base that is data",
        ("a", "import collections\nB=collections.namedtuple('B','x')"), ("b", "class C(B):\n    def d(s): return s.x*2\nc=C(2)"), ("c", "r=c.d(), isinstance(c, B)")),
    row("a coroutine",
        ("a", "k = 1\nasync def f(): return k"), ("b", "k = 2"), ("c", "r = await f()")),
    row("the last of two in one cell",
        ("a", "def f(): return 1\nx=f()\ndef f(): return 2"), ("b", "r=x,f()")),
    row("beside data in one cell",
        ("a", "x=1; y=2\ndef f(): return x\nz=f()"), ("b", "x=5\nr=f(),z")),
    row("on one line with others",
        ("a", "def f(): return 1\nimport math; k=math.floor(2.2)"), ("b", "r=f()+math.ceil(k)")),
    row("imports on one line",
        ("a", "import math, json as j; x=1"), ("b", "r=j.dumps(math.floor(1.2)+x)")),
    row("functions that call each other",
        ("a", "def e(n): return n == 0 or o(n - 1)\ndef o(n): return n != 0 and e(n - 1)"), ("b", "r = e(4)")),
    row("a function that calls itself",
        ("a", "def f(n): return 1 if n < 1 else n * f(n - 1)"), ("b", "r = f(4)")),
    row("a dotted import",
        ("a", "import os.path\nimport xml.dom"), ("b", "import xml.etree.ElementTree"), ("c", "r = xml.etree.ElementTree.__name__, xml.dom.__name__, os.path.sep")),
    row("an import under another name",
        ("a", "import os.path as p"), ("b", "r = p.basename('a/b')")),
    row("a module under another variable",
        ("a", "import math\nm = math"), ("b", "r = m.pi")),
    row("a function of a module",
        ("a", "import math\nf = math.floor"), ("b", "r = f(2.5)")),
    row("a name that was an import",
        ("a", "from math import floor"), ("b", "floor = 3"), ("c", "r = floor")),
    row("a name that becomes an import",
        ("a", "math = 3"), ("b", "import math"), ("c", "r = math.pi")),
    row("two imports of one name",
        ("a", "import math as m\nx = m.pi"), ("b", "import cmath as m\ny = m.pi"), ("c", "r = m.__name__")),
    row("the same import in two branches",
        ("a", "x=1"), ("b", "import math\ny=math.pi"), ("c", "import math\nz=math.pi"), ("d", "r=math.floor(y+z)"), after=FORK),
    row("another thing of the name in another branch",
        ("a", "x=1"), ("b", "import math\ny=math.pi"), ("c", "math=3\nz=math"), ("d", "r=y,z"), after=FORK),
    row("a function that wraps its earlier self",
        ("a", "def f(): return 1"), ("b", "g = f\ndef f(): return g() + 1"), ("c", "r = f()")),
    row("a subclass in another step",
        ("a", "class B:\n    def m(s): return 1"), ("b", "class D(B):\n    def m(s): return super().m() + 1"), ("c", "r = D().m()")),
    row("an import inside a function",
        ("a", "def f():\n    import math\n    return math.floor(v)"), ("b", "v = 2.5"), ("c", "r = f()")),
    row("an import that a function makes global",
        ("a", "def load():\n    global m\n    import math as m\nload()"), ("b", "r = m.pi")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, CODE)
def test_imports_functions_and_classes_travel_as_code_with_what_they_need(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)


CONDITIONAL = [
    row("an import in try",
        ("a", "try:\n    import nonexistent_m as m\nexcept ImportError:\n    import math as m"), ("b", "r = m.pi")),
    row("an import in if",
        ("a", "import sys\nif sys.version_info > (3,):\n    import math as m\nelse:\n    m = None"), ("b", "r = m.pi")),
    row("a function in if",
        ("a", "if 1 < 2:\n    def f(): return 1\nelse:\n    def f(): return 2"), ("b", "r=f()")),
    row("one that reads a later global",
        ("a", "import sys\nif len(sys.path) > 0:\n    def f(): return k\nk=3"), ("b", "k=4"), ("c", "r=f()")),
    row("a class in except",
        ("a", "try:\n    from nonexist import C\nexcept ImportError:\n    class C: v=1\nc=C()"), ("b", "r=isinstance(c,C), C.v")),
    row("decorated by a function that counts in a list",
        ("a", "calls=[]\ndef count(f):\n    def w(*a):\n        calls.append(1)\n        return f(*a)\n    return w\n@count\ndef f(x): return x\nf(1)"), ("b", "f(2)"), ("c", "r=calls")),
    row("that a decorator records in a step's list",
        ("a", "log=[]\ndef deco(f):\n    log.append(f.__name__)\n    return f\n@deco\ndef f(): return 1"), ("b", "y=f()"), ("c", "r=log, y")),
    row("a generic function",
        ("a", "from functools import singledispatch\n@singledispatch\ndef f(x): return 'o'\n@f.register\ndef _(x: int): return 'i'"), ("b", "r = f(1), f('a')"),
        gap="what is registered later is no part of the function"),
    row("decorated by an instance",
        ("a", "class D:\n    def __init__(s, f): s.f=f; s.n=0\n    def __call__(s): s.n+=1; return s.n\n@D\ndef f(): pass\nf()"), ("b", "f()"), ("c", "r=f()")),
    row("decorated by a closure that counts",
        ("a", "def cnt(f):\n    n=0\n    def w():\n        nonlocal n\n        n+=1\n        return n\n    return w\n@cnt\ndef f(): pass\nf()"), ("b", "f()"), ("c", "r=f()")),
    row("a class with a cached property",
        ("a", "from functools import cached_property\nclass C:\n    @cached_property\n    def p(s): return object()\nc=C()\nx=c.p"), ("b", "r = x is c.p"),
        gap="Python 3.11's cached property holds a lock, so its class cannot be saved"),
]  # fmt: skip


@pytest.mark.parametrize(ROW, CONDITIONAL)
def test_a_conditional_or_decorated_definition_that_cannot_stand_alone_travels_as_data(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)


FRESH = [
    row("containers",
        ("a", "from dataclasses import dataclass, field\n@dataclass\nclass C:\n    xs: list = field(default_factory=list)\nc=C()"), ("b", "c.xs.append(1)"), ("c1", "r=c.xs, C().xs")),
    row("a sentinel of the step as a default",
        ("a", "MISSING = object()\ndef f(x=MISSING): return x is MISSING\nv = MISSING"), ("b", "r = f(v), f()")),
    row("an instance's counter",
        ("a", "class Cnt:\n    n=0\n    def up(s):\n        s.n += 1\n        return s.n\nk=Cnt()"), ("b", "x=k.up()"), ("c", "r=x,k.up(),Cnt.n")),
    row("a class attribute made by a call",
        ("imports", "import uuid"), ("a", "class C:\n    token = uuid.uuid4().hex\nv = C.token"), ("b", "r = v == C.token")),
    row("a default made by a call",
        ("imports", "import uuid"), ("a", "def f(t=uuid.uuid4().hex): return t\nv = f()"), ("b", "r = v == f()")),
    row("a sentinel in a class body",
        ("a", "class C:\n    NONE = object()\nv = C.NONE"), ("b", "r = v is C.NONE"),
        gap="the definition runs again in each step"),
    row("an attribute set below the class",
        ("a", "class C:\n    x = 0\nC.x = 1"), ("b", "r = C.x")),
    row("an attribute set below a function",
        ("a", "def f(): return f.k\nf.k = 1"), ("b", "x = f()"), ("d", "r = f(), x")),
]  # fmt: skip


@pytest.mark.parametrize(ROW, FRESH)
def test_a_definition_keeps_the_values_that_were_made_when_it_was_defined(
    computes_the_same, cells, after, expected
):
    computes_the_same(cells, after, expected)
