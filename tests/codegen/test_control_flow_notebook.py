"""The notebook of a step in loops and conditions: items, types, decisions."""

from __future__ import annotations

import json

import pytest
from codegen.builders import parameter
from codegen.control_flow import AT, branch, checked, collected, controlled, loop

from kale.codegen import make_plan

RUNTIME = '__import__("kale_runtime").'
LOAD, SAVE = RUNTIME + "load_inputs(globals(), ", RUNTIME + "save_outputs(globals(), "
NUMBER, STEP = ("parameters", "kale_index_1 = 0"), ("step", "pass")

ITEMS = "which the other items of the loop read and need as it was before; change a copy of it"
READER = "which step `end` reads and needs as it was before; change a copy of it"

OVER_RES = loop(1, "x", "res", decider="gen")


def told(analyzed, step):
    return json.loads(make_plan(analyzed).task(step).notebook)


def cells(analyzed, step="f"):
    """(role, code) of each cell."""
    found = told(analyzed, step)["cells"]
    return [(cell["metadata"]["kale"]["role"], "".join(cell["source"])) for cell in found]


def in_loops(*loops, items=None, wires=(("res", "gen", "f"),), **rest):
    """A step ``f`` in loops, of whose items it binds those that ``items`` names, or all."""
    keys = [one.key for one in loops] if items is None else items
    return controlled("gen", "f", "g", within={"f": loops}, items={"f": keys}, wires=wires, **rest)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(
            in_loops(OVER_RES, items=[], wires=()),
            [NUMBER, STEP],
            id="an item that the step does not read is not bound",
        ),
        pytest.param(
            in_loops(OVER_RES),
            [
                NUMBER,
                ("load", LOAD + '["res"])'),
                ("item", f"x = {RUNTIME}item(res, kale_index_1)"),
                STEP,
            ],
            id="what the loop goes over is loaded, then the item bound",
        ),
        pytest.param(
            in_loops(loop(1, "x", "[1, 2]", count=2), wires=[]),
            [NUMBER, ("item", f"x = {RUNTIME}item([1, 2], kale_index_1)"), STEP],
            id="of a literal nothing is loaded",
        ),
        pytest.param(
            in_loops(loop(1, "i, (a, *b)", "1, 2", count=2), wires=[]),
            [NUMBER, ("item", f"i, (a, *b) = {RUNTIME}item((1, 2), kale_index_1)"), STEP],
            id="a bare tuple gets parentheses, and any target its parts",
        ),
        pytest.param(
            in_loops(OVER_RES, wires=[("res", "gen", "f"), ("a", "gen", "f"), ("x", "gen", "f")]),
            [
                NUMBER,
                ("load", LOAD + '["res"], more=True)'),
                ("item", f"x = {RUNTIME}item(res, kale_index_1)"),
                ("load", LOAD + '["a", "x"])'),
                STEP,
            ],
            id="the rest is loaded behind the item, which another step may have changed",
        ),
        pytest.param(
            in_loops(OVER_RES, wires=[("res", "gen", "f"), ("x", "f", "g")]),
            [
                NUMBER,
                ("load", LOAD + '["res"], more=True)'),
                ("item", f"x = {RUNTIME}item(res, kale_index_1)"),
                ("load", LOAD + "[])"),
                STEP,
                ("save", SAVE + '["x"], within=True)'),
            ],
            id="an item that is saved is compared with how it was",
        ),
        pytest.param(
            in_loops(OVER_RES, unchanged={"f": {"res": "loop:1"}}),
            [
                NUMBER,
                ("load", LOAD + '["res"], more=True)'),
                ("item", f'x = {RUNTIME}item(res, kale_index_1, "res")'),
                ("load", f'{LOAD}[], unchanged={{"res": "{ITEMS}"}})'),
                STEP,
                ("save", SAVE + "[], within=True)"),
            ],
            id="what the other items must find as it was is compared",
        ),
        pytest.param(
            in_loops(OVER_RES, items=[], unchanged={"f": {"res": "loop:1"}}),
            [
                NUMBER,
                ("load", f'{LOAD}["res"], unchanged={{"res": "{ITEMS}"}})'),
                STEP,
                ("save", SAVE + "[], within=True)"),
            ],
            id="all of it, where the step has no item of its own",
        ),
        pytest.param(
            in_loops(OVER_RES, unchanged={"f": {"res": "end"}}),
            [
                NUMBER,
                ("load", LOAD + '["res"], more=True)'),
                ("item", f"x = {RUNTIME}item(res, kale_index_1)"),
                ("load", f'{LOAD}[], unchanged={{"res": "{READER}"}})'),
                STEP,
                ("save", SAVE + "[], within=True)"),
            ],
            id="and where a later step reads it",
        ),
        pytest.param(
            in_loops(
                loop(1, "xs", "res", decider="gen"),
                loop(2, "i, x", "xs", decider="gen"),
                loop(3, "y", "other", decider="gen"),
                summaries={"f": {"mutations": {"x": AT}}},
                wires=[("res", "gen", "f"), ("other", "gen", "f")],
            ),
            [
                ("parameters", "kale_index_1 = 0\nkale_index_2 = 0\nkale_index_3 = 0"),
                ("load", LOAD + '["res"], more=True)'),
                ("item", f'xs = {RUNTIME}item(res, kale_index_1, "res")'),
                ("item", f'i, x = {RUNTIME}item(xs, kale_index_2, "xs")'),
                ("load", LOAD + '["other"], more=True)'),
                ("item", f"y = {RUNTIME}item(other, kale_index_3)"),
                ("load", f'{LOAD}[], unchanged={{"res": "{ITEMS}", "xs": "{ITEMS}"}})'),
                STEP,
                ("save", SAVE + "[], within=True)"),
            ],
            id="with an item that may change, the items around it are compared",
        ),
        pytest.param(
            in_loops(
                loop(2, "y", "[1, 2]", count=2),
                OVER_RES,
                items=["loop:1"],
                summaries={"f": {"mutations": {"x": AT}}},
            ),
            [
                ("parameters", "kale_index_2 = 0\nkale_index_1 = 0"),
                ("load", LOAD + '["res"], more=True)'),
                ("item", f"x = {RUNTIME}item(res, kale_index_1)"),
                ("load", f'{LOAD}[], unchanged={{"res": "{ITEMS}"}})'),
                STEP,
                ("save", SAVE + "[], within=True)"),
            ],
            id="all of them, where another loop goes over them again and again",
        ),
        pytest.param(
            controlled(
                "gen",
                "f",
                "g",
                within={"f": [OVER_RES]},
                wires=[("a", "gen", "g")],
                summaries={"f": {"mutations": {"a": AT}}, "g": {"mutations": {"a": AT}}},
            ),
            [NUMBER, STEP],
            id="a step in a loop that has nothing to save or compare does not",
        ),
        pytest.param(
            in_loops(
                loop(1, "x", "a", decider="gen"),
                loop(2, "y", "x", decider="gen"),
                loop(3, "z", "b", decider="gen"),
                wires=[("a", "gen", "f"), ("b", "gen", "f")],
            ),
            [
                ("parameters", "kale_index_1 = 0\nkale_index_2 = 0\nkale_index_3 = 0"),
                ("load", LOAD + '["a"], more=True)'),
                ("item", f"x = {RUNTIME}item(a, kale_index_1)"),
                ("item", f"y = {RUNTIME}item(x, kale_index_2)"),
                ("load", LOAD + '["b"])'),
                ("item", f"z = {RUNTIME}item(b, kale_index_3)"),
                STEP,
            ],
            id="the items of nested loops come from the outside in",
        ),
        pytest.param(
            in_loops(
                OVER_RES,
                parameters=[parameter("p", 2)],
                reads={"f": ["p"]},
                functions=["def sq(x): return x"],
            ),
            [
                ("parameters", "p = 2\nkale_index_1 = 0"),
                ("functions", "def sq(x): return x"),
                ("load", LOAD + '["res"])'),
                ("item", f"x = {RUNTIME}item(res, kale_index_1)"),
                STEP,
            ],
            id="the number stands behind the pipeline's parameters, the item behind functions",
        ),
        pytest.param(
            controlled(
                "f",
                types={
                    "f": [
                        checked("y", "list[int]", "result of `f`", result=True),
                        checked("x", "'A'", "argument `x` of `f`"),
                        checked("z", "int", "argument `z` of `f`"),
                    ]
                },
            ),
            [
                (
                    "types",
                    f'{RUNTIME}check_types(globals(), [["x", "\'A\'", "argument `x` of `f`"], '
                    '["z", "int", "argument `z` of `f`"]])',
                ),
                STEP,
                (
                    "types",
                    f'{RUNTIME}check_types(globals(), [["y", "list[int]", "result of `f`"]])',
                ),
            ],
            id="types of arguments are checked before the step, of results behind it",
        ),
        pytest.param(
            controlled(
                "f",
                "g",
                within={"g": [loop(1, "x", "res", decider="f"), branch(0, "f")]},
                decides={"f": {"if:1": "number", "loop:1": "res"}},
                wires=[("res", "f", "g")],
            ),
            [
                STEP,
                ("save", SAVE + '["res"])'),
                (
                    "decide",
                    f'{RUNTIME}decide(globals(), loops={{"loop:1": "res"}}, '
                    'conditions={"if:1": "number"})',
                ),
            ],
            id="decisions come behind the save",
        ),
    ],
)
def test_cells(made, expected):
    assert cells(made) == expected


