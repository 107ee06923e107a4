"""What is refused of loops, conditions and exit handlers, before anything is written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from codegen.builders import PATH, parameter, refused
from codegen.grouped_plans import branches, grouped, handler, loop, plan, step

from kale.codegen import check_package, make_plan
from kale.ir import PackageOptions
from kale.volumes import Volume, Volumes

ONE = loop(1, "a")
THEN, ELSE = branches(1, "a")

#: A list of what a loop makes, and a value of either branch.
LIST = (step("a", decides="loop:1"), step("b", ONE), "x: a -> b", "ys: y of b -> c")
CHOICE = (step("a", decides="if:1"), step("b", THEN), step("d", ELSE), "x: b|d -> c")

STEP = f"{PATH}: cell 10"


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(
            plan(step("tidy"), step("b", handler("tidy")), step("c"), "x: b -> c"),
            (
                "KALE755",
                f"{STEP} (c), line 1",
                "step `c` reads what step `b` makes in an exit handler's group, and Kubeflow"
                " Pipelines hands nothing out of one",
                "have the step that reads it stand in the group, too",
            ),
            id="a value that leaves the group of an exit handler",
        ),
        pytest.param(
            plan(*CHOICE[:2], step("d", ELSE, loop(2)), CHOICE[3], step("c")),
            (
                "KALE756",
                f"{STEP} (c), line 1",
                "step `c` reads what step `d` makes in a loop or a condition, and Kubeflow"
                " Pipelines cannot hand that on from there",
                "have a step right behind that loop or condition take it, and read its result",
            ),
            id="a value of either branch that a loop in one of them makes",
        ),
        pytest.param(
            plan(step("c", loop(1, count=0))),
            (
                "KALE757",
                f"{STEP}, line 1",
                "the loop over `xs1` has no items, as Kubeflow Pipelines takes none",
                "delete the loop, or have a step make its items",
            ),
            id="a loop that has no items in any run",
        ),
        pytest.param(
            plan(
                step("tidy"),
                step("b", handler("tidy")),
                volumes=Volumes((Volume("new", "data", "/data", size="1Gi"),)),
            ),
            (
                "KALE758",
                f"{STEP} (tidy), line 1",
                "the exit step `tidy` cannot mount a volume that the run makes: Kubeflow Pipelines"
                " lets an exit step wait for no task",
                "name a claim that is there, or drop the exit handler",
            ),
            id="an exit step and a volume that the run makes",
        ),
        pytest.param(
            plan(*LIST, step("c"), packaging=PackageOptions(kfp_version="2.5")),
            (
                "KALE759",
                f"{STEP} (c), line 1",
                "step `c` waits for a loop, which nothing can in Kubeflow Pipelines 2.5",
                "run on 2.14 or later",
            ),
            id="a list on an older cluster",
        ),
        pytest.param(
            plan(
                step("b", loop(1)),
                step("c"),
                after=(("c", "b"),),
                packaging=PackageOptions(kfp_version="2.5"),
            ),
            (
                "KALE759",
                f"{STEP} (c), line 1",
                "step `c` waits for a loop, which nothing can in Kubeflow Pipelines 2.5",
                "run on 2.14 or later",
            ),
            id="an order on an older cluster",
        ),
        pytest.param(
            plan(*CHOICE[:2], step("d", ELSE), step("c"), "x: b|b -> c"),
            (
                "KALE756",
                f"{STEP} (c), line 1",
                "step `c` reads what step `b` makes in a loop or a condition, and Kubeflow"
                " Pipelines cannot hand that on from there",
                "have a step right behind that loop or condition take it, and read its result",
            ),
            id="a choice that one of the branches does not make",
        ),
        pytest.param(
            plan(*CHOICE, step("c"), packaging=PackageOptions(kfp_version="2.16")),
            (
                "KALE759",
                f"{STEP} (c), line 1",
                "step `c` reads a value from either branch, which Kubeflow Pipelines 2.16 cannot"
                " hand on",
                "run on 2.17 or later",
            ),
            id="a value of either branch on an older cluster",
        ),
        pytest.param(
            plan(step("a", decides="loop:1"), step("for-loop-1", ONE)),
            (
                "KALE761",
                f"{STEP} (for-loop-1), line 1",
                "step `for-loop-1` is called as Kubeflow Pipelines calls a loop or condition of"
                " this pipeline",
                "rename it",
            ),
            id="a step called as its loop",
        ),
    ],
)
def test_a_refusal(made, expected):
    assert refused(made) == [expected]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(plan(*LIST, step("c")), id="a list that is read beside its loop"),
        pytest.param(plan(*CHOICE, step("c", loop(2))), id="a choice that is read in a loop"),
        pytest.param(
            plan(*LIST[:2], "x: a -> b", packaging=PackageOptions(kfp_version="2.0")),
            id="a loop on the first release",
        ),
        pytest.param(plan(step("for-loop-1")), id="a step called like a loop, without one"),
        pytest.param(
            plan(
                step("tidy"),
                step("b", handler("tidy")),
                volumes=Volumes((Volume("existing", "data", "/data"),)),
            ),
            id="an exit step that mounts a volume which is there",
        ),
    ],
)
def test_nothing_is_refused(made):
    assert check_package(made) == ()


@pytest.mark.parametrize(
    ("within", "codes"),
    [
        pytest.param((), [], id="beside the loop"),
        pytest.param((loop(1),), ["KALE760"], id="in the loop"),
    ],
)
def test_a_parameter_that_a_run_may_leave_out(within, codes):
    analyzed = grouped(
        step("b", loop(1)),
        step("c", *within),
        parameters=(parameter("alpha", None, "int"),),
        reads={"c": ("alpha",)},
    )
    found = check_package(make_plan(replace(analyzed)))
    assert [diagnostic.code for diagnostic in found] == codes
