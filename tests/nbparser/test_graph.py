"""The graph of a tagged notebook, by the names that the original project used."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from kale.errors import UsageError
from kale.nbparser import parse_notebook


def write(path, *cells):
    path.write_text(
        json.dumps(
            {
                "nbformat": 4,
                "nbformat_minor": 4,
                "metadata": {},
                "cells": [
                    {"cell_type": "code", "source": source, "metadata": {"tags": tags}}
                    for source, *tags in cells
                ],
            }
        )
    )
    return path


def test_nodes_carry_code_and_edges_follow_prev(tmp_path):
    path = write(
        tmp_path / "nb.ipynb",
        ("a = 1", "block:load"), ("b = a",), ("c = b", "block:fit", "prev:load"),
    )  # fmt: skip
    graph = parse_notebook(path)
    assert graph.name == "nb"
    assert dict(graph.nodes(data="code")) == {"load": ("a = 1", "b = a"), "fit": ("c = b",)}
    assert graph.nodes["fit"]["step"].after == ("load",)
    assert list(graph.edges) == [("load", "fit")]


def test_a_step_without_prev_stands_alone(tmp_path):
    graph = parse_notebook(write(tmp_path / "nb.ipynb", ("1", "block:a"), ("2", "block:b")))
    assert (list(graph.nodes), list(graph.edges)) == (["a", "b"], [])


def test_a_missing_notebook_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        parse_notebook(tmp_path / "nb.ipynb")


def test_parsing_imports_no_graph_and_no_kernel(tmp_path):
    path = write(tmp_path / "nb.ipynb", ("a = 1", "block:load"))
    program = (
        "import sys; from kale.nbparser import parse_pipeline, read_notebook;"
        f"parse_pipeline(read_notebook({str(path)!r}));"
        "heavy = {'networkx', 'IPython', 'kfp', 'papermill', 'pandas'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            [("1", "block:load"), ("1", "block:b", "prev:laod")],
            [
                (
                    "cell 2 (b): KALE200: step `b` is to run after `laod`, but no step has that"
                    " name (did"
                    " you mean `prev:load`? The steps are `load`, `b`)"
                )
            ],
            id="an unknown step with a near spelling",
        ),
        pytest.param(
            [("1", "block:a", "prev:zzz")],
            [
                (
                    "cell 1 (a): KALE200: step `a` is to run after `zzz`, but no step has that"
                    " name (The"
                    " steps are `a`)"
                )
            ],
            id="an unknown step",
        ),
        pytest.param(
            [("1", "block:a", "prev:a")],
            [("cell 1 (a): KALE202: the step `a` waits for itself (remove `prev:a` from cell 1)")],
            id="a step after itself",
        ),
        pytest.param(
            [
                ("1", "block:a", "prev:c"),
                ("1", "block:b", "prev:a"),
                ("1", "block:c", "prev:b"),
                ("1", "block:d", "prev:a"),
            ],
            [
                (
                    "cell 1 (a): KALE202: the steps wait for each other: `a` → `b` → `c` → `a`"
                    " (remove one"
                    " of these `prev:` tags, for example `prev:c` from cell 1)"
                )
            ],
            id="a cycle of three",
        ),
        pytest.param(
            [("1", "prev:a"), ("1", "block:a")],
            [
                (
                    "cell 1 (setup): KALE202: the steps wait for each other: `setup` → `a` →"
                    " `setup`"
                    " (remove one of these `prev:` tags, for example `prev:a` from cell 1)"
                )
            ],
            id="setup after a step",
        ),
        pytest.param(
            [("1", "block:train_model"), ("1", "block:x"), ("1", "block:train-model")],
            [
                (
                    "cell 3 (train-model): KALE203: the steps `train_model` (cell 1) and"
                    " `train-model` (cell 3) have the same name in Kubernetes, `train-model`"
                    " (rename one"
                    " of them)"
                )
            ],
            id="names that Kubernetes makes equal",
        ),
        pytest.param(
            [("1", "block:Train Model"), ("1", "block:b", "prev:train-model", "prev:q")],
            [
                (
                    "cell 1: KALE102: `Train Model` is no name for a step (a step's name is made of"
                    " lower-case letters and digits in words joined by `-` or `_`, at most 63"
                    " characters;"
                    " `train-model` would do)"
                ),
                (
                    "cell 2 (b): KALE200: step `b` is to run after `q`, but no step has that name"
                    " (The"
                    " steps are `b`)"
                ),
            ],
            id="a step whose tag is wrong is not unknown as well",
        ),
    ],
)
def test_edges_and_names_that_cannot_be_are_refused(problems, cells, expected):
    assert problems(*cells) == [f"nb.ipynb: {line}" for line in expected]
