"""In-place changes of a value that an earlier step made: each reaches the steps that come later."""

import pytest
from both_ways import wires

VALUES = "l = [1]\nd = {'k': [1]}\nclass O: pass\no = O()\no.v = 1\no.w = O()\no.w.v = 2"
REPORT = "r = str((d, l, vars(o).get('v'), vars(o).get('z'), o.w.v))"

#: A new object that is changed: the old one goes past the step.
COPIES = {
    "a copy": "y = l.copy()\ny.append(3)",
    "a slice": "y = l[:]\ny.append(3)",
    "list()": "y = list(l)\ny.append(3)",
    "a deep copy": "import copy\ny = copy.deepcopy(d)\ny['k'].append(3)",
}


@pytest.mark.parametrize("code", COPIES.values(), ids=COPIES)
def test_a_change_of_a_copy_leaves_the_value_as_it_was(both, code):
    found = both(("a", VALUES), ("b", code), ("c", REPORT))
    assert found.same, found


STORES = {
    "a subscript": "d['k'] = 5",
    "a deep subscript": "d['k'][0] = 5",
    "a slice": "d['k'][:] = [7, 8]",
    "an attribute": "o.v = 9",
    "a deep attribute": "o.w.v = 9",
    "augmented subscript": "d['k'][0] += 1",
    "augmented attribute": "o.v += 1",
    "augmented list": "l += [3]",
    "del of an item": "del d['k']",
    "del of a slice": "del l[:]",
    "a method": "l.append(3)",
    "a method of an element": "d['k'].append(3)",
    "unpacking into it": "d['k'], l[0] = 3, 4",
    "a loop into it": "for d['k'] in [4]: pass",
    "with into it": "from contextlib import nullcontext\nwith nullcontext(4) as d['k']: pass",
    "setattr": "setattr(o, 'v', 8)",
    "object.__setattr__": "object.__setattr__(o, 'v', 8)",
    "an unbound method": "list.append(l, 3)",
    "operator.setitem": "import operator\noperator.setitem(l, 0, 3)",
    "heapq": "import heapq\nheapq.heappush(l, 0)",
    "bisect": "import bisect\nbisect.insort(l, 0)",
    "vars": "vars(o)['v'] = 8",
    "__dict__": "o.__dict__['v'] = 8",
    "inside print": "print(l.append(3))",
    "inside an f-string": "f'{l.append(3)}'",
    "in a try that fails": "try:\n    l.append(3)\n    1/0\nexcept ZeroDivisionError: pass",
    "%time": "%time l.append(3)",
    "%%capture": "%%capture\nl.append(3)",
}


@pytest.mark.parametrize("code", STORES.values(), ids=STORES)
def test_a_change_in_place_reaches_later_steps(both, code):
    found = both(("a", VALUES), ("b", code), ("c", REPORT))
    assert found.same, found
    assert {"l: b -> c", "d: b -> c", "o: b -> c"} & wires(found.analyzed)


ALIASES = {
    "another name": "y = l\ny.append(3)",
    "a walrus": "(y := l).append(3)",
    "a dict": "q = {'a': l}\nq['a'].append(3)",
    "a list": "q = [l]\nq[0].append(3)",
    "an attribute": "o.z = l\no.z.append(3)",
    "a tuple": "q = (l, 1)\nq[0].append(3)",
    "an unpacking": "y, z = l, 1\ny.append(3)",
    "a loop's variable": "for y in [l]: y.append(3)",
    "with": "from contextlib import nullcontext\nwith nullcontext(l) as y: y.append(3)",
    "a conditional expression": "y = l if l else d\ny.append(3)",
    "or": "y = None or l\ny.append(3)",
    "a comprehension's variable": "[y.append(3) for y in [l]]",
    "a lambda's default": "(lambda y=l: y.append(3))()",
    "zip": "for a, b in zip([l], [1]): a.append(3)",
    "enumerate": "for i, y in enumerate([l]): y.append(i)",
    "sorted": "sorted([l])[0].append(3)",
    "reversed": "list(reversed([l]))[0].append(3)",
    "a dict's values": "for y in d.values(): y.append(3)",
    "a dict's get": "d.get('k').append(3)",
    "a dict's setdefault": "d.setdefault('k', []).append(3)",
    "a dict's pop": "y = d.pop('k')\ny.append(3)",
    "a starred name": "[*q] = [l]\nq[0].append(3)",
    "a match": "match [l]:\n    case [y]: y.append(3)",
    "an exception": "e = ValueError(l)\ntry:\n    raise e\nexcept ValueError as q: q.args[0].append(3)",
    "getattr": "y = getattr(o, 'w')\ny.v = 8",
    "a copied dict": "y = dict(d)\ny['k'].append(3)",
    "a dict with two stars": "y = {**d}\ny['k'].append(3)",
    "tuple": "y = tuple([l])\ny[0].append(3)",
}


