"""Where pyflakes and the flow analysis differ on undefined names, and which of them decides.

The more careful one does: what either of them is sure of is said. An error refuses only what
fails whenever the step runs; the rest is a warning, or nothing where the reader is mistaken.
"""

import ast
import importlib.util
import random
from pathlib import Path

import pytest
from pipelines import chain
from pyflakes import checker, messages

from kale.errors import KaleError
from kale.static_analysis import analyze
from kale.static_analysis.ambient import AMBIENT

pytestmark = pytest.mark.usefixtures("unmeasured")

FLAKES = (messages.UndefinedName, messages.UndefinedLocal)
AGREED = [
    pytest.param("import sys\nif sys.argv:\n    x = 1\nprint(x)", "", "", id="bound on one path"),
    pytest.param("for i in []: pass\nprint(i)", "", "", id="a loop that may not run"),
    pytest.param("x = 1\nfor i in [1]:\n    del x", "", "", id="deleted in a loop"),
    pytest.param("try: x\nexcept NameError: x = 1", "", "", id="asked for with care"),
    pytest.param("import sys\nif sys.argv: x", "x", "KALE301 x", id="in a branch"),
    pytest.param("y = [] and x", "x", "KALE301 x", id="in an operand that may be left out"),
    pytest.param("print(x)\nx = 1", "x", "KALE301 x", id="read above the place that binds it"),
    pytest.param("[i for i in [1]]\ni", "i", "KALE301 i", id="a comprehension's variable"),
    pytest.param("class C:\n    n = 2\n    def m(s): return n\nC()", "n", "KALE301 n",
                 id="a class body's name in a method"),
    pytest.param("(lambda: x)()", "x", "KALE301 x", id="in a lambda that is called at once"),
    pytest.param("_, Out", "Out _", "KALE302 Out,KALE302 _", id="IPython's memory"),
]  # fmt: skip
ONLY_A_WARNING = [
    pytest.param("def f(): x", "x", "KALE303 x", id="in a function that nothing calls"),
    pytest.param("def f(): x\ncalls = {'on': f}", "x", "KALE303 x", id="put into a dictionary"),
    pytest.param("def f(): x\ng = f", "x", "KALE303 x", id="under another name"),
    pytest.param("def f(): x\ncalls = [f]\ncalls[0]", "x", "KALE303 x", id="taken from a list"),
    pytest.param("def f(): x\ncalls = []\ncalls.append(f)", "x", "KALE303 x", id="kept by a list"),
    pytest.param("from functools import partial\ndef f(a): x\ng = partial(f, 1)", "x",
                 "KALE303 x", id="with an argument filled in"),
    pytest.param("f = lambda: x", "x", "KALE303 x", id="in a lambda that nothing calls"),
    pytest.param("class C:\n    k = 1\n    def m(self): x\ny = C.k", "x", "KALE303 x",
                 id="in a method of a class whose attribute is read"),
    pytest.param("if False: x", "x", "KALE303 x", id="in dead code"),
    pytest.param("from typing import TYPE_CHECKING\nif TYPE_CHECKING: x", "x", "KALE303 x",
                 id="for type checkers only"),
    pytest.param("try: x\nexcept Exception: pass", "x", "KALE303 x", id="every error is caught"),
    pytest.param("from contextlib import suppress\nwith suppress(NameError): x", "x",
                 "KALE303 x", id="the error is suppressed"),
    pytest.param("def f(a: 'X'): pass\nf(1)", "X", "KALE303 X", id="an annotation that is text"),
    pytest.param("from __future__ import annotations\ndef f(a: X): pass\nf(1)", "X",
                 "KALE303 X", id="an annotation that waits"),
    pytest.param("def f():\n    a: X = 1\nf()", "X", "KALE303 X", id="a local annotation"),
    pytest.param("x = 1\ndel x\nprint(x)", "x", "KALE303 x", id="deleted just above"),
    pytest.param("try: pass\nexcept ValueError as e: pass\ne", "e", "KALE303 e",
                 id="a handler's name below it"),
    pytest.param("x = 1\ndef f():\n    print(x)\n    x = 2", "x", "KALE303 x",
                 id="a local variable read above the place that binds it"),
]  # fmt: skip
FLOW_DECIDES = [
    pytest.param("__file__", "", "KALE301 __file__", id="what modules have and notebooks have not"),
    pytest.param("class C:\n    n = 2\n    y = [n for _ in [1]]", "", "KALE301 n",
                 id="a class body's name in a comprehension"),
    pytest.param("def f():\n    global x\n    x = 1\nprint(x)", "", "KALE301 x",
                 id="bound by a function that nothing has called"),
    pytest.param("def f():\n    global x\n    return x\nf()", "", "KALE301 x",
                 id="declared global and bound nowhere"),
    pytest.param("globals()['x']", "", "KALE301 x", id="looked up by its text"),
    pytest.param("eval('x + 1')", "", "KALE301 x", id="in a text that is evaluated"),
    pytest.param("df = 1\ndf.query('a > @x')", "", "KALE301 x", id="in a query"),
    pytest.param("from math import *\nsqrt, x", "", "KALE301 x", id="below a star import"),
    pytest.param("def f():\n    global x\n    x = 1\nf()\nprint(x)", "", "",
                 id="bound by a function that is called"),
    pytest.param("max = 1\ndel max\nmax", "max", "", id="a builtin that shows again"),
    pytest.param("globals()['x'] = 1\nx", "x", "", id="bound by its text"),
    pytest.param("exec('x = 1')\nx", "x", "", id="bound by code that is a text"),
    pytest.param("_A__x = 1\nclass A:\n    def m(self): return __x\nA()", "__x", "",
                 id="a private name of a class"),
    pytest.param("from functools import wraps\nimport sys\nx = 1\ndef f(): return x\nf()\ndel x",
                 "x", "", id="deleted after the function's last call"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "flakes", "expected"), [*AGREED, *ONLY_A_WARNING, *FLOW_DECIDES])
def test_undefined_names(code, flakes, expected):
    assert " ".join(sorted(names_of_pyflakes(code))) == flakes
    assert ",".join(sorted(said(code))) == expected


@pytest.mark.parametrize("module", ["cmd", "colorsys", "fnmatch", "shlex", "textwrap"])
def test_a_misspelt_name_is_said_wherever_pyflakes_sees_it(module):
    text = Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8")
    draw, places = random.Random(module), len(loads(ast.parse(text)))
    compared = 0
    for place in sorted(draw.sample(range(places), 6)):
        tree = ast.parse(text)
        loads(tree)[place].id = "misspelt"
        code = ast.unparse(tree)
        if "misspelt" in names_of_pyflakes(code):
            assert any(line.endswith(" misspelt") for line in said(code)), code
            compared += 1
    assert compared


def loads(tree):
    return [n for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]


def names_of_pyflakes(code):
    found = checker.Checker(ast.parse(code), builtins=set(AMBIENT)).messages
    return {m.message_args[0] for m in found if isinstance(m, FLAKES)}


def said(code):
    """Each error, or else each warning of an undefined name: the code and the name."""
    try:
        found = [d for d in analyze(chain(("a", code))).diagnostics if d.code == "KALE303"]
        return {f"{d.code} {d.message.split('`')[1]}" for d in found}
    except KaleError as error:
        return {f"{e.code} {e.message.split('`')[3]}" for e in error.parts()}
