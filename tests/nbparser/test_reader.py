"""Reading a file: every form of notebook, and every file that is none."""

from __future__ import annotations

import json
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kale.diagnostics import CATALOGUE
from kale.errors import KaleError, NotebookError
from kale.nbparser import parse_pipeline, read_notebook_json


def code(source="x = 1", **entries):
    return {
        "cell_type": "code",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
        **entries,
    }


def text(*cells, metadata=None, minor=5, **entries):
    content = {"nbformat": 4, "nbformat_minor": minor, "metadata": metadata or {}, "cells": cells}
    return json.dumps(content | entries)


OLD = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": "old", "kubeflow_notebook": {"pipeline_name": "p"}},
    "worksheets": [
        {
            "metadata": {},
            "cells": [
                {"cell_type": "heading", "level": 1, "source": ["Title"], "metadata": {}},
                {
                    "cell_type": "code",
                    "language": "python",
                    "input": ["a = 1\n", "b = 2"],
                    "metadata": {"tags": ["block:a"]},
                    "outputs": [],
                    "prompt_number": 1,
                },
            ],
        },
        {"cells": [{"cell_type": "code", "input": "c = 3", "metadata": {}, "outputs": []}]},
    ],
}


def test_a_cell_keeps_its_number_id_kind_source_and_tags():
    notebook = read_notebook_json(
        text(
            {"cell_type": "markdown", "id": "m", "source": "# T", "metadata": {}},
            code("a\nb", id="c", metadata={"tags": ["x", "block:a", "x"], "collapsed": True}),
        ),
        "n.ipynb",
    )
    assert [
        (cell.number, cell.id, cell.kind, cell.source, cell.tags) for cell in notebook.cells
    ] == [(1, "m", "markdown", "# T", ()), (2, "c", "code", "a\nb", ("x", "block:a"))]
    assert notebook.cells[1].metadata["collapsed"] is True
    assert (notebook.path, notebook.kernel) == ("n.ipynb", "python3")


@pytest.mark.parametrize(
    ("content", "sources"),
    [
        pytest.param(text(code(["a\n", "b"])), ["a\nb"], id="source as a list"),
        pytest.param(text(code([])), [""], id="source as an empty list"),
        pytest.param(text({"cell_type": "code", "metadata": {}}), [""], id="no source, no outputs"),
        pytest.param(text(code("a\r\nb\f\tc")), ["a\r\nb\f\tc"], id="CRLF, form feed and tab"),
        pytest.param(text(code("'\u2028🎉'")), ["'\u2028🎉'"], id="U+2028 and emoji"),
        pytest.param(
            json.dumps(OLD), ["# Title", "a = 1\nb = 2", "c = 3"], id="format 3 with worksheets"
        ),
        pytest.param(text(code("x", id="a"), code("y", id="a")), ["x", "y"], id="one id twice"),
        pytest.param(text(code("x", metadata=None)), ["x"], id="metadata null"),
        pytest.param(text(code("x", attachments={"a": 1})), ["x"], id="attachments on code"),
        pytest.param(
            text({"cell_type": "raw", "source": "r", "metadata": {}}, code()), ["r", "x = 1"],
            id="a raw cell",
        ),
        pytest.param(
            text(code(outputs=[{"output_type": "stream", "name": "stdout", "text": "a" * 10**6}])),
            ["x = 1"], id="huge outputs",
        ),
        pytest.param(
            text(code(outputs=[{"output_type": "nonsense"}])), ["x = 1"], id="invalid outputs"
        ),
        pytest.param(text(code(), minor=99), ["x = 1"], id="a newer minor format"),
        pytest.param(text(code(), metadata={"kernelspec": 1}), ["x = 1"], id="odd kernelspec"),
    ],
)  # fmt: skip
def test_odd_notebooks_are_read(content, sources):
    assert [cell.source for cell in read_notebook_json(content, "n").cells] == sources


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        pytest.param(text(code(), minor=4), [None], id="format 4.4"),
        pytest.param(text(code(), code(id="b")), [None, "b"], id="format 4.5 without one id"),
        pytest.param(json.dumps(OLD), [None, None, None], id="format 3"),
        pytest.param(text(code(id=7)), [None], id="an id that is no text"),
    ],
)
def test_no_id_is_invented(content, ids):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert [cell.id for cell in read_notebook_json(content, "n").cells] == ids
    assert caught == []


@pytest.mark.parametrize("tags", ["block:a", [1], {"a": 1}, 3], ids=str)
def test_tags_of_a_wrong_type_are_marked_for_the_parser(tags):
    [cell] = read_notebook_json(text(code(metadata={"tags": tags})), "n").cells
    assert (cell.tags, cell.bad_tags) == ((), True)


@pytest.mark.parametrize(
    ("metadata", "kernel"),
    [
        ({}, "python3"),
        ({"kernelspec": {"name": "my-env", "language": "python"}}, "my-env"),
        ({"kernelspec": {"name": ""}}, "python3"),
        ({"language_info": {"name": "ipython"}}, "python3"),
        ({"kernelspec": None, "language_info": []}, "python3"),
    ],
)
def test_the_kernel_is_the_notebooks_own(metadata, kernel):
    assert read_notebook_json(text(code(), metadata=metadata), "n").kernel == kernel


