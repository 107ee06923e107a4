"""The files of a package, and what making them costs."""

from __future__ import annotations

import itertools

import pytest
import yaml
from codegen.builders import analyzed, package, plan

from kale.codegen import emit_files, emit_package, emit_script, gen_kfp_code
from kale.diagnostics import CATALOGUE


def test_the_codes_are_in_the_catalogue():
    assert {f"KALE4{number:02}" for number in range(1, 16)} <= CATALOGUE.keys()


def test_files():
    made = plan("a_b", "c")
    files = {str(path): content for path, content in emit_files(made).items()}
    assert sorted(files) == [
        "iris.kfp.py",
        "iris.steps/a_b.ipynb",
        "iris.steps/c.ipynb",
        "iris.yaml",
    ]
    assert files["iris.steps/c.ipynb"] == made.task("c").notebook
    assert gen_kfp_code(made).encode() == files["iris.kfp.py"]


def test_the_original_name_takes_an_analysed_pipeline_too():

    assert gen_kfp_code(analyzed("a")).encode() == emit_script(plan("a"))


def test_the_dumper_of_pure_python_writes_the_same(monkeypatch):
    made = plan("load", "train", wires=[("x", "load", "train")], description="größe\n\u2028 x")
    expected = package(made)
    monkeypatch.delattr(yaml, "CSafeDumper", raising=False)
    assert package(made) == expected


def chain(count):
    """A plan of so many small steps, each with a value of the one before."""
    names = [f"step-{number}" for number in range(count)]
    wires = [("frame", before, after) for before, after in itertools.pairwise(names)]
    code = "scores = [row['a'] * {0} for row in frame]\nprint({0}, len(scores), max(scores))\n"
    return plan(
        *((name, code.format(number)) for number, name in enumerate(names)),
        wires=wires,
        imports=["import numpy as np\nimport pandas as pd"],
        functions=["def scaled(x):\n    return (x - x.mean()) / x.std()"],
    )


def apart(count):
    """A plan of so many small steps that have nothing to do with one another."""
    return plan(*((f"step-{number}", f"print({number})") for number in range(count)))


@pytest.mark.parametrize("made", [chain, apart])
def test_a_package_grows_by_little(made):
    sizes = {count: len(emit_package(made(count))) for count in (20, 21, 100, 101)}
    assert sizes[100] <= 700_000
    assert sizes[21] - sizes[20] <= 7 * 1024
    assert sizes[101] - sizes[100] <= 7 * 1024
