"""Values come back in another process as they were: equal, of the same type, open to change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kale.marshal import MarshalError, resource_load, resource_save
from tests.marshal.cells import NOTEBOOK
from tests.marshal.exact import change, difference
from tests.marshal.objects import BUILTIN, LIBRARY, OWN, REFUSED
from tests.marshal.objects_of_libraries import LARGE, NUMPY, PANDAS

VALUES = {**BUILTIN, **LIBRARY, **OWN, **NUMPY, **PANDAS, **LARGE}

#: Rows that fail, and why.
KNOWN: dict[str, str] = {
    "a type variable": "cloudpickle makes a new one",
    "an array of long longs": "NumPy's formats call the dtype `q` by the name of its twin `l`",
}

#: Rows whose content digest is another one after the trip, and why.
KNOWN_CHANGED: dict[str, str] = {}

SAVE = """
import sys
from kale.marshal import MarshalError, save_outputs
values, failed = json.load(open(sys.argv[1])), {}
for name, expression in values.items():
    globals()[name] = eval(expression.partition(" ||| ")[0])
try:
    save_outputs(globals(), list(values))
except MarshalError as error:
    failed = {line.split("`")[1]: line for line in str(error).splitlines()}
json.dump(failed, open(sys.argv[2], "w"))
"""

LOAD = """
import sys, traceback
from kale.marshal import load_inputs
from kale.marshal.digest import digest
from tests.marshal.exact import change, difference
values, results = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
ports = json.load(open(os.environ["KALE_STEP_CONTEXT"]))["inputs"]

def check(made, look):
    load_inputs(names := {}, ["x"])
    saved = json.load(open(ports["x"][0] + "/manifest.json"))
    before, after, digests = eval(made), names["x"], (saved["digest"], digest(names["x"]))
    if type(before) is not type(after):
        return f"{type(before)} became {type(after)}", digests
    seen = [eval(look, {**globals(), "v": v}) if look else v for v in (before, after)]
    found = difference(*seen)
    change(after)
    return found, digests

for name, expression in values.items():
    made, _, look = expression.partition(" ||| ")
    ports["x"] = ports.pop(name)
    here = {"step": "use", "inputs": {"x": ports["x"]}, "outputs": {}}
    json.dump(here, open(os.environ["KALE_STEP_CONTEXT"], "w"))
    try:
        results[name] = (results[name], ()) if name in results else check(made, look)
    except Exception as error:
        results[name] = "".join(traceback.format_exception(error)[-3:]), ()
json.dump(results, open(sys.argv[2], "w"))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("round_trip")


@pytest.fixture(scope="module")
def results(folder: Path) -> dict[str, tuple[str, list[str | None]]]:
    """What is wrong with each value after the trip, by its name, and its two digests."""
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
        # As `-c`, so that the notebook's classes are of `__main__`.
        command = [sys.executable, "-W", "error::RuntimeWarning", "-c", NOTEBOOK + script]
        subprocess.run(
            [*command, str(expressions), str(folder / "results.json")],
            env={**os.environ, "KALE_STEP_CONTEXT": str(context)},
            cwd=Path(__file__).parents[2],
            check=True,
        )
    found = json.loads((folder / "results.json").read_text())
    return {what: found[name] for what, name in zip(VALUES, names, strict=True)}


def rows(known: dict[str, str]) -> list[object]:
    """The table, with a mark at each row that is known to fail."""
    return [
        pytest.param(what, marks=pytest.mark.xfail(reason=known[what]) if what in known else ())
        for what in VALUES
    ]


@pytest.mark.parametrize("what", rows(KNOWN))
def test_a_value_comes_back_as_it_was(results, what):
    assert results[what][0] == ""


@pytest.mark.parametrize("what", rows(KNOWN_CHANGED))
def test_a_value_that_came_back_has_not_changed(results, what):
    digests = results[what][1]
    assert len(digests) == 2, "it did not come back"
    assert digests[0] == digests[1]


def test_values_that_share_nothing_are_stored_apart(folder, results):
    manifests = [
        (what, folder / "values" / f"v{i}" / "manifest.json") for i, what in enumerate(VALUES)
    ]
    together = {
        what: member
        for what, path in manifests
        if path.exists() and (member := json.loads(path.read_text())["member"])
    }
    assert together == {}


