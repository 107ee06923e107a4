"""From an executed step notebook to the failing line of the author's notebook."""

from __future__ import annotations

from typing import Any

import pytest
from runners.plans import PATH

from kale.errors import Location
from kale.runners.failures.failure import cell_failure, last_started

RULE = "-" * 75


def ran(source: str, count: int, *, role: str = "step", at: int | None = None, line: int = 1):
    """An executed cell without trouble."""
    kale: dict[str, Any] = {"role": role}
    if at is not None:
        kale |= {"cell": at, "line": line, "cell_id": f"id{at}"}
    return {
        "cell_type": "code",
        "execution_count": count,
        "metadata": {"kale": kale, "papermill": {"exception": False, "start_time": "now"}},
        "outputs": [],
        "source": source,
    }


def raised(cell: dict, name: str, message: str, traceback: str) -> dict:
    """That cell, but stopped by an exception."""
    error = {"output_type": "error", "ename": name, "evalue": message, "traceback": [traceback]}
    papermill = {**cell["metadata"]["papermill"], "exception": True}
    metadata = {**cell["metadata"], "papermill": papermill}
    return {**cell, "outputs": [error], "metadata": metadata}


def explain(*cells: dict):
    return cell_failure({"cells": list(cells)}, path=PATH, step="fit")


def test_a_notebook_without_trouble_has_no_failure():
    assert explain(ran("x = 1", 1, at=7)) is None
    assert cell_failure({}, path=PATH, step="fit") is None


HELPER = ran("def f(x):\n    return 1 / x", 1, role="functions", at=3)


@pytest.mark.parametrize(
    ("cells", "line", "source", "frames"),
    [
        pytest.param(
            [
                raised(
                    ran("y = 2\n1 / 0", 2, at=7),
                    "ZeroDivisionError",
                    "division by zero",
                    f"\x1b[31m{RULE}\x1b[39m\nZeroDivisionError      Traceback (most recent call"
                    " last)\n\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[2]\x1b[39m\x1b[32m, "
                    "line 2\x1b[39m\n\x1b[32m      1\x1b[39m y = \x1b[32m2\x1b[39m\n"
                    "\x1b[32m----> \x1b[39m\x1b[32m2\x1b[39m 1 / 0\n\nZeroDivisionError: division",
                )
            ],
            2,
            "1 / 0",
            [],
            id="a coloured traceback",
        ),
        pytest.param(
            [
                raised(
                    ran("1 / 0", 2, at=7, line=5),
                    "ZeroDivisionError",
                    "",
                    f"{RULE}\nCell In[2], line 1\n----> 1 1 / 0\n",
                )
            ],
            5,
            "1 / 0",
            [],
            id="a cell that begins further down in the author's",
        ),
        pytest.param(
            [
                HELPER,
                raised(
                    ran("a = 1\nf(0)", 2, at=7),
                    "ZeroDivisionError",
                    "",
                    f"{RULE}\nCell In[2], line 2\n      1 a = 1\n----> 2 f(0)\n\n"
                    "Cell In[1], line 2, in f(x)\n      1 def f(x):\n----> 2     return 1 / x\n",
                ),
            ],
            2,
            "f(0)",
            [(3, 2, "    return 1 / x")],
            id="a function of another cell",
        ),
        pytest.param(
            [
                HELPER,
                raised(
                    ran("f(0)", 2, at=7),
                    "ZeroDivisionError",
                    "",
                    "Traceback (most recent call last):\n\n  Cell In[2], line 1\n    f(0)\n\n"
                    "  Cell In[1], line 2 in f\n    return 1 / x\n\nZeroDivisionError: x",
                ),
            ],
            1,
            "f(0)",
            [(3, 2, "    return 1 / x")],
            id="the plain mode",
        ),
        pytest.param(
            [
                raised(
                    ran("a = 1\nf(0)", 2, at=7),
                    "ZeroDivisionError",
                    "",
                    f"{RULE}\nInput In [2], in <cell line: 2>()\n      1 a = 1\n----> 2 f(0)\n",
                )
            ],
            2,
            "f(0)",
            [],
            id="words of an older IPython",
        ),
        pytest.param(
            [
                raised(
                    ran("try:\n    a\nexcept NameError as e:\n    raise KeyError from e", 2, at=7),
                    "KeyError",
                    "",
                    f"{RULE}\nNameError\nCell In[2], line 2\n----> 2     a\n\nThe above exception "
                    f"was the direct cause of the following exception:\n\n{RULE}\nKeyError\n"
                    "Cell In[2], line 4\n----> 4     raise KeyError from e\n",
                )
            ],
            4,
            "    raise KeyError from e",
            [],
            id="a chain of exceptions tells the last",
        ),
        pytest.param(
            [
                raised(
                    ran("%%time\na = 1\n1/0", 2, at=7),
                    "ZeroDivisionError",
                    "",
                    f"{RULE}\nCell In[2], line 1\n----> 1 get_ipython().run_cell_magic('time', '')"
                    "\n\nFile <timed exec>:2\n      1 'Could not get source'\n",
                )
            ],
            3,
            "1/0",
            [],
            id="the body of a cell magic",
        ),
        pytest.param(
            [
                raised(
                    ran("%%capture\na = 1\n1/0", 2, at=7),
                    "ZeroDivisionError",
                    "",
                    f"{RULE}\nCell In[3], line 2\n      1 a = 1\n----> 2 1/0\n",
                )
            ],
            3,
            "1/0",
            [],
            id="a magic that runs its body as a cell of its own",
        ),
        pytest.param(
            [
                raised(
                    ran("x = 2\n%time g()", 2, at=7),
                    "ValueError",
                    "",
                    f"{RULE}\nCell In[2], line 2\n      1 x = 2\n----> 2 get_ipython()"
                    ".run_line_magic('time', 'g()')\n",
                )
            ],
            2,
            "%time g()",
            [],
            id="a line magic is told as the author wrote it",
        ),
        pytest.param(
            [
                raised(
                    ran("import json\njson.loads('{')", 2, at=7),
                    "JSONDecodeError",
                    "",
                    f"{RULE}\nCell In[2], line 2\n----> 2 json.loads('{{')\n\nFile /lib/json/"
                    "__init__.py:346, in loads(s)\n--> 346     return decode(s)\n",
                )
            ],
            2,
            "json.loads('{')",
            [],
            id="frames of libraries are left out",
        ),
        pytest.param(
            [
                raised(
                    ran("def r(n):\n    return r(n)\nr(0)", 2, at=7),
                    "RecursionError",
                    "",
                    f"{RULE}\nCell In[2], line 3\n----> 3 r(0)\n\n"
                    + "Cell In[2], line 2, in r(n)\n----> 2     return r(n)\n\n" * 900,
                )
            ],
            3,
            "r(0)",
            [(7, 2, "    return r(n)")],
            id="a recursion is told once",
        ),
        pytest.param(
            [
                raised(
                    ran("x = '\u2028\x0c'\r\n1 / 0", 2, at=7),
                    "ZeroDivisionError",
                    "",
                    f"{RULE}\nCell In[2], line 2\n      1 x = '\u2028\x0c'\n----> 2 1 / 0\n",
                )
            ],
            2,
            "1 / 0",
            [],
            id="lines as Python counts them",
        ),
        pytest.param(
            [raised(ran("f()", 2, at=7), "ValueError", "", "ValueError: x")],
            None,
            "",
            [],
            id="a traceback without frames",
        ),
        pytest.param(
            [raised(ran("f()", 2, at=7), "E", "", "Cell In[2], line 9\n----> 9 zzz")],
            None,
            "",
            [],
            id="a line beyond the cell's end",
        ),
    ],
)
def test_place(cells, line, source, frames):
    error = explain(*cells)
    assert error is not None
    assert error.at == Location(PATH, 7, line, step="fit", cell_id="id7")
    assert error.source == source
    assert [(f.at.cell, f.at.line, f.source) for f in error.frames] == frames


