"""Objects of pandas come back from Arrow files as they were, in another process, or are left to pickle."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import hypothesis
import hypothesis.strategies as st
import pytest

np = pytest.importorskip("numpy", reason="NumPy is in the extra `dev`")
pd = pytest.importorskip("pandas", reason="pandas is in the extra `dev`")
pa = pytest.importorskip("pyarrow", reason="pyarrow is in the extra `dev`")

from kale.marshal import MarshalError, resource_load, resource_save  # noqa: E402 -- after the libraries that are needed
from kale.marshal.backends import pandas as backend  # noqa: E402
from tests.marshal.frames import DAYS, KEPT, LEFT, blocks, check, compare  # noqa: E402

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Saved here, loaded in one other process: what each became, by its sentence."""
    folder = tmp_path_factory.mktemp("frames")
    uris = {}
    for number, (name, make) in enumerate(KEPT.items()):
        uri = backend.save_pandas(make(), str(folder / f"v{number}"))
        uris[name] = None if uri is NotImplemented else uri
    path = folder / "uris.json"
    path.write_text(json.dumps(uris))
    command = [sys.executable, "-W", "error", "-m", "tests.marshal.frames", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", KEPT)
def test_arrow_gives_back_what_was_saved(reports, name):
    assert reports[name] == ""


#: Known gaps, those of pickle in pandas: attributes set by hand, NaN beside texts of its own.
LOST_BY_PICKLE = {"something somebody put there"}


@pytest.mark.parametrize("name", LEFT)
def test_what_arrow_would_change_is_left_to_pickle(name, tmp_path):
    assert backend.save_pandas(LEFT[name](), str(tmp_path / "v")) is NotImplemented
    assert not list(tmp_path.iterdir())
    uri = resource_save(LEFT[name](), tmp_path / "v")
    assert uri.endswith(".pkl")
    if name not in LOST_BY_PICKLE:
        assert compare(LEFT[name](), resource_load(uri)) == ""


#: What Arrow takes only where nothing may be pickled.
ONLY_WITHOUT_PICKLE = {
    name: LEFT[name]
    for name in (
        "objects of several kinds",
        "None beside NaN",
        "half a surrogate pair",
    )
}


@pytest.mark.parametrize("name", ONLY_WITHOUT_PICKLE)
def test_more_is_kept_where_nothing_may_be_pickled(name, tmp_path):
    make = ONLY_WITHOUT_PICKLE[name]
    assert check(make, backend.save_pandas(make(), str(tmp_path / "v"), no_pickle=True)) == ""


def test_a_large_frame_is_mapped_and_not_copied(tmp_path):
    frame = blocks(np.ones((1 << 18, 4)), np.ones((1 << 18, 3), "i4"), np.zeros((1 << 18, 2), bool))
    uri = backend.save_pandas(frame, str(tmp_path / "v"))
    loaded = backend.load_pandas(uri)
    bases = [block.values for block in loaded._mgr.blocks]  # noqa: SLF001 -- their memory
    for values in bases:
        while isinstance(values, np.ndarray):
            values = values.base
        assert type(values).__name__ == "mmap"
    loaded.iloc[0, 0] = 5.0
    assert backend.load_pandas(uri).equals(frame)


def test_others_can_read_the_file(tmp_path):
    frame = pd.DataFrame(
        {"a": [1, 2], "b": ["x", None], "d": [DAYS[0], pd.NaT], "c": pd.Categorical(["u", None])},
        index=pd.Index([5, 6], name="k"),
    )
    table = pa.ipc.open_file(backend.save_pandas(frame, str(tmp_path / "v"))).read_all()
    assert table.column_names == ["a", "b", "d", "c", "k"]
    assert table.to_pydict() == {
        "a": [1, 2],
        "b": ["x", None],
        "d": [DAYS[0].to_pydatetime(), None],
        "c": ["u", None],
        "k": [5, 6],
    }


def rewritten(uri, change):
    """The file with its metadata changed."""
    table = pa.ipc.open_file(pa.OSFile(uri).read_buffer()).read_all()
    spec = json.loads(table.schema.metadata[b"kale.pandas"])
    change(spec)
    schema = table.schema.with_metadata({"kale.pandas": json.dumps(spec)})
    with pa.OSFile(uri, "wb") as file, pa.ipc.new_file(file, schema) as out:
        for batch in table.to_batches():
            out.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))


