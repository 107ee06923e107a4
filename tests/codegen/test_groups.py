"""Loops, conditions, fan-in and exit handlers: the package, and the script that compiles to it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from codegen.builders import compiled, package, parameter
from codegen.grouped_plans import branches, handler, loop, plan, step
from codegen.protobuf_messages import check_executors_differ, check_messages, check_wires
from codegen.test_same_as_compiler import EVERY_OPTION

from kale.ir import PackageOptions
from kale.volumes import Volume, Volumes, Workspace

ONE, TWO = loop(1, "a"), loop(2, "b")
THEN, ELSE = branches(1, "a")

CASES = [
    pytest.param(
        plan(
            step("a", decides="loop:1"),
            step("b", loop(1, "a")),
            step("c"),
            "x: a -> b",
            "ys: y of b -> c",
        ),
        id="a loop over what a step made, and a step that reads the list",
    ),
    pytest.param(plan(step("b", loop(1))), id="a loop whose items are known"),
    pytest.param(
        plan(step("a"), step("b", loop(1)), step("c", loop(1)), "x: a -> b", "y: b -> c"),
        id="two steps in a loop",
    ),
    pytest.param(
        plan(step("b", loop(1, parallelism=3)), step("c"), after=(("c", "b"),)),
        id="no more than three items at a time, and an order",
    ),
    pytest.param(
        plan(
            step("a", decides="loop:1"),
            step("b", ONE, decides="loop:2"),
            step("c", ONE, TWO),
            step("d", ONE),
            step("e"),
            "x: a -> b",
            "x: a -> c",
            "y: b -> c",
            "zs: z of c -> d",
            "zss: z of c -> e",
            "ws: w of d -> e",
        ),
        id="a loop in a loop, and lists of both",
    ),
    pytest.param(
        plan(step("c", loop(1), loop(2)), step("d"), "zs: z of c -> d"),
        id="a loop in a loop, all items known",
    ),
    pytest.param(
        plan(step("a", decides="if:1"), step("b", THEN), "x: a -> b"),
        id="a condition without else",
    ),
    pytest.param(
        plan(step("a", decides="if:1"), step("b", THEN), step("c"), after=(("c", "b"),)),
        id="a condition without else that another step waits for",
    ),
    pytest.param(
        plan(
            step("a", decides="if:1"),
            step("b", THEN),
            step("c", ELSE),
            step("d"),
            step("e", loop(2)),
            "x: b|c -> d",
            "x: b|c -> e",
            "y: b|c -> e",
        ),
        id="a value from either branch, read twice",
    ),
    pytest.param(
        plan(
            step("a", decides="if:1"),
            *(step(f"b{n}", branch) for n, branch in enumerate(branches(1, "a", 3))),
            step("d"),
            "x: b0|b1|b2 -> d",
        ),
        id="three branches",
    ),
    pytest.param(
        plan(
            step("a", decides="if:1"),
            *(step(f"b{n}", branch) for n, branch in enumerate(branches(1, "a", 3)[:2])),
            step("d"),
            step("e", loop(2)),
            after=(("d", "b0"),),
        ),
        id="an elif without else, and what comes after",
    ),
    pytest.param(
        plan(
            step("a", decides="if:1"),
            step("b", ELSE, decides="loop:2"),
            step("c", ELSE, TWO, decides="if:3"),
            step("d", ELSE, TWO, branches(3, "c")[0]),
            step("f", THEN),
            "x: a -> d",
            "x: b -> c",
            reads={"d": ("alpha",), "f": ("alpha",)},
            parameters=(parameter("alpha", 0.5),),
        ),
        id="a loop in a condition and a condition in that, with a parameter",
    ),
    pytest.param(
        plan(
            step("tidy"),
            step("a", handler("tidy"), decides="loop:1"),
            step("b", handler("tidy"), ONE),
            step("c", handler("tidy")),
            step("d"),
            "x: a -> b",
            "ys: y of b -> c",
            after=(("d", "c"),),
            reads={"tidy": ("alpha",), "b": ("alpha",)},
            parameters=(parameter("alpha", 0.5),),
        ),
        id="an exit handler around a loop",
    ),
    pytest.param(
        plan(
            step("a", decides="loop:1"),
            step("b", ONE),
            step("c", loop(2)),
            step("d", decides="if:3"),
            step("e", branches(3, "d")[0]),
            step("f"),
            step("g", handler("f")),
            "x: a -> b",
            *(f"ys: y of b -> {reader}" for reader in "cdeg"),
        ),
        id="a list that is read in another loop, in a branch, and in a handler's group",
    ),
    pytest.param(
        plan(
            step("a", decides="loop:1"),
            step("b", ONE, decides="loop:2"),
            step("c", ONE, TWO),
            step("d", ONE, loop(3)),
            step("e", loop(4)),
            "zs: z of c -> d",
            "zs: z of c -> e",
        ),
        id="a list that is read in another loop of the same loop, and in one outside",
    ),
    pytest.param(
        plan(
            *(step(f"b{n}", loop(1)) for n in range(30)),
            step("c"),
            step("tidy"),
            step("d", handler("tidy")),
        ),
        id="a task that hands on the runtime, to all but the exit task",
    ),
]


#: What all steps mount: a volume that each run makes and deletes, a copy that a run is told of, one
#: that is there and that values go through, and the workspace.
VOLUMES = Volumes(
    mounted=(
        Volume("new", "scratch", "/scratch", size="1Gi", access_mode="ReadWriteMany", delete=True),
        Volume("clone", "data", "/data", parameter="data_claim"),
        Volume("existing", "shared", "/shared", sub_path="a"),
    ),
    workspace=Workspace("1Gi"),
    marshal="/shared/values",
)

FLOW = (
    step("a", decides="loop:1"),
    step("b", ONE, decides="if:2", shown=(("y", "int"), ("größe", "str"))),
    step("c", ONE, branches(2, "b")[0]),
    step("d", decides="if:3"),
    step("e", branches(3, "d")[0]),
    "x: a -> b",
    "ys: y of b -> d",
    "ys: y of b -> e",
)

CASES += [
    pytest.param(plan(*FLOW, volumes=VOLUMES), id="volumes of all kinds, in groups"),
    pytest.param(
        plan(
            step("tidy"),
            *(
                replace(
                    step(name, handler("tidy"), *within), options=replace(EVERY_OPTION, volumes=())
                )
                for name, within in (("a", ()), ("b", (loop(1),)))
            ),
            "x: a -> b",
            volumes=replace(VOLUMES, mounted=VOLUMES.mounted[1:]),
        ),
        id="every option and other volumes, in a handler's group",
    ),
    pytest.param(
        plan(
            step("tidy"),
            step("q", handler("tidy")),
            step("a", handler("tidy"), decides="loop:1"),
            step("b", handler("tidy"), ONE, decides="if:2"),
            step("c", handler("tidy"), ONE, branches(2, "b")[0]),
            step("d", handler("tidy"), ONE, branches(2, "b")[1], loop(3)),
            step("e", handler("tidy"), loop(4), loop(5)),
            "x: a -> b",
            reads=dict.fromkeys("cde", ("n", "a", "item", "zeta")),
            parameters=[parameter(name, 1) for name in ("n", "a", "item", "zeta")],
        ),
        id="parameters whose names are a part of what the compiler calls items",
    ),
    *(
        pytest.param(
            plan(step("b", loop(1, items=items)), step("c")),
            id=f"a loop over {items!r:.40}",
        )
        for items in ('"{{workflow.name}}"', "'$(HOME)'", 'x"\n", name="', "\ud800", "y" * 200)
    ),
    pytest.param(
        plan(
            *FLOW[:3],
            "x: a -> b",
            packaging=PackageOptions(kfp_version="2.5"),
        ),
        id="a cluster that takes no titles",
    ),
    pytest.param(
        plan(*FLOW, packaging=PackageOptions(installed_runtime=True)),
        id="images that hold the runtime",
    ),
    pytest.param(
        plan(
            step("kale_index_1", decides="loop:1"),
            step("either", loop(1, "kale_index_1"), loop(2)),
            step("dsl"),
            "dsl: kale_index_1 -> either",
            "either: task_dsl of either -> dsl",
            reads={"dsl": ("kale_index_2", "exit_handler_1")},
            parameters=(parameter("kale_index_2", 1), parameter("exit_handler_1", 2)),
        ),
        id="names like those of the script",
    ),
]


@pytest.mark.parametrize("made", CASES)
def test_the_script_compiles_to_the_package(made):
    documents = package(made)
    check_messages(documents)
    check_wires(documents)
    check_executors_differ(documents)
    assert compiled(made) == documents
