# ruff: noqa: SLF001 -- what objects are made of is compared, not what they show
"""Objects of pandas that Arrow keeps, or must not take, and an exact comparison of them."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import pickle
import sys
import zoneinfo

import numpy as np
import pandas as pd
import pyarrow as pa

from kale.marshal.backends import pandas as backend

NAN = np.frombuffer(bytes.fromhex("010000000000f87f"), "f8")[0]  # not the usual one


def numbers(**how):
    return pd.DataFrame({"a": [1, 2, 3], "b": [0.5, -0.0, np.nan], "c": [True, False, True]}, **how)


def wide(order):
    """Two blocks whose columns take turns."""
    frame = pd.DataFrame(np.arange(12.0).reshape(3, 4), columns=list("abcd"))
    return pd.concat([frame, frame.astype("i4").add_suffix("2")], axis=1)[order]


def with_attributes(frame, **attributes):
    for name, value in attributes.items():
        setattr(frame, name, value)
    return frame


def blocks(*arrays):
    return pd.concat([pd.DataFrame(a) for a in arrays], axis=1)


def unpickled(frame):
    return pickle.loads(pickle.dumps(frame))


TEXTS = ["x", None, "", "ä\0€😀", "long " * 100]
DAYS = pd.date_range("2020-03-28", periods=4, freq="D")

#: By sentences: what makes an object that Arrow keeps.
KEPT = {
    # frames
    "numbers of three kinds": numbers,
    "an empty frame": pd.DataFrame,
    "a frame without rows": lambda: numbers().iloc[:0],
    "a frame without columns": lambda: numbers()[[]],
    "a frame without columns, with labelled rows": lambda: numbers(index=list("xyz"))[[]],
    "a frame of one cell": lambda: pd.DataFrame([[1]]),
    "all integers": lambda: pd.DataFrame({k: np.array([1, 2, 3], k) for k in "bhilBHIL"}),
    "all floats": lambda: pd.DataFrame({k: np.array([1, -0.0, np.inf], k) for k in "efd"}),
    "NaN of another payload": lambda: pd.DataFrame({"a": [NAN, np.nan, -np.nan]}),
    "complex numbers": lambda: pd.DataFrame(
        {"a": [1 + 2j, complex(np.nan, -0.0)], "b": np.array([1, 2], "F")}
    ),
    "bytes and truths of odd lengths": lambda: pd.DataFrame(np.ones((7, 3), bool)),
    "small integers, an odd number of rows": lambda: pd.DataFrame(
        np.arange(21, dtype="i1").reshape(7, 3)
    ),
    "columns of two blocks that take turns": lambda: wide(
        ["a", "a2", "b", "b2", "c", "c2", "d", "d2"]
    ),
    "columns backwards": lambda: wide(["d2", "a", "c", "b"]),
    "columns that were added one by one": lambda: numbers().assign(d=1, e=2.0, f=3),
    "many columns": lambda: pd.DataFrame(np.ones((2, 1000))),
    "many columns, not in one block": lambda: pd.concat(
        [pd.Series([i], name=i) for i in range(150)], axis=1
    ),
    "rows of a larger frame": lambda: pd.DataFrame(np.arange(40.0).reshape(10, 4)).iloc[3:6],
    "every second row": lambda: pd.DataFrame(np.arange(40.0).reshape(10, 4)).iloc[::2],
    "a transposed frame": lambda: pd.DataFrame(np.arange(12.0).reshape(3, 4)).T,
    "transposed dates": lambda: pd.DataFrame({"a": DAYS, "b": DAYS[::-1]}).T,
    "a frame over an array by rows": lambda: pd.DataFrame(
        np.arange(12.0).reshape(3, 4), copy=False
    ),
    "columns of the same name": lambda: pd.DataFrame([[1, 2.0, 3]], columns=["a", "a", "a.1"]),
    "columns of all kinds of labels": lambda: pd.DataFrame(
        [range(8)], columns=["a", 1, None, 2.5, ("t", 1), True, np.int8(3), float("nan")]
    ),
    "columns with half a surrogate pair": lambda: pd.DataFrame({1: [1], "\ud800": [2]}),
    "columns counted": lambda: pd.DataFrame([[1, 2]], columns=range(5, 9, 2)),
    "integers as columns": lambda: pd.DataFrame([[1, 2]], columns=[5, 3]),
    "dates as columns": lambda: pd.DataFrame(np.ones((2, 4)), columns=DAYS),
    "categories as columns": lambda: pd.DataFrame(
        [[1, 2]], columns=pd.CategoricalIndex(["b", "a"], name="k")
    ),
    "intervals as columns": lambda: pd.DataFrame([[1, 2]], columns=pd.interval_range(0, 2)),
    "columns of two levels": lambda: pd.DataFrame(
        np.ones((2, 4)), columns=pd.MultiIndex.from_product([["x", "y"], [1, 2]], names=["u", None])
    ),
    "a name of the columns": lambda: numbers().rename_axis(columns="features"),
    "names that are tuples": lambda: (
        numbers().rename_axis([("a", 1)], axis=0).rename_axis(2, axis=1)
    ),
    "object as the dtype of the columns": lambda: pd.DataFrame(
        [[1, 2]], columns=pd.Index(["a", "b"], dtype=object)
    ),
    "attributes": lambda: with_attributes(
        numbers(),
        attrs={"a": [1, (2.5, None), {"x": True}], 2: "ö", (1, "t"): 10**50, "f": float("-inf")},
    ),
    "no duplicate labels allowed": lambda: numbers().set_flags(allows_duplicate_labels=False),
    "a result of groupby": lambda: (
        numbers().groupby("c", observed=True).agg({"a": ["sum", "mean"]})
    ),
    "a pivot table": lambda: pd.DataFrame({"k": ["a", "b"], "d": DAYS[:2], "v": [1, 2]}).pivot(
        index="d", columns="k", values="v"
    ),
    "what describe() returns": lambda: numbers().describe(),
    "a mixed frame": lambda: pd.DataFrame(
        {
            "i": [1, 2],
            "s": ["a", None],
            "d": DAYS[:2],
            "c": pd.Categorical(["x", "y"]),
            "f": [1.0, 2],
            "o": [2.0, 3],
        }
    ),
    "a frame that was pickled": lambda: unpickled(wide(["a", "a2", "b", "b2"])),
    # dtypes
    **{
        f"dates by {unit}": (lambda unit=unit: pd.Series(DAYS.as_unit(unit)).to_frame())
        for unit in ("s", "ms", "us", "ns")
    },
    "dates, some missing": lambda: pd.DataFrame(
        {"a": [DAYS[0], pd.NaT], "b": DAYS[:2], "c": [pd.NaT] * 2}
    ),
    "differences of times": lambda: pd.DataFrame(
        {"a": DAYS - DAYS[0], "b": [pd.Timedelta("1ns"), pd.NaT] * 2}
    ),
    "a time zone": lambda: pd.DataFrame(
        {"a": DAYS.tz_localize("Europe/Berlin"), "b": DAYS[::-1].tz_localize("Europe/Berlin")}
    ),
    "UTC of the standard library": lambda: pd.Series(DAYS.tz_localize(dt.UTC)),
    "a time zone object": lambda: pd.Series(DAYS.tz_localize(zoneinfo.ZoneInfo("Asia/Tokyo"))),
    "a fixed offset": lambda: pd.Series(DAYS.tz_localize("+05:30")),
    "time zones, a date missing": lambda: pd.DataFrame(
        {"a": pd.to_datetime(["2020-01-01", None], utc=True)}
    ),
    "texts": lambda: pd.Series(TEXTS),
    "texts in Python objects": lambda: pd.Series(TEXTS, dtype="string[python]"),
    "texts in Python objects, NaN": lambda: pd.Series(
        TEXTS, dtype=pd.StringDtype("python", na_value=np.nan)
    ),
    "texts of pyarrow, NA": lambda: pd.Series(TEXTS, dtype="string[pyarrow]"),
    "texts in several pieces": lambda: pd.concat([pd.Series(TEXTS), pd.Series(["y"])]),
    "a slice of texts": lambda: pd.Series(TEXTS)[1:3],
    "no texts": lambda: pd.Series([], dtype="str"),
    "objects that are texts": lambda: pd.Series(["a", "b\0", ""], dtype=object),
    "objects that are texts or None": lambda: pd.Series(["a", None], dtype=object),
    "objects that are texts or NaN": lambda: pd.Series(["a", np.nan], dtype=object),
    "objects that are texts or NA": lambda: pd.Series(["a", pd.NA], dtype=object),
    "objects that are all None": lambda: pd.Series([None, None], dtype=object),
    "no objects": lambda: pd.Series([], dtype=object),
    "two columns of objects": lambda: pd.DataFrame(
        {"a": ["x", None], "b": [np.nan, "y"]}, dtype=object
    ),
    "masked integers": lambda: pd.Series([1, None, 3], dtype="Int8"),
    "masked floats, NaN beside NA": lambda: pd.Series(
        pd.arrays.FloatingArray(np.array([1, np.nan]), np.array([True, False]))
    ),
    "masked truths": lambda: pd.DataFrame(
        {"a": pd.array([True, None], "boolean"), "b": pd.array([1, 2], "UInt64")}
    ),
    "values behind a mask": lambda: pd.Series(
        pd.arrays.IntegerArray(np.array([7, 8]), np.array([True, False]))
    ),
    "categories": lambda: pd.Series(["b", None, "a"], dtype="category"),
    "categories with an order, some unused": lambda: pd.Series(
        pd.Categorical(["b"], list("cba"), ordered=True)
    ),
    "categories that are numbers": lambda: pd.Series([3, 1, 3], dtype="category"),
    "categories that are dates": lambda: pd.Series(DAYS, dtype="category").copy(),
    "categories that are counted": lambda: pd.Series(
        pd.Categorical.from_codes([1, -1], pd.RangeIndex(3))
    ),
    "categories of several kinds": lambda: pd.Series(pd.Categorical(["a", 1, (2, None)])),
    "categories with a name": lambda: pd.Series(pd.Categorical(["a"], pd.Index(["a"], name="n"))),
    "more categories than a byte numbers": lambda: pd.Series(range(300), dtype="category"),
    "no categories": lambda: pd.Series([None], dtype="category"),
    "what pd.cut makes": lambda: pd.cut(pd.Series([1.0, 5.0, np.nan]), 2),
    "intervals of dates": lambda: pd.Series(pd.interval_range(DAYS[0], periods=3, closed="left")),
    "intervals, one missing": lambda: pd.Series(
        pd.arrays.IntervalArray.from_breaks([0, 1, 2])
    ).shift(),
    "periods": lambda: pd.DataFrame(
        {
            "a": pd.period_range("2020", periods=3, freq="M"),
            "b": pd.period_range("2021", periods=3, freq="M"),
        }
    ),
    "a missing period": lambda: pd.Series(pd.PeriodIndex(["2020Q1", None], freq="Q-NOV")),
    "Arrow's integers": lambda: pd.Series([1, None], dtype="int64[pyarrow]"),
    "Arrow's lists": lambda: pd.Series([[1], None, []], dtype=pd.ArrowDtype(pa.list_(pa.int8()))),
    "Arrow's structures": lambda: pd.Series(
        [{"a": 1, "b": "x"}, None],
        dtype=pd.ArrowDtype(pa.struct({"a": pa.int8(), "b": pa.string()})),
    ),
    "Arrow's decimals": lambda: pd.Series([None], dtype=pd.ArrowDtype(pa.decimal128(10, 2))),
    "Arrow's dictionary": lambda: pd.Series(
        ["a", None], dtype=pd.ArrowDtype(pa.dictionary(pa.int8(), pa.string()))
    ),
    "Arrow's dates, several pieces": lambda: pd.concat(
        [pd.Series(DAYS).astype("timestamp[us][pyarrow]")] * 2
    ),
    "Arrow's floats, NaN beside null": lambda: pd.Series(
        pd.arrays.ArrowExtensionArray(pa.array([np.nan, None]))
    ),
    # series and indexes
    "a series with a name": lambda: pd.Series([1.5], name="x"),
    "a series without rows": lambda: pd.Series([], dtype="i4"),
    "a series whose name is a tuple": lambda: pd.Series([1], name=("a", 1)),
    "a series whose name is a number of NumPy": lambda: pd.DataFrame([[1, 2]], index=[7]).iloc[0],
    "a column of a frame over an array by rows": lambda: pd.DataFrame(
        np.arange(12.0).reshape(3, 4), copy=False
    )[1],
    "a series with attributes and flags": lambda: with_attributes(
        pd.Series([1]), attrs={"u": "m"}
    ).set_flags(allows_duplicate_labels=False),
    "a range": lambda: pd.RangeIndex(1, 10, 3, name="r"),
    "labels": lambda: pd.Index(["a", "b"], name="n"),
    "labels of all kinds": lambda: pd.Index(["a", 1, None, (1, 2), 1.5, False]),
    "labels with half a surrogate pair": lambda: pd.Index(["a", "\ud800"], dtype=object),
    "labels of bytes": lambda: pd.Index(np.array([1, 2], "i1")),
    "labels of truths": lambda: pd.Index([True, False]),
    "labels of complex numbers": lambda: pd.Index([1j]),
    "days with a frequency": lambda: DAYS,
    "business days": lambda: pd.date_range("2020", periods=4, freq="B", name="d"),
    "month ends in a zone": lambda: pd.date_range("2020", periods=4, freq="ME", tz="Europe/Berlin"),
    "every second hour": lambda: pd.date_range("2020", periods=4, freq="2h"),
    "weeks from Wednesday": lambda: pd.date_range("2020", periods=4, freq="W-WED"),
    "backwards in time": lambda: DAYS[::-1],
    "dates without a frequency": lambda: pd.DatetimeIndex(
        ["2020-01-01", "2020-01-02", "2020-01-04"]
    ),
    "a frame by days": lambda: pd.DataFrame({"a": range(4)}, index=DAYS),
    "differences with a frequency": lambda: pd.timedelta_range("1h", periods=3, freq="h"),
    "periods as labels": lambda: pd.period_range("2020", periods=3, freq="Q"),
    "intervals as labels": lambda: pd.interval_range(0.0, 3.0, name="i"),
    "categories as labels": lambda: pd.CategoricalIndex(["a", "b", "a"], ordered=True),
    "masked numbers as labels": lambda: pd.Index([1, None], dtype="Int64"),
    "two levels": lambda: pd.MultiIndex.from_product([["a", "b"], DAYS[:2]], names=["k", None]),
    "levels with unused and missing labels": lambda: pd.MultiIndex.from_tuples(
        [("a", 1), ("b", np.nan), (None, 2)]
    )[:2],
    "a level that is counted": lambda: pd.MultiIndex.from_arrays([pd.RangeIndex(3), [1, 2, 2]]),
    "levels of categories": lambda: pd.MultiIndex.from_arrays(
        [pd.Categorical(["a", "b"]), pd.cut([1, 2], 2)]
    ),
    "levels that are sorted": lambda: pd.MultiIndex.from_arrays([[1, 1, 2]], sortorder=0),
    "levels without rows": lambda: pd.MultiIndex.from_arrays([[], []]),
    "a frame by two levels": lambda: pd.DataFrame(
        {"k": ["a", "b"], "i": [1, 2], "v": [1.0, 2]}
    ).set_index(["k", "i"]),
}


class Frame(pd.DataFrame):
    """A subclass of pandas' frame."""

    @property
    def _constructor(self):
        return Frame


