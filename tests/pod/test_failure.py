"""A failed step's last words: what must not be said, what is, and that they are always said."""

from __future__ import annotations

import io
import json
import random

import pytest
from pod.executed import CellError, code, notebook, raised, stream

from kale.errors import Location
from kale.pod.failure import report_failure
from kale.pod_logs import logged_notebooks
from kale.runners.kfp_local.pod_failure import pod_failure

RULE = "\x1b[31m" + "-" * 75 + "\x1b[39m"
HEAD = "\x1b[31mZeroDivisionError\x1b[39m      Traceback (most recent call last)"
LAST = "\x1b[31mZeroDivisionError\x1b[39m: division by zero"


def frame(count, line, text):
    """A frame as IPython 9 writes it."""
    return (
        f"\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[{count}]\x1b[39m\x1b[32m, line {line}\x1b[39m\n"
        f"\x1b[32m----> \x1b[39m\x1b[32m{line}\x1b[39m {text}\n"
    )


def division(*frames):
    return CellError("ZeroDivisionError", "division by zero", RULE, HEAD, *frames, LAST)


@pytest.fixture
def report(monkeypatch, capsys):
    """Report a failure: the lines for people, and the notebook that the log holds."""

    def run(error, *cells, inputs=None, executed=None, environ=None, step="train", **kale):
        for name, value in (environ or {}).items():
            monkeypatch.setenv(name, value)
        source = notebook(*cells, **kale)
        report_failure(step, source, source if executed is None else executed, error, inputs or {})
        out, err = capsys.readouterr()
        assert out == ""
        lines = [line for line in err.splitlines() if not line.startswith(("~", "===="))]
        return lines, in_log(err)

    return run


def in_log(text):
    found = logged_notebooks(io.BufferedReader(io.BytesIO(text.encode())))
    assert all(one.damage == "" for one in found)
    return json.loads(found[0].content) if found else None


# ---------------------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    "name",
    "DB_PASSWORD db_passwd PASSPHRASE API_KEY APIKEY AWS_SECRET_ACCESS_KEY AWS_ACCESS_KEY_ID"
    " GITHUB_TOKEN OAUTH_TOKENS MY_PWD SERVICE_CREDENTIALS JWT MYSQL_PASS PRIVATE_KEY".split(),
)
def test_a_secret_is_said_nowhere(report, name):
    value = "s3cr3t/wörd"
    forms = [value, "s3cr3t%2Fw%C3%B6rd", json.dumps(value)[1:-1]]
    said = " ".join(forms)
    cell = code(f"x = {said!r}", stream(f"got {said}"), raised("E", said, said), cell=3, line=1)
    error = CellError("E", said, frame(1, 1, said))
    lines, book = report(error, cell, inputs={"x": said}, environ={name: value})
    told = "\n".join([*lines, json.dumps(book, ensure_ascii=False), json.dumps(book)])
    assert not any(form in told for form in forms)
    assert "<hidden>" in lines[-1]


def test_what_only_kale_knows_to_be_a_secret(report):
    environ = {"DB_DSN": "plainly"}
    lines, book = report(CellError("E", "plainly"), code("plainly"), environ=environ, secrets=["DB_DSN"])  # fmt: skip
    assert "plainly" not in f"{lines}{book}"


def test_a_password_in_an_address_is_hidden(report):
    lines, _ = report(CellError("E", "cannot reach https://joe:pw@host/x"), code("1"))
    assert lines[-1].endswith("E: cannot reach https://joe:<hidden>@host/x")


def test_a_key_of_several_lines_is_hidden_line_by_line(report):
    environ = {"PRIVATE_KEY": "-----BEGIN\nMIIEabcdef\n-----END"}
    lines, book = report(CellError("E", ""), code("", stream("> MIIEabcdef <")), environ=environ)
    assert "MIIE" not in f"{lines}{book}"


def test_a_secret_that_is_a_key_of_an_output(report):
    output = {"output_type": "display_data", "metadata": {}, "data": {"application/json": {"hunter22": 1}}}  # fmt: skip
    _, book = report(CellError("E", ""), code("", output), environ={"PASSWORD": "hunter22"})
    assert book["cells"][0]["outputs"][0]["data"] == {"application/json": {"<hidden>": 1}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("AUTHOR", "division", id="an author is none"),
        pytest.param("KEYBOARD", "division", id="a keyboard is none"),
        pytest.param("PWD", "division", id="the folder is none"),
        pytest.param("USE_TOKEN", "zero", id="few letters are none"),
    ],
)
def test_what_is_no_secret_is_said(report, name, value):
    lines, _ = report(division(), code("1"), environ={name: value})
    assert lines[-1] == "step `train` failed: ZeroDivisionError: division by zero"


def test_a_password_that_nbformat_has_for_a_word_leaves_a_notebook(report):
    _, book = report(CellError("E", ""), code("1", stream("stream")), environ={"PASSWORD": "stream"})  # fmt: skip
    (output,) = book["cells"][0]["outputs"]
    assert (output["output_type"], output["text"]) == ("stream", "<hidden>")


# ------------------------------------------------------------------------------ places


