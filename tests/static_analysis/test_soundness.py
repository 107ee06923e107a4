"""Random notebooks keep the contract: the notebook's values as a pipeline, or a refusal with a place.

A notebook that a pipeline can keep (:mod:`valid_notebooks`) is neither refused nor stopped. Five
hundred notebooks are always the same; a hundred come from the seed in ``KALE_SOUNDNESS_SEED``, a
new one in each run unless it is set, which stands at the head of pytest's output and in a failure.
"""

import os

import pytest
from random_notebooks import Cell, Notebook, Statement
from soundness import find_fault, notebooks, smallest
from valid_notebooks import is_valid

pytestmark = pytest.mark.usefixtures("unmeasured")

FRESH = os.environ["KALE_SOUNDNESS_SEED"]
MANY = int(os.environ.get("KALE_SOUNDNESS_COUNT", "5000"))

#: How many notebooks of each shape: in all, 500 of the fixed seed and 100 of the fresh one.
COUNTS = [("chain", 100), ("branches", 100), ("apart", 50)]
RUNS = [
    *(pytest.param(f"{part}", shape, count, id=f"{shape}, the same each time, part {part}")
      for shape, count in COUNTS for part in (1, 2)),
    *(pytest.param(FRESH, shape, count * 2 // 5, id=f"{shape}, new ones") for shape, count in COUNTS),
]  # fmt: skip


def check(seed, shape, count):
    for number, notebook in enumerate(notebooks(seed, count, shape)):
        fault = find_fault(notebook)
        if fault is not None:
            found = f"KALE_SOUNDNESS_SEED={seed}, {shape} {number}: {smallest(fault)}"
            if seed == FRESH and ": valid, and stopped" in found:
                # A stop is no wrong value. It is a gap to look at, and no reason why a change
                # that has nothing to do with it should wait.
                pytest.xfail(found)
            pytest.fail(found, pytrace=False)


@pytest.mark.parametrize(("seed", "shape", "count"), RUNS)
def test_random_notebooks_keep_the_contract(seed, shape, count):
    check(seed, shape, count)


@pytest.mark.slow
@pytest.mark.parametrize("shape", [shape for shape, _ in COUNTS])
def test_thousands_of_random_notebooks_keep_the_contract(shape):
    check(FRESH, shape, MANY)


def notebook(*cells, after=None):
    return Notebook(tuple(Cell(o, (Statement(code),)) for o, code in cells), after or {})


VALID = [
    pytest.param(
        notebook(("a", "d = [1]; b = [1]"), ("s", "def feed(i):\n    d.append(i)"), ("s", "b = [2]"),
                 ("t", "print(b)"), after={"t": ("a",)}),
        False, id="the body of a function that nobody calls orders nothing",
    ),
    pytest.param(notebook(("a", "b = [1]"), ("s", "print(b)")), True, id="an edge can be added"),
    pytest.param(
        notebook(("a", "b = [1]"), ("s", "b.append(2)"), ("t", "b.append(3)"), ("u", "print(b)")),
        True, id="who changes a value reads it, which orders the two",
    ),
    pytest.param(
        notebook(("a", "b = c = [1]"), ("s", "b.append(2)"), ("t", "d = c"), ("u", "print(b, d)")),
        True, id="a change through another name orders the two",
    ),
    pytest.param(
        notebook(("a", "b = [1]"), ("s", "b = [2]"), ("t", "c = [3]")), True,
        id="two writers and no reader",
    ),
    pytest.param(
        notebook(("a", "b = [1]"), ("s", "b = [2]"), ("t", "print(b)")), False,
        id="two writers without order",
    ),
    pytest.param(
        notebook(("a", "b = [1]"), ("s", "if b == 0:\n    b = [2]"), ("t", "print(b)")), True,
        id="who may bind a value reads it",
    ),
    pytest.param(
        notebook(("a", "b = [1]"), ("s", "print(b)"), after={"a": ("s",)}), False,
        id="an edge against the notebook's order",
    ),
    pytest.param(
        notebook(("a", "b = [1]"), ("s", "if b == 0:\n    print(c)")), False,
        id="a name that nothing defines, in code that does not run",
    ),
    pytest.param(
        notebook(("a", "b = [1]"), ("s", "print(b)"), ("a", "b = [2]")), False,
        id="cells of a step apart",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("notebook", "expected"), VALID)
def test_which_notebooks_are_valid(notebook, expected):
    assert is_valid(notebook) is expected


def test_most_random_notebooks_are_valid():
    assert sum(map(is_valid, notebooks("1", 40, "branches"))) >= 30
