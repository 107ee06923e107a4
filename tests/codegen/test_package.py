"""The files of a package, and what making them costs."""

from __future__ import annotations

import itertools
import sys
import time

import yaml
from codegen.builders import analyzed, package, plan

from kale.codegen import emit_files, emit_package, emit_script, gen_kfp_code
from kale.diagnostics import CATALOGUE


def test_the_codes_are_in_the_catalogue():
    assert [code for code in CATALOGUE if code.startswith("KALE4")] == [
        f"KALE4{number:02}" for number in range(1, 12)
    ]


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


def test_a_hundred_steps_are_quick():
    names = [f"step-{number}" for number in range(100)]
    wires = [("x", before, after) for before, after in itertools.pairwise(names)]
    steps = [(name, f"x = {name!r}\n" * 10) for name in names]
    emit_package(plan("warm"))
    start = time.process_time()
    made = plan(*steps, wires=wires)
    emit_package(made)
    # Measured at a fifth of this; the rest is for slow machines and coverage.
    assert time.process_time() - start < (1.0 if sys.gettrace() is None else 10)
