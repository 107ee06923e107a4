"""Names without a value, values of which there are several versions, and guarded ones."""

from __future__ import annotations

import json
import threading

import pytest

from kale.marshal import MarshalError, save_outputs

POINT = """
import numpy as np
class Point:
    kind = "plain"
    seen = []
    def __init__(self, x): self.x = x
    def twin(self): return Point(self.x)
"""


def test_a_name_without_a_value_stays_without_one(steps):
    steps.run("make", "if False: x = 1", saves=["x"])
    assert steps.run("use", "print(int('x' in globals()))", loads=["x"]) == 0
    steps.run("pass", "", loads=["x"], saves=["x"])
    assert steps.run("use", "print(int('x' in globals()))", loads=["x"]) == 0


def test_a_name_without_a_value_may_get_nothing_as_its_value(steps):
    steps.run("make", "if False: x = 1", saves=["x"])
    steps.run("pass", "x = None", loads=["x"], saves=["x"])
    assert steps.run("use", "print(int('x' in globals()))", loads=["x"]) == 1


CHANGE, LEAVE = "x.append(2)", "len(x)"


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        pytest.param(LEAVE, LEAVE, [1], id="none changed it"),
        pytest.param(CHANGE, LEAVE, [1, 2], id="the left one changed it"),
        pytest.param(LEAVE, CHANGE, [1, 2], id="the right one changed it"),
        pytest.param(CHANGE, CHANGE, [1, 2], id="both changed it to the same"),
        pytest.param(LEAVE, "del x", None, id="one deleted it"),
        pytest.param("x = list(x)", CHANGE, [1, 2], id="one made an equal copy"),
    ],
)
def test_of_several_versions_the_changed_one_is_loaded(steps, left, right, expected):
    steps.run("make", "x = [1]", saves=["x"])
    for step, code in (("left", left), ("right", right)):
        steps.run(step, code, loads=["x"], saves=["x"], candidates={"x": ["make"]})
    code = "import json; print(json.dumps(globals().get('x')))"
    assert steps.run("use", code, loads=["x"], candidates={"x": ["left", "right"]}) == expected


def test_two_different_changes_stop_the_step(steps):
    steps.run("make", "x = [1]", saves=["x"])
    for step in ("left", "right"):
        code = f"x.append({step!r})"
        steps.run(step, code, loads=["x"], saves=["x"], candidates={"x": ["make"]})
    text = steps.run("use", "", loads=["x"], candidates={"x": ["left", "right"]})
    assert text == (
        "steps `left`, `right` may run at the same time and each changed `x`; order them with a "
        "`prev:` tag"
    )


@pytest.mark.parametrize(
    "touch",
    [
        pytest.param(
            "len(x.values); x.describe(); x.i.sum(); repr(x); x.sort_values('i')", id="read"
        ),
        pytest.param("x.loc[0, 'i'] = 9; x.loc[0, 'i'] = 1", id="changed and changed back"),
        pytest.param("y = x.copy(); y['i'] = 0", id="a copy changed"),
    ],
)
def test_a_frame_that_was_only_read_has_not_changed(steps, touch):
    make = "import pandas as pd; x = pd.DataFrame({'i': [1, 2]}); x['j'] = 1; x['s'] = 'a'"
    steps.run("make", make, saves=["x"])
    assert steps.run("use", touch, loads=["x"], unchanged={"x": "other"}) == ""


@pytest.mark.parametrize(
    ("make", "change"),
    [
        pytest.param("x = [1]", "x[0] = 2", id="an element"),
        pytest.param("x = [1]", "x[0] = 1.0", id="a type"),
        pytest.param("x = [[1], [1]]", "x[0] = x[1]", id="an alias"),
        pytest.param("x = {'a': 1}", "x = {'a': 1, 'b': 2}", id="another object"),
        pytest.param("x = np.zeros(3)", "x[1] = 1", id="an array's element"),
        pytest.param("x = Point([1])", "x.x.append(1)", id="an attribute's content"),
        pytest.param(
            "import pandas as pd; x = pd.DataFrame({'i': [1]})", "x['j'] = 1", id="a column"
        ),
        pytest.param(
            "import pandas as pd; x = pd.DataFrame({'i': [1]})", "x.attrs['u'] = 1", id="attrs"
        ),
        pytest.param("import pandas as pd; x = pd.Series([1])", "x[0] = 2", id="a series"),
        pytest.param("x = Point", "x.kind = 'new'", id="a class attribute"),
        pytest.param("x = [lambda a=[]: a]", "x[0]().append(1)", id="a function's default"),
        pytest.param(
            "x = []", "import threading; x.append(threading.Lock())", id="it cannot be saved now"
        ),
    ],
)
def test_a_change_that_another_step_could_miss_stops_the_step(steps, make, change):
    steps.run("make", make, saves=["x"], head=POINT)
    text = steps.run("use", change, loads=["x"], unchanged={"x": "train-b"}, head=POINT)
    assert text == (
        "this step changed `x`, which step `train-b` reads and may do so at the same time; order "
        "the two with a `prev:` tag"
    )


def test_a_value_whose_change_cannot_be_told_is_warned_about(steps):
    odd = "class Odd:\n    def __reduce__(self): return Odd, (), {}['bad'] if bad else None"
    steps.run("make", "x = Odd()", saves=["x"], head=f"bad = False\n{odd}")
    head = f"bad = True\n{odd}"
    text = steps.run("use", "", loads=["x"], unchanged={"x": "other"}, head=head)
    assert (
        "RuntimeWarning: whether this step changes `x`, which step `other` reads, is not known"
        in text
    )


def test_a_guarded_name_without_a_value_is_let_be(steps):
    steps.run("make", "if False: x = 1", saves=["x"])
    assert steps.run("use", "x = 1", loads=["x"], unchanged={"x": "other"}) == ""


def test_an_unchanged_value_is_handed_on_as_the_files_it_came_from(steps):
    steps.run("make", "x = [(1,)]", saves=["x"])
    steps.run("pass", "", loads=["x"], saves=["x"])
    before, after = (steps.value(step, "x") for step in ("make", "pass"))
    assert (before / "value.pkl").samefile(after / "value.pkl")
    manifest = json.loads((after / "manifest.json").read_text())
    assert (manifest["changed"], manifest["step"]) == (False, "pass")


def test_a_step_outside_a_pipeline_says_so(monkeypatch):
    monkeypatch.delenv("KALE_STEP_CONTEXT", raising=False)
    with pytest.raises(
        MarshalError, match=r"^this is one step of a pipeline; start the pipeline with `kale run`$"
    ):
        save_outputs({"x": threading}, ["x"])
