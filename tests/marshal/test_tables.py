"""Tables of polars and pyarrow come back as they were; tables of all libraries are described and compared."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import pathlib
import subprocess
import sys

import pytest

np = pytest.importorskip("numpy", reason="NumPy is in the extra `dev`")
pd = pytest.importorskip("pandas", reason="pandas is in the extra `dev`")
pa = pytest.importorskip("pyarrow", reason="pyarrow is in the extra `dev`")
pl = pytest.importorskip("polars", reason="polars is in the extra `dev`")

from kale.marshal import MarshalError, resource_load, resource_save  # noqa: E402 -- after those
from kale.marshal.describe import describe  # noqa: E402
from kale.marshal.digest import digest  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]
DAY = dt.datetime(2020, 1, 2, 3, 4)
NOTES = pa.schema(
    [pa.field("x", pa.int8(), nullable=False, metadata={"unit": "m"})], metadata={b"\xff": b"\0z"}
)

POLARS = {
    "an empty frame": lambda: pl.DataFrame(),
    "rows without columns": lambda: pl.DataFrame(height=5),
    "columns without rows": lambda: pl.DataFrame({"a": [1], "b": ["x"]}).clear(),
    "a frame": lambda: pl.DataFrame(
        {"a": [1, None], "b": ["x", None], "c": [float("nan"), None], "": [True, None]}
    ),
    "a frame in two pieces": lambda: pl.concat(
        [pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]})], rechunk=False
    ),
    "a slice": lambda: pl.DataFrame({"a": ["x", "y" * 100, None, "z"]})[1:3],
    "integers": lambda: pl.DataFrame(
        [pl.Series(str(t), [1, None], t) for t in (pl.Int8, pl.UInt64, pl.Int128)]
    ),
    "floats": lambda: pl.DataFrame(
        [pl.Series(str(t), [-0.0, None], t) for t in (pl.Float32, pl.Float64)]
    ),
    "times": lambda: pl.DataFrame(
        {"d": [DAY.date(), None], "t": [DAY.time(), None], "n": [DAY - DAY, None], "u": [DAY, None]}
    ),
    "units of time": lambda: pl.DataFrame(
        [pl.Series(u, [DAY, None], pl.Datetime(u)) for u in ("ms", "us", "ns")]
    ),
    "a time zone": lambda: pl.DataFrame({"a": [DAY]}).with_columns(
        pl.col("a").dt.replace_time_zone("Europe/Berlin")
    ),
    "decimals": lambda: pl.Series("d", [decimal.Decimal("1.50"), None], pl.Decimal(10, 2)),
    "categories": lambda: pl.Series("c", ["b", None, "a", "b"], pl.Categorical),
    "categories with a name": lambda: pl.Series(
        ["a"], dtype=pl.Categorical(pl.Categories("mine", physical=pl.UInt8))
    ),
    "an enumeration, some unused": lambda: pl.Series(["b", None], dtype=pl.Enum(["c", "b", "a"])),
    "lists": lambda: pl.Series([[1], None, []]),
    "lists of categories": lambda: pl.Series([["a"], None], dtype=pl.List(pl.Categorical)),
    "arrays": lambda: pl.Series([[1, 2], None], dtype=pl.Array(pl.Int8, 2)),
    "structures": lambda: pl.Series("s", [{"a": 1, "b": ["x"]}, None]),
    "bytes": lambda: pl.Series([b"\0a", None]),
    "nothing": lambda: pl.Series("n", [None, None]),
    "a series without rows": lambda: pl.Series("e", [], pl.String),
}

ARROW = {
    "a table": lambda: pa.table({"a": [1, None], "b": ["x", None]}),
    "a table without rows": lambda: pa.table({"a": pa.array([], pa.int8())}),
    "a table without columns": lambda: pa.table({"a": [1, 2]}).select([]),
    "an empty table": lambda: pa.table({}),
    "a table with notes": lambda: pa.table([pa.array([1], pa.int8())], schema=NOTES),
    "columns of one name": lambda: pa.table([[1], [2]], names=["a", "a"]),
    "a table in pieces, one of them empty": lambda: pa.table(
        {"a": pa.chunked_array([[1], [], [2, 3]], pa.int64())}
    ),
    "columns in different pieces": lambda: pa.table(
        {"a": pa.chunked_array([[1], [2, 3]]), "b": pa.chunked_array([[1, 2], [3]])}
    ),
    "pieces with different dictionaries": lambda: pa.table(
        {
            "a": pa.chunked_array(
                [pa.array(["a", "b"]).dictionary_encode(), pa.array(["c", "b"]).dictionary_encode()]
            )
        }
    ),
    "a record batch": lambda: pa.record_batch({"a": [1, 2]}),
    "a record batch without rows": lambda: pa.record_batch({"a": pa.array([], pa.string())}),
    "an array": lambda: pa.array([1.5, None, float("nan")]),
    "a slice of texts": lambda: pa.array(["a", None, "b" * 100])[1:],
    "truths": lambda: pa.array([True, None, False])[1:],
    "lists": lambda: pa.array([[1], None, [2, 3]])[1:],
    "views of lists": lambda: pa.array([[1], None], pa.list_view(pa.int8())),
    "structures": lambda: pa.array([{"a": 1}, None, {"a": None}])[1:],
    "maps": lambda: pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int8())),
    "a union": lambda: pa.UnionArray.from_dense(
        pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array([1]), pa.array(["b"])]
    ),
    "a dictionary with an order": lambda: pa.DictionaryArray.from_arrays(
        pa.array([0, None], pa.int8()), ["a", "b"], ordered=True
    ),
    "texts in views": lambda: pa.array(["a", None, "b" * 100], pa.string_view()),
    "runs": lambda: pa.RunEndEncodedArray.from_arrays([2, 3], [1, None]),
    "nothing": lambda: pa.nulls(3),
    "identifiers": lambda: pa.array([b"0" * 16, None], pa.uuid()),
    "decimals": lambda: pa.array([decimal.Decimal("1.5"), None], pa.decimal256(40, 2)),
    "an array in pieces": lambda: pa.chunked_array([["a"], [], ["b", None]], pa.string()),
    "an array in no pieces": lambda: pa.chunked_array([], pa.int8()),
}
KEPT = {f"polars: {k}": v for k, v in POLARS.items()} | {
    f"pyarrow: {k}": v for k, v in ARROW.items()
}


class Celsius(pa.ExtensionType):
    """A type of one's own."""

    def __init__(self):
        super().__init__(pa.float64(), "celsius")

    def __arrow_ext_serialize__(self):
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type, serialized):
        return cls()