JUPYTER = "give a `.ipynb` file as Jupyter saves it"
RESTORE = "open it in Jupyter, or restore it from an earlier version"


@pytest.mark.parametrize(
    ("content", "code_", "message", "hint"),
    [
        pytest.param("", "KALE003", "the file is empty", RESTORE, id="empty"),
        pytest.param(
            '{"cells": [\n  1,,\n', "KALE003",
            "the file is not valid JSON: line 2, column 5: Expecting value", RESTORE,
            id="not JSON",
        ),
        pytest.param(
            "{\n<<<<<<< HEAD\n1\n", "KALE003",
            "the file is not valid JSON: line 2, column 1: Expecting property name enclosed in"
            " double quotes",
            "it holds the marks of a merge conflict: resolve it first", id="merge conflict",
        ),
        pytest.param(
            "[" * 100_000, "KALE003", "the file's JSON is nested too deeply",
            "this is no notebook", id="nested too deeply",
        ),
        pytest.param(
            "[]", "KALE004", "the file is no notebook: it is not a JSON object", JUPYTER,
            id="a list",
        ),
        pytest.param(
            '{"name": "left-pad"}', "KALE004",
            "the file is no notebook: it has no `nbformat` number", JUPYTER, id="other JSON",
        ),
        pytest.param(
            text(code('"\ud800"')), "KALE004",
            "the file is no notebook: it holds half of a character (a lone surrogate)", JUPYTER,
            id="a lone surrogate",
        ),
        pytest.param(
            '{"nbformat": 4}', "KALE004",
            "the file is no notebook: it has no list of `cells`", JUPYTER, id="no cells entry",
        ),
        pytest.param(
            '{"nbformat": 3}', "KALE004",
            "the file is no notebook: it has no list of `worksheets`", JUPYTER, id="no worksheets",
        ),
        pytest.param(
            text(code(), "x"), "KALE004",
            "the file is no notebook: it has a cell 2 without a `cell_type`", JUPYTER,
            id="a cell that is text",
        ),
        pytest.param(
            text(code({"a": 1})), "KALE004",
            "the file is no notebook: it has a cell 1 whose source is no text", JUPYTER,
            id="a source that is no text",
        ),
        pytest.param(
            '{"nbformat": 2}', "KALE005",
            "the notebook is of format 2; Kale reads formats 3 and 4",
            "open and save it in Jupyter", id="format 2",
        ),
        pytest.param(
            '{"nbformat": 5}', "KALE005",
            "the notebook is of format 5; Kale reads formats 3 and 4", "save it as version 4",
            id="format 5",
        ),
        pytest.param(
            text(code(), metadata={"kernelspec": {"name": "ir", "language": "R"}}), "KALE006",
            "the notebook's language is `R`; Kale reads Python",
            "give a notebook with a Python kernel", id="R",
        ),
        pytest.param(
            text(code(), metadata={"language_info": {"name": "julia"}}), "KALE006",
            "the notebook's language is `julia`; Kale reads Python",
            "give a notebook with a Python kernel", id="Julia",
        ),
        pytest.param(
            text(), "KALE007", "the notebook has no cells",
            "write code into cells and tag them `block:NAME`", id="no cells",
        ),
    ],
)  # fmt: skip
def test_what_is_no_notebook_is_refused(content, code_, message, hint):
    with pytest.raises(NotebookError) as caught:
        read_notebook_json(content, "n.ipynb")
    error = caught.value
    assert (error.code, error.message, error.hint) == (code_, message, hint)
    assert str(error.at) == "n.ipynb"


def test_what_nbformat_cannot_convert_is_refused():
    heading = {"cell_type": "heading", "level": "x"}
    odd = {"nbformat": 3, "worksheets": [{"cells": [heading]}]}
    with pytest.raises(NotebookError) as caught:
        read_notebook_json(json.dumps(odd), "n.ipynb")
    assert caught.value.code == "KALE004"
    assert caught.value.message.startswith("the file is no notebook: it cannot be read (")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 5) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(
    st.sampled_from(["cell_type", "source", "metadata", "id", "outputs", "tags", "kale", "nb"]),
    JSON,
)
def test_whatever_stands_in_a_notebook_it_is_read_or_refused(key, value):
    cell = code(metadata={"tags": ["block:a"] if key != "tags" else value})
    metadata = {"kale": {"kubeflow_notebook": value}, "nb": value}.get(key, {})
    content = text(cell | ({key: value} if key in cell else {}), metadata=metadata)
    found: tuple[KaleError, ...] = ()
    try:
        parse_pipeline(read_notebook_json(content, "n.ipynb"))
    except KaleError as error:
        found = error.parts()
    assert all(part.code in CATALOGUE and part.hint for part in found)
