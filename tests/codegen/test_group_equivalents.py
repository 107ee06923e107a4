"""Loops, conditions and handlers are what the compiler makes of pipelines that people write."""

from __future__ import annotations

import json
import re
import warnings
from typing import Any

import pytest
from codegen.builders import package
from codegen.grouped_plans import branches, handler, loop, plan, step
from google.protobuf import json_format

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from kfp import dsl


def component(name: str, **ports: Any) -> Any:
    """A container component with these ports, as one writes them by hand."""

    def made() -> dsl.ContainerSpec:
        return dsl.ContainerSpec(image="python:3.11-slim", command=["true"])

    made.__name__, made.__annotations__ = name, ports
    arguments = ", ".join(ports)
    scope: dict[str, Any] = {"made": made}
    exec(f"def {name}({arguments}): return made()", scope)
    scope[name].__annotations__ = ports
    return dsl.container_component(scope[name])


IN, OUT, MANY = dsl.Input[dsl.Artifact], dsl.Output[dsl.Artifact], dsl.Input[list[dsl.Artifact]]
ITEMS, NUMBER = dsl.OutputPath(list), dsl.OutputPath(int)


def over_a_result():
    a = component("a", x=OUT, items=ITEMS)()
    with dsl.ParallelFor(a.outputs["items"]) as item:
        component("b", i=str, x=IN)(i=item, x=a.outputs["x"])


def over_a_literal():
    with dsl.ParallelFor(["0", "1"], parallelism=1) as item:
        component("b", i=str)(i=item)


def with_fan_in():
    a = component("a", x=OUT, items=ITEMS)()
    with dsl.ParallelFor(a.outputs["items"]) as item:
        b = component("b", i=str, x=IN, y=OUT)(i=item, x=a.outputs["x"])
    component("c", ys=MANY)(ys=dsl.Collected(b.outputs["y"]))


def nested():
    a = component("a", x=OUT, items=ITEMS)()
    with dsl.ParallelFor(a.outputs["items"]) as outer:
        b = component("b", i=str, x=IN, y=OUT, items=ITEMS)(i=outer, x=a.outputs["x"])
        with dsl.ParallelFor(b.outputs["items"]) as inner:
            c = component("c", i=str, j=str, x=IN, y=IN, z=OUT)(
                i=outer, j=inner, x=a.outputs["x"], y=b.outputs["y"]
            )
    component("d", zs=MANY)(zs=dsl.Collected(c.outputs["z"]))


def alone():
    a = component("a", x=OUT, branch=NUMBER)()
    with dsl.If(a.outputs["branch"] == 0):
        component("b", x=IN)(x=a.outputs["x"])


def either():
    a = component("a", branch=NUMBER)()
    with dsl.If(a.outputs["branch"] == 0):
        b = component("b", x=OUT)()
    with dsl.Else():
        c = component("c", x=OUT)()
    component("d", x=IN)(x=dsl.OneOf(b.outputs["x"], c.outputs["x"]))


def one_of_three():
    a = component("a", branch=NUMBER)()
    with dsl.If(a.outputs["branch"] == 0):
        b = component("b", x=OUT)()
    with dsl.Elif(a.outputs["branch"] == 1):
        c = component("c", x=OUT)()
    with dsl.Else():
        d = component("d", x=OUT)()
    component("e", x=IN)(x=dsl.OneOf(b.outputs["x"], c.outputs["x"], d.outputs["x"]))


def a_condition_in_a_loop():
    a = component("a", x=OUT, items=ITEMS)()
    with dsl.ParallelFor(a.outputs["items"]) as item:
        b = component("b", i=str, x=IN, branch=NUMBER)(i=item, x=a.outputs["x"])
        with dsl.If(b.outputs["branch"] == 0):
            component("c", i=str, x=IN)(i=item, x=a.outputs["x"])


def a_loop_in_a_condition():
    a = component("a", x=OUT, branch=NUMBER)()
    with dsl.If(a.outputs["branch"] == 0):
        b = component("b", x=IN, items=ITEMS)(x=a.outputs["x"])
        with dsl.ParallelFor(b.outputs["items"]) as item:
            component("c", i=str, x=IN)(i=item, x=a.outputs["x"])


def an_exit_handler():
    tidy = component("tidy")()
    with dsl.ExitHandler(tidy):
        a = component("a", x=OUT)()
        component("b", x=IN)(x=a.outputs["x"])


A, A_TELLS = step("a"), step("a", decides="loop:1")
OUTER, INNER = loop(1, "a"), loop(2, "b")
THEN, ELSE = branches(1, "a")

