"""Both engines give the notebook outputs that a plain kernel gives, cell by cell."""

from __future__ import annotations

import sys
from functools import cache

import pytest
from runners.engines.cells import FRESH, SHARED, Row
from runners.engines.executions import ENGINES, notebook, shown

#: Known gaps by engine and sentence, each with its reason.
GAPS: dict[tuple[str, str], str] = {}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="compares what Linux shows")


def rows(table):
    found = []
    for row in table:
        for engine in ("kernel", "fast"):
            gap = GAPS.get((engine, row.sentence))
            marks = [pytest.mark.xfail(reason=gap, strict=True)] if gap else []
            found.append(pytest.param(row, engine, id=f"{row.sentence}, {engine}", marks=marks))
    return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """All rows of the table that do not disturb one another, executed by each engine once."""
    sources = [source for row in SHARED for source in row.cells]

    @cache
    def execute(engine):
        book = notebook(sources, tags=["raises-exception"])
        return ENGINES[engine](book, tmp_path_factory.mktemp(engine))

    return execute


def seen(cells, row: Row):
    return [shown(cell, exact=row.exact, mask=row.mask) for cell in cells]


@pytest.mark.parametrize(("row", "engine"), rows(SHARED))
def test_outputs_are_those_of_a_kernel(shared, row, engine):
    first = sum(len(earlier.cells) for earlier in SHARED[: SHARED.index(row)])
    mine = slice(first, first + len(row.cells))
    expected, found = (seen(shared(by).cells[mine], row) for by in ("plain", engine))
    assert found == expected


@pytest.mark.parametrize("engine", ["kernel", "fast"])
def test_metadata_of_the_notebook_is_that_of_a_kernel(shared, engine):
    assert shared(engine).metadata["widgets"] == shared("plain").metadata["widgets"]
    assert shared(engine).metadata["language_info"]["name"] == "python"


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What an engine shows for a row in a notebook of its own."""

    @cache
    def execute(row: Row, engine: str):
        tags = [] if row.stops else ["raises-exception"]
        book = ENGINES[engine](notebook(row.cells, tags=tags), tmp_path_factory.mktemp(engine))
        return seen(book.cells, row)

    return execute


@pytest.mark.parametrize(("row", "engine"), rows(FRESH))
def test_outputs_are_those_of_a_kernel_of_its_own(alone, row, engine):
    assert alone(row, engine) == alone(row, "plain")


@pytest.mark.parametrize("engine", ["kernel", "fast"])
def test_half_a_surrogate_pair_ends_no_step(engine, tmp_path):
    # A kernel loses the text, with an error in the middle of its own machinery.
    book = ENGINES[engine](notebook(["print('a\\ud800b')", "print(2)"]), tmp_path)
    assert [output.text for output in book.cells[1].outputs] == ["2\n"]
    if engine == "fast":
        assert book.cells[0].outputs[0].text == "a\\ud800b\n"


def test_the_table_is_a_table():
    sentences = [row.sentence for row in (*SHARED, *FRESH)]
    assert len(sentences) == len({*sentences}) >= 100
    assert {sentence for _, sentence in GAPS} <= {*sentences}
