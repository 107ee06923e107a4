"""What attacks on marshalling found: each came back changed, or counted as changed, once."""

from __future__ import annotations

import pytest

#: What both steps define.
HEAD = """
import functools, math, io
class Missing(OSError): pass
class Absent(ImportError): pass
class Stop(StopIteration): pass
class Bad(SyntaxError): pass
class Odd(ValueError):
    def __init__(self, a, *, k):
        super().__init__(f"{a}{k}")
        self.k = k
def scale(x, n=3): return x * n
class Rate:
    def value(self): return (1, 2)
    @staticmethod
    def twice(x): return 2 * x
class Root:
    def value(self): return 8
    class Inner:
        def value(self): return 7
class Leaf(Root): pass
@functools.lru_cache
def cached(x): return x
"""

CAME_BACK = [
    pytest.param(
        "x = Missing(2, 'No', 'f.txt')", "(x.filename, x.errno)", "('f.txt', 2)", id="an OSError"
    ),
    pytest.param(
        "x = Absent('m', name='mod', path='p')", "(x.name, x.msg)", "('mod', 'm')", id="an import"
    ),
    pytest.param("x = Stop(5)", "x.value", "5", id="the value of a StopIteration"),
    pytest.param(
        "x = Bad('b', ('f.py', 3, 4, 't'))", "(x.filename, x.lineno)", "('f.py', 3)", id="a place"
    ),
    pytest.param("x = Odd(1, k=2)", "(x.args, x.k)", "(('12',), 2)", id="another signature"),
    pytest.param(
        "def scale(x, n=5): return x * n\nx = [scale]", "x[0](2)", "10", id="another default"
    ),
    pytest.param(
        "class Rate:\n    def value(self): return (3, 4)\nx = [Rate()]",
        "x[0].value()",
        "(3, 4)",
        id="a class with another constant in a tuple",
    ),
    pytest.param(
        "class Rate:\n    @property\n    def value(self): return 1\nx = [Rate()]",
        "x[0].value",
        "1",
        id="a class with another property",
    ),
    pytest.param(
        "class Root:\n    def value(self): return 9\nclass Leaf(Root): pass\nx = [Leaf()]",
        "x[0].value()",
        "9",
        id="a class with another base",
    ),
    pytest.param(
        "class Root:\n    def value(self): return 8\n    class Inner:\n        def value(self): return 6\n"
        "x = [Root()]",
        "x[0].Inner().value()",
        "6",
        id="a class with another class in it",
    ),
    pytest.param("x = [Rate.twice]", "x[0] is Rate.twice", "True", id="a static method"),
    pytest.param("x = [cached]", "x[0] is cached", "True", id="a function with a cache"),
    pytest.param("cached.n = 1; x = [cached]", "x[0].n", "1", id="an attribute of such a function"),
    pytest.param(
        "x = {'v': math.inf - math.inf}",
        "math.copysign(1, x['v']) == math.copysign(1, math.inf - math.inf)",
        "True",
        id="the sign of a NaN",
    ),
    pytest.param(
        "import pandas as pd; x = pd.DataFrame({'a': [1]}); object.__setattr__(x, 'note', 'm')",
        "x.note",
        "'m'",
        id="an attribute of a frame",
    ),
]


@pytest.mark.parametrize(("make", "look", "expected"), CAME_BACK)
def test_it_comes_back_as_it_was(steps, make, look, expected):
    steps.run("make", make, saves=["x"], head=HEAD)
    code = f"import json; print(json.dumps(repr({look})))"
    assert steps.run("use", code, loads=["x"], head=HEAD) == expected


UNCHANGED = [
    pytest.param("x = {'v': math.inf - math.inf}", "x['v']", id="a NaN with a sign"),
    pytest.param(
        "from sklearn.feature_extraction.text import TfidfVectorizer\n"
        "x = TfidfVectorizer().fit(['a word', 'two words'])",
        "x.transform(['words'])",
        id="a vectorizer that was used",
    ),
    pytest.param(
        "import numpy as np, scipy.sparse as s\n"
        "x = s.csr_array((np.array([1.0, 2]), np.array([0, 1]), np.array([0, 2])))",
        "x.max(); x.has_sorted_indices; x.tocoo()",
        id="a sparse array that was read",
    ),
    pytest.param(
        "from PIL import Image; x = Image.new('RGB', (4, 4))",
        "x.save(io.BytesIO(), 'PNG'); x.getexif()",
        id="a picture that was saved",
    ),
]


@pytest.mark.parametrize(("make", "read"), UNCHANGED)
def test_reading_it_is_no_change(steps, make, read):
    steps.run("make", make, saves=["x"], head=HEAD)
    assert steps.run("use", read, loads=["x"], unchanged={"x": "other"}, head=HEAD) == ""


def test_what_the_notebooks_own_backend_brings_back_otherwise_is_no_change(steps):
    head = """
    import numpy as np
    from kale.marshal import resource_load, resource_save
    @resource_save.register(r"numpy\\..*")
    def save(obj, path, **kwargs): np.save(path + ".npy", obj)
    @resource_load.register(r".*\\.npy")
    def load(uri, **kwargs): return np.load(uri)
    """
    steps.run("make", "x = np.float64(2)", saves=["x"], head=head)
    code = "import json; print(json.dumps(type(x).__name__))"
    assert steps.run("use", code, loads=["x"], unchanged={"x": "other"}, head=head) == "ndarray"


def test_two_variables_that_a_step_parts_stay_apart(steps):
    steps.run("make", "l = [1]; x = {'l': l}; y = {'l': l}", saves=["x", "y"])
    steps.run("part", "x['l'] = list(x['l'])", loads=["x", "y"], saves=["x", "y"])
    code = "import json; x['l'].append(2); print(json.dumps(y['l']))"
    assert steps.run("use", code, loads=["x", "y"]) == [1]


def test_two_variables_that_a_step_joins_stay_together(steps):
    steps.run("make", "x = {'l': [1]}; y = {'l': [1]}", saves=["x", "y"])
    steps.run("join", "x['l'] = y['l']", loads=["x", "y"], saves=["x", "y"])
    code = "import json; x['l'].append(2); print(json.dumps(y['l']))"
    assert steps.run("use", code, loads=["x", "y"]) == [1, 2]


def test_an_object_that_writes_to_an_array_when_it_is_saved_does_not_spoil_its_file(steps):
    head = """
    import numpy as np
    class Buffered:
        def __init__(self, a): self.a = a
        def __getstate__(self):
            self.a[0] += 1
            return {"a": self.a}
    """
    steps.run(
        "make",
        "a = np.zeros(200_000); x = {'a': a}; y = Buffered(a)",
        saves=["x", "y"],
        head=head,
    )
    code = "import json; print(json.dumps(bool(x['a'] is y.a and x['a'][0] > 0)))"
    assert steps.run("use", code, loads=["x", "y"], head=head) is True


def test_groups_of_two_steps_with_equal_content_stay_apart(steps):
    both = "l = [1]; x = {'l': l}; y = {'l': l}"
    steps.run("one", both, saves=["x", "y"])
    steps.run("two", both, saves=["x", "y"])
    code = "import json; x['l'].append(2); print(json.dumps(y['l']))"
    origin = {"x": ["one"], "y": ["two"]}
    assert steps.run("use", code, loads=["x", "y"], candidates=origin) == [1]
