"""Values in a few words, told without running code of theirs."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import pathlib
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest

from kale.runners.failures.short_text import is_code, short_text


class Colour(enum.Enum):
    RED = 1


class Rank(enum.IntEnum):
    TOP = 1


@dataclasses.dataclass
class Config:
    rate: float = 0.1
    name: str = "x"
    api_key: str = "abc"


class Stack(list):
    def __repr__(self):
        raise AssertionError

    __len__ = __iter__ = __str__ = __repr__


class Hostile:
    """Everything that somebody could write; nothing of it may be called."""

    def __getattribute__(self, name):
        raise AssertionError(name)

    def _raise(self, *_):
        raise SystemExit

    __repr__ = __str__ = __len__ = __iter__ = __hash__ = __eq__ = __bool__ = _raise
    shape = dtype = property(_raise)


class Frame(pd.DataFrame):
    @property
    def shape(self):
        raise SystemExit


class Point(NamedTuple):
    x: int
    y: int


ANYTHING = np.empty(1, object)
ANYTHING[0] = Hostile()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(Hostile(), "Hostile()", id="code of the class is not called"),
        pytest.param(Stack([1, 2]), "Stack([1, 2])", id="nor that of a subclass of Python's"),
        pytest.param(Frame({"a": [1]}), "Frame()", id="nor a property where a table has a field"),
        pytest.param(None, "None", id="None"),
        pytest.param(True, "True", id="a truth value"),
        pytest.param(-1.5, "-1.5", id="a number"),
        pytest.param(10**5000, "integer of 16610 bits", id="a number that Python refuses to write"),
        pytest.param("it's", '"it\'s"', id="text"),
        pytest.param("a\n\x1b[31m", "'a\\n\\x1b[31m'", id="text that would obey"),
        pytest.param("ab" * 500_000, f"'{'ab' * 23}a… (1,000,000 characters)", id="long text"),
        pytest.param(b"ab", "b'ab'", id="bytes"),
        pytest.param([1, "a", None], "[1, 'a', None]", id="a list"),
        pytest.param((1,), "(1,)", id="a tuple of one"),
        pytest.param((), "()", id="an empty tuple"),
        pytest.param(set(), "set()", id="an empty set"),
        pytest.param(frozenset({1}), "frozenset({1})", id="a frozen set"),
        pytest.param(list(range(9)), "[0, 1, 2, 3, 4… 9 items]", id="a longer list"),
        pytest.param([[[[1]]]], "[[[1 item]]]", id="a nested list"),
        pytest.param({"a": 1, "password": "b"}, "{'a': 1, 'password': <hidden>}", id="a dict"),
        pytest.param({"token": None}, "{'token': None}", id="a secret that is missing"),
        pytest.param(Point(1, 2), "Point((1, 2))", id="a named tuple"),
        pytest.param(Colour.RED, "Colour(RED)", id="a member of an enumeration"),
        pytest.param(Rank.TOP, "Rank(1)", id="a member that is a number"),
        pytest.param(Config(), "Config(rate=0.1, name='x', api_key=<hidden>)", id="a data class"),
        pytest.param(ValueError("a", 1), "ValueError('a', 1)", id="an exception"),
        pytest.param(dt.date(2024, 5, 1), "datetime.date(2024, 5, 1)", id="a date"),
        pytest.param(decimal.Decimal("1.5"), "Decimal('1.5')", id="a decimal number"),
        pytest.param(pathlib.PurePosixPath("/x"), "PurePosixPath('/x')", id="a path"),
        pytest.param(range(3), "range(0, 3)", id="a range"),
        pytest.param(np.float64(3), "float64(3.0)", id="a scalar"),
        pytest.param(np.zeros((3, 4)), "ndarray (3, 4) float64", id="an array"),
        pytest.param(np.arange(3), "ndarray (3,) int64 [0, 1, 2]", id="a short array"),
        pytest.param(ANYTHING, "ndarray (1,) object", id="an array of anything"),
        pytest.param(pd.Series([1, 2]), "Series (2,) int64", id="a column"),
        pytest.param(
            pd.DataFrame({"a": [1], "b": [0.5]}), "DataFrame (1, 2): a int64, b float64", id="a table"
        ),
        pytest.param(pl.DataFrame({"a": [1]}), "DataFrame (1, 1): a Int64", id="another table"),
        pytest.param(pd.Timestamp("2024-05-01"), "Timestamp('2024-05-01 00:00:00')", id="a moment"),
    ],
)  # fmt: skip
def test_short_text(value, text):
    assert short_text("x", value, ()) == text


def test_a_wide_table_is_cut():
    text = short_text("x", pd.DataFrame({f"column {k}": [0.5] for k in range(100)}), ())
    assert text.startswith("DataFrame (1, 100): column 0 float64, ")
    assert (len(text), text[-1]) == (80, "…")


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        pytest.param("password", "abc", "<hidden>", id="by its name"),
        pytest.param("cfg.api_key", 12345, "<hidden>", id="an attribute by its name"),
        pytest.param("tokens", ["a", "b"], "<hidden>", id="several"),
        pytest.param("token", None, "None", id="that it is missing says nothing, and much"),
        pytest.param("tokens", np.zeros((2, 2)), "ndarray (2, 2) float64", id="no array is one"),
        pytest.param("x", "a zebra here", "'a <hidden> here'", id="by its value"),
        pytest.param("x", "host=h password=abc", "'host=h password=<hidden>'", id="in text"),
        pytest.param("x", ["zebra"], "['<hidden>']", id="by its value, inside of another"),
        pytest.param("x", b"zebra", "b'<hidden>'", id="by its value, as bytes"),
        pytest.param("x", "zebra" * 40, f"'{'<hidden>' * 5}<hidden… (200 characters)", id="cut"),
    ],
)
def test_secrets(name, value, text):
    assert short_text(name, value, ("zebra",)) == text


def test_values_that_say_nothing():
    assert all(map(is_code, (print, np, Config, test_secrets, "".join, Config.__init__)))
    assert not is_code(Hostile())
