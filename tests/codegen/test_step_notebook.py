"""The notebook of a step: its cells in order, its metadata, its bytes."""

from __future__ import annotations

import json
import warnings

import nbformat
import pytest
from codegen.builders import parameter, plan, source

from kale.ir import METRICS_STEP, Pickling


def document(made, name="train"):
    return json.loads(made.task(name).notebook)


def cells(made, name="train"):
    """(role, code) of each cell."""
    found = document(made, name)["cells"]
    return [(cell["metadata"]["kale"]["role"], "".join(cell["source"])) for cell in found]


LOAD = '__import__("kale_runtime").load_inputs(globals(), '
SAVE = '__import__("kale_runtime").save_outputs(globals(), '
RECORD = '__import__("kale_runtime").record_metrics(globals(), '


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(plan(("train", "x = 1")), [("step", "x = 1")], id="a step on its own"),
        pytest.param(
            plan(("train", ""), parameters=[parameter("a", 1)]),
            [("step", "")],
            id="an empty cell stays, a parameter it does not read is not given",
        ),
        pytest.param(
            plan("train", unchanged={"train": {"x": "other"}}),
            [
                ("load", LOAD + '[], unchanged={"x": "other"})'),
                ("step", "pass"),
                ("save", SAVE + "[])"),
            ],
            id="a guard of a value that a shared cell makes",
        ),
        pytest.param(
            plan(
                "train",
                parameters=[parameter("b", "x\n"), parameter("a", [1.0])],
                reads={"train": ["a", "b"]},
            ),
            [("parameters", 'b = "x\\n"\na = [1.0]'), ("step", "pass")],
            id="parameters as literals in the pipeline's order",
        ),
        pytest.param(
            plan(
                "train", parameters=[parameter("a", float("inf"), "float")], reads={"train": ["a"]}
            ),
            [("parameters", 'a = float("inf")'), ("step", "pass")],
            id="a parameter without a literal of its own",
        ),
        pytest.param(
            plan("train", imports=["import math", "%matplotlib inline"], functions=["f = 1"]),
            [
                ("imports", "import math"),
                ("imports", "%matplotlib inline"),
                ("functions", "f = 1"),
                ("step", "pass"),
            ],
            id="imports and functions as written",
        ),
        pytest.param(
            plan(
                "load",
                "train",
                wires=[("y", "load", "train"), ("x", "load", "train")],
                carried={"train": [source("def f(): pass", 4)]},
            ),
            [("definition", "def f(): pass"), ("load", LOAD + '["x", "y"])'), ("step", "pass")],
            id="definitions before values, values sorted",
        ),
        pytest.param(
            plan(
                "load",
                "train",
                wires=[("x", "load", "train")],
                unchanged={"train": {"x": "train-b"}},
            ),
            [
                ("load", LOAD + '["x"], unchanged={"x": "train-b"})'),
                ("step", "pass"),
                ("save", SAVE + "[])"),
            ],
            id="a guard alone makes a save cell",
        ),
        pytest.param(
            plan("train", "use", wires=[("y", "train", "use"), ("x", "train", "use")]),
            [("step", "pass"), ("save", SAVE + '["x", "y"])')],
            id="outputs",
        ),
        pytest.param(
            plan(
                "train",
                "use",
                wires=[("x", "train", "use")],
                metrics=("train", ["x", "y"]),
                metrics_code="print(x, y)",
            ),
            [
                ("step", "pass"),
                ("save", SAVE + '["x"])'),
                ("metrics", "print(x, y)"),
                ("record", RECORD + '["x", "y"])'),
            ],
            id="metrics come last",
        ),
        pytest.param(
            plan("train", metrics=("train", []), metrics_code="print('done')"),
            [("step", "pass"), ("metrics", "print('done')")],
            id="metrics cells that report nothing",
        ),
    ],
)
def test_cells(made, expected):
    assert cells(made) == expected


def test_the_metrics_step_has_the_metrics_cells_alone():
    made = plan(
        "train",
        (METRICS_STEP, "print(x)"),
        wires=[("x", "train", METRICS_STEP)],
        metrics=(METRICS_STEP, ["x"]),
        metrics_code="print(x)",
    )
    assert cells(made, METRICS_STEP) == [
        ("load", LOAD + '["x"])'),
        ("metrics", "print(x)"),
        ("record", RECORD + '["x"])'),
    ]


