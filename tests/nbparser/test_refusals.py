"""Notebooks that are refused: the place, the sentence and the remedy of each error."""

from __future__ import annotations

import json

import pytest

from kale.errors import RefusedError
from kale.nbparser import parse_pipeline, read_notebook_json


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            [("x = 1",), ("y = 2", "hide-input")],
            [
                (
                    "KALE008: no cell of the notebook is tagged as a step (tag a code cell"
                    " `block:NAME` (in JupyterLab: the gear at the right, `Cell Tags`), and the"
                    " cells that"
                    " it needs before it `prev:NAME` of their step)"
                )
            ],
            id="no tagged cell",
        ),
        pytest.param(
            [("print 1", "block:a")],
            [
                (
                    "cell 1 (a), line 1: KALE009: the cell is not valid Python: Missing"
                    " parentheses in"
                    " call to 'print'. Did you mean print(...)? (correct the line, or tag the cell"
                    " `skip`)"
                )
            ],
            id="syntax error",
        ),
        pytest.param(
            [("x = 1\n%time y = 2\nreturn 1", "block:a;b")],
            [
                (
                    "cell 1 (a), line 3: KALE009: the cell is not valid Python: 'return' outside"
                    " function"
                    " (correct the line, or tag the cell `skip`)"
                )
            ],
            id="return outside a function, below a magic",
        ),
        pytest.param(
            [("x = '\0'", "block:a")],
            [
                (
                    "cell 1 (a), line 1: KALE009: the cell is not valid Python: source code"
                    " string cannot"
                    " contain null bytes (correct the line, or tag the cell `skip`)"
                )
            ],
            id="a null byte",
        ),
        pytest.param(
            [("x = " + "-" * 100_000 + "1", "block:a")],
            [
                (
                    "cell 1 (a), line 1: KALE009: the cell is not valid Python: the code is"
                    " nested too"
                    " deeply (correct the line, or tag the cell `skip`)"
                )
            ],
            id="code nested too deeply",
        ),
        pytest.param(
            [("1", "block:a", "imports")],
            [
                (
                    "cell 1: KALE104: the tags `block:a` and `imports` contradict each other"
                    " (keep one of"
                    " them, or split the cell)"
                )
            ],
            id="imports with block",
        ),
        pytest.param(
            [("1", "block:a"), ("1", "functions", "imports")],
            [
                (
                    "cell 2: KALE104: the tags `functions` and `imports` contradict each other"
                    " (keep one"
                    " of them, or split the cell)"
                )
            ],
            id="imports with functions",
        ),
        pytest.param(
            [("1", "block:a"), ("1", "skip", "block:b")],
            [
                (
                    "cell 2: KALE104: the tags `skip` and `block:b` contradict each other (keep"
                    " one of"
                    " them, or split the cell)"
                )
            ],
            id="skip with block",
        ),
        pytest.param(
            [("1", "block:a"), ("1", "pipeline-parameters", "skip")],
            [
                (
                    "cell 2: KALE104: the tags `skip` and `pipeline-parameters` contradict each"
                    " other"
                    " (keep one of them, or split the cell)"
                )
            ],
            id="skip with parameters",
        ),
        pytest.param(
            [("1", "block:pipeline-metrics")],
            [
                (
                    "cell 1 (pipeline-metrics): KALE105: no step can be called"
                    " `pipeline-metrics`, the"
                    " name for the cells of that tag, when they need a step of their own (rename"
                    " the"
                    " step)"
                )
            ],
            id="a reserved name",
        ),
        pytest.param(
            [("1",), ("1", "block:setup")],
            [
                (
                    "cell 2 (setup): KALE105: no step can be called `setup`, the name for the"
                    " untagged"
                    " cells before the first tagged one (rename the step, or tag those cells too)"
                )
            ],
            id="two setups",
        ),
        pytest.param(
            [("1", "block:a", "limit:cpu:1"), ("1", "limit:cpu:2")],
            [
                (
                    "cell 2 (a): KALE106: step `a` has both `limit:cpu:1` (cell 1) and"
                    " `limit:cpu:2`"
                    " (cell 2) (keep one of the two tags)"
                )
            ],
            id="an option with two values",
        ),
        pytest.param(
            [("1", "block:a", "env:A=1", "secret:s:k:A")],
            [
                (
                    "cell 1 (a): KALE106: step `a` has both `env:A=1` (cell 1) and `secret:s:k:A`"
                    " (cell 1)"
                    " (keep one of the two tags)"
                )
            ],
            id="a variable both plain and secret",
        ),
        pytest.param(
            [("1", "block:a", "packages:scikit-learn==1", "packages:b,Scikit_Learn")],
            [
                (
                    "cell 1 (a): KALE106: step `a` has both `packages:scikit-learn==1` (cell 1) and"
                    " `packages:Scikit_Learn` (cell 1) (keep one of the two tags)"
                )
            ],
            id="a package with two versions",
        ),
        pytest.param(
            [("1", "block:a", "limit:memory:1Gi", "request:memory:2G")],
            [
                (
                    "cell 1 (a): KALE109: step `a` asks for more than its limit:"
                    " `request:memory:2G` and"
                    " `limit:memory:1Gi` (Kubernetes refuses such a pod: lower the request or"
                    " raise the"
                    " limit)"
                )
            ],
            id="a request above its limit",
        ),
        pytest.param(
            [("1", "notebook:nested", "prev:a"), ("1", "block:a")],
            [
                (
                    "cell 1: KALE108: `notebook:nested`: nested notebooks are not supported yet"
                    " (copy that"
                    " notebook's cells here and tag them `block:NAME`, or tag this cell `skip`)"
                )
            ],
            id="a nested notebook",
        ),
    ],
)
def test_wrong_notebooks_are_refused(problems, cells, expected):
    assert problems(*cells) == [f"nb.ipynb: {line}" for line in expected]


def test_a_step_whose_own_tag_is_wrong_does_not_make_the_notebook_stepless(problems):
    assert [line.split(": ")[2] for line in problems(("1", "blok:a"))] == ["KALE101"]


def test_tags_of_a_wrong_type_are_refused():
    cell = {"cell_type": "code", "source": "1", "metadata": {"tags": "block:a"}, "outputs": []}
    marked = dict(cell, metadata={"tags": ["block:a"]})
    text = json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [marked, cell]})
    with pytest.raises(Exception, match="no list of texts") as caught:
        parse_pipeline(read_notebook_json(text, "n"))
    assert (caught.value.code, caught.value.hint) == (
        "KALE118",
        'write them as Jupyter does: `"tags": ["block:NAME"]`',
    )


def test_all_errors_are_told_together_in_the_order_of_their_places(parse):
    with pytest.raises(RefusedError) as caught:
        parse(
            ("x = (", "block:a"),
            ("y = (1,)", "pipeline-parameters"),
            ("1", "blok:b", "limit:"),
            ("1", "block:c", "prev:zzz"),
            metadata={"kubeflow_notebook": []},
        )
    assert [(part.code, part.at.cell) for part in caught.value.parts()] == [
        ("KALE110", None),
        ("KALE009", 1),
        ("KALE114", 2),
        ("KALE101", 3),
        ("KALE101", 3),
        ("KALE200", 4),
    ]
