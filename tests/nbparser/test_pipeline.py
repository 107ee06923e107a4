"""From cells to steps: joining, order, setup, notices and options."""

from __future__ import annotations

from pathlib import Path

import pytest

from kale.nbparser import parse_pipeline, read_notebook


def shape(pipeline):
    """Each step's cells, and the cells of each other kind, by number."""
    found = {step.name: [source.at.cell for source in step.sources] for step in pipeline.steps}
    for kind in ("imports", "functions", "metrics"):
        if sources := getattr(pipeline, kind):
            found[kind.upper()] = [source.at.cell for source in sources]
    return found


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param([("a", "block:x")], {"x": [1]}, id="one cell, one step"),
        pytest.param([("a", "block:x"), ("b",)], {"x": [1, 2]}, id="an untagged cell joins"),
        pytest.param(
            [("a", "block:x"), ("b", "hide-input")], {"x": [1, 2]}, id="a foreign tag joins"
        ),
        pytest.param([("a", "block:x"), ("b", "block:")], {"x": [1, 2]}, id="an empty block joins"),
        pytest.param([("a", "block:x"), ("b", "step:")], {"x": [1, 2]}, id="an empty step joins"),
        pytest.param(
            [("a", "block:x"), ("b", "skip"), ("c",)], {"x": [1, 3]}, id="skip interrupts nothing"
        ),
        pytest.param(
            [("a", "block:x"), ("b", "skip", "blok:y", "limit:"), ("c",)],
            {"x": [1, 3]},
            id="wrong tags of a skipped cell do no harm",
        ),
        pytest.param(
            [("a", "block:x"), ("!bad (", "skip")], {"x": [1]}, id="a skipped cell is never read"
        ),
        pytest.param(
            [("a", "block:x"), ("",), ("  \n",)], {"x": [1]}, id="empty untagged cells are none"
        ),
        pytest.param(
            [("a", "block:x"), ("# note",)], {"x": [1, 2]}, id="a comment stays with its step"
        ),
        pytest.param([("", "block:x")], {"x": [1]}, id="a tagged empty cell is a step"),
        pytest.param(
            [("a", "block:x"), ("b", "block:y"), ("c", "block:x")],
            {"x": [1, 3], "y": [2]},
            id="cells of one step apart",
        ),
        pytest.param(
            [("a", "block:x;y"), ("b", "step:y")], {"x": [1], "y": [1, 2]}, id="a cell of two steps"
        ),
        pytest.param(
            [("a", "block:x", "block:y"), ("b",)],
            {"x": [1, 2], "y": [1, 2]},
            id="two block tags are both, and a cell joins both",
        ),
        pytest.param(
            [
                ("a", "imports"),
                ("b",),
                ("c", "functions"),
                ("d", "block:x"),
                ("e", "pipeline-metrics"),
                ("f",),
                ("g", "imports"),
            ],
            {"x": [4], "IMPORTS": [1, 2, 7], "FUNCTIONS": [3], "METRICS": [5, 6]},
            id="cells join imports and metrics too",
        ),
        pytest.param([("# hi",), ("",), ("a", "block:x")], {"x": [3]}, id="comments make no setup"),
        pytest.param(
            [("b",), ("# c",), ("a", "block:x")],
            {"setup": [1], "x": [3]},
            id="leading code is setup",
        ),
        pytest.param([("a", "block:setup")], {"setup": [1]}, id="an author's own setup"),
        pytest.param(
            [("a", "block:x", "parameters")], {"x": [1]}, id="papermill's tag on a step's cell"
        ),
    ],
)
def test_cells_become_steps(parse, cells, expected):
    assert shape(parse(*cells)) == expected


def test_markdown_and_raw_cells_mean_nothing(parse):
    pipeline = parse(
        ("# T", "block:Bad Name", "blok:a"),
        ("a", "block:x"),
        ("%%", "prev a"),
        ("b",),
        c1="markdown",
        c3="raw",
    )
    assert shape(pipeline) == {"x": [2, 4]}
    assert pipeline.diagnostics == ()


def test_a_source_keeps_its_code_its_python_and_its_place(parse):
    [step] = parse(("%time x = 1\n", "block:a;b"), ("y", "block:b")).steps[1:]
    [first, second] = step.sources
    assert (first.code, first.python) == ("%time x = 1\n", "x = 1\n")
    at = first.at
    assert (at.path, at.cell, at.line, at.step, at.cell_id) == ("nb.ipynb", 1, 1, "b", "id-1")
    assert (second.at.cell, step.at) == (2, first.at)


def test_the_shell_keeps_its_own_variables(parse):
    pipeline = parse(
        ("import os.path\nfrom a import b as c\ndef f(): pass\nclass C: pass", "imports"),
        ("p = 1", "parameters"),
        (
            (
                "for i in []:\n  try: pass\n  except E as e: pass\nmatch i:\n  case [m, *r]: pass\n"
                "!{os} {c} {f} {C} {p} {i} {e} {m} {r} $HOME $b"
            ),
            "block:a",
        ),
    )
    last = pipeline.steps[0].sources[0].python.rpartition(", 'x'")[2].splitlines()[-1]
    assert [
        n for n in ("os", "c", "f", "C", "p", "i", "e", "m", "r") if f"{n} is None" in last
    ] == [
        "os",
        "c",
        "f",
        "C",
        "p",
        "i",
        "e",
        "m",
        "r",
    ]
    assert "HOME is None" not in last
    assert "b is None" not in last


