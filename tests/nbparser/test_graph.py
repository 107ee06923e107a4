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