def block(spec, number=0):
    return spec["blocks"][number]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda spec: spec.clear(), id="nothing is said"),
        pytest.param(lambda spec: spec.update(rows=2), id="fewer rows than there are"),
        pytest.param(
            lambda spec: spec["index"].update({"range": [0, 4, 1]}), id="more labels than rows"
        ),
        pytest.param(lambda spec: spec["blocks"].pop(), id="a block less"),
        pytest.param(
            lambda spec: block(spec)["at"].reverse() or block(spec).update(at=[0, 0]),
            id="two columns in one place",
        ),
        pytest.param(
            lambda spec: block(spec)["arrays"][0].update(dtype="float64"),
            id="integers called floats",
        ),
        pytest.param(
            lambda spec: block(spec)["arrays"][0].update(dtype="datetime64[ns]"),
            id="integers called dates",
        ),
        pytest.param(
            lambda spec: block(spec)["arrays"][0].update(dtype="Sparse[int64]"),
            id="a dtype that is never saved",
        ),
        pytest.param(
            lambda spec: block(spec, 1)["arrays"][0].update(codes="|u1"), id="codes of another kind"
        ),
        pytest.param(
            lambda spec: block(spec, 1)["arrays"][0]["level"].update(kind="DatetimeIndex"),
            id="categories called dates",
        ),
        pytest.param(
            lambda spec: spec["attrs"].update({"exec": ["1"]}), id="attributes of no known kind"
        ),
        pytest.param(lambda spec: spec.update(columns="AAAA"), id="no names of columns"),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path, change):
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6], "c": pd.Categorical(["x", None, "y"])})
    uri = backend.save_pandas(frame, str(tmp_path / "v"))
    rewritten(uri, lambda spec: None)
    assert compare(frame, backend.load_pandas(uri)) == ""
    rewritten(uri, change)
    with pytest.raises(
        MarshalError, match=r"v\.frame\.arrow is no pandas object that this version of Kale saved"
    ):
        backend.load_pandas(uri)


def test_codes_of_categories_that_there_are_not_are_refused(tmp_path):
    uri = backend.save_pandas(pd.Series(pd.Categorical(["x", "y"])), str(tmp_path / "v"))
    table = pa.ipc.open_file(pa.OSFile(uri).read_buffer()).read_all()
    with pathlib.Path(uri).open("r+b") as file:
        content = file.read()
        file.seek(content.rindex(bytes([0, 1]) + bytes(6)))
        file.write(bytes([0, 7]))
    assert table.num_rows == 2
    with pytest.raises(MarshalError):
        backend.load_pandas(uri)


#: Columns for random frames: of each kind one that Arrow keeps, of any length.
COLUMNS = {
    "i8": lambda n: np.arange(n),
    "i1": lambda n: np.arange(n).astype("i1"),
    "f8": lambda n: np.where(np.arange(n) % 3 == 1, np.nan, -0.0),
    "f4": lambda n: np.arange(n).astype("f4"),
    "bool": lambda n: np.arange(n) % 2 == 0,
    "date": lambda n: np.where(
        np.arange(n) % 3 == 1, np.datetime64("NaT", "us"), np.datetime64("2020", "us")
    ),
    "zone": lambda n: pd.date_range("2020", periods=n, tz="Europe/Berlin").array,
    "text": lambda n: pd.array(["x", None, "ü"] * n, "str")[:n],
    "object": lambda n: np.array(["x", None, "ü"] * n, object)[:n],
    "mask": lambda n: pd.array([1, None, 3] * n, "Int16")[:n],
    "category": lambda n: pd.Categorical(["x", None, "y"] * n)[:n],
    "period": lambda n: pd.period_range("2020", periods=n, freq="M").array,
}
STEPS = {
    "transposed": lambda f: f.T,
    "its second half": lambda f: f.iloc[len(f) // 2 :],
    "every second row": lambda f: f.iloc[::2],
    "rows backwards": lambda f: f.iloc[::-1],
    "columns backwards": lambda f: f.iloc[:, ::-1],
    "columns twice": lambda f: f.iloc[:, [*range(f.shape[1])] * 2],
    "twice": lambda f: pd.concat([f, f]),
    "by its first column": lambda f: f.set_index(f.columns[0]),
    "by its first two columns": lambda f: f.set_index([*f.columns[:2]]),
    "with its labels as columns": lambda f: f.reset_index(),
    "in one piece": lambda f: f.copy(),
    "sorted": lambda f: f.sort_index(),
    "stacked columns": lambda f: pd.concat([f], axis=1, keys=["k"]),
}


@hypothesis.settings(max_examples=150, deadline=None, derandomize=True)
@hypothesis.given(
    rows=st.integers(0, 9),
    columns=st.lists(st.sampled_from(sorted(COLUMNS)), max_size=8),
    steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=4),
)
def test_any_frame_comes_back_as_it_was_or_is_left(tmp_path_factory, rows, columns, steps):
    frame = pd.DataFrame(
        {f"{i}{name}": COLUMNS[name](rows) for i, name in enumerate(columns)}, index=range(rows)
    )
    for step in steps:
        try:
            frame = STEPS[step](frame)
        except (ValueError, TypeError, IndexError):  # not all can be done with all
            continue
    uri = backend.save_pandas(frame, str(tmp_path_factory.getbasetemp() / "random"))
    assert uri is NotImplemented or compare(frame, backend.load_pandas(uri)) == ""


def test_a_large_array_by_rows_is_taken_where_nothing_may_be_pickled(tmp_path):
    frame = LEFT["a large array by rows"]()
    loaded = backend.load_pandas(backend.save_pandas(frame, str(tmp_path / "v"), no_pickle=True))
    assert loaded.equals(frame)
    assert loaded.sum(axis=1).equals(frame.sum(axis=1))
