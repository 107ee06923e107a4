"""The end of a failed pod's log, with what Kubeflow's launcher prints around it."""

from __future__ import annotations

import contextlib
import io

from pod.executed import CellError, code, notebook

from kale.pod.failure import report_failure

BOOK = notebook(
    code("x = 1\ny = x / 0\n", failed=True, cell=14, line=1), notebook="iris.ipynb"
)  # fmt: skip

FRAME = "Cell In[1], line 2\n      1 x = 1\n----> 2 y = x / 0\n"


def report(error, book=BOOK, step="train"):
    """What a step prints when it ends with an error, as bytes."""
    text = io.StringIO()
    with contextlib.redirect_stderr(text):
        report_failure(step, book, book, error, {"x": "int"})
    return (
        f"step `old` failed: of the attempt before\n{text.getvalue()}"
        "F1123 08:33:01.000000      33 main.go:52] failed to execute component: exit status 1\n"
        'time="2026-11-23T08:33:02.000Z" level=info msg="sub-process exited" argo=true\n'
        "Error: exit status 1\n"
    ).encode()


#: The log of a step whose cell 14 has divided by zero, and what of it is shown.
LOG = report(CellError("ZeroDivisionError", "division by zero", FRAME))
LINES = ("cell 14, line 2: ZeroDivisionError: division by zero", "    y = x / 0")
