"""The contract on real kernels: ``kale.core.run`` reports what the notebook reports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import notebook_json
from reference import run_top_to_bottom

from kale.core import run

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.ipynb"))
SMALL = ROOT / "tests" / "notebooks"

#: IPython syntax that needs a kernel, and what only a kernel has: its loop, display, its folder.
IPYTHON = notebook_json(
    ("imports", "%matplotlib inline\nimport asyncio\nimport matplotlib.pyplot as plt"),
    ("pipeline-parameters", "rounds = 2"),
    ("block:load", "!echo 1 2 3 > numbers.txt\nlines = !cat numbers.txt\nfile = 'numbers.txt'"),
    ("block:load", "%%capture shown\nprint('from', file)\nplt.plot([1, 2])"),
    ("block:wait prev:load", "async def double(v):\n    await asyncio.sleep(0)\n    return 2 * v"),
    ("block:wait", "%time numbers = [int(n) for n in lines[0].split()]"),
    ("block:wait", "doubled = [await double(n) for n in numbers]"),
    ("block:shell prev:load", "again = !cat {file}\nsame = again == lines"),
    ("block:shell", "text = shown.stdout.strip()"),
    ("block:shell", "%%bash --out counted\nwc -w < numbers.txt"),
    ("block:helper prev:load", "%%writefile helper.py\ndef third(v):\n    return v / 3"),
    ("block:end prev:wait;shell;helper", "import helper\nwords = int(counted)"),
    ("block:end", "share = helper.third(sum(doubled)) * rounds"),
    ("block:end", "fig, ax = plt.subplots()\nax.plot(doubled)\nplt.show()"),
    ("pipeline-metrics", "print(share)\nprint(words, same)\ntext"),
)


def typed(metrics):
    """Values with their types: 1, 1.0 and True are three different metrics."""
    return {name: (type(value).__name__, value) for name, value in metrics.items()}


def run_both(path, folder, parameters):
    """The metrics of the notebook and those of its pipeline, in copies of its folder."""
    homes = [folder / "notebook", folder / "the pipeline's"]
    for home in homes:
        home.mkdir()
        shutil.copy(path, home)
        if (path.parent / "data").is_dir():
            shutil.copytree(path.parent / "data", home / "data")
    expected = run_top_to_bottom(homes[0] / path.name, parameters)
    given = [f"{k}={v if isinstance(v, str) else json.dumps(v)}" for k, v in parameters.items()]
    result = run(homes[1] / path.name, given, run_dir=folder / "run")
    assert [step.error for step in result.steps if step.error] == []
    assert result.status == "succeeded"
    return expected, dict(result.metrics)


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        *(pytest.param(path, {}, id=f"{path.stem}, as it stands") for path in EXAMPLES),
        pytest.param(
            ROOT / "examples" / "base_example_numpy.ipynb",
            {"n_days": 800, "noise": 0.0, "harmonics": 1, "train_share": 0.5, "seed": 0},
            id="base_example_numpy, other parameters",
        ),
        pytest.param(SMALL / "diamond.ipynb", {"n": 7}, id="branches at the same time"),
        pytest.param(
            SMALL / "conditional_definition.ipynb",
            {"generous": True, "rounds": 2},
            id="the other branch taken",
        ),
        pytest.param(
            SMALL / "parameters_of_all_types.ipynb",
            {
                "title": "{{$}} ''' \\ 🐍 a=b",
                "count": -7,
                "offset": 2**60 + 1,
                "ratio": 1e-300,
                "verbose": False,
                "items": [1, 2.0, None],
                "options": {"depth": 3, "names": ["y"], "": {"x": None}},
                "limit": 4,
            },
            id="parameters of all types given",
        ),
    ],
)
def test_the_pipeline_reports_what_the_notebook_reports(path, parameters, tmp_path):
    notebook, pipeline = run_both(path, tmp_path, parameters)
    assert typed(pipeline) == typed(notebook)


def test_magics_shell_lines_and_await_mean_the_same_in_steps(tmp_path):
    path = tmp_path / "ipython.ipynb"
    path.write_text(IPYTHON, encoding="utf-8")
    notebook, pipeline = run_both(path, tmp_path, {"rounds": 3})
    assert typed(pipeline) == typed(notebook)
    assert pipeline == {"share": 12.0, "words": 3, "same": True, "text": "from numbers.txt"}
