"""Where each line of each cell stands in the notebook file itself."""

from __future__ import annotations

import json

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kale.nbparser.raw_lines import raw_lines


def saved(*cells: dict, indent: int | None = 1, **rest) -> bytes:
    return json.dumps({"cells": [*cells], **rest}, indent=indent).encode()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"[1, 2]", id="no object"),
        pytest.param(b'{"cells": 3}', id="no cells"),
        pytest.param(b'{"metadata": {"cells": [{"source": "x"}]}}', id="cells of something else"),
        pytest.param(b"{" * 100_000, id="deeper than any stack"),
        pytest.param(b'"' * 1001, id="a string that never ends"),
        pytest.param(b"]}],:" * 99, id="only ends"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
    ],
)
def test_what_is_no_notebook_has_no_cells(content):
    assert raw_lines(content) == ()


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        pytest.param(
            saved({"cell_type": "code", "source": ["a\n", "b"]}, {"source": ["c"]}),
            ((6, 7), (12,)),
            id="as Jupyter saves it",
        ),
        pytest.param(
            saved({"source": "a\nb\n", "cell_type": "code"}), ((4, 4, 4),), id="one long string"
        ),
        pytest.param(
            saved({"source": ["a\n", "b"]}, {"source": "c"}, indent=None),
            ((1, 1), (1,)),
            id="all in one line",
        ),
        pytest.param(
            saved({"source": ["a", "b\n", "c\nd\n", "", "e"]}),
            ((5, 7, 7, 9),),
            id="pieces that are no lines",
        ),
        pytest.param(
            saved({"source": ["a\n", "b\n"]}), ((5, 6, 6),), id="an end of line at the end"
        ),
        pytest.param(saved({"source": []}, {"source": ""}, {}), ((), (7,), ()), id="no source"),
        pytest.param(
            saved({"outputs": [{"source": ["x"]}], "metadata": {"source": "y"}, "source": ["a"]}),
            ((15,),),
            id="other things of that name",
        ),
        pytest.param(
            b"\xef\xbb\xbf" + saved({"source": ["a\n", "b"]}).replace(b"\n", b"\r\n"),
            ((5, 6),),
            id="a file of Windows",
        ),
        pytest.param(
            saved({"source": ["a\r\n", "b\r", "c\u2028\x0c\n", "d"]}),
            ((5, 6, 7, 8),),
            id="lines as Python counts them",
        ),
        pytest.param(
            b'{"": 1, "cells": [\n{"": "", "source": ["\\"a\\\\"]},\n{"source":\n"b"}]}',
            ((2,), (4,)),
            id="names that are empty, quotes and backslashes",
        ),
        pytest.param(
            b'{"cells": [{"source": ["x\\n",\n"y"],\n"source": ["a\\n",\n"b"]}]}',
            ((3, 4),),
            id="of two sources the last",
        ),
        pytest.param(
            json.dumps(
                {"worksheets": [{"cells": [{"source": "t"}, {"input": ["a\n", "b"]}]}]}, indent=1
            ).encode(),
            ((6,), (10, 11)),
            id="format 3",
        ),
    ],
)
def test_lines(content, lines):
    assert raw_lines(content) == lines


text = st.text(st.sampled_from("ab \t\"'\\/[]{},:é日\u2028\n"), max_size=12)
cells = st.lists(
    st.fixed_dictionaries(
        {"source": text | st.lists(text, max_size=4)},
        optional={"metadata": st.dictionaries(text, text, max_size=2), "cell_type": text},
    ),
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(cells=cells, indent=st.none() | st.integers(0, 3), plain=st.booleans())
def test_each_line_is_where_it_is_said_to_be(cells, indent, plain):
    content = json.dumps({"cells": cells}, indent=indent, ensure_ascii=plain)
    found = raw_lines(content.encode())
    assert len(found) == len(cells)
    rows = content.split("\n")
    for lines, held in zip(found, cells, strict=True):
        source = "".join(held["source"])
        assert len(lines) == (0 if held["source"] == [] else len(source.split("\n")))
        for number, line in zip(lines, source.split("\n"), strict=False):
            first = json.dumps(line[:1], ensure_ascii=plain)[1:-1]
            assert first in rows[number - 1]


def test_a_notebook_of_nbformats_own(tmp_path):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell("# t"), nbformat.v4.new_code_cell("one\ntwo\nthree")]
    )
    path = tmp_path / "nb.ipynb"
    nbformat.write(notebook, path)
    rows = path.read_text(encoding="utf-8").split("\n")
    _, code = raw_lines(path.read_bytes())
    assert [rows[number - 1].strip() for number in code] == ['"one\\n",', '"two\\n",', '"three"']