LEFT = {
    "Python objects": lambda: pl.DataFrame({"a": [object()]}),
    "Python objects in a series": lambda: pl.Series([{1}], dtype=pl.Object),
    "a type of one's own": lambda: pa.ExtensionArray.from_storage(Celsius(), pa.array([1.0])),
    "a type of one's own inside": lambda: pa.table(
        {"a": pa.ListArray.from_arrays([0, 1], LEFT["a type of one's own"]())}
    ),
    "a dictionary in a dictionary": lambda: pa.DictionaryArray.from_arrays(
        [0], pa.array(["a"]).dictionary_encode()
    ),
}


def compare(made, found):
    """How ``found`` differs; empty if it does not."""
    if type(made) is not type(found):
        return f"{type(made)} became {type(found)}"
    if isinstance(made, pl.DataFrame):
        same = (
            made.schema == found.schema
            and made.shape == found.shape
            and made.equals(found, null_equal=True)
        )
        return "" if same else f"{made} became {found}"
    if isinstance(made, pl.Series):
        same = (
            made.name == found.name
            and made.dtype == found.dtype
            and made.equals(found, null_equal=True)
        )
        return "" if same else f"{made} became {found}"
    found.validate(full=True)
    if isinstance(made, pa.Table | pa.RecordBatch):
        same = (
            made.schema.equals(found.schema, check_metadata=True)
            and made.num_rows == found.num_rows
        )
        cells = [
            repr(table.to_pydict()) if table.schema.names.count("a") < 2 else repr(table.columns)
            for table in (made, found)
        ]
        return "" if same and cells[0] == cells[1] else f"{made} became {found}"
    pieces = [
        [len(chunk) for chunk in getattr(array, "chunks", [array])] for array in (made, found)
    ]
    same = (
        made.type == found.type
        and repr(made.to_pylist()) == repr(found.to_pylist())
        and pieces[0] == pieces[1]
    )
    return "" if same else f"{made} became {found}"


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Saved here, loaded in one other process: how each differs, and its digest in both."""
    folder = tmp_path_factory.mktemp("tables")
    uris = {
        name: resource_save(make(), folder / f"v{i}", no_pickle=True)
        for i, (name, make) in enumerate(KEPT.items())
    }
    path = folder / "uris.json"
    path.write_text(json.dumps(uris))
    command = [sys.executable, "-W", "error", "-m", "tests.marshal.test_tables", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", KEPT)
def test_a_table_comes_back_as_it_was(reports, name):
    assert reports[name][0] == ""


@pytest.mark.parametrize("name", KEPT)
def test_the_digest_is_the_same_in_another_process(reports, name):
    assert reports[name][1] == digest(KEPT[name]())
    assert reports[name][1] is not None


@pytest.mark.parametrize("name", LEFT)
def test_what_code_would_be_run_for_is_left_to_pickle(tmp_path, name):
    with pytest.raises(MarshalError, match="only pickle might, which is forbidden"):
        resource_save(LEFT[name](), tmp_path / "v", no_pickle=True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(lambda: pa.array([1, 2, None])[1:], lambda: pa.array([2, None]), id="a slice"),
        pytest.param(
            lambda: pa.array(["a", "b", None])[1:],
            lambda: pa.array(["b", None]),
            id="a slice of texts",
        ),
        pytest.param(
            lambda: pa.array([[1], [2]])[1:], lambda: pa.array([[2]]), id="a slice of lists"
        ),
        pytest.param(
            lambda: pa.chunked_array([[1], [2]]), lambda: pa.chunked_array([[1, 2]]), id="pieces"
        ),
        pytest.param(
            lambda: pa.Array.from_buffers(
                pa.int8(), 2, [pa.py_buffer(b"\1"), pa.py_buffer(b"\1\7")]
            ),
            lambda: pa.array([1, None], pa.int8()),
            id="what lies behind a missing value",
        ),
        pytest.param(
            lambda: pl.concat(
                [pl.DataFrame({"a": ["x"]}), pl.DataFrame({"a": [None]})], rechunk=False
            ),
            lambda: pl.DataFrame({"a": ["x", None]}),
            id="pieces of a frame",
        ),
        pytest.param(
            lambda: pl.Series(["never", "b", "a"], dtype=pl.Categorical)[1:],
            lambda: pl.Series(["b", "a"], dtype=pl.Categorical),
            id="categories that others use",
        ),
    ],
)
def test_equal_content_has_an_equal_digest(one, other):
    assert digest(one()) == digest(other())
    assert digest(one()) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            lambda: pa.array([1, None]), lambda: pa.array([None, 1]), id="which is missing"
        ),
        pytest.param(
            lambda: pa.array([1], pa.int8()), lambda: pa.array([1], pa.uint8()), id="the type"
        ),
        pytest.param(
            lambda: pa.array(["ab", "c"]), lambda: pa.array(["a", "bc"]), id="where texts begin"
        ),
        pytest.param(
            lambda: pa.array([[1, 2], []]), lambda: pa.array([[1], [2]]), id="where lists begin"
        ),
        pytest.param(lambda: pa.array([0.0]), lambda: pa.array([-0.0]), id="the sign of nothing"),
        pytest.param(lambda: pa.array([True, False]), lambda: pa.array([True, True]), id="a truth"),
        pytest.param(
            lambda: pa.array([{"a": 1}]), lambda: pa.array([{"a": 2}]), id="in a structure"
        ),
        pytest.param(lambda: pa.table({"a": [1]}), lambda: pa.table({"b": [1]}), id="a name"),
        pytest.param(
            lambda: pa.table({"a": [1]}),
            lambda: pa.table({"a": [1]}).replace_schema_metadata({"k": "v"}),
            id="a note",
        ),
        pytest.param(
            lambda: pl.DataFrame({"a": [1]}),
            lambda: pl.DataFrame({"a": [1.0]}),
            id="a dtype of polars",
        ),
        pytest.param(
            lambda: pl.Series(["a"], dtype=pl.Enum(["a", "b"])),
            lambda: pl.Series(["a"], dtype=pl.Enum(["b", "a"])),
            id="the order of an enumeration",
        ),
        pytest.param(
            lambda: pl.DataFrame(height=1),
            lambda: pl.DataFrame(height=2),
            id="rows without columns",
        ),
    ],
)
def test_other_content_has_another_digest(one, other):
    assert digest(one()) != digest(other())


class Hostile:
    """An object whose code must not run."""

    def __repr__(self):
        raise AssertionError

    __str__ = __len__ = __iter__ = __repr__


@pytest.mark.parametrize(
    ("make", "line", "preview"),
    [
        pytest.param(
            lambda: pd.DataFrame({"a": [1, 2], "b": ["x", None], "o": [Hostile(), "a\nb" * 50]}),
            "2 rows, 3 columns: a int64, b str, o object",
            "   a    b                         o\n0  1    x                   Hostile\n1  2  nan  a\\nba\\nba\\nba\\nba\\nba\\n…",
            id="a frame with objects",
        ),
        pytest.param(
            lambda: pd.DataFrame(np.ones((1500, 20), "i1")).iloc[:, :1],
            "1,500 rows, 1 column: 0 int8",
            "   0\n0  1\n1  1\n2  1\n3  1\n4  1",
            id="five rows",
        ),
        pytest.param(
            lambda: pd.DataFrame([range(14)]).iloc[:0],
            f"0 rows, 14 columns: {', '.join(f'{i} int64' for i in range(12))}, …",
            "  " + "  ".join(map(str, range(12))),
            id="twelve columns",
        ),
        pytest.param(pd.DataFrame, "0 rows, 0 columns", "", id="an empty frame"),
        pytest.param(
            lambda: pd.Series([1.5], ["k"], name="q"),
            "1 row, float64",
            "     q\nk  1.5",
            id="a series",
        ),
        pytest.param(
            lambda: pd.Series([Hostile()], [Hostile()]),
            "1 row, object",
            "            None\nHostile  Hostile",
            id="a series of objects",
        ),
        pytest.param(lambda: pd.Index(["a", "b"]), "2 labels, str", "a\nb", id="labels"),
        pytest.param(
            lambda: pd.MultiIndex.from_product([["a"], [1]]),
            "1 label, 2 levels",
            "(a, 1)",
            id="levels",
        ),
        pytest.param(
            lambda: pl.DataFrame({"a": [1], "b": [[1]], "o": [Hostile()]}),
            "1 row, 3 columns: a Int64, b List(Int64), o Object",
            "a     b        o\n1  list  Hostile",
            id="a frame of polars",
        ),
        pytest.param(
            lambda: pl.Series("s", [1.5]), "1 row, Float64", "  s\n1.5", id="a series of polars"
        ),
        pytest.param(
            lambda: pa.table({"a": [1, None], "b": [{"x": 1}] * 2}),
            "2 rows, 2 columns: a int64, b struct<x: int64>",
            "   a     b\n   1  dict\nNone  dict",
            id="a table",
        ),
        pytest.param(
            lambda: pa.chunked_array([[1], [2]]), "2 values, int64", "1\n2", id="an array in pieces"
        ),
    ],
)
def test_what_people_read_of_a_table(make, line, preview):
    assert describe(make()) == (line, preview)


@pytest.mark.parametrize(
    "ending",
    [
        "polars.arrow",
        "polars-series.arrow",
        "table.arrow",
        "array.arrow",
        "chunks.arrows",
        "frame.arrow",
    ],
)
@pytest.mark.parametrize("content", [b"", b"ARROW1\0\0" + bytes(64), b"{}"])
def test_a_file_that_is_none_of_arrow_is_refused(tmp_path, ending, content):
    path = tmp_path / f"v.{ending}"
    path.write_bytes(content)
    with pytest.raises(MarshalError, match=r"that this version of Kale saved \(.*; save it again"):
        resource_load(path, no_pickle=True)


if __name__ == "__main__":
    loaded = {
        name: resource_load(uri, no_pickle=True)
        for name, uri in json.loads(pathlib.Path(sys.argv[1]).read_text()).items()
    }
    found = {name: (compare(KEPT[name](), value), digest(value)) for name, value in loaded.items()}
    print(json.dumps(found))  # noqa: T201 -- to the process that asks
