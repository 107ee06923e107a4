"""KFP keeps a component's ports by its container: equal containers with other ports mix them up."""

from __future__ import annotations

from pathlib import Path

import pytest
from codegen.builders import package
from codegen.protobuf_messages import check_executors_differ

from kale.core import plan

EXAMPLES = sorted(Path(__file__).parents[2].glob("examples/*.ipynb"))

#: Alike in all but what goes in and out: every other step reads, and every third is read.
FAN_OUT = [
    ("block:load", "x = 1"),
    *(
        (f"block:fold-{n} prev:load", "print(x)" if n % 2 else "print(1)")
        if n % 3
        else (f"block:fold-{n} prev:load", f"y{n} = 1")
        for n in range(20)
    ),
    ("block:last", f"print({', '.join(f'y{n}' for n in range(0, 20, 3))})"),
]


def executors(documents):
    return documents[0]["deploymentSpec"]["executors"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_of_an_example(path):
    check_executors_differ(package(plan(path)))


def test_of_twenty_alike_steps(notebook):
    documents = package(plan(notebook(*FAN_OUT)))
    check_executors_differ(documents)
    containers = [repr(executor["container"]) for executor in executors(documents).values()]
    assert len(set(containers)) == len(containers)


def test_equal_ones_would_be_found(notebook):
    documents = package(plan(notebook(("block:a", "x = 1"), ("block:b prev:a", "print(x)"))))
    found = executors(documents)
    found["exec-a"]["container"] = found["exec-b"]["container"]
    with pytest.raises(AssertionError):
        check_executors_differ(documents)