def read_only():
    array = np.arange(6.0).reshape(2, 3)
    array.flags.writeable = False
    return pd.DataFrame(array, copy=False)


#: What Arrow would give back as something else; pickle takes it.
LEFT = {
    "a frame of a class of one's own": lambda: Frame({"a": [1]}),
    "objects of several kinds": lambda: pd.Series([1, "a"]),
    "None beside NaN": lambda: pd.Series(["a", None, np.nan], dtype=object),
    "NaN of another payload among texts": lambda: pd.Series(["a", float(NAN)], dtype=object),
    "texts of a class of one's own": lambda: pd.Series([np.str_("a")], dtype=object),
    "half a surrogate pair": lambda: pd.Series(["\ud800"], dtype=object),
    "sparse columns": lambda: pd.Series([0, 1], dtype="Sparse[int]"),
    "bytes in another order": lambda: pd.Series(np.array([1], ">i4")),
    "long double": lambda: pd.Series(np.array([1], np.longdouble)),
    "dtypes with notes": lambda: pd.DataFrame(
        np.array([[1]], np.dtype("i8", metadata={"unit": "m"})), copy=False
    ),
    "an array that is read-only": read_only,
    "attributes that are objects": lambda: with_attributes(numbers(), attrs={"a": {1, 2}}),
    "attributes that share a list": lambda: with_attributes(
        numbers(), attrs={"a": (x := [1]), "b": x}
    ),
    "labels that are objects": lambda: pd.DataFrame([[1]], columns=[frozenset()]),
    "a name that is a date": lambda: pd.Series([1], name=DAYS[0]),
    "a frequency with holidays": lambda: pd.date_range(
        "2020", periods=3, freq=pd.offsets.CDay(holidays=["2020-01-02"])
    ),
    "a time zone of another kind": lambda: pd.Series(DAYS.tz_localize(zoneinfo.ZoneInfo("UTC"))),
    "a named offset": lambda: pd.Series(
        DAYS.tz_localize(dt.timezone(dt.timedelta(hours=1), "CET"))
    ),
    "a type of Arrow that has code": lambda: pd.Series(
        pd.arrays.ArrowExtensionArray(pa.array([b"0" * 16], pa.uuid()))
    ),
    "a large array by rows": lambda: pd.DataFrame(
        np.ones((10**6, 3)).T.copy().T.reshape(10**6, 3).copy(), copy=False
    ),
    "something somebody put there": lambda: with_attributes(numbers(), note=1),
}


