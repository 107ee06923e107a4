"""Damaged, forged and foreign files are refused by name; a save that fails leaves the old value."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from kale.marshal import MarshalError, load_inputs, save_outputs

#: A small value for each backend: the module it needs, and how it is made, as ``x``.
SMALL = {
    "an array": ("numpy", "x = np.arange(3.0)", ".npy"),
    "a read-only array": (
        "numpy",
        "x = np.arange(3.0); x.flags.writeable = False",
        ".readonly.npy",
    ),
    "a NumPy scalar": ("numpy", "x = np.float32(1)", ".scalar.npy"),
    "a masked array": ("numpy", "x = np.ma.array([1.0, 2], mask=[0, 1])", ".ma.json"),
    "a dict as JSON": ("json", "x = {'a': [1, None]}", ".json"),
    "a text": ("json", "x = 'naïve'", ".txt"),
    "bytes": ("json", "x = b'abc'", ".bin"),
    "a pickle": ("json", "x = (1, {2})", ".pkl"),
    "a pickle with an array": ("numpy", "x = [np.arange(3.0)]", ".pkl"),
    "a pickle by dill": ("dill", "x = (1, {2}); how = {'pickler': 'dill'}", ".dill"),
    "a frame": (
        "pyarrow",
        "import pandas as pd; x = pd.DataFrame({'a': [1, 2], 's': ['b', None]})",
        "",
    ),
    "a series": ("pyarrow", "import pandas as pd; x = pd.Series([1.5, 2], name='s')", ""),
    "an index": ("pyarrow", "import pandas as pd; x = pd.Index(['a', 'b'], name='i')", ""),
    "a Polars frame": ("polars", "import polars as pl; x = pl.DataFrame({'a': [1, 2]})", ""),
    "an Arrow table": ("pyarrow", "import pyarrow as pa; x = pa.table({'a': [1, 2]})", ""),
    "a sparse matrix": ("scipy", "import scipy.sparse; x = scipy.sparse.csr_matrix(np.eye(2))", ""),
    "a tensor": ("torch", "import torch; x = torch.arange(3.0)", ".pt"),
    "a model by joblib": (
        "sklearn",
        "from sklearn.linear_model import LinearRegression as L; x = L(); how = {'pickler': 'joblib'}",
        ".joblib",
    ),
    "a model by skops": (
        "skops",
        "from sklearn.linear_model import LinearRegression as L; x = L(); how = {'no_pickle': True}",
        ".skops",
    ),
    "an image": ("PIL", "import PIL.Image; x = PIL.Image.new('RGB', (2, 2))", ""),
    "a booster of XGBoost": (
        "xgboost",
        "import xgboost; x = xgboost.train({'max_depth': 1}, xgboost.DMatrix(np.eye(2), [0, 1]), 1)",
        "",
    ),
    "a Keras model": (
        "keras",
        "import keras; x = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])",
        "",
    ),
}

#: No more than so many places of a file are damaged.
MOST = 400


def damaged(whole: bytes) -> dict[str, bytes]:
    """A file cut and changed at every byte, or at places all over a longer one."""
    places = range(0, len(whole), max(len(whole) // MOST, 1))
    found = {f"cut to {i}": whole[:i] for i in places}
    found |= {f"byte {i}": whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in places}
    found |= {
        f"bits of {i}": whole[:i] + bytes([whole[i] ^ 255]) + whole[i + 1 :] for i in places[::9]
    }
    return found | {"a byte more": whole + b"\0", "another file": b"[]", "no byte": b""}


@pytest.mark.parametrize("what", SMALL)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_every_cut_and_every_changed_byte_is_refused(context, monkeypatch, what):
    module, code, ending = SMALL[what]
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    pytest.importorskip(module, reason=f"{what} is made with {module}")
    exec(code, names := {"np": np})
    set_how(context, names.get("how", {}))
    save_outputs({"x": names["x"]}, ["x"])
    kinds = {path.name for path in (context / "x").iterdir()}
    assert any(kind.endswith(ending) for kind in kinds)
    for path in sorted((context / "x").iterdir()):
        whole, accepted = path.read_bytes(), []
        for how, content in damaged(whole).items():
            if content == whole:
                continue
            path.unlink()
            path.write_bytes(content)
            try:
                load_inputs(loaded := {}, ["x"])
            except MarshalError as error:
                said = str(error)
                assert said.startswith("`x`")
                assert f"{path} " in said
                assert loaded == {}
            else:
                accepted.append((how, content))
        # A blank of the manifest's layout is no part of what it says.
        assert path.name == "manifest.json" or not accepted
        assert all(json.loads(content) == json.loads(whole) for _, content in accepted)
        path.unlink()
        path.write_bytes(whole)
    load_inputs({}, ["x"])


def set_how(folder: Path, how: dict[str, object]) -> None:
    """Ask the backends for something, as options of ``kale run`` do."""
    path = folder / "context.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "marshal": how}))


DAMAGED = "`x`{} cannot be loaded: {x}/{} {}; run the step that makes it again"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        pytest.param(shutil.rmtree, ("", "manifest.json", "is missing"), id="all is gone"),
        pytest.param(
            lambda x: (x / "value.pkl").unlink(), ("value.pkl", "is missing"), id="a file is gone"
        ),
        pytest.param(
            lambda x: (x / "evil.pkl").touch(),
            ("evil.pkl", "does not belong to it"),
            id="a file too many",
        ),
        pytest.param(
            lambda x: (x / "evil").mkdir(),
            ("evil", "does not belong to it"),
            id="a folder too many",
        ),
        pytest.param(
            lambda x: (x / "value.pkl").write_bytes(b"cos\n"),
            ("value.pkl", "has 4 bytes, not 15"),
            id="another file of another size",
        ),
        pytest.param(
            lambda x: (x / "value.pkl").write_bytes(b"cos\nsystem\n...."),
            ("value.pkl", "has changed since it was saved"),
            id="another file of the same size",
        ),
        pytest.param(
            lambda x: (x / "manifest.json").write_text("[]"),
            ("", "manifest.json", "is not what this version of Kale saved"),
            id="another manifest",
        ),
        pytest.param(
            lambda x: (x / "manifest.json").write_text("[" * 100_000),
            ("", "manifest.json", "is not what this version of Kale saved"),
            id="a manifest too deep",
        ),
        pytest.param(
            lambda x: ((x / "manifest.json").unlink(), (x / "manifest.json").mkdir()),
            ("", "manifest.json", "is not what this version of Kale saved"),
            id="a folder in the manifest's place",
        ),
    ],
)
def test_damage_is_named_with_its_file(context, damage, message):
    save_outputs({"x": (1,)}, ["x"])
    damage(x := context / "x")
    *step, name, found = message
    who = "" if step else " from step `train`"
    with pytest.raises(MarshalError, match=f"^{re.escape(DAMAGED.format(who, name, found, x=x))}$"):
        load_inputs({}, ["x"])


class Fussy:
    def __reduce__(self):
        return int, ("no number",)


def test_a_value_that_cannot_be_made_again_tells_what_it_was_saved_under(context):
    save_outputs({"x": Fussy()}, ["x"])
    with pytest.raises(MarshalError) as caught:
        load_inputs({}, ["x"])
    assert str(caught.value) == (
        f"`x` ({__name__}.Fussy) from step `train` cannot be loaded: ValueError: invalid literal "
        "for int() with base 10: 'no number'; it was saved under Python "
        f"{sys.version.split()[0]}, as here"
    )


# --------------------------------------------------------------------------- forged manifests


def forge(folder: Path, **changes: object) -> None:
    """Change a manifest and seal it anew, as whoever wants to mislead would."""
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    data = {k: v for k, v in {**data, **changes}.items() if k != "sha256" and v != "left out"}
    seal = hashlib.sha256(json.dumps(data).encode()).hexdigest()
    path.unlink()
    path.write_text(json.dumps({**data, "sha256": seal}))


def entry(path: Path) -> list[object]:
    return [path.stat().st_size, f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(lambda x, o: {"files": {"../y/value.pkl": entry(o)}}, id="a way up"),
        pytest.param(
            lambda x, o: {"files": {"../y/value.pkl": entry(o)}, "main": "../y/value.pkl"},
            id="a way up to the file to load",
        ),
        pytest.param(
            lambda x, o: {"files": {str(o): entry(o)}, "main": str(o)}, id="an absolute path"
        ),
        pytest.param(lambda x, o: {"main": "../y/value.pkl"}, id="the file to load is elsewhere"),
        pytest.param(lambda x, o: {"main": str(o)}, id="the file to load is absolute"),
        pytest.param(lambda x, o: {"main": "manifest.json"}, id="the file to load is the manifest"),
        pytest.param(lambda x, o: {"main": ""}, id="no file to load"),
        pytest.param(lambda x, o: {"main": None}, id="nothing as the file to load"),
        pytest.param(lambda x, o: {"files": {}}, id="no files"),
        pytest.param(lambda x, o: {"files": {}, "main": ""}, id="neither"),
        pytest.param(lambda x, o: {"files": []}, id="files are a list"),
        pytest.param(lambda x, o: {"files": {"value.pkl": 3}}, id="a file is a number"),
        pytest.param(lambda x, o: {"files": {"value.pkl": []}}, id="a file is empty"),
        pytest.param(lambda x, o: {"files": {"value.pkl": [10**40, "sha256:0"]}}, id="a huge size"),
        pytest.param(
            lambda x, o: {"files": {"value.pkl": [1e999, "sha256:0"]}}, id="an infinite size"
        ),
        pytest.param(
            lambda x, o: {"files": {"value.pkl": [entry(x / "value.pkl")[0], "md5:0"]}},
            id="an unknown algorithm",
        ),
        pytest.param(
            lambda x, o: {"files": {"value.pkl": [entry(x / "value.pkl")[0], ""]}},
            id="no algorithm",
        ),
        pytest.param(
            lambda x, o: {"files": {"value.pkl": [entry(x / "value.pkl")[0], None]}}, id="no digest"
        ),
        pytest.param(lambda x, o: {"files": {".": [0, "sha256:"]}}, id="the folder as a file"),
        pytest.param(
            lambda x, o: {"files": {"..": [0, "sha256:"]}}, id="the folder above as a file"
        ),
        pytest.param(lambda x, o: {"files": {"a\0b": [0, "sha256:"]}}, id="a zero in a name"),
        pytest.param(lambda x, o: {"name": "left out"}, id="a field too few"),
        pytest.param(lambda x, o: {"more": 1}, id="a field too many"),
        pytest.param(
            lambda x, o: {"member": "z", "shared": ["x", "y"]}, id="a member that is not there"
        ),
    ],
)
def test_a_forged_manifest_is_refused(context, changes):
    save_outputs({"x": (1,), "y": (2,)}, ["x", "y"])
    forge(context / "x", **changes(context / "x", context / "y" / "value.pkl"))
    with pytest.raises(MarshalError, match=r"^`x`"):
        load_inputs({}, ["x"])


def test_a_manifest_with_a_key_twice_is_refused(context):
    save_outputs({"x": (1,)}, ["x"])
    path = context / "x" / "manifest.json"
    text = path.read_text().replace("{", '{"main": "../evil.pkl", ', 1)
    path.unlink()
    path.write_text(text)
    with pytest.raises(MarshalError, match="is not what this version of Kale saved"):
        load_inputs({}, ["x"])


def test_a_folder_in_the_place_of_a_file_is_refused(context):
    save_outputs({"x": (1,)}, ["x"])
    (context / "x" / "value.pkl").unlink()
    (context / "x" / "value.pkl").mkdir()
    with pytest.raises(MarshalError, match=r"^`x` .*/value\.pkl "):
        load_inputs({}, ["x"])


def test_a_link_in_the_place_of_a_file_is_checked_like_one(context):
    save_outputs({"x": (1,), "y": (2,)}, ["x", "y"])
    (context / "x" / "value.pkl").unlink()
    (context / "x" / "value.pkl").symlink_to(context / "y" / "value.pkl")
    with pytest.raises(MarshalError, match="has changed since it was saved"):
        load_inputs({}, ["x"])


def test_a_value_whose_folder_is_a_link_is_replaced_or_loaded_as_it_stands(context):
    save_outputs({"x": (1,), "y": (2,)}, ["x", "y"])
    (context / "x").rename(context / "elsewhere")
    (context / "x").symlink_to(context / "elsewhere")
    load_inputs(names := {}, ["x"])
    assert names == {"x": (1,)}
    save_outputs({"x": (3,)}, ["x"])
    load_inputs(names, ["x"])
    assert names == {"x": (3,)}


@pytest.mark.parametrize("other", ["file", "folder"])
def test_what_else_lies_in_a_values_place_is_replaced_or_named(context, other):
    (context / "x").mkdir() if other == "folder" else (context / "x").write_text("mine")
    try:
        save_outputs({"x": (1,)}, ["x"])
    except MarshalError as error:
        assert str(error).startswith("`x` cannot be saved: ")  # noqa: PT017 -- or it is replaced
    else:
        load_inputs(names := {}, ["x"])
        assert names == {"x": (1,)}