GROUP = """\
  + Exception Group Traceback (most recent call last):
  |   File "/venv/lib/IPython/interactiveshell.py", line 3, in run_code
  |   File "/tmp/ipykernel_12/123.py", line 2, in <module>
  |     raise ExceptionGroup("many", [])
  | ExceptionGroup: many (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | ValueError: 1
"""


@pytest.mark.parametrize(
    ("cell", "error", "expected"),
    [
        pytest.param(
            code("x = 1", raised("E", ""), role="save"),
            division(frame(1, 1, "x = 1")),
            ["step `train` failed: ZeroDivisionError: division by zero"],
            id="a cell of Kale's has no place",
        ),
        pytest.param(
            code("x = 1\n1 / 0", failed=True, cell=14, line=3),
            division(frame(1, 2, "1 / 0")),
            [
                "cell 14, line 4:",
                "    1 / 0",
                "step `train` failed: cell 14, line 4: ZeroDivisionError: division by zero",
            ],
            id="a line",
        ),
        pytest.param(
            code("f()", failed=True, count=2, cell=2, line=1),
            division(frame(2, 1, "f()"), frame(1, 9, "1 / 0")),
            [
                "cell 2, line 1:",
                "    f()",
                "step `train` failed: cell 2, line 1: ZeroDivisionError: division by zero",
            ],
            id="the line of this cell, not of the function that it calls",
        ),
        pytest.param(
            code("try:\n    1 / 0\nexcept Exception:\n    raise", failed=True, cell=2, line=1),
            division(frame(1, 2, "1 / 0"), LAST, "During handling", RULE, HEAD, frame(1, 4, "raise")),
            [
                "cell 2, line 4:",
                "    raise",
                "step `train` failed: cell 2, line 4: ZeroDivisionError: division by zero",
            ],
            id="the line of the exception, not of its cause",
        ),
        pytest.param(
            code("\n \nx = 1\n1 / 0", failed=True, cell=2, line=1),
            division(frame(1, 2, "1 / 0")),
            [
                "cell 2, line 4:",
                "    1 / 0",
                "step `train` failed: cell 2, line 4: ZeroDivisionError: division by zero",
            ],
            id="blank lines above, which IPython does not count",
        ),
        pytest.param(
            code("if x:\n    y = = 2", failed=True, cell=2, line=1),
            CellError(
                "SyntaxError",
                "invalid syntax (2917246964.py, line 2)",
                "  \x1b[36mCell\x1b[39m In[1], line 2\n    y = = 2\n        ^\nSyntaxError: invalid syntax\n",
            ),
            [
                "cell 2, line 2:",
                "    y = = 2",
                "        ^",
                "step `train` failed: cell 2, line 2: SyntaxError: invalid syntax",
            ],
            id="a caret where Python gives one",
        ),
        pytest.param(
            code("x = 1\n1 / 0", failed=True, count=3, cell=2, line=1),
            division("\x1b[0;32m<ipython-input>\x1b[0m\nInput In [3], in <cell line: 2>\n      1 x\n----> 2 1 / 0"),
            [
                "cell 2, line 2:",
                "    1 / 0",
                "step `train` failed: cell 2, line 2: ZeroDivisionError: division by zero",
            ],
            id="an older IPython's words",
        ),
        pytest.param(
            code("x\nraise ExceptionGroup('many', [])", stream(GROUP, "stderr"), failed=True, cell=2, line=1),
            CellError("CellExecutionError", ""),
            [
                "cell 2, line 2:",
                "    raise ExceptionGroup('many', [])",
                "step `train` failed: cell 2, line 2: ExceptionGroup: many (2 sub-exceptions)",
            ],
            id="an exception group, which only Python tells of",
        ),
        pytest.param(
            code("x = 1", failed=True, cell=2, line=1),
            division(frame(1, 9, "gone")),
            [
                "cell 2",
                "step `train` failed: cell 2: ZeroDivisionError: division by zero",
            ],
            id="a line that the cell does not have",
        ),
        pytest.param(
            code("x = 1", replied=False, cell=2, line=1),
            KeyboardInterrupt(),
            ["cell 2", "step `train` failed: cell 2: KeyboardInterrupt"],
            id="no exception of a cell's: the cell that had begun",
        ),
        pytest.param(
            code("x = 1", cell=2, line=1),
            OSError("no space"),
            ["step `train` failed: OSError: no space"],
            id="all cells had ended",
        ),
        pytest.param(
            code("x = 1", begun=False, cell=2, line=1),
            KeyboardInterrupt(),
            ["step `train` failed: KeyboardInterrupt"],
            id="no cell had begun",
        ),
    ],
)  # fmt: skip
def test_the_last_lines(report, cell, error, expected):
    lines, _ = report(error, cell)
    assert lines[-len(expected) :] == expected
    assert "\x1b" not in "".join(lines)


