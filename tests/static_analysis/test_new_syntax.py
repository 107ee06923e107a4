"""Syntax that not every supported Python has: type parameters, aliases, lazy annotations."""

import ast
import sys

import pytest
from pipelines import chain

from kale.static_analysis.analysis import analyze
from kale.static_analysis.def_use import analyze_cell
from kale.static_analysis.purity import purity_of


def uses(code):
    """The uses of a cell in a notebook that defines `Y` elsewhere, and no `U`."""
    tree = ast.parse(code)
    nodes = [*ast.walk(tree), *ast.walk(ast.parse("Y = 1"))]
    return sorted(analyze_cell(tree, {}, purity_of(nodes)).uses)


since_3_12 = pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 695 is new in 3.12")
since_3_13 = pytest.mark.skipif(sys.version_info < (3, 13), reason="PEP 696 is new in 3.13")
since_3_14 = pytest.mark.skipif(sys.version_info < (3, 14), reason="new in 3.14")

TYPE_PARAMETERS = [
    pytest.param("type X = Y", "", id="an alias's value waits"),
    pytest.param("type X = U\nX", "", id="an alias of a name that nobody defines"),
    pytest.param("def f[T](a: T) -> T: pass", "", id="a function's parameter"),
    pytest.param("class A[T]:\n    x: T\n    def m(self, a: T): return T\nA", "", id="a class's"),
    pytest.param("def f[**P, *Ts](*a: *Ts, **k: P.kwargs): pass", "", id="all kinds of them"),
    pytest.param("type X = Y\nX", "Y", id="an alias that is used"),
    pytest.param("def f[T: Y](): pass\nf", "Y", id="a bound"),
    pytest.param("class A[T](B[T]): pass", "B", id="a base"),
    pytest.param("@d(T)\ndef f[T](a=T): pass", "T d", id="outside of its scope"),
    pytest.param(
        "def f():\n    def g[T](a: T): return T\n    class C[S](D[S]): pass\n    type Z[V] = V | W\nf()",
        "D W",
        id="inside a function",
    ),
]


@since_3_12
@pytest.mark.parametrize(("code", "expected"), TYPE_PARAMETERS)
def test_type_parameters(code, expected):
    assert uses(code) == expected.split()


@since_3_13
def test_a_type_parameters_default_waits():
    assert uses("class A[T = Y]: pass") == []
    assert uses("class A[T = Y]: pass\nA") == ["Y"]


@since_3_12
def test_a_type_alias_travels_as_code_with_what_it_needs():
    analyzed = analyze(
        chain(("a", "class B: pass\ntype X[T] = list[T] | B"), ("b", "print(X.__value__)"))
    )
    assert analyzed.wires == ()
    assert [source.code for source in analyzed.summary("b").carried] == [
        "class B: pass",
        "type X[T] = list[T] | B",
    ]


POSTPONED = [
    pytest.param("x: Y = 1", "", id="a variable's annotation"),
    pytest.param("def f(a: Y): pass", "", id="a function that nobody looks at"),
    pytest.param("def f(a: U): pass\nf", "", id="a name that nobody defines"),
    pytest.param("class A:\n    x: U", "", id="a class's, of a name that nobody defines"),
    pytest.param("def f(a: Y): pass\nf", "Y", id="a function whose annotations may be asked for"),
    pytest.param("class A:\n    x: Y", "Y", id="dataclasses ask at once"),
    pytest.param("class A:\n    def m(self, a: Y): pass\nA", "Y", id="a method's"),
]


@pytest.mark.parametrize(("code", "expected"), POSTPONED)
def test_postponed_annotations(code, expected):
    assert uses(f"from __future__ import annotations\n{code}") == expected.split()


@since_3_14
@pytest.mark.parametrize(("code", "expected"), POSTPONED)
def test_annotations_that_wait_by_themselves(code, expected):
    assert uses(code) == expected.split()


@since_3_14
def test_a_template_string_reads_its_fields():
    assert uses("t'{x:{w}}'") == ["w", "x"]


@since_3_14
def test_handlers_without_parentheses():
    assert uses("try: f()\nexcept A, B: x") == ["A", "B", "f", "x"]


@since_3_12
def test_quotes_of_an_f_string_inside_it():
    assert uses('f"{d["k"]}"') == ["d"]