@pytest.mark.parametrize("code", ALIASES.values(), ids=ALIASES)
def test_a_change_through_an_alias_counts_for_the_value(both, code):
    found = both(("a", VALUES), ("b", code), ("c", REPORT))
    assert found.same, found
    assert {"l: b -> c", "d: b -> c", "o: b -> c"} & wires(found.analyzed)


CALLS = {
    "an argument": "def f(v): v.append(3)\nf(l)",
    "an argument's argument": "def g(v): v.append(3)\ndef f(v): g(v)\nf(l)",
    "a global": "def f(): l.append(3)\nf()",
    "what it returns": "def f(v): return v\nf(l).append(3)",
    "a keyword": "def f(*, v): v['k'] = 4\nf(v=d)",
    "its star argument": "def f(*a): a[0].append(3)\nf(l)",
    "its keywords": "def f(**k): k['v'].append(3)\nf(v=l)",
    "given by a star": "def f(v): v.append(3)\nf(*[l])",
    "given by two stars": "def f(v): v.append(3)\nf(**{'v': l})",
    "a lambda": "f = lambda v: v.append(3)\nf(l)",
    "a nested function": "def f():\n    def g(): l.append(3)\n    g()\nf()",
    "a closure": "def mk(v):\n    def g(): v.append(3)\n    return g\nmk(l)()",
    "a nonlocal": "def mk():\n    y = l\n    def g():\n        nonlocal y\n        y += [3]\n    g()\nmk()",
    "a partial": "from functools import partial\npartial(list.append, l)(3)",
    "a bound method": "add = l.append\nadd(3)",
    "a bound method in a dict": "h = {'on': l.append}\nh['on'](3)",
    "a bound method given to map": "list(map(l.append, [3]))",
    "a decorator": "def reg(f):\n    l.append(f.__name__)\n    return f\n@reg\ndef g(): pass",
    "a generator": "def g():\n    l.append(3)\n    yield\nlist(g())",
    "a generator expression": "g = (l.append(i) for i in [3])\nlist(g)",
    "a method": "class C:\n    def m(s, v): v.append(3)\nC().m(l)",
    "an instance that holds it": "class C:\n    def __init__(s, v): s.v = v\n    def m(s): s.v.append(3)\nC(l).m()",
    "a constructor": "class C:\n    def __init__(s, v): v.append(3)\nC(l)",
    "a property": "class C:\n    @property\n    def p(s): l.append(3)\nC().p",
    "a class body": "class C:\n    l.append(3)",
    "an operator": "class C:\n    def __lshift__(s, v): v.append(3)\nC() << l",
    "a context manager": "from contextlib import contextmanager\n@contextmanager\ndef cm(v):\n    v.append(3)\n    yield\nwith cm(l): pass",
    "a metaclass": "class M(type):\n    def __call__(c, v): v.append(3)\nclass C(metaclass=M): pass\nC(l)",
    "a recursion": "def f(v, n):\n    if n: v.append(n); f(v, n - 1)\nf(l, 2)",
    "a global statement": "def f():\n    global l\n    l = [9]\nf()",
    "a coroutine": "async def f(v): v.append(3)\nawait f(l)",
}


@pytest.mark.parametrize("code", CALLS.values(), ids=CALLS)
def test_a_change_by_a_call_counts_for_the_value(both, code):
    found = both(("a", VALUES), ("b", code), ("c", REPORT))
    assert found.same, found
    assert {"l: b -> c", "d: b -> c", "o: b -> c"} & wires(found.analyzed)


def test_a_bound_method_given_to_a_function_of_the_notebook_counts_as_a_change(both):
    found = both(("a", VALUES), ("b", "def each(f): f(3)\neach(l.append)"), ("c", REPORT))
    assert found.same, found
