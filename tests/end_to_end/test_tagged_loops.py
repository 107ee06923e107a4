"""Notebooks with loops and conditions, run as pipelines: what each means as a Python program."""

from __future__ import annotations

import json

import pytest

from kale import core
from kale.conversion.to_script import export_notebook

CELLS = [
    ("pipeline-parameters", "least = 2"),
    ("imports", "import json"),
    ("block:load", "xs = [3, 1, 2]\nfound = {}"),
    (
        ["block:square", "loop:i, x in enumerate(xs)", "parallelism:2", "prev:load"],
        "y = [i, x * x]",
    ),
    (["block:parts", "loop:i, x in enumerate(xs)", "loop:part in y"], "z = part + x"),
    (["block:total", "loop:i, x in enumerate(xs)", "when:x >= least"], "t = sum(z)"),
    (["block:many", "when:len(t) > 5"], "word = 'many'"),
    (["block:some", "when:elif t"], "word = 'some'"),
    (["block:none", "when:else"], "word = 'none'"),
    (
        "block:write prev:total;many;some;none",
        "with open('out.json', 'w') as file:\n    json.dump([y, z, t, word], file)",
    ),
]


def program(least):
    """What the notebook means."""
    xs = [3, 1, 2]
    ys, zs, ts = [], [], []
    for i, x in enumerate(xs):
        y = [i, x * x]
        ys.append(y)
        z = [part + x for part in y]
        zs += z
        if x >= least:
            ts.append(sum(z))
    word = "many" if len(ts) > 5 else "some" if ts else "none"
    return [ys, zs, ts, word]


@pytest.mark.parametrize("least", [2, 9])
def test_a_notebook_with_loops_computes_what_it_means(notebook, tmp_path, least):
    run = core.run(notebook(*CELLS), [f"least={least}"], run_dir=tmp_path / "run")
    assert run.status == "succeeded"
    assert json.loads((tmp_path / "out.json").read_text()) == program(least)


def test_the_exported_script_computes_the_same(notebook, tmp_path):
    script = tmp_path / "exported.py"
    script.write_text(export_notebook(notebook(*CELLS)))
    run = core.run(script, run_dir=tmp_path / "run")
    assert run.status == "succeeded"
    assert json.loads((tmp_path / "out.json").read_text()) == program(2)
