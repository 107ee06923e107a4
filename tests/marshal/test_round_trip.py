"""Values come back in another process as they were: equal, of the same type, open to change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

#: What both processes define, as the imports and functions cells of a notebook would.
NOTEBOOK = """
import abc, collections, dataclasses, datetime, decimal, enum, fractions, functools, json, logging
import math, operator, pathlib, random, re, types, typing, uuid, zoneinfo
import numpy as np
import pandas as pd
import sklearn.linear_model, sklearn.pipeline, sklearn.preprocessing, sklearn.tree

class Point:
    def __init__(self, x, y): self.x, self.y = x, y
    def __eq__(self, other): return type(other) is Point and vars(self) == vars(other)
    __hash__ = None
    class Inner:
        def __eq__(self, other): return type(other) is Point.Inner
        __hash__ = None
class Slotted:
    __slots__ = ("a", "__weakref__")
    def __init__(self, a): self.a = a
    def __eq__(self, other): return type(other) is Slotted and self.a == other.a
    __hash__ = None
@dataclasses.dataclass
class Record:
    name: str
    tags: list = dataclasses.field(default_factory=list)
@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    name: str
class Pair(typing.NamedTuple):
    left: int
    right: int
class Color(enum.Enum):
    RED = 1
    BLUE = "b"
class Access(enum.IntFlag):
    READ = 1
    WRITE = 2
class Trouble(ValueError):
    def __eq__(self, other): return type(other) is Trouble and self.args == other.args
    __hash__ = ValueError.__hash__
class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...
class Square(Shape):
    def __init__(self, side): self.side = side
    def area(self): return super().__class__ and self.side ** 2
    def __eq__(self, other): return type(other) is Square and self.area() == other.area()
    __hash__ = None
T = typing.TypeVar("T")
class Box(typing.Generic[T]):
    def __init__(self, item): self.item = item
    def __eq__(self, other): return type(other) is Box and self.item == other.item
    __hash__ = None
class Registry(type):
    pass
class Registered(metaclass=Registry):
    def __eq__(self, other): return type(other) is Registered
    __hash__ = None
class MyList(list): pass
class MyDict(dict):
    def __missing__(self, key): return key
class MyArray(np.ndarray): pass
class MyFrame(pd.DataFrame):
    @property
    def _constructor(self): return MyFrame
class Stateful:
    def __init__(self): self.value, self.cache = 1, object()
    def __getstate__(self): return {"value": self.value}
    def __setstate__(self, state): self.value = state["value"]
    def __eq__(self, other): return type(other) is Stateful and self.value == other.value
    __hash__ = None
offset = 10
def shifted(x): return x + offset
def adder(n):
    def add(x): return x + n
    return add
def loop():
    a = [1]; a.append(a); return a
def knot():
    d = {}; d["me"] = d; return d
def with_attrs(frame):
    frame.attrs["unit"] = "m"; return frame