PAIRS = [
    pytest.param(
        over_a_result,
        plan(A_TELLS, step("b", OUTER), "x: a -> b"),
        id="a loop over what a task made",
    ),
    pytest.param(
        over_a_literal, plan(step("b", loop(1, parallelism=1))), id="a loop over a literal list"
    ),
    pytest.param(
        with_fan_in,
        plan(A_TELLS, step("b", OUTER), step("c"), "x: a -> b", "ys: y of b -> c"),
        id="a list of what a loop made",
    ),
    pytest.param(
        nested,
        plan(
            A_TELLS,
            step("b", OUTER, decides="loop:2"),
            step("c", OUTER, INNER),
            step("d"),
            "x: a -> b",
            "x: a -> c",
            "y: b -> c",
            "zs: z of c -> d",
        ),
        id="a loop in a loop",
    ),
    pytest.param(
        alone, plan(step("a", decides="if:1"), step("b", THEN), "x: a -> b"), id="a condition"
    ),
    pytest.param(
        either,
        plan(step("a", decides="if:1"), step("b", THEN), step("c", ELSE), step("d"), "x: b|c -> d"),
        id="a value from either branch",
    ),
    pytest.param(
        one_of_three,
        plan(
            step("a", decides="if:1"),
            *(step(n, b) for n, b in zip("bcd", branches(1, "a", 3), strict=True)),
            step("e"),
            "x: b|c|d -> e",
        ),
        id="a value from one of three branches",
    ),
    pytest.param(
        a_condition_in_a_loop,
        plan(
            A_TELLS,
            step("b", OUTER, decides="if:2"),
            step("c", OUTER, branches(2, "b")[0]),
            "x: a -> b",
            "x: a -> c",
        ),
        id="a condition in a loop",
    ),
    pytest.param(
        a_loop_in_a_condition,
        plan(
            step("a", decides="if:1"),
            step("b", THEN, decides="loop:2"),
            step("c", THEN, INNER),
            "x: a -> b",
            "x: a -> c",
        ),
        id="a loop in a condition",
    ),
    pytest.param(
        an_exit_handler,
        plan(step("tidy"), step("a", handler("tidy")), step("b", handler("tidy")), "x: a -> b"),
        id="an exit handler",
    ),
]

#: What Kale's tasks have beside the ports of the plan: what they leave for people, and the runtime.
_OWN = re.compile("executed_notebook|html_report|(.*-)?kale_runtime")


def structure(spec: Any) -> Any:
    """A specification's graphs without executors, titles, the names of ports, and Kale's own."""

    def graph(component: Any) -> Any:
        if "dag" not in component:
            return ports(component)
        tasks = component["dag"]["tasks"]
        return {
            "tasks": {name: task(name, tasks) for name in sorted(tasks)},
            "outputs": count(component["dag"].get("outputs", {})),
            **ports(component),
        }

    def task(name: str, tasks: Any) -> Any:
        found = tasks[name]
        # The runtime comes from a task that others wait for in any case.
        before = set(found.get("dependentTasks", []))
        before -= {b for other in before for b in tasks[other].get("dependentTasks", [])}
        return {
            "is": graph(spec["components"][found["componentRef"]["name"]]),
            "after": sorted(before),
            "inputs": count(found.get("inputs", {})),
            "policy": (
                found.get("iteratorPolicy"),
                re.sub("'[^']*'", "''", found.get("triggerPolicy", {}).get("condition", "")),
                found.get("triggerPolicy", {}).get("strategy"),
                sorted(found.get("parameterIterator", {}).get("items", {})),
            ),
        }

    def count(side: Any) -> Any:
        """How many ports of each kind are fed, and in what way."""
        return {
            kind: sorted(
                [sorted(feed), len(feed.get("artifactSelectors", []))]
                for key, feed in found.items()
                if not _OWN.fullmatch(key)
            )
            for kind, found in side.items()
            if any(not _OWN.fullmatch(key) for key in found)
        }

    def ports(component: Any) -> Any:
        return {
            side: {
                kind: sorted(
                    json.dumps(definition, sort_keys=True)
                    for key, definition in found.items()
                    if not _OWN.fullmatch(key)
                )
                for kind, found in component.get(side, {}).items()
                if any(not _OWN.fullmatch(key) for key in found)
            }
            for side in ("inputDefinitions", "outputDefinitions")
        }

    return graph(spec["root"])


@pytest.mark.parametrize(("by_hand", "made"), PAIRS)
def test_the_same_graphs_as_by_hand(by_hand, made):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled = dsl.pipeline(name="by-hand")(by_hand).pipeline_spec
    assert structure(package(made)[0]) == structure(json_format.MessageToDict(compiled))