def test_a_run_here_understands_them(report, tmp_path):
    error = CellError("ValueError", "two\nlines", frame(1, 2, "1 / 0"))
    lines, _ = report(error, code("x\ny", failed=True, cell=14, line=3), inputs={"x": "int"})
    log = tmp_path / "log"
    log.write_text("\n".join(lines))

    class Task:
        name, notebook = "train", json.dumps(notebook())

    found = pod_failure(log, Task, Location("a.ipynb"))
    assert (found.type, found.message) == ("ValueError", "two\nlines")
    assert (found.at.cell, found.at.line) == (14, 4)


def test_a_kernel_that_died_and_what_it_was_given(report):
    class DeadKernelError(RuntimeError):
        pass

    lines, _ = report(
        DeadKernelError("Kernel died"),
        code("a", cell=1, line=1),
        code("b", cell=2, line=1, replied=False),
        code("c", cell=3, line=1, begun=False),
        inputs={"df": "DataFrame 891x12", "n": "int"},
        notebook="titanic.ipynb",
    )
    assert lines == [
        "input of `train`: df: DataFrame 891x12",
        "input of `train`: n: int",
        "cell 2 of titanic.ipynb",
        "step `train` failed: cell 2: DeadKernelError: Kernel died; most often for want of memory:"
        " raise the step's `limit:memory`",
    ]


def test_a_traceback_stands_before_and_has_no_colours(report):
    lines, _ = report(division(frame(1, 1, "1 / 0")), code("1 / 0", failed=True, cell=2, line=1))
    assert lines[:4] == [
        "-" * 75,
        "ZeroDivisionError      Traceback (most recent call last)",
        "Cell In[1], line 1",
        "----> 1 1 / 0",
    ]


def test_a_failure_of_the_runtime_has_its_traceback(report):
    with pytest.raises(ZeroDivisionError) as caught:
        1 / 0  # noqa: B018 - for its traceback
    lines, _ = report(caught.value, code("1", begun=False), executed={})
    assert "Traceback" in lines[0]
    assert lines[-1] == "step `train` failed: ZeroDivisionError: division by zero"


# ------------------------------------------------------------------------ the notebook


def test_the_log_holds_the_executed_notebook(report):
    cell = code("x = '{{$}} é\ud800'", stream(["one\n", "two"]), failed=True, cell=2, line=1)
    assert report(division(), code("sent"), executed=notebook(cell))[1] == notebook(cell)


def test_a_step_that_never_ran_has_its_notebook_as_sent(report):
    assert report(OSError(), code("sent"), executed={})[1] == notebook(code("sent"))


def test_lines_are_short_and_hold_nothing_that_anybody_would_escape(capsys):
    report_failure("train", notebook(), notebook(code("x" * 999)), OSError(), {})
    first, *rows, last = capsys.readouterr().err.splitlines()[:-2]
    assert first.startswith("==== kale-notebook ")
    assert " step train, " in first
    assert last.startswith("==== kale-notebook ")
    assert rows
    assert max(map(len, rows)) < 150
    assert not set("".join([first, *rows, last])) & set("+/<>&'\"\\`{}")


def test_outputs_too_large_for_a_log_are_left_out_the_largest_first(report):
    noise = random.Random(1)

    def large(kilobytes):
        return stream(noise.randbytes(kilobytes * 512).hex())

    small, zeros = large(10), stream("0" * 60_000_000)
    cells = [code("a", small, large(900)), code("b", large(400), zeros)]
    _, book = report(division(), executed=notebook(*cells))
    note = "Kale left this output out: it is too large for a log.\n"
    (first, second), (third, fourth) = (cell["outputs"] for cell in book["cells"])
    assert (second["text"], fourth["text"]) == (note, note)
    assert first == small
    assert third == cells[1]["outputs"][0]


def test_a_notebook_whose_code_is_too_large_is_not_in_the_log(report):
    lines, book = report(division(), code(random.Random(1).randbytes(1_600_000).hex()))
    assert lines[0] == "kale: the executed notebook is too large for a log, even without its outputs"  # fmt: skip
    assert book is None
    assert lines[-1].startswith("step `train` failed: ")


# ----------------------------------------------------------------- whatever it is given


@pytest.mark.parametrize(
    "executed",
    [
        pytest.param({"cells": 1}, id="no cells"),
        pytest.param({"cells": [{}]}, id="a cell that is none"),
        pytest.param(notebook({"cell_type": "code"}), id="a cell without outputs"),
        pytest.param(notebook(code("x", {"output_type": "error"}, cell=1)), id="an error of nothing"),
        pytest.param(notebook(code("x", {1, 2})), id="what is no JSON"),
    ],
)  # fmt: skip
def test_the_last_line_is_said_whatever_the_notebook(capsys, executed):
    report_failure("train", notebook(), executed, division(), {})
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("step `train` failed: ")
    assert last.endswith("ZeroDivisionError: division by zero")


def test_an_exception_that_cannot_be_told(report):
    class MuteError(Exception):
        def __str__(self):
            raise ValueError("no text")

    lines, _ = report(MuteError(), code("1", begun=False))
    assert lines[-1] == "step `train` failed: MuteError"


def test_a_message_longer_than_any_log(report):
    lines, _ = report(CellError("E", "x" * 100_000), code("1"))
    assert 9_000 < len(lines[-1]) < 10_100
