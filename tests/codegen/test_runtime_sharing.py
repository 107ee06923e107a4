"""Which tasks carry the step runtime, and from where each other takes it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from codegen.builders import compiled, container, one, package, plan, task

from kale.codegen.package_layout import lay_out
from kale.codegen.runtime_sharing import CARRIED_IN_ALL, share_runtime
from kale.ir import Environment, PackageOptions, SecurityContext, StepOptions

HALF = CARRIED_IN_ALL // 2


@pytest.mark.parametrize(
    ("made", "size", "expected"),
    [
        pytest.param(plan("a"), 9, {}, id="one task carries it"),
        pytest.param(plan("a"), CARRIED_IN_ALL + 1, {}, id="however large it is"),
        pytest.param(
            plan("a", "b", "c", wires=[("x", "a", "b"), ("y", "b", "c")]),
            9,
            {"b": "a", "c": "a"},
            id="a chain takes it from its first task",
        ),
        pytest.param(
            plan("a", "b", after=[("b", "a")]), 9, {}, id="an order without data hands nothing on"
        ),
        pytest.param(
            plan("a", "b", "c", wires=[("y", "a", "c"), ("x", "b", "c")]),
            9,
            {"c": "b"},
            id="of two inputs the first counts",
        ),
        pytest.param(
            plan("a", "b", "c", wires=[("x", "a", "b"), ("x", "b;a", "c")]),
            9,
            {"b": "a", "c": "a"},
            id="of two candidate versions, too",
        ),
        pytest.param(plan("a", "b"), HALF, {}, id="two may carry it while they are not too large"),
        pytest.param(
            plan("a", "b", "c", wires=[("x", "b", "c")]),
            HALF + 1,
            dict.fromkeys("abc", "kale-runtime"),
            id="else a task before all does",
        ),
        pytest.param(
            plan("kale_runtime", "kale-runtime-2"),
            HALF + 1,
            dict.fromkeys(("kale-runtime", "kale-runtime-2"), "kale-runtime-3"),
            id="whose name nobody else has",
        ),
    ],
)
def test_who_takes_it_from_whom(made, size, expected):
    sharing = share_runtime(made.tasks, size)
    assert sharing.takes_from == expected
    assert sharing.first in ({*expected.values()} if sharing.first else {""})


def test_a_task_that_nobody_asks_does_not_hand_it_on():
    (only,) = lay_out(one(StepOptions()))
    assert "kale_runtime" not in only.outputs
    assert only.carries


def test_the_task_before_all():
    options = {"s0": StepOptions(image="own:1", retries=2), "s1": StepOptions(caching=False)}
    names = [f"s{n}" for n in range(10)]
    (spec,) = package(plan(*names, image="all:1", options=options))
    tasks = spec["root"]["dag"]["tasks"]
    containers = {
        label.removeprefix("exec-"): executor["container"]
        for label, executor in spec["deploymentSpec"]["executors"].items()
    }
    assert tasks["kale-runtime"] == {
        "cachingOptions": {"enableCache": True},
        "componentRef": {"name": "comp-kale-runtime"},
        "retryPolicy": {
            "backoffDuration": "0s",
            "backoffFactor": 1.0,
            "backoffMaxDuration": "31536000s",
            "maxRetryCount": 2,
        },
        "taskInfo": {"name": "kale-runtime"},
    }
    outputs = spec["components"]["comp-kale-runtime"]["outputDefinitions"]["artifacts"]
    assert [*outputs] == ["kale_runtime"]
    first = containers["kale-runtime"]
    assert (first["image"], first["args"]) == ("own:1", ["{{$}}", "kale-runtime"])
    for name in names:
        assert containers[name]["command"][3].startswith("sha256:")
        assert tasks[name]["dependentTasks"] == ["kale-runtime"]


def test_the_task_before_all_is_fetched_and_run_as_the_step_whose_image_it_has():
    first = StepOptions(
        image="own:1",
        pull_secrets=("registry",),
        pull_policy="Always",
        security_context=SecurityContext(run_as_non_root=True),
        labels=(("of", "the-step"),),
    )
    made = plan(*(f"s{n}" for n in range(10)), options={"s0": first, "s1": StepOptions(timeout=5)})
    pods = package(made)[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert pods["exec-kale-runtime"] == {
        "imagePullPolicy": "Always",
        "imagePullSecret": pods["exec-s0"]["imagePullSecret"],
        "securityContext": {"runAsNonRoot": True},
    }
    assert compiled(made) == package(made)


def test_a_task_waits_for_the_one_that_hands_it_the_runtime():
    made = plan("a", "b", "c", wires=[("x", "a", "b"), ("y", "b", "c")])
    assert task(made, "c")["dependentTasks"] == ["a", "b"]
    assert compiled(made) == package(made)


def test_a_runtime_of_the_image_is_not_handed_on():
    made = plan("a", "b", wires=[("x", "a", "b")])
    installed = Environment(options=PackageOptions(installed_runtime=True))
    made = replace(made, environment=installed)
    assert compiled(made) == package(made)
    (command,) = {tuple(container(made, key)["command"]) for key in "ab"}
    assert command[:3] == ("python3", "-m", "kale.pod")
    assert "kale_runtime" not in str(package(made))