def parts(obj):
    """All that an object of pandas is made of, with exact types."""
    kind = type(obj).__name__
    if hasattr(obj, "iloc"):
        axes = [parts(axis) for axis in obj.axes]
        made = [(str(block.mgr_locs), parts(block.values)) for block in obj._mgr.blocks]
        made.sort()
        own = [
            repr(obj.attrs),
            obj.flags.allows_duplicate_labels,
            parts_of_scalar(getattr(obj, "name", None) if obj.ndim == 1 else 0),
        ]
        return [kind, own, axes, made]
    if isinstance(obj, pd.MultiIndex):
        names = list(map(parts_of_scalar, obj.names))
        return [
            kind,
            names,
            list(map(parts, obj.levels)),
            list(map(parts, obj.codes)),
            obj.sortorder,
        ]
    if isinstance(obj, pd.RangeIndex):
        return [kind, parts_of_scalar(obj.name), obj.start, obj.stop, obj.step]
    if isinstance(obj, pd.Index):
        return [
            kind,
            parts_of_scalar(obj.name),
            repr(getattr(obj, "freq", None)),
            parts(obj._values)[1:],
        ]
    if isinstance(obj, np.ndarray):
        values = (
            list(map(parts_of_scalar, obj.ravel())) if obj.dtype.hasobject else obj.tobytes().hex()
        )
        # Which way the memory runs decides in which order sums are taken.
        by_row = min(obj.shape) > 1 and abs(obj.strides[0]) < abs(obj.strides[-1])
        return [kind, repr(obj.dtype), obj.shape, by_row, values]
    if isinstance(obj, pd.Categorical):
        return [kind, parts(obj.codes), parts(obj.categories), obj.ordered]
    if isinstance(obj, pd.arrays.IntervalArray):
        return [kind, repr(obj.dtype), parts(obj._left), parts(obj._right)]
    if hasattr(obj, "_pa_array"):
        cells = [repr(cell) for cell in obj._pa_array.to_pylist()]
        return [kind, repr(obj.dtype), str(obj._pa_array.type), cells]
    inner = [
        parts(getattr(obj, name)) for name in ("_ndarray", "_data", "_mask") if hasattr(obj, name)
    ]
    inner = inner or [repr(obj.to_numpy())]
    return [kind, repr(obj.dtype), inner]