@pytest.mark.parametrize(
    ("cells", "after"),
    [
        ([("1", "block:a"), ("1", "block:b")], {"a": (), "b": ()}),
        ([("1", "block:a"), ("1", "block:b", "prev:a")], {"a": (), "b": ("a",)}),
        (
            [("1", "block:a"), ("1", "block:b"), ("1", "block:c", "prev:a"), ("1", "prev:b")],
            {"a": (), "b": (), "c": ("a", "b")},
        ),
        ([("1", "block:a", "prev:b"), ("1", "block:b")], {"a": ("b",), "b": ()}),
        ([("1", "block:a"), ("1", "block:b;c", "prev:a")], {"a": (), "b": ("a",), "c": ("a",)}),
        (
            [("1",), ("1", "block:a"), ("1", "block:b", "prev:a"), ("1", "block:c")],
            {"setup": (), "a": ("setup",), "b": ("a",), "c": ("setup",)},
        ),
        ([("1",), ("1", "block:a", "prev:setup")], {"setup": (), "a": ("setup",)}),
        ([("1", "block:a"), ("", "prev:b"), ("1", "block:b")], {"a": ("b",), "b": ()}),
    ],
    ids=[
        "none",
        "one",
        "union over the cells",
        "backwards",
        "two steps",
        "setup runs first",
        "setup by name",
        "prev on an empty cell",
    ],
)
def test_prev_tags_order_steps(parse, cells, after):
    assert {step.name: step.after for step in parse(*cells).steps} == after


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(
            [("1",), ("2",), ("3", "block:a")],
            "cell 1 (setup), line 1: KALE103: cells 1, 2 stand before the first tagged cell and"
            " became the step `setup`, which runs before all others (tag them `imports` to have"
            " them in every step, `skip` to leave them out, or `block:NAME`)",
            id="setup",
        ),
        pytest.param(
            [("# c",), ("2",), ("3", "block:a")],
            "cell 2 (setup), line 1: KALE103: cell 2 stands before the first tagged cell and"
            " became the step `setup`, which runs before all others (tag it `imports` to have"
            " it in every step, `skip` to leave it out, or `block:NAME`)",
            id="setup of one cell",
        ),
        pytest.param(
            [("1", "imports", "prev:a"), ("3", "block:a")],
            "cell 1: KALE107: the tag `prev:a` has no effect on a cell of `imports` (remove it, or"
            " put it on a cell of a step)",
            id="prev on imports",
        ),
        pytest.param(
            [("1", "skip", "limit:cpu:1"), ("3", "block:a")],
            "cell 1: KALE107: the tag `limit:cpu:1` has no effect on a cell of `skip` (remove it,"
            " or put it on a cell of a step)",
            id="option on skip",
        ),
        pytest.param(
            [("3", "block:a"), ("1", "functions"), ("x", "prev:a")],
            "cell 3: KALE107: the tag `prev:a` has no effect on a cell of `functions` (remove it,"
            " or put it on a cell of a step)",
            id="prev on a cell that joins functions",
        ),
        pytest.param(
            [("x = 1", "block:a", "parameters")],
            "cell 1: KALE107: the tag `parameters` has no effect on a cell of a step (to make its"
            " assignments parameters of the pipeline, give them a cell tagged"
            " `pipeline-parameters`)",
            id="papermill's parameters on a step",
        ),
    ],
)
def test_notices(parse, cells, expected):
    [found] = parse(*cells).diagnostics
    assert f"{found.at}: {found.code}: {found.message} ({found.hint})" == f"nb.ipynb: {expected}"
    assert found.severity.value == "notice"


def test_options_of_a_steps_cells_merge(parse):
    pipeline = parse(
        ("1", "block:a", "image:i:1", "packages:x==1,y", "limit:memory:1Gi", "limit:cpu:2"),
        ("2", "request:cpu:500m", "retry:2", "timeout:60", "cache:disabled", "report:enabled"),
        ("3", "secret:s:k:E", "env:A=b", "label:l:v", "annotation:a:b:c", "node:n:v"),
        (
            "4",
            "file:b/*.csv",
            "file:a.csv",
            "toleration:t:v:NoSchedule",
            "volume:p:/d",
            "limit:cpu:2",
            "packages:z,y",
        ),
    )
    options = pipeline.steps[0].options
    assert (options.image, options.packages) == ("i:1", ("x==1", "y", "z"))
    assert options.limits == (("cpu", "2"), ("memory", "1Gi"))
    assert options.requests == (("cpu", "500m"),)
    assert (options.retries, options.timeout) == (2, 60)
    assert (options.caching, options.report) == (False, True)
    assert options.files == ("a.csv", "b/*.csv")
    assert [(s.secret, s.key, s.env) for s in options.secrets] == [("s", "k", "E")]
    assert (options.env, options.labels) == ((("A", "b"),), (("l", "v"),))
    assert (options.annotations, options.node_selectors) == ((("a", "b:c"),), (("n", "v"),))
    assert [(t.key, t.value, t.effect) for t in options.tolerations] == [("t", "v", "NoSchedule")]
    assert [(v.claim, v.mount_path) for v in options.volumes] == [("p", "/d")]


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb")), ids=lambda p: p.stem
)
def test_every_test_notebook_is_read_the_same_twice(path):
    pipeline = parse_pipeline(read_notebook(path))
    assert pipeline.steps
    assert parse_pipeline(read_notebook(path)) == pipeline