REFUSE = """
import sys
from kale.marshal import MarshalError, load_inputs, save_outputs
said = {}
for what, (made, _) in json.load(open(sys.argv[1])).items():
    try:
        save_outputs({"x": eval(made)}, ["x"])
        load_inputs({}, ["x"])
    except MarshalError as error:
        said[what] = str(error)
json.dump(said, open(sys.argv[2], "w"))
"""


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What is said of each value that cannot make the trip."""
    folder = tmp_path_factory.mktemp("refused")
    context, place = folder / "context.json", str(folder / "x")
    context.write_text(
        json.dumps({"step": "make", "inputs": {"x": [place]}, "outputs": {"x": place}})
    )
    (folder / "values.json").write_text(json.dumps(REFUSED))
    command = [sys.executable, "-c", NOTEBOOK + REFUSE]
    subprocess.run(
        [*command, str(folder / "values.json"), str(folder / "said.json")],
        env={**os.environ, "KALE_STEP_CONTEXT": str(context)},
        check=True,
    )
    return json.loads((folder / "said.json").read_text())


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_come_back_is_refused(refusals, what):
    said = refusals.get(what, "it came back")
    assert said.startswith("`x` (")
    assert REFUSED[what][1] in said


@pytest.mark.parametrize(
    ("make", "use", "expected"),
    [
        pytest.param(
            "a = np.arange(6); b = a[::2]; c = a.reshape(2, 3).T",
            "a[2] = 9; r = [b.tolist(), c.tolist()]",
            [[0, 9, 4], [[0, 3], [1, 4], [9, 5]]],
            id="views of one array",
        ),
        pytest.param(
            "a = np.arange(200_000.0); b = a[::2]; c = a.reshape(400, 500).T",
            "b[1] = -9; r = [a[2], c[2, 0], np.shares_memory(a, c)]",
            [-9, -9, True],
            id="views of one large array",
        ),
        pytest.param(
            "a = np.arange(200_000.0)[10:]; b = a.base[:20]; c = 0",
            "a[0] = -9; r = b[10]",
            -9,
            id="views that overlap, without their array",
        ),
        pytest.param(
            "a = np.zeros(200_000); b = a[:]; b.flags.writeable = False; c = 0",
            "a[0] = 5; r = [b[0], b.flags.writeable]",
            [5, False],
            id="a read-only view of an array that changes",
        ),
        pytest.param(
            "a = np.zeros(200_000); b = {'part': a[:10]}; c = [a]",
            "c[0][1] = 5; r = [a[1], b['part'][1]]",
            [5, 5],
            id="views inside containers",
        ),
        pytest.param(
            "a = np.zeros(4, dtype='i4'); b = a.view('i2'); c = a.view('u1')[::3]",
            "a[0] = 0x01020304; r = [b.tolist()[:2], c.tolist()[:2]]",
            [[0x0304, 0x0102], [4, 1]],
            id="views of other types",
        ),
        pytest.param(
            "a = np.random.default_rng(1); b = a.bit_generator; c = [a]",
            "a.random(); r = c[0] is a and a.bit_generator is b",
            True,
            id="a generator and its stream",
        ),
        pytest.param(
            "a = bytearray(2_000_000); b = [a]; c = {'a': a}",
            "a[0] = 7; r = [b[0][0], c['a'] is a]",
            [7, True],
            id="a large bytearray",
        ),
    ],
)
def test_variables_that_share_memory_still_do(steps, make, use, expected):
    head = "import numpy as np"
    steps.run("make", make, saves=["a", "b", "c"], head=head)
    code = f"import json; {use}; print(json.dumps(r))"
    assert steps.run("use", code, loads=["a", "b", "c"], head=head) == expected


# --------------------------------------------------------------------------- any nested builtins

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.floats()
    | st.complex_numbers()
    | st.binary()
    | st.text(st.characters(exclude_categories=()))
    | st.sampled_from(["\ud83d\ude00", "\udcff", "a\r\n\0", "NaN", -0.0, 1 << 64, ...])
)
KEYS = SCALARS | st.tuples(SCALARS, SCALARS) | st.frozensets(SCALARS, max_size=3)
NESTED = st.recursive(
    SCALARS
    | st.sets(KEYS, max_size=3)
    | st.frozensets(KEYS, max_size=3)
    | st.binary().map(bytearray),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.lists(inner, min_size=1, max_size=2).map(
            lambda parts: [parts, *parts, {"again": parts}]
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=NESTED)
def test_any_nested_builtins_come_back_with_their_types_and_sharing(tmp_path, value):
    found = resource_load(resource_save(value, tmp_path / "value"))
    assert difference(value, found) == ""
    change(found)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=NESTED)
def test_without_pickle_builtins_come_back_the_same_or_are_refused(tmp_path, value):
    try:
        uri = resource_save(value, tmp_path / "value", no_pickle=True)
    except MarshalError:
        return
    assert difference(value, resource_load(uri, no_pickle=True)) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(1, True, id="another type"),
        pytest.param(0.0, -0.0, id="another sign"),
        pytest.param([[1], [1]], [[1]] * 2, id="sharing"),
        pytest.param([[1]] * 2, [[1], [1]], id="no sharing"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, id="another order"),
        pytest.param({1}, {1.0}, id="another type in a set"),
        pytest.param(np.zeros(2), np.zeros(2, ">f8"), id="another byte order"),
        pytest.param(np.zeros((2, 2)), np.zeros((2, 2), order="F"), id="another layout"),
        pytest.param(np.float64(1), 1.0, id="no NumPy scalar"),
    ],
)
def test_the_comparison_sees_a_difference(one, other):
    assert difference(one, other) != ""
