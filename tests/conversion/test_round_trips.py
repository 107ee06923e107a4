"""A notebook exported and imported again: the steps, their code, their options and their order."""

from __future__ import annotations

import shutil
from dataclasses import fields
from pathlib import Path

import pytest
from printed import printed

from kale import core
from kale.control import Loop
from kale.conversion.to_notebook import import_script
from kale.conversion.to_script import export_notebook

ROOT = Path(__file__).parents[2]

LOOPS = [
    ("block:load limit:cpu:2 env:A=b", "xs = [3, 1, 2]"),
    (["block:sq", "prev:load", "loop:x in xs", "parallelism:2"], "y = x * x"),
    (["block:inner", "loop:x in xs", "loop:i, z in enumerate([y, x])"], "w = i + z"),
    (["block:last", "loop:x in xs", "when:x > 1"], "v = sum(w)"),
    ("block:show prev:sq retry:3:30", "print(y, w, v)"),
]
CONDITIONS = [
    ("pipeline-parameters", "n = 2\nrate: float = 1"),
    ("block:load volume:c:/data secret:s:k:E", "s = n * rate"),
    (["block:a", "when:s > 5"], "y = 1"),
    (["block:b", "when:elif s > 1", "when:rate > 0"], "y = 2"),
    (["block:b2", "when:elif s > 1", "when:else"], "y = 5"),
    (["block:c", "when:else"], "y = 3"),
    ("block:show cache:disabled", "print(y)"),
]


@pytest.fixture(
    params=[
        pytest.param(LOOPS, id="loops"),
        pytest.param(CONDITIONS, id="conditions"),
        *(
            pytest.param(ROOT / "tests" / "notebooks" / f"{name}.ipynb", id=name)
            for name in (
                "class_across_steps", "comprehension_scope", "diamond", "import_in_step",
                "loops_and_with", "mutation_in_place", "parameters_of_all_types", "unicode_names",
            )
        ),
        pytest.param(ROOT / "examples" / "bike_rentals.ipynb", id="bike rentals"),
        pytest.param(ROOT / "examples" / "breast_cancer.ipynb", id="breast cancer"),
    ]
)  # fmt: skip
def trip(request, notebook, tmp_path):
    """A notebook, the script that it becomes and the notebook that this becomes, as paths."""
    if isinstance(request.param, Path):
        first = tmp_path / request.param.name
        shutil.copy(request.param, first)
    else:
        first = notebook(*request.param)
    script = tmp_path / "exported.py"
    script.write_text(export_notebook(first), encoding="utf-8")
    second = tmp_path / "imported.ipynb"
    second.write_text(import_script(script), encoding="utf-8")
    return first, script, second


def own_steps(path):
    """The steps that an author would name, by name, with all that runs before each."""
    analyzed = core.check(path)
    made = {
        step.name
        for step in analyzed.pipeline.steps
        if not step.sources
        or any(step.sources[0].code.startswith(name) for _, name in step.decides)
    }
    made -= {step.name for step in analyzed.pipeline.steps if step.sources and not step.decides}
    found = {}
    for step in analyzed.pipeline.steps:
        if step.name not in made:
            waiting, before = list(analyzed.after[step.name]), set()
            while waiting:
                if (name := waiting.pop()) not in before:
                    before.add(name)
                    waiting += analyzed.after[name]
            found[step.name] = before - made
    return analyzed, found


def nesting(analyzed, names):
    """What each step stands in: the targets and parallelism of loops, the numbers of branches."""
    return {
        step.name: [
            (one.target, one.parallelism) if isinstance(one, Loop) else one.number
            for one in step.within
        ]
        for step in analyzed.pipeline.steps
        if step.name in names
    }


def test_a_round_trip_keeps_steps_order_loops_options_and_parameters(trip):
    (first, steps), (script, in_script), (second, again) = map(own_steps, trip)
    # A script has more steps where its pipeline cannot hold an expression.
    assert [name for name in in_script if name in steps] == list(steps)
    assert list(again) == list(in_script)
    for name, before in steps.items():
        assert before <= in_script[name] <= again[name]
    for analyzed in (script, second):
        assert nesting(analyzed, steps) == nesting(first, steps)
        for step in steps:
            one, other = first.pipeline.step(step).options, analyzed.pipeline.step(step).options
            for field in fields(one):
                assert getattr(one, field.name) == getattr(other, field.name), (step, field.name)
        pipeline = analyzed.pipeline
        assert [(p.name, p.type, p.literal) for p in pipeline.parameters] == [
            (p.name, p.type, p.literal) for p in first.pipeline.parameters
        ]
        for key in ("name", "title", "experiment", "image", "volumes", "pickling"):
            assert getattr(pipeline, key) == getattr(first.pipeline, key)


def test_a_round_trip_keeps_the_code(trip):
    first, script, second = trip
    notebook, text = core.load(first), script.read_text(encoding="utf-8")
    again = core.load(second)
    sources = [*again.imports, *again.functions]
    sources += [source for step in again.steps for source in step.sources]
    back = "\n".join(source.code for source in sources)
    for step in notebook.steps:
        if step.decides:
            continue
        for source in step.sources:
            for line in source.python.split("\n"):
                assert line.strip() in text
                assert line.strip() in back


@pytest.mark.parametrize(
    ("cells", "out"),
    [
        pytest.param(LOOPS, "[9, 1, 4] [9, 4, 1, 2, 4, 3] [13, 7]\n", id="loops"),
        pytest.param(CONDITIONS, "2\n", id="conditions"),
    ],
)
def test_the_script_of_a_notebook_with_loops_computes_what_it_means(notebook, cells, out):
    assert printed(export_notebook(notebook(*cells))) == out
