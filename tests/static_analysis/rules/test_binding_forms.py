"""Which names a step binds: every binding form, each over a value of an earlier step.

Step ``a`` binds ``x``, ``b`` is the form, ``c`` reads ``x``. A form that binds nothing leaves a wire
from ``a`` to ``c``; one that surely binds cuts ``a`` off; one that may bind reads ``x`` to hand it on.
"""

import pytest
from both_ways import wires

NONE = {
    "a comprehension's variable": "[x for x in range(3)]",
    "a set comprehension's": "{x for x in range(3)}",
    "a dict comprehension's": "{x: x for x in range(3)}",
    "a generator expression's": "list(x for x in range(3))",
    "an inner clause of a comprehension": "[x for y in range(2) for x in range(3)]",
    "a lambda's argument": "(lambda x: x)(4)",
    "a function's local": "def f():\n    x = 4\nf()",
    "a function's argument": "def f(x): return x\nf(4)",
    "a walrus in a lambda": "(lambda: (x := 5))()",
    "a class attribute": "class C:\n    x = 4",
    "a method's local": "class C:\n    def f(s): x = 4\nC().f()",
    "a keyword argument": "dict(x=4)",
    "an attribute": "class O: pass\no = O()\no.x = 4",
    "a loop over an attribute": "class O: pass\nfor O.x in range(3): pass",
    "a nonlocal": "def f():\n    x = 1\n    def g():\n        nonlocal x\n        x = 2\n    g()\nf()",
    "an annotation without a value": "x: int",
    "a global of a function that nobody calls": "def f():\n    global x\n    x = 11",
    "other languages": "%%bash\nx=3",
    "a file's text": "%%writefile f.py\nx = 2",
    "a line that is timed in a loop of its own": "%timeit -n1 -r1 x = 5",
}

SURE = {
    "an assignment": "x = 2",
    "a chained assignment": "y = x = 2",
    "an unpacking": "x, y = 2, 3",
    "a nested unpacking": "(y, [x, *z]) = 1, [2, 3]",
    "a starred name": "*x, y = 1, 2",
    "an annotated assignment": "x: int = 2",
    "with": "from contextlib import nullcontext\nwith nullcontext(5) as x: pass",
    "with, unpacking": "from contextlib import nullcontext\nwith nullcontext((5, 6)) as (x, y): pass",
    "import": "import math as x\nx = x.floor(2.5)",
    "a walrus": "if (x := 5) > 3: pass",
    "a walrus in an index": "y = [1, 2][(x := 1)]",
    "a walrus in a decorator": "@(x := lambda f: f)\ndef g(): pass\nx = 3",
    "finally": "try:\n    pass\nfinally:\n    x = 5",
    "both branches": "if len('a'):\n    x = 2\nelse:\n    x = 3",
    "the branch that does not raise": "if not len('a'):\n    raise ValueError\nelse:\n    x = 7",
    "a loop without an end": "while True:\n    x = 3\n    break",
    "a top-level global": "global x\nx = 12",
    "a match whose last pattern takes all": "match 5:\n    case str(): x = 1\n    case x: pass",
    "await": "async def f(): return 8\nx = await f()",
    "%time": "%time x = 5",
    "%%time": "%%time\nx = 5",
    "%%capture": "%%capture\nx = 5",
    "the lines of a command": "x = !echo hi",
    "a magic's value": "x = %sx echo hi",
}

