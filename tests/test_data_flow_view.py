"""The data flow as JSON, and that it tells of all that travels."""

from pathlib import Path

import pytest
from pipelines import chain

from kale import check
from kale.data_flow import describe
from kale.ir import InputKind
from kale.static_analysis import analyze

HERE = Path(__file__).parent


def test_json():
    read = chain(("load", "x = [1]"), ("use", "if 1 > 2:\n    print(x)"))
    assert describe(analyze(read)).as_json() == {
        "path": "nb.ipynb",
        "pipeline": "nb",
        "steps": [
            {
                "name": "load",
                "cells": [1],
                "after": [],
                "inputs": [],
                "outputs": [{"name": "x", "consumers": ["use"]}],
                "metrics": [],
            },
            {
                "name": "use",
                "cells": [2],
                "after": [{"step": "load", "from": "prev", "names": ["x"]}],
                "inputs": [
                    {
                        "name": "x",
                        "kind": "value",
                        "producers": ["load"],
                        "written": [
                            {
                                "step": "load", "effect": "binds", "through": None,
                                "cell": 1, "cell_id": None, "line": 1,
                            }
                        ],
                        "why": "`load` binds it in cell 1, line 1",
                        "read": {"cell": 2, "cell_id": None, "line": 2},
                    }
                ],
                "outputs": [],
                "metrics": [],
            },
        ],
    }  # fmt: skip


NOTEBOOKS = sorted(
    path for folder in ("notebooks", "../examples") for path in (HERE / folder).glob("*.ipynb")
)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_all_that_travels_is_told_and_nothing_else(path):
    analyzed = check(path)
    told = describe(analyzed)
    wires = {(wire.consumer, wire.name, wire.producers) for wire in analyzed.wires}
    assert wires == {
        (step.name, one.source.name, one.producers)
        for step in told.steps
        for one in step.inputs
        if one.source.kind is InputKind.VALUE
    }
    assert {(consumer, name, one) for consumer, name, producers in wires for one in producers} == {
        (consumer, one.name, step.name)
        for step in told.steps
        for one in step.outputs
        for consumer in one.consumers
    }
    for summary, step in zip(analyzed.summaries, analyzed.pipeline.steps, strict=True):
        (found,) = (one for one in told.steps if one.name == step.name)
        given = {one.source.name for one in found.inputs if one.source.kind is InputKind.PARAMETER}
        assigned = {one.name for one in analyzed.wires if one.consumer == step.name}
        assert given == set(summary.parameters) - assigned
