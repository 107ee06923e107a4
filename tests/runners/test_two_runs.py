"""Two runs of one notebook at the same moment: both end as one alone does."""

from __future__ import annotations

import json
import threading

import pytest
from runners.command_runs import assert_all_gone, finish, run, start, write_notebook

STEPS = (
    ("pipeline-parameters", "factor = 2"),
    ("imports", "import numpy as np"),
    ("block:load", "a = np.arange(100_000)"),
    ("block:double prev:load", "b = a * factor"),
    ("block:sum prev:double", "total = int(b.sum())"),
    ("pipeline-metrics", "print(total)"),
)
TOTAL = 100_000 * 99_999


@pytest.mark.parametrize(
    "factors",
    [
        pytest.param((2, 2), id="two equal ones"),
        pytest.param((2, 3, 2, 3), id="four, with two values of a parameter"),
    ],
)
def test_runs_at_the_same_moment(tmp_path, factors):
    notebook = write_notebook(tmp_path / "nb.ipynb", *STEPS)
    before = notebook.read_bytes()
    running = [start(notebook, "-p", f"factor={factor}") for factor in factors]
    # Each is read at once: a full pipe would hold it up.
    results: dict = {}
    readers = [
        threading.Thread(target=lambda i=i, p=p: results.update({i: finish(p)}))
        for i, p in enumerate(running)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert [results[i]["status"] for i in range(len(factors))] == ["succeeded"] * len(factors)
    found = [results[i]["metrics"]["total"] for i in range(len(factors))]
    assert found == [TOTAL * factor // 2 for factor in factors]
    assert len({result["run_dir"] for result in results.values()}) == len(factors)
    assert notebook.read_bytes() == before
    assert_all_gone(tmp_path)
    # What they have left serves a third one, and is right.
    for factor in sorted(set(factors)):
        third = run(notebook, "-p", f"factor={factor}")
        assert third["metrics"] == {"total": TOTAL * factor // 2}
        assert json.loads(json.dumps(third))["status"] == "succeeded"
