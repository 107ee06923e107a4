"""Any value becomes a literal that evaluates to it, on one line that encodes as UTF-8."""

from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kale.codegen.literals import python_layout, python_literal


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        pytest.param("", '""', id="empty text"),
        pytest.param("it's", '"it\'s"', id="a single quote stands in double ones"),
        pytest.param('say "x"', "'say \"x\"'", id="double quotes stand in single ones"),
        pytest.param("'\"", '"\'\\""', id="both quotes"),
        pytest.param("'''\"\"\"", '"\'\'\'\\"\\"\\""', id="triple quotes"),
        pytest.param("a\nb\r\tc", '"a\\nb\\r\\tc"', id="line ends and tabs"),
        pytest.param("\\n", '"\\\\n"', id="a backslash stays one"),
        pytest.param("{x} {{y}} %s {% z %}", '"{x} {{y}} %s {% z %}"', id="templates mean nothing"),
        pytest.param("\u2028\x00\x85", '"\\u2028\\x00\\x85"', id="separators and NUL are escaped"),
        pytest.param("\u202e", '"\\u202e"', id="text direction is escaped"),
        pytest.param("\ud800", '"\\ud800"', id="half of a surrogate pair"),
        pytest.param("größe \U0001f600", '"größe \U0001f600"', id="what prints stays readable"),
        pytest.param(None, "None", id="None"),
        pytest.param(-0.0, "-0.0", id="negative zero"),
        pytest.param(math.inf, 'float("inf")', id="infinity"),
        pytest.param([1, ["a"]], '[1, ["a"]]', id="nested lists"),
        pytest.param((1,), "(1,)", id="a tuple of one"),
        pytest.param((), "()", id="an empty tuple"),
        pytest.param((1, 2), "(1, 2)", id="a tuple"),
        pytest.param({"a": {1: True}}, '{"a": {1: True}}', id="nested dicts keep their order"),
        pytest.param({2, 1}, "{1, 2}", id="a set is sorted"),
        pytest.param(set(), "set()", id="an empty set"),
        pytest.param(b"\x00'", 'b"\\x00\'"', id="bytes"),
        pytest.param(complex(0, math.inf), 'complex(0.0, float("inf"))', id="an infinite complex"),
        pytest.param(1 + 2j, "(1+2j)", id="a complex number"),
    ],
)
def test_literal(value, literal):
    assert python_literal(value) == literal
    assert eval(literal) == value


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(values)
def test_any_value_comes_back(value):
    literal = python_literal(value)
    assert literal.isprintable()
    assert eval(literal) == value


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_comes_back(text):
    literal = python_literal(text)
    assert literal.encode().decode().splitlines() == [literal]
    assert ast.literal_eval(literal) == text


def test_nan():
    assert math.isnan(eval(python_literal(math.nan)))


LONG = ["a" * 50, "b" * 50]


@pytest.mark.parametrize(
    ("value", "indent", "key", "expected"),
    [
        pytest.param([1, 2], 4, "", "[1, 2]", id="what fits stays on its line"),
        pytest.param("a" * 200, 4, "", f'"{"a" * 200}"', id="text is never broken"),
        pytest.param(
            LONG, 0, "", f'[\n    "{LONG[0]}",\n    "{LONG[1]}",\n]', id="a list, an item a line"
        ),
        pytest.param(
            {"k": LONG, "e": []},
            4,
            "",
            (
                f'{{\n        "k": [\n            "{LONG[0]}",\n            "{LONG[1]}",\n'
                '        ],\n        "e": [],\n    }'
            ),
            id="a list in a dict",
        ),
        pytest.param(["a" * 92], 0, '"k"', f'[\n    "{"a" * 92}",\n]', id="the key takes room"),
        pytest.param(["a" * 90], 0, '"k"', f'["{"a" * 90}"]', id="up to column 100 with a comma"),
        pytest.param(("a" * 99,), 0, "", f'("{"a" * 99}",)', id="a tuple stays as it is"),
    ],
)
def test_layout(value, indent, key, expected):
    assert python_layout(value, indent, key) == expected
    assert eval(expected) == value
