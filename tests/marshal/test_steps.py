"""Values on their way through steps: classes, functions, sharing, versions, guards."""

from __future__ import annotations

import json
import threading

import pytest

POINT = """
import numpy as np
class Point:
    kind = "plain"
    seen = []
    def __init__(self, x): self.x = x
    def twin(self): return Point(self.x)
"""


def test_nothing_of_the_runtime_is_left_among_the_names(steps):
    steps.run("make", "x = 1", saves=["x"])
    code = "import json; print(json.dumps(sorted(set(globals()) - before)))"
    head = "before = set(globals()) | {'before', 'json'}"
    assert steps.run("use", code, loads=["x"], head=head) == ["x"]


def test_an_instance_is_one_of_the_loading_step_s_class(steps):
    steps.run("make", "p = [Point(1)]", saves=["p"], head=POINT)
    code = "print(int(type(p[0]) is Point and type(p[0].twin()) is Point))"
    assert steps.run("use", code, loads=["p"], head=POINT) == 1


def test_a_class_that_the_step_lacks_travels_and_is_one_for_all_values(steps):
    steps.run("left", "p = Point(1)", saves=["p"], head=POINT)
    steps.run("right", "q = Point(2)", saves=["q"], head=POINT)
    code = "print(int(type(p) is type(q) is type(p.twin()) and q.twin().x == 2))"
    assert steps.run("use", code, loads=["p", "q"]) == 1


def test_two_classes_of_one_name_stay_two(steps):
    other = "class Point:\n    def __init__(self, x): self.x = x\n    def twin(self): return 'other'"
    steps.run("left", "p = Point(1)", saves=["p"], head=POINT)
    steps.run("right", "q = Point(2)", saves=["q"], head=other)
    code = "import json; print(json.dumps([type(p) is type(q), q.twin(), p.twin().x]))"
    assert steps.run("use", code, loads=["p", "q"]) == [False, "other", 1]


@pytest.mark.parametrize("head", ["", POINT], ids=["the step lacks it", "the step has it"])
def test_what_a_step_changed_of_a_class_arrives_with_the_class(steps, head):
    change = "Point.seen.append(1); Point.kind = 'new'; Point.double = lambda self: 2 * self.x"
    steps.run("make", change, saves=["Point"], head=POINT)
    code = "import json; print(json.dumps([Point.seen, Point.kind, Point(4).double()]))"
    assert steps.run("use", code, loads=["Point"], head=head) == [[1], "new", 8]


def test_a_class_that_cannot_travel_is_asked_for_by_name(steps):
    head = "import threading\nlock = threading.Lock()\nclass Job:\n    def run(self): return lock"
    steps.run("make", "job = Job()", saves=["job"], head=head)
    assert "`job` (__main__.Job) from step `make` cannot be loaded" in (
        text := steps.run("use", "", loads=["job"])
    )
    assert "define its class `Job` in a cell tagged `functions`" in text
    assert steps.run("again", "print(int(type(job) is Job))", loads=["job"], head=head) == 1


def test_a_class_of_another_make_is_warned_about(steps):
    steps.run("make", "p = Point(1)", saves=["p"], head=POINT)
    text = steps.run("use", "", loads=["p"], head="class Point: pass")
    assert "a value's class `Point` is not the `Point` of this step, and becomes it" in text


def test_a_function_reads_the_loading_step_s_names(steps):
    head = "k = 1"
    steps.run("make", "f = lambda: k", saves=["f", "k"], head=head)
    steps.run("change", "k = 2", loads=["k"], saves=["k"])
    assert steps.run("use", "print(f())", loads=["f", "k"]) == 2
    assert steps.run("use", "print(f())", loads=["f"]) == 1
    assert steps.run("use", "k = 5; print(f())", loads=["f"]) == 5


