"""``kale export``: the text of the script, and that plain Python computes what the cells do."""

from __future__ import annotations

from pathlib import Path

import pytest
from printed import printed

from kale import core
from kale.conversion.to_script import export_notebook

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"

SCRIPT = '''"""Squares"""


import math

from kale.sdk import log_metric, pipeline, step


# A helper.
def square(x):
    return x * x


def report(name, value):
    """Print a result; one that is a number is a metric of the pipeline, too."""
    print(value)
    try:
        log_metric(name, value)
    except TypeError:
        pass  # text is no metric


# ## Load
#
# The numbers.
@step(limits={"memory": "1Gi"})
def load(n):
    xs = list(range(n))

    # More of them.

    xs.append(9)
    return xs


@step(name="sum-up", retry_count=2)
def sum_up(xs):
    total = sum(map(square, xs))
    text = """a
b"""

    report("total", total)


# ## Parameters
@pipeline(name="Squares of numbers", experiment="e", steps_defaults=["label:a:b"])
def squares_of_numbers(
    n=3,  # how many
):
    xs = load(n)
    sum_up(xs)


if __name__ == "__main__":
    squares_of_numbers()
'''


def test_a_notebook_becomes_a_script_that_a_person_would_keep(export):
    text = export(
        "# Squares",
        "## Parameters",
        ("pipeline-parameters", "n = 3  # how many"),
        ("imports", "%matplotlib inline\nimport math\n"),
        "A helper.",
        ("functions", "def square(x):\n    return x * x\n"),
        "## Load\n\nThe numbers.",
        ("block:load limit:memory:1Gi", "xs = list(range(n))"),
        "More of them.",
        ("", "xs.append(9)"),
        ("skip", "print(xs)"),
        ("block:sum-up prev:load retry:2", 'total = sum(map(square, xs))\ntext = """a\nb"""'),
        ("pipeline-metrics", "print(total)"),
        metadata={
            "kubeflow_notebook": {
                "pipeline_name": "Squares of numbers",
                "experiment_name": "e",
                "steps_defaults": ["label:a:b"],
                "volumes": [],
            }
        },
    )
    assert text.replace("# %matplotlib inline\n", "") == SCRIPT
    assert printed(text) == "86\n"


@pytest.mark.parametrize(
    "name",
    ["class_across_steps", "comprehension_scope", "diamond",
     "import_in_step", "loops_and_with", "mutation_in_place", "rebound_builtin", "unicode_names"],
)  # fmt: skip
def test_the_scripts_of_the_test_notebooks_print_what_their_cells_do(name):
    path = NOTEBOOKS / f"{name}.ipynb"
    pipeline = core.load(path)
    sources = [*pipeline.imports, *pipeline.functions]
    sources += [source for step in pipeline.steps for source in step.sources]
    assignments = [f"{one.name} = {one.literal}" for one in pipeline.parameters]
    sources += pipeline.metrics
    cells = "\n".join([*assignments, *(source.python for source in sources)])
    assert printed(export_notebook(path)) == printed(cells)
