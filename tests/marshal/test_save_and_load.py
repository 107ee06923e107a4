"""What is refused on saving and on loading, in words; metrics; digests."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kale.marshal import MarshalError, load_inputs, record_metrics, save_outputs
from kale.marshal.digest import digest


class Model:
    def __init__(self, part: object) -> None:
        self.callbacks = [None, part]


class Slotted:
    __slots__ = "inner"

    def __init__(self, inner: object) -> None:
        self.inner = inner


LOCK = threading.Lock()
CANNOT = "cannot pickle '_thread.lock' object"
REMEDY = "make it in the step that uses it, or leave it out in its owner's `__getstate__`"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        pytest.param(LOCK, f"`x` (_thread.lock) cannot be saved: {CANNOT}; {REMEDY}", id="a lock"),
        pytest.param(
            (n for n in ()),
            "`x` (builtins.generator) cannot be saved: cannot pickle 'generator' object; "
            "save a list of its items",
            id="a generator",
        ),
        pytest.param(
            memoryview(b""),
            "`x` (builtins.memoryview) cannot be saved: cannot pickle builtins.memoryview; "
            "save `bytes` of it",
            id="what cloudpickle would save as bytes",
        ),
        pytest.param(
            {"a": [1, {"b": LOCK}]},
            f"`x` (builtins.dict) cannot be saved: `x['a'][1]['b']` is a _thread.lock: {CANNOT}; {REMEDY}",
            id="in containers",
        ),
        pytest.param(
            np.array([[None], [LOCK]], dtype=object),
            f"`x` (numpy.ndarray) cannot be saved: `x[1][0]` is a _thread.lock: {CANNOT}; {REMEDY}",
            id="in an array",
        ),
        pytest.param(
            pd.DataFrame({"c": [1, LOCK]}, dtype=object),
            f"`x` (pandas.DataFrame) cannot be saved: `x['c'][1]` is a _thread.lock: {CANNOT}; {REMEDY}",
            id="in a frame",
        ),
        pytest.param(
            Slotted(Slotted(LOCK)),
            f"`x` ({__name__}.Slotted) cannot be saved: `x.inner.inner` is a _thread.lock: {CANNOT}; {REMEDY}",
            id="in slots",
        ),
        pytest.param(
            Model([LOCK]).callbacks.append,
            "`x` (builtins.builtin_function_or_method) cannot be saved: `x.__self__[1][0]` is a "
            f"_thread.lock: {CANNOT}; {REMEDY}",
            id="behind a method",
        ),
    ],
)
def test_what_cannot_be_saved_is_named_with_the_way_to_it(context, value, message):
    with pytest.raises(MarshalError, match=f"^{re.escape(message)}$"):
        save_outputs({"x": value}, ["x"])
    assert sorted(p.name for p in context.iterdir()) == ["context.json"]


def test_all_that_cannot_be_saved_is_named_and_the_rest_is_saved(context):
    with pytest.raises(MarshalError) as caught:
        save_outputs({"x": Model(LOCK), "y": 1}, ["x", "y"])
    assert "`x.callbacks[1]` is a _thread.lock" in str(caught.value)
    assert (context / "y" / "manifest.json").exists()
    with pytest.raises(MarshalError) as caught:
        save_outputs({"x": LOCK, "y": LOCK}, ["x", "y"])
    assert [line.split()[0] for line in str(caught.value).splitlines()] == ["`x`", "`y`"]


def test_an_open_file_is_not_saved_as_its_content(context, tmp_path):
    with (tmp_path / "context.json").open() as stream, pytest.raises(MarshalError) as caught:
        save_outputs({"x": [stream]}, ["x"])
    assert str(caught.value) == (
        "`x` (builtins.list) cannot be saved: `x[0]` is a _io.TextIOWrapper: cannot pickle "
        "_io.TextIOWrapper; save its path, and open it in the step that needs it"
    )


def test_a_save_that_fails_leaves_the_old_value(context):
    save_outputs({"x": 1}, ["x"])
    with pytest.raises(MarshalError):
        save_outputs({"x": LOCK}, ["x"])
    load_inputs(names := {}, ["x"])
    assert names == {"x": 1}
    save_outputs({"x": 2}, ["x"])
    load_inputs(names, ["x"])
    assert names == {"x": 2}


def test_a_folder_that_cannot_be_written_is_named(context):
    (context / "x").write_text("a file")
    with pytest.raises(MarshalError, match=r"^`x` cannot be saved: \[Errno 20\] Not a directory"):
        save_outputs({"x": 1}, ["x"])


def test_a_disk_that_is_full_is_named(context, monkeypatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MarshalError, match=r"^`x` cannot be saved: \[Errno 28\] No space left on"):
        save_outputs({"x": 1}, ["x"])
    assert sorted(p.name for p in context.iterdir()) == ["context.json"]


def test_where_files_cannot_be_linked_they_are_copied(context, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    shared = [1]
    save_outputs({"x": shared, "y": shared}, ["x", "y"])
    load_inputs(names := {}, ["x", "y"])
    assert names["x"] is names["y"]


JSON_LIKE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(x=JSON_LIKE, y=JSON_LIKE)
def test_any_nested_builtins_come_back_equal_and_of_their_types(context, x, y):
    save_outputs({"x": x, "y": [x, y]}, ["x", "y"])
    load_inputs(names := {}, ["x", "y"])
    assert repr(names) == repr({"x": x, "y": [x, y]})
    assert (names["y"][0] is names["x"]) >= isinstance(x, list | dict)


class Shy:
    @property
    def shape(self):
        raise ValueError

    def __eq__(self, other):
        return type(other) is Shy

    __hash__ = None


def test_a_value_need_not_tell_its_shape(context):
    save_outputs({"x": Shy()}, ["x"])
    load_inputs(names := {}, ["x"])
    assert names == {"x": Shy()}


# --------------------------------------------------------------------------- metrics


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(True, True, id="a boolean"),
        pytest.param(3, 3, id="an int"),
        pytest.param(0.5, 0.5, id="a float"),
        pytest.param("good", "good", id="a text"),
        pytest.param(np.float32(0.5), 0.5, id="a NumPy scalar"),
        pytest.param(np.bool_(True), True, id="a NumPy boolean"),
        pytest.param(np.array(2), 2, id="an array of no dimension"),
        pytest.param(math.nan, "NaN", id="not a number"),
        pytest.param(np.float64("inf"), "Infinity", id="infinity"),
        pytest.param(-math.inf, "-Infinity", id="minus infinity"),
        pytest.param([1, None], "[1, None]", id="a list"),
        pytest.param("a" * 300, "a" * 300, id="a long text"),
        pytest.param(["a" * 300], ("['" + "a" * 300)[:200], id="a long list"),
    ],
)
def test_a_metric_is_what_json_can_hold(context, value, expected):
    record_metrics({"m": value}, ["m"])
    recorded = json.loads((context / "results" / "metrics.json").read_text())["m"]
    assert (type(recorded), recorded) == (type(expected), expected)


def test_a_metric_without_a_value_is_named(context):
    with pytest.raises(MarshalError) as caught:
        record_metrics({"a": 1}, ["a", "b", "c"])
    assert str(caught.value) == "`b`, `c` cannot be reported: no value; assign it in a step"


# --------------------------------------------------------------------------- the package


def test_digests_tell_content_and_type(context):
    assert digest(np.arange(3)) == digest(np.arange(3)) != digest(np.arange(3.0))
    assert digest(1) != digest(True)
    assert digest(LOCK) is None


def test_the_runtime_needs_only_the_standard_library_to_import(tmp_path):
    import kale.marshal

    shutil.copytree(Path(kale.marshal.__file__).parent, tmp_path / "kale_runtime")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import kale_runtime;"
        "print(sorted({m.split('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)))"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (
        done.stdout.strip() == "['kale_runtime']"
        or done.stdout.strip() == "['__main__', 'kale_runtime']"
    )


def test_without_cloudpickle_plain_values_still_travel(context):
    code = (
        "import sys; sys.modules['cloudpickle'] = None\n"
        "import kale.marshal as m, numpy as np\n"
        "m.save_outputs({'x': [1, np.arange(3)]}, ['x']); n = {}; m.load_inputs(n, ['x']); print(n)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=True)
    assert done.stdout.strip() == "{'x': [1, array([0, 1, 2])]}"