def test_the_metadata_maps_variables_to_ports():
    made = plan(
        "a",
        "b",
        "train",
        "use",
        kernel="my-kernel",
        wires=[("x", "a;b", "train"), ("größe", "a", "train"), ("y", "train", "use")],
        parameters=[parameter("_rate", 0.5), parameter("many", 2**70), parameter("no", {1: 2})],
        reads={"train": ["_rate", "many", "no"]},
        metrics=("train", ["x"]),
    )
    assert document(made)["metadata"] == {
        "kale": {
            "inputs": {"größe": ["in_groe_5bd3a989"], "x": ["in_x", "in_x_2"]},
            "metrics": ["x"],
            "outputs": {"y": "out_y"},
            "parameters": {
                "_rate": {"default": 0.5, "key": "p__rate", "type": "float"},
                "many": {"default": 2**70, "type": "int"},
                "no": {"default": None, "type": "dict"},
            },
            "step": "train",
        },
        "kernelspec": {"display_name": "my-kernel", "language": "python", "name": "my-kernel"},
        "language_info": {"name": "python"},
    }


def test_a_cell_says_where_it_comes_from():
    made = plan(
        "train",
        carried={"train": [source("a\nb\n", 4, line=7, cell_id="c-4")]},
        parameters=[parameter("a", 1)],
        reads={"train": ["a"]},
    )
    first, second, third = document(made)["cells"]
    assert first["metadata"] == {"kale": {"role": "parameters"}, "tags": ["parameters"]}
    assert second == {
        "cell_type": "code",
        "execution_count": None,
        "id": "2-definition",
        "metadata": {"kale": {"role": "definition", "cell": 4, "line": 7, "cell_id": "c-4"}},
        "outputs": [],
        "source": ["a\n", "b\n"],
    }
    assert third["metadata"] == {"kale": {"role": "step", "cell": 10, "line": 1}}


@pytest.mark.parametrize(
    "code",
    ["", "x = 1", "x\n\ny\n", "'a\u2028b\x0c'", "größe = '\U0001f600'", "x\r\ny", "'\ud800'"],
)
def test_code_comes_back_from_a_valid_notebook(code):
    raw = plan(("train", code)).task("train").notebook
    text = raw.decode("utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    assert notebook.cells[0].source == code
    assert text.endswith("}\n")
    assert json.loads(text) == json.loads(raw)


def test_the_bytes_are_sorted_and_readable():
    raw = plan(("train", "größe = 1")).task("train").notebook
    assert "größe".encode() in raw
    assert raw.startswith(b'{\n "cells": [\n  {\n   "cell_type": "code",\n')


def test_how_to_pickle_stands_in_the_metadata_where_somebody_asked():
    made = [
        document(plan("train", pickling=asked))["metadata"]["kale"]
        for asked in (Pickling(), Pickling(no_pickle=True), Pickling(pickler="joblib"))
    ]
    assert "marshal" not in made[0]
    assert [kale["marshal"] for kale in made[1:]] == [{"no_pickle": True}, {"pickler": "joblib"}]
    assert document(plan("train"))["metadata"]["kale"] == made[0]


@pytest.mark.parametrize(
    ("wires", "single"),
    [
        pytest.param([("x", "a", "b")], None, id="nothing goes on"),
        pytest.param([("y", "a", "b"), ("x", "b", "c")], None, id="one comes in, another goes out"),
        pytest.param([("x", "a", "b"), ("x", "b", "c")], ["x"], id="one comes in and goes out"),
        pytest.param(
            [("x", "a", "b"), ("x", "a;b", "c")], None, id="its reader has another candidate"
        ),
        pytest.param(
            [("x", "a", "b"), ("x", "b", "c"), ("x", "a;b", "d")], None, id="one of two readers has"
        ),
        pytest.param(
            [("x", "a", "b"), ("x", "b", "c"), ("x", "a", "d")],
            ["x"],
            id="who reads the version before it does not count",
        ),
    ],
)
def test_what_all_readers_take_from_here_alone(wires, single):
    made = plan("a", "b", "c", "d", wires=wires)
    kale = json.loads(made.task("b").notebook)["metadata"]["kale"]
    assert kale.get("single") == single
