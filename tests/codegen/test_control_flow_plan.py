"""The plan of pipelines with loops and conditions: parameters of items, lists of all, choices."""

from __future__ import annotations

import json

import pytest
from codegen.builders import AnalyzedPipeline, parameter
from codegen.control_flow import branch, checked, choice, collected, controlled, loop

from kale.codegen import make_plan
from kale.ir import ExitHandler, PortKind


def ports(analyzed, step):
    """(name, key, source, marks) of each input of a step."""
    marks = ("choice", "collected")
    return [
        (p.name, p.key, p.source, *(mark for mark in marks if getattr(p, mark)))
        for p in make_plan(analyzed).task(step).inputs
    ]


OVER_RES = loop(1, "x", "res", decider="gen")
STATIC = loop(2, "y", "[1, 2]", count=2)
GEN = ("gen", "res = [1, 2, 3]")


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        pytest.param([], [("a", "a", ("", "a"))], id="outside of loops there is no number"),
        pytest.param(
            [branch(0, "gen"), ExitHandler("exit:1", "gen", STATIC.at)],
            [("a", "a", ("", "a"))],
            id="nor in conditions and exit handlers",
        ),
        pytest.param(
            [OVER_RES],
            [("a", "a", ("", "a")), ("kale_index_1", "kale_index_1", ("loop:1", "kale_index_1"))],
            id="in a loop there is one, behind the pipeline's parameters",
        ),
        pytest.param(
            [STATIC, branch(1, "gen"), OVER_RES],
            [
                ("a", "a", ("", "a")),
                ("kale_index_2", "kale_index_2", ("loop:2", "kale_index_2")),
                ("kale_index_1", "kale_index_1", ("loop:1", "kale_index_1")),
            ],
            id="of nested loops the outermost comes first",
        ),
    ],
)
def test_the_numbers_of_items_are_parameters(within, expected):
    made = controlled(
        GEN, "f", within={"f": within}, parameters=[parameter("a", 1)], reads={"f": ["a"]}
    )
    assert ports(made, "f") == expected
    assert {port.kind for port in make_plan(made).task("f").inputs} == {PortKind.PARAMETER}


def test_the_number_of_an_item_takes_no_other_ports_key():
    names = ["kale_index_1", "kale_index_1_2"]
    made = controlled(
        GEN,
        "f",
        "g",
        within={"f": [loop(1, "x", "[1]", count=1)]},
        parameters=[parameter(name, 1) for name in names],
    )
    assert ports(made, "f") == [("kale_index_1", "kale_index_1_3", ("loop:1", "kale_index_1"))]
    told = json.loads(make_plan(made).task("f").notebook)["metadata"]["kale"]
    assert told["parameters"] == {
        "kale_index_1": {"type": "int", "default": 0, "key": "kale_index_1_3"}
    }


def test_a_list_of_all_is_fed_by_what_the_step_in_the_loop_calls_the_value():
    made = controlled(
        GEN,
        "f",
        "g",
        "h",
        within={"f": [OVER_RES], "g": [OVER_RES]},
        wires=[("y", "f", "g")],
        special=[collected("y", "f", "h", "ys"), collected("y", "f", "h", "again")],
    )
    assert ports(made, "h") == [
        ("again", "in_again", ("f", "out_y"), "collected"),
        ("ys", "in_ys", ("f", "out_y"), "collected"),
    ]
    assert [port.name for port in make_plan(made).task("f").outputs] == ["y"]


def test_a_choice_has_a_port_for_each_branch_and_one_key_in_the_notebook():
    made = controlled(
        "decide",
        "f",
        "g",
        "h",
        within={"f": [branch(0, "decide")], "g": [branch(1, "decide")]},
        special=[choice("x", "f;g", "h")],
    )
    assert ports(made, "h") == [
        ("x", "in_x", ("f", "out_x"), "choice"),
        ("x", "in_x_2", ("g", "out_x"), "choice"),
    ]
    told = json.loads(make_plan(made).task("h").notebook)["metadata"]["kale"]
    assert told["inputs"] == {"x": ["in_x"]}


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        pytest.param([STATIC], (), id="none where the number is known"),
        pytest.param([ExitHandler("exit:1", "late", STATIC.at)], (), id="no exit step"),
        pytest.param([OVER_RES], ("gen",), id="the one that tells the number of items"),
        pytest.param([branch(0, "gen")], ("gen",), id="the one that tells the branch"),
        pytest.param(
            [OVER_RES, branch(0, "test", key="if:2")], ("gen", "test"), id="those of all contexts"
        ),
    ],
)
def test_a_step_waits_for_those_that_decide_on_it(within, expected):
    made = controlled("late", GEN, "test", "f", within={"f": within})
    assert make_plan(made).task("f").after == expected


def test_a_step_that_decides_comes_first_even_against_the_order_of_the_pipeline():
    made = controlled("f", "g", GEN, within={"f": [OVER_RES], "g": [OVER_RES]})
    assert [task.name for task in make_plan(made).tasks] == ["gen", "f", "g"]


def test_a_task_has_what_its_step_says():
    made = controlled(
        GEN,
        "f",
        within={"f": [OVER_RES]},
        decides={"gen": {"loop:1": "res"}},
        shown={"gen": {"res": "list"}},
    )
    gen, f = make_plan(made).tasks
    assert (gen.within, gen.decides, gen.shown) == ((), (("loop:1", "res"),), (("res", "list"),))
    assert (f.within, f.decides, f.shown, f.container) == ((OVER_RES,), (), (), None)


def single(analyzed: AnalyzedPipeline, step: str):
    return json.loads(make_plan(analyzed).task(step).notebook)["metadata"]["kale"].get("single")


def test_what_a_step_in_a_loop_hands_on_has_a_folder_of_its_own():
    wires = [("x", "gen", "f"), ("x", "f", "g")]
    assert single(controlled(GEN, "f", "g", wires=wires), "f") == ["x"]
    assert single(controlled(GEN, "f", "g", wires=wires, within={"f": [STATIC]}), "f") is None
    lists = [collected("x", "gen", "f", "x")]
    made = controlled(GEN, "f", "g", wires=wires[1:], special=lists, within={"gen": [STATIC]})
    assert single(made, "f") is None


@pytest.mark.parametrize(
    ("more", "parts"),
    [
        pytest.param({}, (), id="nothing for a pipeline without any of it"),
        pytest.param({"within": {"f": [ExitHandler("exit:1", "f", STATIC.at)]}}, (), id="an exit"),
        pytest.param({"within": {"f": [STATIC]}}, ("control_flow",), id="a loop"),
        pytest.param({"decides": {"gen": {"if:1": "res"}}}, ("control_flow",), id="a condition"),
        pytest.param(
            {"types": {"f": [checked("x", "int", "argument `x` of `f`")]}},
            ("type_checks",),
            id="types",
        ),
    ],
)
def test_only_those_who_need_them_carry_the_parts_for_it(more, parts):
    assert make_plan(controlled(GEN, "f", **more)).backends == parts
