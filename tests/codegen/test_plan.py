"""The plan: tasks in order, their ports, and the names that Kubernetes gives them."""

from __future__ import annotations

import pytest
from codegen.builders import errors_of, parameter, plan
from hypothesis import given
from hypothesis import strategies as st

from kale.errors import KaleError
from kale.ir import PortKind


@pytest.mark.parametrize(
    ("steps", "after", "expected"),
    [
        pytest.param(["b", "a"], [], ["b", "a"], id="notebook order where nothing orders"),
        pytest.param(["b", "a"], [("b", "a")], ["a", "b"], id="an edge against it"),
        pytest.param(
            ["d", "c", "b", "a"], [("d", "a")], ["c", "b", "a", "d"], id="the rest stays in order"
        ),
        pytest.param(
            ["a", "b", "c", "d"], [("b", "d"), ("d", "a")], ["a", "c", "d", "b"], id="a chain"
        ),
    ],
)
def test_order(steps, after, expected):
    assert [task.name for task in plan(*steps, after=after).tasks] == expected


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_every_task_comes_after_all_it_waits_for(pairs):
    edges = [(f"s{max(a, b)}", f"s{min(a, b)}") for a, b in pairs if a != b]
    names = [f"s{number}" for number in reversed(range(10))]
    tasks = plan(*names, after=edges).tasks
    done = set()
    for task in tasks:
        assert done.issuperset(task.after)
        done.add(task.name)
    assert len(done) == 10


def test_ports_follow_the_wires():
    made = plan(
        "load",
        "fit-a",
        "fit-b",
        "best_of",
        wires=[
            ("x", "load", "fit-a"),
            ("x", "load", "fit-b"),
            ("x", "fit-a;fit-b", "best_of"),
            ("y", "load", "best_of"),
        ],
    )
    best = made.task("best_of")
    assert best.key == "best-of"
    assert best.after == ("load", "fit-a", "fit-b")
    assert [(port.name, port.key, port.source) for port in best.inputs] == [
        ("x", "in_x", ("fit-a", "out_x")),
        ("x", "in_x_2", ("fit-b", "out_x")),
        ("y", "in_y", ("load", "out_y")),
    ]
    assert [(port.key, port.source) for port in made.task("load").outputs] == [
        ("out_x", None),
        ("out_y", None),
    ]


def test_a_step_is_given_the_parameters_it_reads():
    made = plan(
        "a", "b", parameters=[parameter("alpha", 0.1), parameter("seed", 1)], reads={"b": ["seed"]}
    )
    assert made.task("a").inputs == ()
    assert [(p.name, p.kind, p.key, p.source) for p in made.task("b").inputs] == [
        ("seed", PortKind.PARAMETER, "seed", ("", "seed"))
    ]


def test_keys_stay_apart():
    made = plan(
        "a",
        "b",
        wires=[("x", "a", "b"), ("x_2", "a", "b"), ("y", "a", "b")],
        parameters=[parameter(n, 1) for n in ("in_x", "out_x", "metrics")],
        reads={"a": ["out_x"], "b": ["in_x", "metrics"]},
        metrics=("b", ["x"]),
    )
    keys = [[p.key for p in (*task.inputs, *task.outputs)] for task in made.tasks]
    assert keys == [
        ["out_x", "out_x_2", "out_x_2_2", "out_y"],
        ["in_x", "metrics_2", "in_x_2", "in_x_2_2", "in_y"],
    ]


def test_a_parameter_called_like_an_output_of_kales_takes_no_others_key():
    names = ("metrics", "metrics_2", "kale_runtime", "html_report", "kale_runtime_2")
    made = plan("a", parameters=[parameter(n, 1) for n in names], reads={"a": names})
    assert {port.name: port.key for port in made.task("a").inputs} == {
        "metrics": "metrics_3",
        "metrics_2": "metrics_2",
        "kale_runtime": "kale_runtime_3",
        "kale_runtime_2": "kale_runtime_2",
        "html_report": "html_report_2",
    }


def test_the_metrics_are_those_of_their_step():
    made = plan("a", "b", metrics=("b", ["x"]))
    assert [task.metrics for task in made.tasks] == [(), ("x",)]


def test_names_that_kubernetes_refuses():
    with pytest.raises(KaleError) as caught:
        plan("a_b", "c", "a-b", "x" * 122)
    assert errors_of(caught.value) == [
        (
            "KALE401",
            "iris.ipynb: cell 12 (a-b), line 1",
            "steps `a_b` and `a-b` are both `a-b` in Kubernetes",
            "rename one of them",
        ),
        (
            "KALE402",
            f"iris.ipynb: cell 13 ({'x' * 122}), line 1",
            f"the name of step `{'x' * 122}` has 122 characters; Kubernetes takes 121",
            "shorten it",
        ),
    ]