@pytest.mark.parametrize(
    ("make", "use", "expected"),
    [
        pytest.param(
            "def f(n): return 1 if n < 2 else n * f(n - 1)", "f(5)", 120, id="a function that calls itself"
        ),
        pytest.param(
            "import functools\n@functools.cache\ndef f(n): return n if n < 2 else f(n-1) + f(n-2)",
            "f(30)", 832040, id="a function with a cache",
        ),
        pytest.param(
            "def outer():\n    def g(n): return n and g(n - 1) + 1\n    return g\nf = outer()",
            "f(3)", 3, id="a closure that calls itself",
        ),
        pytest.param("def f(a=[1], *, b=2): return a + [b]\nf.note = 3", "f() + [f.note]", [1, 2, 3],
                     id="defaults and attributes"),
    ],
)
def test_a_function_travels(steps, make, use, expected):
    steps.run("make", make, saves=["f"])
    assert steps.run("use", f"import json; print(json.dumps({use}))", loads=["f"]) == expected


# --------------------------------------------------------------------------- sharing


@pytest.mark.parametrize(
    ("make", "use"),
    [
        pytest.param("a = [1]; b = a", "b.append(2); ok = a is b", id="one object, two names"),
        pytest.param("a = [1]; b = {'k': (a,)}", "ok = b['k'][0] is a", id="deep inside"),
        pytest.param("a = Point([1]); b = Point(a.x)", "ok = a.x is b.x", id="an attribute"),
        pytest.param("a = np.zeros(3); b = [a]", "ok = b[0] is a", id="an array"),
        pytest.param("a = np.zeros((2, 3)); b = a[1, ::-1]", "b[0] = 7; ok = a[1, 2] == 7", id="a view"),
        pytest.param("big = np.zeros(9); a = big[:6]; b = big[3:]", "b[0] = 7; ok = a[3] == 7",
                     id="two views of an array that stays behind"),
        pytest.param("a = np.array([None] * 3); b = a[1:]", "b[0] = 7; ok = a[1] == 7", id="a view of objects"),
        pytest.param("a = np.zeros(2, 'M8[s]'); b = a.view('i8')", "b[0] = 7; ok = a.view('i8')[0] == 7",
                     id="a view of another type"),
        pytest.param("a = np.zeros(2, [('x', 'i4'), ('y', 'f8')]); b = a['y']", "b[0] = 7; ok = a['y'][0] == 7",
                     id="a field"),
        pytest.param("import pandas as pd; a = pd.DataFrame({'i': [1]}); b = [a]",
                     "b[0].loc[0, 'i'] = 7; ok = a.i[0] == 7", id="a frame"),
        pytest.param("f = lambda: 0; f.calls = []; a = f; b = f.calls", "ok = a.calls is b",
                     id="an attribute of a function"),
        pytest.param("a = [0]; b = lambda: a", "ok = b() is a", id="a name that a function reads"),
    ],
)
def test_what_was_shared_is_shared_again(steps, make, use):
    steps.run("make", make, saves=["a", "b"], head=POINT)
    assert steps.run("use", use + "\nprint(int(ok))", loads=["b", "a"], head=POINT) == 1
    # And again after a step that handed both on as they were.
    steps.run("pass", "", loads=["a", "b"], saves=["a", "b"], head=POINT)
    assert steps.run("use", use + "\nprint(int(ok))", loads=["a", "b"], head=POINT) == 1


@pytest.mark.parametrize(
    "make",
    [
        pytest.param("a = (1, 'x'); b = [a]", id="a tuple of constants"),
        pytest.param("a = Point(1); b = Point(1)", id="a class"),
        pytest.param("import datetime; a = [datetime.date(2024, 1, 1)]; b = list(a)", id="a date"),
        pytest.param("a = [np.float64(1)]; b = list(a)", id="a NumPy scalar"),
        pytest.param("a = np.arange(4); b = a[:2].copy()", id="a copy"),
        pytest.param("import pandas as pd; a = pd.DataFrame({'i': [1], 'j': 2}); b = a.i; a = a.drop(columns='i')",
                     id="columns of one frame, which pandas copies on write"),
    ],
)
def test_what_can_never_show_sharing_is_stored_apart(steps, make):
    steps.run("make", make, saves=["a", "b"], head=POINT)
    manifest = json.loads((steps.value("make", "a") / "manifest.json").read_text())
    assert manifest["member"] is None


