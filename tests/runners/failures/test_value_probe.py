"""The probe ``values`` in a real kernel, up to the failure as it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from runners.failures.probed_kernel import ProbedKernel

from kale.runners import StepResult, failure_lines

SECRET = "hunter2-is-long"
DECLARED = "plainly-named"

MODULE = """\
def scale(frame, by):
    factor = 1 / by
    return frame * factor
"""
BROKEN = "a = 1\nb = = 2\n"


@pytest.fixture(scope="module")
def kernel(tmp_path_factory) -> Iterator[ProbedKernel]:
    folder = tmp_path_factory.mktemp("author's folder")
    (folder / "helpers.py").write_text(MODULE, encoding="utf-8")
    (folder / "broken.py").write_text(BROKEN, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DB_PASSWORD", SECRET)
        patch.setenv("SAID_SO", DECLARED)
        found = ProbedKernel(folder, ["SAID_SO"])
        yield found
        found.close()


def pointed(source: str, column: int | None, width: int) -> str:
    return "" if column is None else source[column - 1 : column - 1 + width]


#: Cells; where it failed, what the caret is at and the values there; then the same of each frame.
FAILURES = [
    pytest.param(
        ["x = [1, 2]\ny = {'a': 1}\nx[5] + y['a']"],
        (1, 3, "x[5]", {"x": "[1, 2]", "y": "{'a': 1}"}),
        [],
        id="an expression within a line",
    ),
    pytest.param(
        ["def f(x, by):\n    half = x / by\n    return half", "z = 1\nf(z, 0)"],
        (2, 2, "f(z, 0)", {"z": "1"}),
        [("f", 1, 2, "x / by", {"x": "1", "by": "0"})],
        id="a function of another cell",
    ),
    pytest.param(
        ["import helpers\nhelpers.scale([1],\n              0)"],
        (1, 2, "helpers.scale([1],", {}),
        [("scale", "helpers.py", 2, "1 / by", {"by": "0"})],
        id="a module beside the notebook, called over several lines",
    ),
    pytest.param(
        ["class M:\n    def __init__(self):\n        self.w = [1.0]\n        self.token = 'abc'\n"
         "    def fit(self, X):\n        return X + self.w + self.token", "M().fit(1)"],
        (2, 1, "M().fit(1)", {}),
        [("fit", 1, 6, "X + self.w", {"X": "1", "self.w": "[1.0]", "self.token": "<hidden>"})],
        id="attributes that an object itself holds",
    ),
    pytest.param(
        ["é = 1; s = '日本'; q = é + s"],
        (1, 1, "é + s", {"é": "1", "s": "'日本'"}),
        [],
        id="columns are those of characters",
    ),
    pytest.param(
        ["%%time\nv = 3\nw = v / 0"],
        (1, 3, "v / 0", {"v": "3"}),
        [],
        id="the body of a magic",
    ),
    pytest.param(
        ["%%time\ndef h(p):\n    return p.nope\nh(3)"],
        (1, 4, "h(3)", {}),
        [("h", 1, 3, "p.nope", {"p": "3"})],
        id="a function in the body of a magic",
    ),
    pytest.param(
        ["%%capture\nv = 3\nw = v / 0"],
        (1, 3, "v / 0", {"v": "3"}),
        [],
        id="a magic that runs its body as a cell of its own",
    ),
    pytest.param(
        ["v = 3\n%time w = v / 0"],
        (1, 2, "v / 0", {"v": "3"}),
        [],
        id="a line magic",
    ),
    pytest.param(["a = 1\nb = = 2"], (1, 2, "=", {}), [], id="a syntax error in the cell"),
    pytest.param(
        ["if True:\n    a = 1\n  b = 2"], (1, 3, None, {}), [], id="an indentation error in the cell"
    ),
    pytest.param(
        ["import broken"],
        (1, 1, "import broken", {}),
        [("", "broken.py", 2, "=", {})],
        id="a syntax error in a module beside the notebook",
    ),
    pytest.param(
        ["import sys\ncode = 3\nsys.exit(code)"],
        (1, 3, "sys.exit(code)", {"code": "3"}),
        [],
        id="an exit, of which IPython shows no line",
    ),
    pytest.param(
        ["rows = [1, 0]\nout = [1 / r for r in rows]"],
        (1, 2, "1 / r", {"rows": "[1, 0]", "r": "0"}),
        [],
        id="a comprehension is in its line",
    ),
    pytest.param(
        ["def bad():\n    z = 0\n    return 1 / z", "errors = []\ntry:\n    bad()\nexcept Exception as e:\n"
         "    errors.append(e)\nraise ExceptionGroup('many', errors)"],
        (2, 6, "raise ExceptionGroup('many', errors)", {"errors": "[ZeroDivisionError('division by zero')]"}),
        [("", 2, 3, "bad()", {}), ("bad", 1, 3, "1 / z", {"z": "0"})],
        id="a group of exceptions, with the first of them",
    ),
    pytest.param(
        ["import json\ntext = '{'\njson.loads(text)"],
        (1, 3, "json.loads(text)", {"text": "'{'"}),
        [],
        id="nothing of a library",
    ),
    pytest.param(
        ["import asyncio\nasync def co(n):\n    await asyncio.sleep(0)\n    return 1 / n", "await co(0)"],
        (2, 1, "await co(0)", {}),
        [("co", 1, 4, "1 / n", {"n": "0"})],
        id="top-level await",
    ),
    pytest.param(
        ["%%capture\ndef inside(p):\n    return 1 / p", "x = 1", "inside(0)"],
        (3, 1, "inside(0)", {}),
        [("inside", 1, 3, "1 / p", {"p": "0"})],
        id="a function defined below a magic that took another cell's count",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("cells", "top", "frames"), FAILURES)
def test_failure(kernel, cells, top, frames):
    error = kernel.fail(*cells)
    cell, line, at, values = top
    assert (error.at.cell, error.at.line) == (cell, line)
    assert error.source == cells[cell - 1].split("\n")[line - 1]
    assert pointed(error.source, error.at.column, error.width) == (at or "") or at is None
    assert dict(error.values) == values
    told = [
        (
            frame.function,
            frame.at.cell or frame.at.path.rpartition("/")[2],
            frame.at.line,
            pointed(frame.source, frame.at.column, frame.width).strip(),
            dict(frame.values),
        )
        for frame in error.frames
    ]
    assert [(*a[:3], a[3] or b[3], a[4]) for a, b in zip(told, frames, strict=True)] == frames


def test_a_recursion_is_told_once(kernel):
    error = kernel.fail("def r(n):\n    return r(n + 1)\nr(0)")
    (frame,) = error.frames
    assert (error.at.line, frame.at.line, frame.function) == (3, 2, "r")
    assert frame.values == (("n", str(frame.times - 1)),)
    assert frame.times > 100


def test_two_functions_that_call_each_other_are_told_once_each(kernel):
    error = kernel.fail("def a(n):\n    return b(n)\ndef b(n):\n    return a(n)\na(0)")
    assert sorted(frame.function for frame in error.frames) == ["a", "b"]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        pytest.param("raise KeyError('k')", "'k'", id="as Python writes it"),
        pytest.param(
            "try:\n    int('q')\nexcept ValueError as e:\n    raise KeyError('k') from e",
            "'k'\ncaused by ValueError: invalid literal for int() with base 10: 'q'",
            id="with what it came from",
        ),
        pytest.param(
            "e = ValueError('x')\ne.add_note('in row 3')\nraise e", "x\nin row 3", id="with notes"
        ),
        pytest.param(
            "raise ExceptionGroup('g', [ValueError(1), KeyError(2)])",
            "g (2 sub-exceptions)\n- ValueError: 1\n- KeyError: 2",
            id="with what a group holds",
        ),
        pytest.param("a = = 1", "invalid syntax", id="without the file that a cell never had"),
    ],
)
def test_message(kernel, cell, message):
    assert kernel.fail(cell).message == message


#: Each shows the secret in another way.
LEAKS = [
    pytest.param("import os\nkey = os.environ['DB_PASSWORD']\nraise ValueError(key)", id="plainly"),
    pytest.param("pw = os.environ['DB_PASSWORD']\nraise ValueError([pw, {1: pw}])", id="in a repr"),
    pytest.param(f"raise ValueError('{SECRET}')", id="in the source line"),
    pytest.param(f"other = 'x' * 35 + '{SECRET}' + 'y' * 70\nother.nope", id="where a value is cut"),
    pytest.param("said = os.environ['SAID_SO']\nsaid.nope(said)", id="a variable that a step declares"),
    pytest.param("b = os.environ['DB_PASSWORD'].encode()\nb.nope", id="as bytes"),
    pytest.param("u = f\"db://me:{os.environ['DB_PASSWORD']}@host\"\nraise ValueError(u)", id="in an address"),
    pytest.param(f"class C:\n    pass\nc = C()\nc.held = '{SECRET}'\nc.nope", id="in an attribute"),
    pytest.param(f"def f(name='{SECRET}'):\n    return name + 1\nf()", id="in a frame"),
    pytest.param("taken = os.environ.pop('DB_PASSWORD')\nraise ValueError(taken)", id="taken out of sight"),
    pytest.param(f"x = ValueError('{SECRET}')\nraise KeyError from x", id="in the cause"),
]  # fmt: skip


@pytest.mark.parametrize("cell", LEAKS)
def test_no_secret_is_told(kernel, monkeypatch, cell):
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    monkeypatch.setenv("SAID_SO", DECLARED)
    error = kernel.fail("import os", cell)
    told = "\n".join(failure_lines(StepResult("fit", "failed", error=error)))
    told += json.dumps(error.as_json())
    assert SECRET[:6] not in told
    assert DECLARED not in told
    assert "<hidden>" in told


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(
            "class B:\n    def __repr__(self):\n        1 / 0\n    __str__ = __repr__\nb = B()\nb.nope",
            id="a value whose repr raises",
        ),
        pytest.param(
            "class Q:\n    ran = []\n    @property\n    def p(self):\n        self.ran.append(1)\n"
            "        return 1\nq = Q()\n(q.p, q.nope)",
            id="a property",
        ),
        pytest.param("raise KeyboardInterrupt", id="an interrupt"),
        pytest.param(
            "class E(Exception):\n    __notes__ = 3\n    exceptions = property(lambda s: 1 / 0)\nraise E",
            id="an exception that is odd",
        ),
        pytest.param("big = list(range(10**6))\nbig.nope", id="a large value"),
        pytest.param("n = 10 ** 100000\nn.nope", id="a number that Python refuses to write"),
        pytest.param("import linecache\nlinecache.clearcache()\n1 / 0", id="sources are forgotten"),
    ],
)
def test_it_leaves_the_notebook_as_it_was(kernel, cell):
    before = kernel.executed("names = sorted(globals())\nnames == sorted({*globals(), 'names'})")
    assert kernel.fail(cell).at.cell == 1
    after, _ = kernel.executed(
        "assert not [n for n in globals() if 'probe' in n.lower()], sorted(globals())\n"
        "import sys\nassert not [m for m in sys.modules if m.startswith('kale')]\n"
        "assert globals().get('q') is None or q.ran == [1]"
    )
    assert [cell["metadata"]["papermill"]["exception"] for cell in after["cells"]] == [False]
    # One more cell has run since, and one failed.
    counts = [notebook["cells"][0]["execution_count"] for notebook in (before[0], after)]
    assert counts[1] == counts[0] + 2


def test_a_find_of_another_exception_is_not_believed(kernel):
    notebook, _ = kernel.executed("x = 0\n1 / x")
    _, other = kernel.executed("{}['k']")
    from kale.runners.failures.failure import cell_failure

    error = cell_failure(notebook, path="iris.ipynb", step="fit", probe=other)
    assert error is not None
    assert (error.type, error.at.line, error.values) == ("ZeroDivisionError", 2, ())


@pytest.mark.parametrize(
    "probe", [None, {}, {"type": "KeyError"}, {"frames": 3, "type": "", "message": ""}]
)
def test_without_a_find_the_traceback_is_read(kernel, probe):
    from kale.runners.failures.failure import cell_failure

    notebook, _ = kernel.executed("def f(d):\n    return d['k']\nf({})")
    error = cell_failure(notebook, path="iris.ipynb", step="fit", probe=probe)
    assert error is not None
    assert (error.type, error.at.line, error.at.column) == ("KeyError", 3, None)
    assert [(frame.at.line, frame.source) for frame in error.frames] == [(2, "    return d['k']")]
