"""Which steps may run together by the memory that they declare."""

from __future__ import annotations

import pytest
from runners.plans import task

from kale.runners.memory import MemoryBudget, available_memory, declared_memory

GI = 2**30


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({}, 0, id="nothing declared"),
        pytest.param({"limits": (("cpu", "2"),)}, 0, id="another resource"),
        pytest.param({"limits": (("memory", "1.5Gi"),)}, 3 * GI // 2, id="a limit"),
        pytest.param({"requests": (("memory", "2G"),)}, 2 * 10**9, id="a request alone"),
        pytest.param(
            {"limits": (("memory", "2Gi"),), "requests": (("memory", "1Gi"),)},
            2 * GI,
            id="the limit counts where both are given",
        ),
    ],
)
def test_what_a_step_declares(options, expected):
    assert declared_memory(task("a", "1", **options)) == expected


def big(name: str, size: str):
    return task(name, "1", limits=(("memory", size),))


@pytest.mark.parametrize(
    ("available", "running", "candidate", "expected"),
    [
        pytest.param(None, ["8Gi"], "8Gi", True, id="no bound is known"),
        pytest.param(4 * GI, [], "64Gi", True, id="one that is too large for all runs alone"),
        pytest.param(4 * GI, ["2Gi"], "2Gi", True, id="both fit exactly"),
        pytest.param(4 * GI, ["2Gi", "1Gi"], "1.5Gi", False, id="the sum is too much"),
        pytest.param(4 * GI, ["64Gi"], "1Mi", False, id="beside one that takes all"),
    ],
)
def test_what_fits(available, running, candidate, expected):
    budget = MemoryBudget(available)
    for number, size in enumerate(running):
        budget.take(big(f"r{number}", size))
    assert budget.admits(big("candidate", candidate)) is expected


def test_memory_that_nobody_declares_is_not_counted():
    budget = MemoryBudget(GI)
    budget.take(big("a", "1Gi"))
    assert budget.admits(task("b", "1"))


def test_memory_is_given_back():
    budget, first = MemoryBudget(GI), big("a", "1Gi")
    budget.take(first)
    assert not budget.admits(big("b", "1Gi"))
    budget.give_back(first)
    assert budget.admits(big("b", "1Gi"))


def test_this_machine_has_some():
    found = available_memory()
    assert found is not None
    assert 2**20 < found < 2**50
