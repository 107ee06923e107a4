"""Loops and conditions, planned and run in this process: what each instance of a step gets."""

from __future__ import annotations

import pytest
from codegen.control_flow import AT, branch, checked, choice, collected, controlled, loop
from stepwise_loops import run_instances

from kale.codegen import make_plan
from kale.ir import AnalyzedPipeline


def printed(analyzed: AnalyzedPipeline) -> dict[str, str]:
    """What each instance prints, of those that print something."""
    found = run_instances(make_plan(analyzed))
    return {name: text.rstrip("\n") for name, text in found.items() if text}


OVER_XS = loop(1, "x", "xs", decider="gen")


def over_xs(xs: str, body: str, *, target: str = "x", after: str = "print(ys)", **rest):
    """A loop over a result, and a step that reads the list of all ``y``."""
    one = loop(1, target, "xs", decider="gen")
    return controlled(
        ("gen", f"xs = {xs}"),
        ("f", body),
        ("end", after),
        within={"f": [one]},
        decides={"gen": {"loop:1": "xs"}},
        items={"f": ["loop:1"]},
        wires=[("xs", "gen", "f")],
        special=[collected("y", "f", "end", "ys")],
        **rest,
    )


NESTED = {"f": [loop(1, "row", "rows", decider="gen"), loop(2, "x", "row", decider="len")]}


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        pytest.param(
            over_xs("[]", "print(x)"), {"end": "[]"}, id="a loop without items makes an empty list"
        ),
        pytest.param(
            over_xs("['a', ('b', 1)]", "y = x"),
            {"end": "['a', ('b', 1)]"},
            id="items of any type",
        ),
        pytest.param(
            over_xs("list(range(11))", "y = x * x"),
            {"end": f"{[x * x for x in range(11)]}"},
            id="more than ten, in the order of the items and not of their names",
        ),
        pytest.param(
            over_xs("list({'a': 1, 'b': 2}.items())", "y = k * v", target="k, v"),
            {"end": "['a', 'bb']"},
            id="pairs, unpacked",
        ),
        pytest.param(
            over_xs("range(4)", "if x % 2: y = x"),
            {"end": "[1, 3]"},
            id="an item that binds nothing is left out",
        ),
        pytest.param(
            over_xs("[[0], [1]]", "x.append(2); y = x", after="ys[0].append(3); print(ys)"),
            {"end": "[[0, 2, 3], [1, 2]]"},
            id="items that their step changes",
        ),
        pytest.param(
            over_xs(
                "[[0], [1]]",
                "x.append(2); y = x",
                after="print(ys)",
                summaries={"f": {"mutations": {"x": AT}}},
            ),
            {"end": "[[0, 2], [1, 2]]"},
            id="that nothing else is changed along with them is looked at",
        ),
        pytest.param(
            controlled(
                ("f", "y = x + z; print(y)"),
                within={
                    "f": [loop(1, "x", "1, 2", count=2), loop(2, "z", "range(0, 20, 10)", count=2)]
                },
                items={"f": ["loop:1", "loop:2"]},
            ),
            {"f.0.0": "1", "f.0.1": "11", "f.1.0": "2", "f.1.1": "12"},
            id="literals, nested",
        ),
        pytest.param(
            controlled(
                ("gen", "rows = [[1, 2], [], [3]]"),
                ("len", "pass"),
                ("f", "y = x * 10"),
                ("end", "print(ys)"),
                within={"len": NESTED["f"][:1], **NESTED},
                decides={"gen": {"loop:1": "rows"}, "len": {"loop:2": "row"}},
                items={"len": ["loop:1"], "f": ["loop:1", "loop:2"]},
                wires=[("rows", "gen", "len"), ("rows", "gen", "f")],
                special=[collected("y", "f", "end", "ys")],
            ),
            {"end": "[10, 20, 30]"},
            id="an item is what the inner loop goes over, each as long as it is",
        ),
        pytest.param(
            controlled(
                ("gen", "xs = [[1], [2]]"),
                ("f", "x.append(7); seen = x"),
                ("g", "print(x, seen is x, xs)"),
                within={"f": [OVER_XS], "g": [OVER_XS]},
                decides={"gen": {"loop:1": "xs"}},
                items={"f": ["loop:1"], "g": ["loop:1"]},
                wires=[("xs", "gen", "f"), ("xs", "gen", "g"), ("x", "f", "g"), ("seen", "f", "g")],
            ),
            {"g.0": "[1, 7] True [[1], [2]]", "g.1": "[2, 7] True [[1], [2]]"},
            id="a later step gets the item as an earlier one has left it",
        ),
        pytest.param(
            controlled(
                ("test", "n, x = 1, 5"),
                ("f", "y = 'low'; print('f')"),
                ("g", "y = x + 1"),
                ("end", "print(y)"),
                within={"f": [branch(0, "test")], "g": [branch(1, "test")]},
                decides={"test": {"if:1": "n"}},
                wires=[("x", "test", "g")],
                special=[choice("y", "f;g", "end")],
            ),
            {"end": "6"},
            id="a value from the branch that is taken",
        ),
        pytest.param(
            controlled(
                ("gen", "xs = [1, 2, 3]"),
                ("test", "n = 0 if x > 1 else 1"),
                ("f", "y = x * x"),
                ("end", "print(ys)"),
                within={
                    "test": [OVER_XS],
                    "f": [OVER_XS, branch(0, "test")],
                },
                decides={"gen": {"loop:1": "xs"}, "test": {"if:1": "n"}},
                items={"test": ["loop:1"], "f": ["loop:1"]},
                wires=[("xs", "gen", "test"), ("xs", "gen", "f")],
                special=[collected("y", "f", "end", "ys")],
            ),
            {"end": "[4, 9]"},
            id="a condition in a loop",
        ),
        pytest.param(
            over_xs(
                "'ab'",
                "y = Model(x)",
                functions=["class Model:\n    def __init__(self, x): self.x = x"],
                after="print([y.x for y in ys], isinstance(ys[1], Model))",
            ),
            {"end": "['a', 'b'] True"},
            id="objects of the author's own classes",
        ),
        pytest.param(
            over_xs(
                "[1, 2]",
                "y = x",
                types={
                    "f": [checked("x", "int", "argument `x` of `f`")],
                    "end": [checked("ys", "list[int]", "argument `ys` of `end`")],
                },
            ),
            {"end": "[1, 2]"},
            id="values of their annotated types",
        ),
    ],
)
def test_each_instance_gets_what_it_is_to_get(made, expected):
    assert printed(made) == expected


