"""What cells show, compared: what differs, and what only seems to."""

from __future__ import annotations

import pytest

from kale.runners.verify.outputs import compare_shown, shown_by_cell
from kale.runners.verify.verdict import Verdict

SAME, DIFFERENT = Verdict.SAME, Verdict.DIFFERENT
RESTLESS, ADDRESS, WARNINGS = Verdict.NOT_REPEATABLE, Verdict.ADDRESS, Verdict.WARNINGS

WARNING = "/tmp/ipykernel_7/1234.py:3: UserWarning: old\n  old()\n"


def out(text):
    return {"stdout": text}


def err(text):
    return {"stderr": text}


@pytest.mark.parametrize(
    ("here", "runs", "verdict"),
    [
        pytest.param({}, [{}], SAME, id="nothing is nothing"),
        pytest.param(out("a\n"), [out("a\n")], SAME, id="the same text"),
        pytest.param(out("a\n"), [out("b\n")], DIFFERENT, id="another text, of which one run is known"),
        pytest.param(out("a\n"), [{}], DIFFERENT, id="text where the notebook prints none"),
        pytest.param({}, [out("a\n")], DIFFERENT, id="no text where the notebook prints some"),
        pytest.param(out("a\n"), [out("b\n"), out("b\n")], DIFFERENT, id="another text in both runs"),
        pytest.param(out("3\n"), [out("1\n"), out("2\n")], RESTLESS, id="a number that is new in each run"),
        pytest.param(
            out("at 3\nx 1\n"), [out("at 1\nx 2\n"), out("at 2\nx 2\n")], DIFFERENT,
            id="a wrong line beside one that is new in each run",
        ),
        pytest.param(
            out("at 3\nx 2\n"), [out("at 1\nx 2\n"), out("at 2\nx 2\n")], RESTLESS,
            id="a right line beside one that is new in each run",
        ),
        pytest.param(
            out("a\n"), [out("1\nb\n"), out("2\nb\n")], DIFFERENT,
            id="fewer lines than in any run of the notebook",
        ),
        pytest.param(
            out("a\n"), [out("b\n"), out("b\nc\n")], RESTLESS, id="a number of lines that is new in each run"
        ),
        pytest.param(
            out("<A object at 0x7f00aa>\n"), [out("<A object at 0x7f00bb>\n")], ADDRESS, id="an address"
        ),
        pytest.param(
            out("<A object at 0x7f00aa> 1\n"), [out("<A object at 0x7f00bb> 2\n")], DIFFERENT,
            id="a wrong number beside an address",
        ),
        pytest.param(out("0x1\n"), [out("0x2\n")], DIFFERENT, id="a short hexadecimal number is no address"),
        pytest.param(err(WARNING), [{}], WARNINGS, id="a warning that the notebook gave in an earlier cell"),
        pytest.param(
            err(WARNING + "INFO:root:1\n"), [err("INFO:root:2\n")], DIFFERENT, id="a wrong line beside a warning"
        ),
        pytest.param(out(WARNING), [{}], DIFFERENT, id="what looks like a warning on standard output"),
        pytest.param(
            err(WARNING.replace("_7/", "_8/")), [err(WARNING)], ADDRESS, id="the file that a kernel makes up"
        ),
        pytest.param(
            {"result (text/html)": '<a id="sk-container-id-1">'},
            [{"result (text/html)": '<a id="sk-container-id-2">'}],
            ADDRESS,
            id="the number of a picture of scikit-learn's",
        ),
        pytest.param(
            {"display 1 (image/png)": "AA"}, [{"display 1 (image/png)": "AB"}], DIFFERENT, id="another image"
        ),
        pytest.param(
            {"stdout": "0x7f00aa", "stderr": "x"}, [{"stdout": "0x7f00bb", "stderr": "y"}], DIFFERENT,
            id="the worst of several parts counts",
        ),
    ],
)  # fmt: skip
def test_what_a_cell_shows_has_a_verdict(here, runs, verdict):
    found, detail = compare_shown(here, runs)
    assert found is verdict
    assert (detail == "") == (verdict is SAME)


def test_the_first_line_that_differs_is_told():
    assert compare_shown(out("a\nb\nc"), [out("a\nB\nC")])[1] == (
        "stdout: line 2 is 'b', in the notebook 'B'"
    )


def cell(number, role, *outputs, count=1):
    return {
        "metadata": {"kale": {"role": role, "cell": number}},
        "execution_count": count,
        "outputs": list(outputs),
    }


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param([], {}, id="an empty notebook shows nothing"),
        pytest.param(
            [{"metadata": {}, "outputs": [stream("a")]}], {}, id="a cell of papermill's own"
        ),
        pytest.param([cell(1, "step", stream("a"), count=None)], {}, id="a cell that did not run"),
        pytest.param([cell(1, "definition", stream("a"))], {}, id="a statement of another step's"),
        pytest.param(
            [cell(1, "step", stream("a"), stream("x", "stderr"), stream(["b", "c"]))],
            {1: {"stdout": "abc", "stderr": "x"}},
            id="streams in pieces",
        ),
        pytest.param(
            [
                cell(
                    2,
                    "imports",
                    {"output_type": "display_data", "data": {"text/plain": ["a\n", "b"]}},
                    {
                        "output_type": "execute_result",
                        "data": {"application/json": {"b": 1, "a": 2}},
                    },
                    {"output_type": "error", "ename": "E", "evalue": "why", "traceback": ["…"]},
                )
            ],
            {
                2: {
                    "display 1 (text/plain)": "a\nb",
                    "result (application/json)": '{"a": 2, "b": 1}',
                }
            },
            id="a display and a result; a failure is told elsewhere",
        ),
    ],
)
def test_what_the_cells_of_an_executed_notebook_show(cells, expected):
    assert shown_by_cell({"cells": cells}) == expected