def test_sharing_lost_on_the_way_stays_lost(steps):
    steps.run("make", "a = [1]; b = a", saves=["a", "b"])
    steps.run("part", "b = list(b)", loads=["a", "b"], saves=["a", "b"])
    assert steps.run("use", "print(int(a is b))", loads=["a", "b"]) == 0


@pytest.mark.xfail(reason="objects in a frame's column are saved with the frame alone")
def test_an_object_in_a_column_is_shared(steps):
    make = "import pandas as pd; a = [1]; b = pd.DataFrame({'c': [a]})"
    steps.run("make", make, saves=["a", "b"])
    assert steps.run("use", "print(int(b.c[0] is a))", loads=["a", "b"]) == 1


@pytest.mark.xfail(reason="cloudpickle gives each closure a variable of its own")
def test_two_closures_share_their_variable(steps):
    make = """
    def pair():
        n = 0
        def up():
            nonlocal n
            n += 1
        return up, lambda: n
    up, get = pair()
    f = [up, get]
    """
    steps.run("make", make, saves=["f"])
    assert steps.run("use", "f[0](); print(f[1]())", loads=["f"]) == 1


@pytest.mark.xfail(reason="arrays of a subclass are pickled by their content")
def test_a_view_of_an_array_subclass_is_shared(steps):
    steps.run("make", "a = np.ma.zeros(2); b = a.data", saves=["a", "b"], head=POINT)
    assert steps.run("use", "b[0] = 7; print(int(a[0]))", loads=["a", "b"]) == 7


# --------------------------------------------------------------------------- unbound, versions, guards


def test_a_name_without_a_value_stays_without_one(steps):
    steps.run("make", "if False: x = 1", saves=["x"])
    assert steps.run("use", "print(int('x' in globals()))", loads=["x"]) == 0
    steps.run("pass", "", loads=["x"], saves=["x"])
    assert steps.run("use", "print(int('x' in globals()))", loads=["x"]) == 0


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
        pytest.param("len(x.values); x.describe(); x.i.sum(); repr(x); x.sort_values('i')", id="read"),
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
        pytest.param("import pandas as pd; x = pd.DataFrame({'i': [1]})", "x['j'] = 1", id="a column"),
        pytest.param("import pandas as pd; x = pd.DataFrame({'i': [1]})", "x.attrs['u'] = 1", id="attrs"),
        pytest.param("import pandas as pd; x = pd.Series([1])", "x[0] = 2", id="a series"),
        pytest.param("x = Point", "x.kind = 'new'", id="a class attribute"),
        pytest.param("x = [lambda a=[]: a]", "x[0]().append(1)", id="a function's default"),
        pytest.param("x = []", "import threading; x.append(threading.Lock())", id="it cannot be saved now"),
    ],
)
def test_a_change_that_another_step_could_miss_stops_the_step(steps, make, change):
    steps.run("make", make, saves=["x"], head=POINT)
    text = steps.run("use", change, loads=["x"], unchanged={"x": "train-b"}, head=POINT)
    assert text == (
        "this step changed `x`, which step `train-b` reads and may do so at the same time; order "
        "the two with a `prev:` tag"
    )


def test_an_unchanged_value_is_handed_on_as_the_files_it_came_from(steps):
    steps.run("make", "x = [1]", saves=["x"])
    steps.run("pass", "", loads=["x"], saves=["x"])
    before, after = (steps.value(step, "x") for step in ("make", "pass"))
    assert (before / "value.pkl").samefile(after / "value.pkl")
    manifest = json.loads((after / "manifest.json").read_text())
    assert (manifest["changed"], manifest["step"]) == (False, "pass")


def test_a_step_outside_a_pipeline_says_so(monkeypatch):
    from kale.marshal import MarshalError, save_outputs

    monkeypatch.delenv("KALE_STEP_CONTEXT", raising=False)
    with pytest.raises(MarshalError, match="^this is one step of a pipeline; start the pipeline"):
        save_outputs({"x": threading}, ["x"])
