"""With ``no_pickle`` nothing is pickled, and no file's code runs: neither Kale's nor a forger's."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import sys
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kale.marshal import MarshalError, load_inputs, resource_load, resource_save, save_outputs

FIRED = "fired.txt"


class Bomb:
    """An object whose pickle makes a file when it is loaded."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FIRED

    def __reduce__(self):
        return Path.touch, (self.path,)


def refuse_pickle(context: Path) -> None:
    """As the option ``--no-pickle`` does."""
    path = context / "context.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "marshal": {"no_pickle": True}}))


def plant(folder: Path, name: str, content: bytes, backend: str) -> Path:
    """A value of one file, with a manifest that vouches for it."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    entry = [len(content), f"sha256:{hashlib.sha256(content).hexdigest()}"]
    data = {"name": "x", "step": "s", "backend": backend, "files": {name: entry}, "main": name}
    seal = hashlib.sha256(json.dumps(data).encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps({**data, "sha256": seal}))
    return folder / name


def zipped(payload: bytes) -> bytes:
    """A pickle as torch has it, inside a ZIP file."""
    import io

    with zipfile.ZipFile(made := io.BytesIO(), "w") as archive:
        archive.writestr("archive/data.pkl", payload)
        archive.writestr("archive/version", b"3\n")
        archive.writestr("archive/byteorder", b"little")
    return made.getvalue()


def object_array(payload: bytes) -> bytes:
    """An ``.npy`` file of objects, which NumPy would unpickle if it were let."""
    import io

    header = {"descr": "|O", "fortran_order": False, "shape": (1,)}
    np.lib.format.write_array_header_1_0(made := io.BytesIO(), header)
    return made.getvalue() + payload


AS_FILES = [
    pytest.param("value.pkl", bytes, id="a pickle"),
    pytest.param("value.dill", bytes, id="a pickle of dill"),
    pytest.param("value.joblib", bytes, id="a pickle of joblib"),
    pytest.param("value.pt", zipped, id="a pickle of torch"),
    pytest.param("value.pt", bytes, id="a pickle of an older torch"),
    pytest.param("value.weights.pt", zipped, id="weights of torch"),
    pytest.param("value.npy", object_array, id="an array of objects"),
    pytest.param("value.npy", bytes, id="a pickle that calls itself an array"),
    pytest.param("value.readonly.npy", object_array, id="a read-only array of objects"),
    pytest.param("value.scalar.npy", bytes, id="a pickle that calls itself a scalar"),
    pytest.param("value.skops", bytes, id="a pickle that calls itself a skops file"),
    pytest.param("value.frame.arrow", bytes, id="a pickle that calls itself a frame"),
    pytest.param("value.json", bytes, id="a pickle that calls itself JSON"),
    pytest.param("value.ma.json", bytes, id="a pickle that calls itself a masked array"),
    pytest.param("value.sparse.json", bytes, id="a pickle that calls itself a sparse matrix"),
    pytest.param("value.unheard", bytes, id="a pickle under an unknown ending"),
    pytest.param("value", bytes, id="a pickle without an ending"),
    pytest.param("value.PKL", bytes, id="a pickle in capitals"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "wrap"), AS_FILES)
def test_a_bomb_never_goes_off(context, name, wrap):
    path = plant(
        context / "x", name, wrap(pickle.dumps(Bomb(context))), name.partition(".")[2] or "?"
    )
    refuse_pickle(context)
    with pytest.raises(MarshalError, match=r"^`x` "):
        load_inputs({}, ["x"])
    with pytest.raises(Exception) as caught:  # noqa: PT011 -- each library refuses in its own way
        resource_load(path, no_pickle=True)
    assert not isinstance(caught.value, AssertionError)
    assert not (context / FIRED).exists()


def test_a_bomb_in_the_classes_beside_a_pickle_never_goes_off(context):
    plant(context / "x", "value.pkl", pickle.dumps(1), "pkl")
    (context / "x" / "value.classes.pkl").write_bytes(pickle.dumps(Bomb(context)))
    refuse_pickle(context)
    with pytest.raises(MarshalError):
        load_inputs({}, ["x"])
    with pytest.raises(MarshalError, match="only pickle might, which is forbidden here"):
        resource_load(context / "x" / "value.pkl", no_pickle=True)
    assert not (context / FIRED).exists()


@pytest.mark.filterwarnings("ignore")  # of the versions that the plant does not tell
def test_the_bomb_would_go_off(context):
    """Else the tests above say nothing."""
    plant(context / "x", "value.pkl", pickle.dumps(Bomb(context)), "pkl")
    load_inputs({}, ["x"])
    assert (context / FIRED).exists()


def test_the_refusal_to_load_names_value_file_and_way_out(context):
    save_outputs({"x": (1, 2)}, ["x"])
    refuse_pickle(context)
    with pytest.raises(MarshalError) as caught:
        load_inputs({}, ["x"])
    assert str(caught.value) == (
        f"`x` (builtins.tuple) from step `train` cannot be loaded: nothing is registered to load "
        f"`{context / 'x' / 'value.pkl'}`; only pickle might, which is forbidden here "
        f"(`--no-pickle`); it was saved under Python {sys.version.split()[0]}, as here"
    )


# --------------------------------------------------------------------------- saving


class Model:
    pass


def nothing_for(kind: str) -> str:
    return (
        f"`x` ({kind}) cannot be saved: nothing is registered to save a {kind}; only pickle might, "
        "which is forbidden here (`--no-pickle`)"
    )


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        pytest.param(lambda: (1, 2), "builtins.tuple", id="a tuple"),
        pytest.param(lambda: {1, 2}, "builtins.set", id="a set"),
        pytest.param(lambda: [1, (2,)], "builtins.list", id="a tuple in a list"),
        pytest.param(lambda: {1: 2}, "builtins.dict", id="a dict by numbers"),
        pytest.param(lambda: [[1]] * 2, "builtins.list", id="a list that JSON would copy"),
        pytest.param(lambda: ["\ud83d", "\ude00"], "builtins.list", id="halves of pairs"),
        pytest.param(lambda: 1j, "builtins.complex", id="a complex number"),
        pytest.param(lambda: bytearray(2), "builtins.bytearray", id="a bytearray"),
        pytest.param(Model, f"{__name__}.Model", id="an instance"),
        pytest.param(lambda: Model, "builtins.type", id="a class"),
        pytest.param(lambda: nothing_for, "builtins.function", id="a function"),
        pytest.param(lambda: np.array([None]), "numpy.ndarray", id="an array of objects"),
        pytest.param(lambda: {"a": np.arange(2)}, "builtins.dict", id="an array in a dict"),
        pytest.param(
            lambda: np.random.default_rng(), "numpy.random._generator.Generator", id="a generator"
        ),
        pytest.param(lambda: threading.Lock(), "_thread.lock", id="a lock"),
    ],
)
def test_what_only_pickle_saves_is_named(context, value, kind):
    refuse_pickle(context)
    with pytest.raises(MarshalError) as caught:
        save_outputs({"x": value()}, ["x"])
    assert str(caught.value) == nothing_for(kind)
    assert sorted(path.name for path in context.iterdir()) == ["context.json"]


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([1, {"a": None}], id="as JSON"),
        pytest.param({f"k{i}": i for i in range(50_000)}, id="much, as JSON"),
        pytest.param("text", id="a text"),
        pytest.param(b"bytes", id="bytes"),
        pytest.param(np.arange(3), id="an array"),
        pytest.param(np.float32(1), id="a NumPy scalar"),
        pytest.param(np.ma.array([1, 2], mask=[0, 1]), id="a masked array"),
    ],
)
def test_what_needs_no_pickle_makes_the_trip(context, value):
    refuse_pickle(context)
    save_outputs({"x": value}, ["x"])
    load_inputs(names := {}, ["x"])
    assert type(names["x"]) is type(value)
    assert repr(names["x"]) == repr(value)


def test_variables_that_share_are_named_together(context):
    refuse_pickle(context)
    shared = [1]
    with pytest.raises(MarshalError) as caught:
        save_outputs({"x": {"a": shared}, "y": shared}, ["x", "y"])
    assert str(caught.value) == (
        "`x`, `y` cannot be saved: they share objects, which only pickle keeps, and "
        "`--no-pickle` forbids it; copy what they share, or save one of them"
    )


def test_two_names_of_one_object_need_no_pickle(context):
    refuse_pickle(context)
    shared = [1]
    save_outputs({"x": shared, "y": shared}, ["x", "y"])
    load_inputs(names := {}, ["x", "y"])
    assert names["x"] is names["y"]


def test_each_value_that_is_refused_is_named_and_the_others_are_saved(context):
    refuse_pickle(context)
    with pytest.raises(MarshalError) as caught:
        save_outputs({"x": (1,), "y": 1}, ["x", "y"])
    assert str(caught.value) == nothing_for("builtins.tuple")
    load_inputs(names := {}, ["y"])
    assert names == {"y": 1}


# --------------------------------------------------------------------------- others' functions


@pytest.fixture
def registered():
    """What a test registers is forgotten after it."""
    kept = [(d, list(d.entries)) for d in (resource_save, resource_load)]
    yield
    for dispatcher, entries in kept:
        dispatcher.entries[:] = entries


@pytest.mark.usefixtures("registered")
def test_functions_that_promise_nothing_are_not_called(tmp_path):
    called = []

    @resource_save.register(rf"{re.escape(__name__)}\.Model")
    def save_model(obj, path, **_):
        called.append("save")
        Path(f"{path}.model").write_bytes(pickle.dumps(obj))

    @resource_load.register(r".*\.model")
    def load_model(uri, **_):
        called.append("load")
        return pickle.loads(Path(uri).read_bytes())

    with pytest.raises(MarshalError, match="nothing is registered to save"):
        resource_save(Model(), tmp_path / "value", no_pickle=True)
    uri = resource_save(Model(), tmp_path / "value")
    with pytest.raises(MarshalError, match="nothing is registered to load"):
        resource_load(uri, no_pickle=True)
    assert called == ["save"]
    assert isinstance(resource_load(uri), Model)


@pytest.mark.usefixtures("registered")
def test_functions_that_promise_to_be_safe_are_called(tmp_path):
    @resource_save.register(rf"{re.escape(__name__)}\.Model", safe=True)
    def save_model(obj, path, **_):
        Path(f"{path}.model").write_text("")

    @resource_load.register(r".*\.model", safe=True)
    def load_model(uri, **_):
        return Model()

    uri = resource_save(Model(), tmp_path / "value", no_pickle=True)
    assert isinstance(resource_load(uri, no_pickle=True), Model)


@pytest.mark.usefixtures("registered")
def test_an_unsafe_function_for_arrays_leaves_them_to_the_safe_one(tmp_path):
    @resource_load.register(r".*\.npy")
    def load_unsafely(uri, **_):
        return np.load(uri, allow_pickle=True)

    path = tmp_path / "a.npy"
    path.write_bytes(object_array(pickle.dumps(Bomb(tmp_path))))
    with pytest.raises(ValueError, match="allow_pickle"):
        resource_load(path, no_pickle=True)
    assert not (tmp_path / FIRED).exists()