READ = "which the other items of the loop read and need as it was before; change a copy of it"


def wrong(analyzed: AnalyzedPipeline) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - of a runtime of its own
        printed(analyzed)
    return f"{type(caught.value).__name__}: {caught.value}"


@pytest.mark.parametrize(
    ("made", "message"),
    [
        pytest.param(
            over_xs("{1}", "y = x"),
            "MarshalError: `xs` (builtins.set) cannot be looped over: a set has no order, and each "
            "item is worked on in a process of its own; loop over `sorted(xs)`",
            id="a set",
        ),
        pytest.param(
            over_xs("3", "y = x"),
            "TypeError: `xs` (builtins.int) cannot be looped over: 'int' object is not iterable",
            id="a number",
        ),
        pytest.param(
            over_xs(
                "[1]", "y = x", types={"f": [checked("y", "str", "result of `f`", result=True)]}
            ),
            "TypeError: result of `f` is annotated as `str`, but is `int`; correct one of them",
            id="a result of another type",
        ),
        pytest.param(
            over_xs("[[1], [2]]", "xs[0].append(1)", unchanged={"f": {"xs": "loop:1"}}),
            f"MarshalError: this step changed `xs`, {READ}",
            id="a change that other items would have to see",
        ),
        pytest.param(
            over_xs("[[1], [2]]", "xs[0].append(1)", unchanged={"f": {"xs": "end"}}),
            "MarshalError: this step changed `xs`, which step `end` reads and needs as it was "
            "before; change a copy of it",
            id="a change that a later step would have to see",
        ),
        pytest.param(
            over_xs("[[0]] * 2", "x.append(1)", summaries={"f": {"mutations": {"x": AT}}}),
            f"MarshalError: this step changed `xs`, {READ}",
            id="a change of an item that is another one, too",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(made, message):
    assert wrong(made) == message
