"""Lists of what a loop makes, for readers in other loops, branches and handlers."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from codegen.builders import source
from codegen.grouped_plans import branches, handler, loop, plan, step

from kale.codegen.joins import with_joins
from kale.ir import Environment, StepOptions

ONE = loop(1, "a")
MADE = (step("a", decides="loop:1"), step("b", ONE), "x: a -> b")


def cells(task):
    return ["".join(cell["source"]) for cell in json.loads(task.notebook)["cells"]]


def names(task):
    return json.loads(task.notebook)["metadata"]["kale"]


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(plan(step("a"), step("b"), "x: a -> b"), id="no loop"),
        pytest.param(plan(*MADE, step("c"), "ys: y of b -> c"), id="a reader beside the loop"),
        pytest.param(
            plan(
                step("c", loop(3), decides="loop:1"),
                step("b", loop(3), loop(1, "c")),
                step("d", loop(3)),
                "ys: y of b -> d",
            ),
            id="both in another loop",
        ),
    ],
)
def test_a_plan_that_stays_as_it_is(made):
    assert with_joins(made) is made


@pytest.mark.parametrize(
    "within",
    [
        pytest.param((loop(2),), id="in another loop"),
        pytest.param((branches(2, "d")[0],), id="in a branch"),
        pytest.param((handler("e"),), id="in the group of a handler"),
    ],
)
def test_one_task_beside_the_loop_joins_the_list_for_all_readers(within):
    made = with_joins(
        plan(
            *MADE,
            step("d", decides="if:2"),
            step("e"),
            step("c", *within),
            step("f", *within),
            "ys: y of b -> c",
            "ys: y of b -> f",
        )
    )
    assert [task.name for task in made.tasks] == ["a", "b", "d", "e", "list-ys", "c", "f"]
    join, reader = made.task("list-ys"), made.task("c")
    assert join.within == ()
    assert [(port.source, port.collected) for port in join.inputs] == [(("b", "out_y"), True)]
    (port,) = (port for port in reader.inputs if port.name == "ys")
    assert (port.source, port.collected) == (("list-ys", "out_ys"), False)
    assert "list-ys" in reader.after
    # To the reader it is a value like any other.
    assert "collected" not in names(reader)
    assert names(join)["collected"] == ["ys"]


def test_a_join_can_load_what_its_reader_can():
    options = StepOptions(
        image="example.org/a:1",
        packages=("polars",),
        limits=(("nvidia.com/gpu", "1"), ("memory", "4Gi")),
    )
    made = plan(
        *MADE,
        replace(step("c", loop(2)), options=options),
        "ys: y of b -> c",
        imports=(source("import polars", 1),),
        functions=(source("class Row: pass", 2),),
    )
    given = Environment(required={"c": ("polars==1",)}, if_missing={"b": ("x",)})
    made = with_joins(replace(made, environment=given))
    join = made.task("list-ys")
    load, save = cells(join)[-2:]
    assert cells(join)[:-2] == ["import polars", "class Row: pass"]
    assert "load_inputs" in load
    assert "save_outputs" in save
    assert join.options.image == "example.org/a:1"
    assert join.options.packages == ("polars",)
    assert join.options.limits == (("memory", "4Gi"),)
    assert made.environment.required == {"c": ("polars==1",), "list-ys": ("polars==1",)}


def test_a_step_of_that_name_keeps_it():
    made = with_joins(plan(*MADE, step("list-ys"), step("c", loop(2)), "ys: y of b -> c"))
    assert [task.name for task in made.tasks] == ["a", "b", "list-ys", "list-ys-2", "c"]
