"""Classes and functions of the notebook on their way from step to step."""

from __future__ import annotations

import pytest

from kale.marshal import MarshalError
from kale.marshal.notebook_objects import make_function

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


def test_an_instance_finds_its_class_again_behind_a_step_that_lacks_it(steps):
    head = "class Plain: pass"
    steps.run("make", "p = [Plain()]", saves=["p"], head=head)
    steps.run("pass", "p.append(1)", loads=["p"], saves=["p"])
    assert steps.run("use", "print(int(type(p[0]) is Plain))", loads=["p"], head=head) == 1


def test_two_classes_of_one_name_stay_two(steps):
    other = (
        "class Point:\n    def __init__(self, x): self.x = x\n    def twin(self): return 'other'"
    )
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


def test_what_a_function_reads_and_cannot_be_saved_is_named(steps):
    head = "import threading\nlock = threading.Lock()"
    assert steps.run("make", "f = lambda: lock", saves=["f"], head=head) == (
        "`f` (builtins.function) cannot be saved: `lock (read by f)` is a _thread.lock: cannot "
        "pickle '_thread.lock' object; make it in the step that uses it, or leave it out in its "
        "owner's `__getstate__`"
    )


def test_a_function_of_another_python_is_refused():
    with pytest.raises(MarshalError, match=r"^`f` needs Python 3\.1$"):
        make_function((3, 1), "f", "[]", None, None, None)


def test_a_class_of_other_code_is_another_class(steps):
    steps.run("make", "p = Point(1)", saves=["p"], head=POINT)
    check = "print(int(p.x == 1 and not isinstance(p, Point)))"
    assert steps.run("use", check, loads=["p"], head="class Point: pass") == 1


def test_an_exception_comes_back_though_its_init_takes_other_arguments(steps):
    head = (
        "class Bad(ValueError):\n    def __init__(self, code, why):\n"
        "        super().__init__(f'{code}: {why}')\n        self.code = code"
    )
    steps.run("make", "e = Bad(7, 'no')", saves=["e"], head=head)
    check = "print(int(isinstance(e, Bad) and e.code == 7 and e.args == ('7: no',)))"
    assert steps.run("use", check, loads=["e"], head=head) == 1


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
            "def f(n): return 1 if n < 2 else n * f(n - 1)",
            "f(5)",
            120,
            id="a function that calls itself",
        ),
        pytest.param(
            "import functools\n@functools.cache\ndef f(n): return n if n < 2 else f(n-1) + f(n-2)",
            "f(30)",
            832040,
            id="a function with a cache",
        ),
        pytest.param(
            "def outer():\n    def g(n): return n and g(n - 1) + 1\n    return g\nf = outer()",
            "f(3)",
            3,
            id="a closure that calls itself",
        ),
        pytest.param(
            "def f(a=[1], *, b=2): return a + [b]\nf.note = 3",
            "f() + [f.note]",
            [1, 2, 3],
            id="defaults and attributes",
        ),
    ],
)
def test_a_function_travels(steps, make, use, expected):
    steps.run("make", make, saves=["f"])
    assert steps.run("use", f"import json; print(json.dumps({use}))", loads=["f"]) == expected