def parts_of_scalar(value):
    if isinstance(value, tuple):
        return list(map(parts_of_scalar, value))
    return [type(value).__name__, repr(value)]


def change(obj):
    """Change what came back, as later steps may; tell what that gave."""
    if isinstance(obj, pd.Index):
        return repr(obj[::-1])
    said = []
    for act in (
        lambda: obj.iloc.__setitem__(
            (0, 0) if obj.ndim > 1 else 0, obj.iloc[-1, -1] if obj.ndim > 1 else obj.iloc[-1]
        ),
        lambda: obj.iloc.__setitem__((slice(None), 0) if obj.ndim > 1 else slice(None), 1),
        lambda: obj.to_numpy().flags.writeable,
        lambda: obj.sort_index(),
        lambda: obj.__setitem__("new", 5) if obj.ndim > 1 else None,
        lambda: obj.to_string(),
    ):
        try:
            said.append(repr(act()))
        except Exception as error:  # noqa: BLE001 -- whatever it is;  # the original must raise the same
            said.append(type(error).__name__)
    return [*said, parts(obj)]


def compare(made, loaded):
    """How what was loaded differs; empty if it does not."""
    if type(made) is not type(loaded):
        return f"{type(loaded)}"
    if parts(made) != parts(loaded):
        return f"{parts(made)} became {parts(loaded)}"
    if isinstance(made, pd.DataFrame):
        pd.testing.assert_frame_equal(
            made, loaded, check_exact=True, check_freq=True, check_flags=True
        )
    elif isinstance(made, pd.Series):
        pd.testing.assert_series_equal(
            made, loaded, check_exact=True, check_freq=True, check_flags=True
        )
    else:
        pd.testing.assert_index_equal(made, loaded, exact=True)
    return ""


def check(make, uri):
    """Load a file twice, change the first, compare both with what is made anew."""
    loaded, again = backend.load_pandas(uri), backend.load_pandas(uri)
    said = compare(make(), loaded)
    if not said and (first := change(make())) != (second := change(loaded)):
        said = f"changed: {first} became {second}"
    return said or compare(make(), again)


def main(path):
    reports = {}
    for name, uri in json.loads(pathlib.Path(path).read_text()).items():
        try:
            reports[name] = check(KEPT[name], uri) if uri else "it was declined"
        except Exception as error:  # noqa: BLE001 -- the report is read by the tests
            reports[name] = f"raised {error!r}"
    print(json.dumps(reports))  # noqa: T201 -- to the process that asks


if __name__ == "__main__":
    main(sys.argv[1])