FRAME = lambda: pd.DataFrame({"i": [1, 2], "f": [0.5, math.nan], "s": ["a", None], "b": [True, False]})
"""

#: A value by what it is. After ``|||``, what is compared of it instead of the value itself.
VALUES = {
    "nothing": "None",
    "true": "True",
    "an int": "3",
    "an int of 300 digits": "10 ** 300 + 1",
    "a float": "0.1",
    "not a number": "math.nan ||| repr(v)",
    "minus zero": "-0.0 ||| repr(v)",
    "a complex number": "1 + 2j",
    "a text": "'naïve \\U0001f600 \\u2028'",
    "a lone surrogate": "'\\ud800'",
    "bytes": "b'\\x00\\xff'",
    "a bytearray": "bytearray(b'ab')",
    "large bytes": "bytes(100_000)",
    "an ellipsis": "...",
    "a list": "[1, [2.0, None], {'k': (1, 2)}]",
    "an empty list": "[]",
    "a tuple": "(1, 'a')",
    "an empty tuple": "()",
    "a dict in its order": "{'b': 1, 'a': 2} ||| list(v.items())",
    "a set": "{1, 'a', (2,)}",
    "a frozen set": "frozenset({1, 2})",
    "a range": "range(3, 9, 2)",
    "a slice": "slice(1, None, 2)",
    "a list that holds itself": "loop() ||| (v[1] is v, len(v))",
    "a dict that holds itself": "knot() ||| (v['me'] is v, len(v))",
    "a list that holds one list twice": "[[1]] * 2 ||| (v[0] is v[1], v)",
    "an ordered dict": "collections.OrderedDict(b=1, a=2)",
    "a default dict": "collections.defaultdict(list, a=[1]) ||| (v['new'], dict(v))",
    "a counter": "collections.Counter('abca')",
    "a deque": "collections.deque([1, 2], maxlen=3) ||| (list(v), v.maxlen)",
    "a namespace": "types.SimpleNamespace(a=1)",
    "a mapping proxy": "types.MappingProxyType({'a': 1}) ||| dict(v)",
    "a decimal": "decimal.Decimal('1.10') ||| str(v)",
    "a fraction": "fractions.Fraction(1, 3)",
    "a date": "datetime.date(2024, 2, 29)",
    "a time in a zone": "datetime.datetime(2024, 1, 2, tzinfo=zoneinfo.ZoneInfo('Europe/Rome'))",
    "a duration": "datetime.timedelta(days=1, microseconds=1)",
    "a path": "pathlib.Path('a/b')",
    "a uuid": "uuid.UUID(int=7)",
    "a pattern": "re.compile('a+', re.I)",
    "a random state": "random.Random(3) ||| v.random()",
    "a partial": "functools.partial(operator.add, 1) ||| v(2)",
    "a builtin function": "len",
    "a module": "math",
    "a logger": "logging.getLogger('a.b')",
    "a builtin type": "dict",
    "a generic alias": "list[int]",
    "an iterator": "iter([1, 2]) ||| list(v)",
    "an exception": "KeyError('k') ||| v.args",
    "a function of the notebook": "shifted",
    "a lambda": "(lambda x: x + offset) ||| v(1)",
    "a closure": "adder(5) ||| v(1)",
    "a decorated function": "functools.lru_cache(shifted) ||| v(1)",
    "a bound method": "Square(3).area ||| v()",
    "an instance": "Point(1, [2])",
    "an instance of a nested class": "Point.Inner()",
    "an instance with slots": "Slotted([1])",
    "an instance with a state of its own": "Stateful()",
    "a data class": "Record('n', ['t'])",
    "a frozen data class": "Frozen('n')",
    "a named tuple": "Pair(1, 2)",
    "a member of an enum": "Color.RED ||| v is Color.RED",
    "a flag": "Access.READ | Access.WRITE",
    "an exception of the notebook": "Trouble('a', 1)",
    "an instance of an abstract class's subclass": "Square(2)",
    "a generic instance": "Box([1])",
    "an instance of a class with a metaclass": "Registered()",
    "a list subclass": "MyList([1])",
    "a dict subclass": "MyDict(a=1) ||| (v['z'], dict(v))",
    "a class of the notebook": "Point ||| v is Point",
    "an array": "np.arange(6.0).reshape(2, 3)",
    "an array in Fortran order": "np.asfortranarray(np.ones((2, 3))) ||| (v.flags.f_contiguous, v.sum())",
    "every second item": "np.arange(10)[::2]",
    "an array backwards": "np.arange(5)[::-1]",
    "an array of no dimension": "np.array(2.5)",
    "an empty array": "np.empty((0, 3), dtype='int8')",
    "a big-endian array": "np.arange(3, dtype='>i4') ||| (v.dtype.str, v.tolist())",
    "halves": "np.ones(2, dtype='float16')",
    "long doubles": "np.ones(2, dtype='longdouble')",
    "complex numbers": "np.array([1j, 2])",
    "booleans": "np.array([True, False])",
    "dates": "np.array(['2024-01-01', 'NaT'], dtype='datetime64[D]')",
    "texts": "np.array(['a', 'bcd'])",
    "byte strings": "np.array([b'a', b'bcd'])",
    "a structured array": "np.array([(1, 2.0)], dtype=[('a', 'i4'), ('b', 'f8')])",
    "an aligned structure": "np.zeros(2, dtype=np.dtype('i1,f8', align=True)) ||| v.dtype.isalignedstruct",
    "an annotated dtype": "np.zeros(2, dtype=np.dtype('f8', metadata={'u': 'm'})) ||| dict(v.dtype.metadata)",
    "an array of objects": "np.array([[1], None, 'a'], dtype=object)",
    "a masked array": "np.ma.array([1, 2], mask=[0, 1]) ||| (v.tolist(), v.mask.tolist())",
    "a record array": "np.rec.array([(1, 'a')], names='n,s') ||| (v.n.tolist(), v.s.tolist())",
    "an array subclass": "np.arange(3).view(MyArray) ||| (type(v) is MyArray, v.tolist())",
    "a read-only array": "np.broadcast_to(np.arange(2), (3, 2)) ||| v.tolist()",
    "a NumPy scalar": "np.float64(0.1)",
    "a small NumPy scalar": "np.int8(3)",
    "a NumPy boolean": "np.bool_(True)",
    "a NumPy date": "np.datetime64('2024-01-01T00:00')",
    "a dtype": "np.dtype('f4')",
    "a generator of numbers": "np.random.default_rng(3) ||| v.random()",
    "a ufunc": "np.sin",
    "arrays in a dict": "{'a': np.arange(3), 'b': [np.zeros(2)]} ||| (v['a'].tolist(), v['b'][0].tolist())",
    "a frame": "FRAME()",
    "a frame with attributes": "with_attrs(FRAME())",
    "an empty frame": "pd.DataFrame()",
    "a frame without rows": "FRAME().iloc[:0]",
    "a frame with a multi-index": "FRAME().set_index(['i', 'b'])",
    "a frame with categories": "pd.DataFrame({'c': pd.Categorical(['a', 'b'], ['b', 'a'], ordered=True)})",
    "a frame with times in a zone": "pd.DataFrame({'t': pd.date_range('2024', periods=2, tz='Asia/Tokyo')})",
    "a frame with nullable integers": "pd.DataFrame({'n': pd.array([1, None], dtype='Int64')})",
    "a frame with lists in a column": "pd.DataFrame({'l': [[1], [2, 3]]})",
    "a frame with two columns of one name": "pd.DataFrame([[1, 2]], columns=['a', 'a'])",
    "a frame with columns of mixed types": "pd.DataFrame([[1, 2]], columns=[0, 'a'])",
    "a frame subclass": "MyFrame({'a': [1]})",
    "a sparse series": "pd.Series(pd.arrays.SparseArray([0, 0, 1]))",
    "a series": "pd.Series([1.5, None], name='s', index=['x', 'y'])",
    "an index": "pd.Index(['a', 'b'], name='i')",
    "a range index": "pd.RangeIndex(3)",
    "a timestamp": "pd.Timestamp('2024-01-01', tz='UTC')",
    "no time": "pd.NaT ||| v is pd.NaT",
    "not available": "pd.NA ||| v is pd.NA",
    "a period": "pd.Period('2024-01', 'M')",
    "a grouping": "FRAME().groupby('b') ||| v['f'].sum().to_dict()",
    "a fitted model": "sklearn.linear_model.LinearRegression().fit([[0.], [1.]], [0., 2.]) ||| v.predict([[2.]]).tolist()",
    "a fitted tree": "sklearn.tree.DecisionTreeClassifier(random_state=0).fit([[0.], [1.]], [0, 1]) ||| v.predict([[1.]]).tolist()",
    "a model with a function of the notebook": (
        "sklearn.pipeline.make_pipeline(sklearn.preprocessing.FunctionTransformer(shifted))"
        " ||| (v.steps[0][1].func is shifted, v.transform(np.array([[1]])).tolist())"
    ),
}

SAVE = """
import sys
from kale.marshal import save_outputs
values = json.load(open(sys.argv[1]))
for name, expression in values.items():
    globals()[name] = eval(expression.partition(" ||| ")[0])
