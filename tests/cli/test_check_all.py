"""``kale check`` tells all that is to be said of a notebook, errors and warnings by their places."""

import json

CELLS = (
    ("block:a", "import os\nos.environ['MODE'] = 'x'\nx = 1"),
    ("block:b prev:a", "print(os.environ['MODE'], totl)"),
    ("block:c", "y = x\nprint(y, otehr)"),
)


def test_errors_and_warnings_stand_in_the_order_of_their_places(kale, notebook):
    path = notebook(*CELLS)
    code, out, _ = kale("check", path)
    assert code == 1
    lines = [line.split(": ")[1:3] for line in out.splitlines() if "KALE" in line]
    assert [(place, what.split()[-1]) for place, what in lines] == [
        ("cell 1 (a), line 2", "KALE336"),
        ("cell 2 (b), line 1", "KALE301"),
        ("cell 3 (c), line 1", "KALE201"),
        ("cell 3 (c), line 2", "KALE301"),
    ]


def test_the_same_as_json(kale, notebook):
    path = notebook(*CELLS)
    _, out, _ = kale("check", path, "--format", "json")
    found = json.loads(out)
    assert [(d["code"], d["severity"], d["cell"], d["line"]) for d in found["diagnostics"]] == [
        ("KALE336", "warning", 1, 2),
        ("KALE301", "error", 2, 1),
        ("KALE201", "notice", 3, 1),
        ("KALE301", "error", 3, 2),
    ]
    assert found["data"] == []


def test_warnings_of_a_refused_notebook_can_be_silenced(kale, notebook):
    path = notebook(*CELLS)
    _, out, _ = kale("check", path, "--format", "json", "--ignore", "KALE336,KALE201")
    found = json.loads(out)
    assert [d["code"] for d in found["diagnostics"]] == ["KALE301", "KALE301"]
    assert found["silenced"] == 2
