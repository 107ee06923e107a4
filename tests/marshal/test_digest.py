"""The content digest: reading a value leaves it as it is, each change alters it."""

import functools
import importlib
import threading
import weakref

import numpy as np
import pandas as pd
import pytest

digest = importlib.import_module("kale.marshal.digest").digest


def series():
    index = pd.date_range("2024-01-01", periods=6, freq="D", tz="Europe/Berlin")
    return pd.Series(range(6), index=index, dtype="float")


def frame():
    return pd.DataFrame(
        {
            "when": pd.date_range("2024-01-01", periods=3),
            "kind": pd.Categorical(["a", "b", "a"]),
            "count": pd.array([1, None, 3], dtype="Int64"),
            "text": ["x", "y", None],
            "value": [1.0, np.nan, 3.0],
        }
    )


READING = [
    pytest.param(series, lambda v: v.shift(1), id="a shift"),
    pytest.param(series, lambda v: v.resample("W").sum(), id="resampling"),
    pytest.param(series, lambda v: v.loc["2024-01-03"], id="a date"),
    pytest.param(series, lambda v: v.rolling("2D").mean(), id="a window"),
    pytest.param(series, repr, id="looking at it"),
    pytest.param(series, lambda v: v.index.freq, id="its frequency"),
    pytest.param(frame, lambda v: v.describe(include="all"), id="a description"),
    pytest.param(frame, lambda v: v.groupby("kind", observed=True)["value"].mean(), id="groups"),
    pytest.param(frame, lambda v: v.sort_values("when").merge(v, on="kind"), id="a merge"),
    pytest.param(frame, lambda v: v.memory_usage(deep=True), id="its size"),
    pytest.param(frame, lambda v: v["count"].isna().sum() + v["when"].dt.year.sum(), id="columns"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "read"), READING)
def test_reading_changes_nothing(make, read):
    value = make()
    before = digest(value)
    read(value)
    assert digest(value) == before is not None


def put(name, value):
    def change(frame):
        frame.loc[1, name] = value

    return change


CHANGING = [
    pytest.param(series, lambda v: v.update(v + 1), id="values"),
    pytest.param(series, lambda v: setattr(v, "index", v.index.tz_convert("UTC")), id="a time zone"),
    pytest.param(series, lambda v: setattr(v.index, "freq", None), id="a frequency"),
    pytest.param(series, lambda v: setattr(v, "name", "n"), id="a name"),
    pytest.param(frame, put("when", pd.Timestamp("2025-01-01")), id="a date"),
    pytest.param(frame, put("kind", "a"), id="a category"),
    pytest.param(frame, put("count", 2), id="a missing number"),
    pytest.param(frame, put("text", "z"), id="a text"),
    pytest.param(frame, put("value", 2.0), id="a number"),
    pytest.param(frame, lambda v: v.attrs.update(k=1), id="an attribute"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "change"), CHANGING)
def test_changing_alters_the_digest(make, change):
    value = make()
    before = digest(value)
    change(value)
    assert digest(value) != before


class Endless:
    def __reduce__(self):
        return Endless, (Endless(),)


class Hostile:
    def __getstate__(self):
        raise ValueError


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(threading.Lock(), id="a lock"),
        pytest.param(weakref.ref(Endless), id="a weak reference"),
        pytest.param((n for n in ()), id="a generator"),
        pytest.param(functools.reduce(lambda a, _: [a], range(100_000), []), id="too deep"),
        pytest.param(Endless(), id="a reduction without end"),
        pytest.param([Hostile()], id="a state that raises"),
    ],
)
def test_what_cannot_be_pickled_has_no_digest(value):
    assert digest(value) is None


def test_tuples_that_hold_each_other_many_times_are_walked_once():
    value = (1, [2])
    for _ in range(200):
        value = (value, value)
    assert digest(value) is not None