save_outputs(globals(), list(values))
"""

LOAD = """
import sys
from kale.marshal import load_inputs
values = json.load(open(sys.argv[1]))

def same(a, b):
    if type(a) is not type(b):
        return f"{type(a)} became {type(b)}"
    if isinstance(a, np.ndarray):
        np.testing.assert_array_equal(a, b)
        return "" if a.dtype == b.dtype else f"{a.dtype} became {b.dtype}"
    if isinstance(a, pd.DataFrame):
        pd.testing.assert_frame_equal(a, b)
        return "" if a.attrs == b.attrs else "attributes are lost"
    if isinstance(a, pd.Series):
        pd.testing.assert_series_equal(a, b)
        return ""
    if isinstance(a, pd.Index):
        return "" if a.identical(b) else "another index"
    return "" if a == b else f"{a!r} became {b!r}"

def open_to_change(value):
    if isinstance(value, np.ndarray):
        return value.flags.writeable
    if isinstance(value, pd.DataFrame) and len(value):
        value["new"] = 1
        value.iloc[0, 0] = value.iloc[0, 0]
    return True

load_inputs(globals(), list(values))
results = {}
for name, expression in values.items():
    made, _, look = expression.partition(" ||| ")
    before, after = eval(made), globals()[name]
    if look:
        found = "" if type(before) is type(after) else f"{type(before)} became {type(after)}"
        v = before; wanted = eval(look)
        v = after; got = eval(look)
        found = found or same(wanted, got)
    else:
        found = same(before, after)
    results[name] = found or ("" if open_to_change(after) else "cannot be changed")
json.dump(results, open(sys.argv[2], "w"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("round_trip")


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, str]:
    """What is wrong with each value after the trip, by its name; nothing for most."""
    names = [f"v{i}" for i in range(len(VALUES))]
    expressions = folder / "values.json"
    expressions.write_text(json.dumps(dict(zip(names, VALUES.values(), strict=True))))
    paths = {name: str(folder / "values" / name) for name in names}
    for script, ports in (
        (SAVE, {"inputs": {}, "outputs": paths}),
        (LOAD, {"inputs": {n: [p] for n, p in paths.items()}, "outputs": {}}),
    ):
        context = folder / "context.json"
        context.write_text(json.dumps({"step": "make", **ports}))
        subprocess.run(
            [
                sys.executable,
                "-W",
                "error::RuntimeWarning",
                "-c",
                NOTEBOOK + script,
                str(expressions),
                str(folder / "results.json"),
            ],
            env={**os.environ, "KALE_STEP_CONTEXT": str(context)},
            check=True,
        )
    return dict(
        zip(VALUES, json.loads((folder / "results.json").read_text()).values(), strict=True)
    )


@pytest.mark.parametrize("what", VALUES)
def test_a_value_comes_back_as_it_was(results: dict[str, str], what: str) -> None:
    assert results[what] == ""


def test_values_that_share_nothing_are_stored_apart(folder: Path, results: dict[str, str]) -> None:
    together = {
        what: member
        for what, path in zip(
            VALUES, (folder / "values" / f"v{i}" for i in range(len(VALUES))), strict=True
        )
        if (member := json.loads((path / "manifest.json").read_text())["member"])
    }
    assert together == {}