PERHAPS = {
    "if": "if len('a') > 3:\n    x = 2",
    "if that holds": "if len('a'):\n    x = 2",
    "augmented": "x += 1",
    "for": "for x in [4, 5]: pass",
    "for over nothing": "for x in []: pass",
    "while": "n = 0\nwhile n < 1:\n    x = 7\n    n += 1",
    "while that never runs": "while len('a') > 99:\n    x = 7",
    "after break": "for i in range(3):\n    if i == 0: break\n    x = i",
    "after continue": "for i in range(3):\n    if i < 5: continue\n    x = i",
    "except that is taken": "try:\n    1/0\nexcept ZeroDivisionError:\n    x = 3",
    "except that is not": "try:\n    1/1\nexcept ZeroDivisionError:\n    x = 3",
    "except*": "try:\n    int('q')\nexcept* ValueError:\n    x = 3",
    "half of a try": "try:\n    1/0\n    x = 5\nexcept ZeroDivisionError:\n    pass",
    "a with that swallows": "from contextlib import suppress\nwith suppress(ZeroDivisionError):\n    1/0\n    x = 5",
    "a walrus in a comprehension": "[x := i for i in range(3)]",
    "a walrus in one over nothing": "[x := i for i in []]",
    "a walrus behind and": "False and (x := 5)",
    "a walrus in a conditional expression": "y = (x := 4) if len('') else 1",
    "match as": "match 5:\n    case int() as x: pass",
    "match that fails": "match 5:\n    case str() as x: pass",
    "match, a sequence": "match [1, 2]:\n    case [x, _]: pass",
    "match, a rest": "match [1, 2, 3]:\n    case [_, *x]: pass",
    "match, a mapping's rest": "match {'a': 1, 'b': 2}:\n    case {'a': y, **x}: pass",
    "match, a class": "match 1j:\n    case complex(real=x): pass",
    "match that fails after it captured": "match [1, 2]:\n    case [x, 3]: pass\n    case _: pass",
    "a global of a function that is called": "def f():\n    global x\n    x = 11\nf()",
    "a global that it may set": "def f(c):\n    global x\n    if c: x = 11\nf(0)",
    "a global that it defines": "def f():\n    global x\n    def x(): return 1\nf()\nx = str(type(x))",
    "a global that its loop sets": "def f():\n    global x\n    for x in range(3): pass\nf()",
    "a del that may happen": "if len('a') > 3:\n    del x",
    "async for": "async def g():\n    yield 4\nasync for x in g(): pass",
}


def form(both, code):
    found = both(("a", "x = 1"), ("b", code), ("c", "r = repr(x)"))
    assert found.same, found
    return {wire for wire in wires(found.analyzed) if wire.startswith("x:")}


@pytest.mark.parametrize("code", NONE.values(), ids=NONE)
def test_a_name_of_an_inner_scope_binds_nothing(both, code):
    assert form(both, code) == {"x: a -> c"}


@pytest.mark.parametrize("code", SURE.values(), ids=SURE)
def test_a_certain_binding_hides_the_earlier_one(both, code):
    assert form(both, code) == {"x: b -> c"}


@pytest.mark.parametrize("code", PERHAPS.values(), ids=PERHAPS)
def test_a_conditional_assignment_does_not_hide_an_earlier_one(both, code):
    assert form(both, code) == {"x: a -> b", "x: b -> c"}


CODE = {
    "a class body's global": "class C:\n    global x\n    x = 13",
    "a walrus in a default value": "def g(a=(x := 4)): pass",
}


@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_a_name_bound_by_a_definition_on_the_side_reaches_later_steps(both, code):
    assert form(both, code) in (set(), {"x: b -> c"})


UNBINDS = {
    "del": ("x = 1", "del x"),
    "the name of an except clause": (
        "x = 1",
        "try:\n    1/0\nexcept ZeroDivisionError as x:\n    pass",
    ),
    "del in a function": ("x = 1", "def f():\n    global x\n    del x\nf()"),
    "a del that may happen": ("x = 1", "if x:\n    del x"),
}


@pytest.mark.parametrize(("before", "code"), UNBINDS.values(), ids=UNBINDS)
def test_an_unbound_name_is_gone_in_later_steps_too(both, before, code):
    found = both(
        ("a", before), ("b", code), ("c", "try:\n    r = x\nexcept NameError:\n    r = 'gone'")
    )
    assert (found.notebook, found.pipeline) == ({"r": "gone"}, {"r": "gone"})


def test_a_deleted_name_that_a_step_reads_is_refused(refusals):
    assert (
        refusals(("a", "x = 1"), ("b", "del x"), ("c", "if len('') > 1:\n    x = 2\nr = 1")) == ()
    )
    assert refusals(("a", "x = 1"), ("b", "del x"), ("c", "r = 1\nprint(x)")) == (
        "KALE306 cell 3, line 2: step `c` uses `x`, which cell 2 deletes; "
        "define `x` again, or delete it after its last use",
    )