def test_a_step_elsewhere_that_may_change_something_looks_whether_that_was_in_a_loop():
    changing = {"g": {"mutations": {"a": AT}}}
    wires = [("a", "gen", "g")]
    plain = controlled("gen", "f", "g", wires=wires, summaries=changing)
    looped = controlled("gen", "f", "g", wires=wires, summaries=changing, within={"f": [OVER_RES]})
    assert cells(plain, "g") == [("load", LOAD + '["a"])'), STEP]
    assert cells(looped, "g") == [("load", LOAD + '["a"])'), STEP, ("save", SAVE + "[])")]


def test_the_notebook_says_what_is_special_about_the_step():
    made = controlled(
        "gen",
        "f",
        "g",
        within={"gen": [loop(1, "x", "[1]", count=1), loop(2, "y", "[2]", count=1)]},
        special=[collected("a", "gen", "f", "all")],
        decides={"f": {"loop:3": "all"}},
        shown={"f": {"all": "list"}},
    )
    common = {"metrics": [], "outputs": {}, "parameters": {}}
    assert told(made, "g")["metadata"]["kale"] == {**common, "step": "g", "inputs": {}}
    assert told(made, "f")["metadata"]["kale"] == {
        **common,
        "step": "f",
        "inputs": {"all": ["in_all"]},
        "collected": ["all"],
        "decides": {"loop:3": "all"},
        "shown": {"all": "list"},
    }
    assert told(made, "gen")["metadata"]["kale"] == {
        **common,
        "step": "gen",
        "inputs": {},
        "outputs": {"a": "out_a"},
        "index": ["kale_index_1", "kale_index_2"],
        "parameters": {
            "kale_index_1": {"type": "int", "default": 0},
            "kale_index_2": {"type": "int", "default": 0},
        },
    }


def test_a_loop_over_a_text_is_no_code():
    text = loop(1, "x", repr('")); import os  # {{$}}'), count=23)
    role, code = cells(in_loops(text, wires=()))[1]
    assert role == "item"
    assert code == f"x = {RUNTIME}item({text.items}, kale_index_1)"