def test_an_exception_group_is_read_from_what_python_prints():
    cell = raised(ran("x = 1\nraise ExceptionGroup('g', [ValueError(1)])", 2, at=7), "", "", "")
    text = (
        "  + Exception Group Traceback (most recent call last):\n"
        '  |   File "/lib/IPython/core/interactiveshell.py", line 3823, in run_code\n'
        '  |   File "/tmp/ipykernel_5784/2829387294.py", line 2, in <module>\n'
        "  | ExceptionGroup: g (1 sub-exception)\n"
        "  +-+---------------- 1 ----------------\n    | ValueError: 1\n"
    )
    stream = {"output_type": "stream", "name": "stderr", "text": text.splitlines(keepends=True)}
    error = explain({**cell, "outputs": [stream]})
    assert error is not None
    assert (error.type, error.message, error.at.line) == (
        "ExceptionGroup",
        "g (1 sub-exception)",
        2,
    )


def test_an_exception_that_a_magic_showed_and_did_not_raise():
    cell = raised(ran("%%capture\n1/0", 2, at=7), "E", "", f"{RULE}\nCell In[3], line 1\n--> 1 1/0")
    metadata = {**cell["metadata"], "papermill": {"exception": False}}
    error = explain({**cell, "metadata": metadata}, ran("x = 1", 3, at=8))
    assert error is not None
    assert (error.type, error.at.cell, error.at.line) == ("E", 7, 2)


def test_a_cell_that_failed_without_a_word():
    error = explain({**raised(ran("x", 2, at=7), "", "", ""), "outputs": []})
    assert error is not None
    assert (error.type, error.message) == ("Error", "the cell failed")


def test_a_cell_of_kales_own_has_no_place_in_the_notebook():
    error = explain(
        raised(
            ran("load_inputs()", 2, role="load"),
            "MarshalError",
            "`df` was cut short",
            f"{RULE}\nCell In[2], line 1\n----> 1 load_inputs()\n",
        )
    )
    assert error is not None
    assert (str(error.at), error.message, error.source) == (
        "iris.ipynb: step fit",
        "`df` was cut short",
        "",
    )


def test_sys_exit_says_that_a_step_must_run_to_its_end():
    error = explain(raised(ran("import sys; sys.exit()", 2, at=7), "SystemExit", "", "SystemExit"))
    assert error is not None
    assert (error.type, error.message) == ("SystemExit", "0")
    assert error.hint == (
        "a step must run to its last cell; let code that wants to stop raise an exception"
    )


def test_the_last_cell_that_began():
    waiting = {**ran("y", 0, at=9), "metadata": {"kale": {"cell": 9}, "papermill": {}}}
    notebook = {"cells": [ran("x", 1, at=7), ran("x", 1, at=8), waiting]}
    assert str(last_started(notebook, path=PATH, step="fit")) == "iris.ipynb: cell 8 (fit)"
    assert str(last_started({}, path=PATH, step="fit")) == "iris.ipynb: step fit"
