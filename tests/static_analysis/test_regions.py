"""The data flow of loops and conditions, as wires between the author's steps."""

from dataclasses import replace

import pytest

from kale.control import Branch, ExitHandler, Loop
from kale.errors import KaleError, Location
from kale.ir import Parameter, Pipeline, Source, Step, StepOptions
from kale.static_analysis import analyze, examine

AT = Location("nb.ipynb", cell=1, line=1)


def loop(items, target="x", *, key="loop:1", count=None, decider="", collected=()):
    """A loop; ``collected`` as ``a`` or ``a>b``."""
    pairs = tuple(
        tuple(f"{c}>{c}".split(">")[:2]) if ">" not in c else tuple(c.split(">")) for c in collected
    )
    return Loop(key, target, items, key.replace(":", "_i"), AT, count, decider, pairs)


def branch(number, of=2, *, key="if:1", decider="test"):
    return Branch(key, number, of, decider, AT)


def step(name, code, *within, decides=(), after=()):
    return name, code, within, decides, after


def pipeline(*steps, functions="", parameters=()):
    """A pipeline of one cell a step, from cell 10 on; shared code is cell 1."""
    made = []
    for number, (name, code, within, decides, after) in enumerate(steps, start=10):
        at = Location("nb.ipynb", cell=number, line=1, step=name)
        made.append(
            Step(name, (Source(code, at, code),), tuple(after), StepOptions(), at,
                 within=tuple(within), decides=tuple(decides))
        )  # fmt: skip
    shared = (Source(functions, AT, functions),) if functions else ()
    known = tuple(Parameter(name, "list", "[1]", replace(AT, cell=2)) for name in parameters)
    return Pipeline("p", "p", "nb.ipynb", functions=shared, steps=tuple(made), parameters=known)


def wires(analyzed):
    """Each wire in a line: name, producers, consumer, and what is special of it."""
    found = []
    for wire in analyzed.wires:
        kind = "?" if wire.choice else ""
        if wire.collected:
            kind = f"[{wire.inside}]"
        optional = " maybe" if wire.optional else ""
        found.append(f"{wire.name}{kind}{optional}: {'+'.join(wire.producers)} > {wire.consumer}")
    return sorted(found)


GEN = step("gen", "res = [1, 2]", decides=[("loop:1", "res")])
XS = loop("res", decider="gen")
RS = replace(XS, collected=(("r", "r"),))
ROWS = replace(XS, collected=(("rs", "rs"),))
TEST = step("test", "n = 0 if len(res) > 1 else 1", decides=[("if:1", "n")])
FUNCTIONS = "def f(*a):\n    return sum(a)\ndef change(a):\n    a.append(1)\n"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param(
            [GEN, step("use", "y = f(x)", XS)],
            ["res: gen > use"],
            id="a step in a loop loads the items",
        ),
        pytest.param(
            [GEN, step("use", "y = f(x)", XS), step("more", "z = f(x, y)", XS)],
            ["res: gen > more", "res: gen > use", "y: use > more"],
            id="values flow from step to step of one item",
        ),
        pytest.param(
            [GEN, step("use", "y = f(x)", replace(XS, collected=(("y", "y"),))),
             step("total", "t = sum(y)")],
            ["res: gen > use", "y[y]: use > total"],
            id="a list of what each item makes",
        ),
        pytest.param(
            [GEN, step("use", "r1 = f(x)", replace(XS, collected=(("r1", "results"),))),
             step("total", "t = sum(results)")],
            ["res: gen > use", "results[r1]: use > total"],
            id="a list under another name",
        ),
        pytest.param(
            [GEN, step("k", "k = 3"), step("use", "y = f(x, k)", XS)],
            ["k: k > use", "res: gen > use"],
            id="values from outside reach into a loop",
        ),
        pytest.param(
            [GEN,
             step("use", "y = f(x, z)", XS, loop("[4, 5]", "z", key="loop:2", count=2))],
            ["res: gen > use"],
            id="a loop over a literal within a loop",
        ),
        pytest.param(
            [step("gen", "res = [1]\nother = [2]", decides=[("loop:1", "res"), ("loop:2", "other")]),
             step("use", "y = f(x, z)", XS, loop("other", "z", key="loop:2", decider="gen"))],
            ["other: gen > use", "res: gen > use"],
            id="a loop over a list from outside the outer loop",
        ),
        pytest.param(
            [GEN, step("head", "inner = list(range(x))", ROWS, decides=[("loop:2", "inner")]),
             step("use", "r = f(x, z)", ROWS,
                  loop("inner", "z", key="loop:2", decider="head", collected=["r>rs"])),
             step("total", "t = sum(rs)")],
            ["inner: head > use", "res: gen > head", "res: gen > use", "rs[r]: use > total"],
            id="a list made by nested loops",
        ),
        pytest.param(
            [step("gen", "res = [1, 2]"), TEST, step("a", "m = 1", branch(0)),
             step("b", "m = 2", branch(1)), step("use", "f(m)")],
            ["m?: a+b > use", "res: gen > test"],
            id="a value from either branch",
        ),
        pytest.param(
            [step("gen", "res = [1, 2]"), TEST, step("a", "res = [3]", branch(0)),
             step("use", "f(res)")],
            ["res maybe: gen > if-1-1-values", "res: gen > test", "res? maybe: a+if-1-1-values > use"],
            id="a value that one branch sets anew is handed on in the other",
        ),
        pytest.param(
            [step("gen", "res = [1, 2]"), TEST, step("a", "res.append(3)", branch(0)),
             step("use", "f(res)")],
            ["res: gen > a", "res: gen > if-1-1-values", "res: gen > test",
             "res?: a+if-1-1-values > use"],
            id="a value that one branch changes in place",
        ),
        pytest.param(
            [step("gen", "res = [1, 2]"), TEST, step("a", "m = 1", branch(0)),
             step("a2", "k = f(m)", branch(0)), step("b", "f(res)", branch(1))],
            ["m: a > a2", "res: gen > b", "res: gen > test"],
            id="values within a branch",
        ),
        pytest.param(
            [GEN,
             step("test", "n = 0 if x > 1 else 1", RS, decides=[("if:1", "n")]),
             step("a", "r = f(x)", RS, branch(0)),
             step("b", "r = f(x, x)", RS, branch(1)),
             step("total", "t = sum(r)")],
            ["r?: a+b > loop-1-values", "r[r]: loop-1-values > total", "res: gen > a",
             "res: gen > b", "res: gen > test"],
            id="either branch for each item, collected",
        ),
        pytest.param(
            [step("gen", "res = [1, 2]"), TEST,
             step("b", "y = f(x)", branch(0), replace(XS, count=2, decider="", collected=(("y", "y"),))),
             step("use", "t = f(*y)", branch(0))],
            ["res: gen > b", "res: gen > test", "y[y]: b > use"],
            id="a loop within a branch",
        ),
        pytest.param(
            [GEN,
             step("test", "n = 0 if x > 1 else 1", RS, decides=[("if:1", "n")]),
             step("a", "r = f(x)", RS, branch(0)),
             step("show", "print(x)", RS, branch(1)),
             step("total", "t = sum(r)")],
            ["r? maybe: a+if-1-1-values > loop-1-values", "r[r] maybe: loop-1-values > total",
             "res: gen > a", "res: gen > show", "res: gen > test"],
            id="one branch for each item, collected; the other hands out nothing",
        ),
        pytest.param(
            [GEN, step("use", "y = f(x)", ExitHandler("exit:1", "end", AT), XS),
             step("end", "print('end')")],
            ["res: gen > use"],
            id="an exit handler changes nothing",
        ),
    ],
)  # fmt: skip
def test_wires(steps, expected):
    assert wires(analyze(pipeline(*steps, functions=FUNCTIONS))) == expected


def test_a_parameter_can_be_looped_over():
    analyzed = analyze(
        pipeline(
            step("head", "held = list(xs)", decides=[("loop:1", "held")]),
            step("use", "y = f(x)", loop("held", decider="head")),
            functions=FUNCTIONS,
            parameters=["xs"],
        )
    )
    assert analyzed.summary("head").parameters == ("xs",)
    assert analyzed.summary("use").parameters == ()
    assert analyzed.summary("use").items == ("loop:1",)
    assert analyzed.after["use"] == ("head",)


def test_a_parameter_is_handed_on_by_the_branch_that_leaves_it():
    analyzed = analyze(
        pipeline(
            step("test", "n = 0 if len(xs) > 1 else 1", decides=[("if:1", "n")]),
            step("a", "change(xs)", branch(0)),
            step("use", "print(xs)"),
            functions=FUNCTIONS,
            parameters=["xs"],
        )
    )
    assert analyzed.summary("if-1-1-values").parameters == ("xs",)
    assert wires(analyzed) == ["xs? maybe: a+if-1-1-values > use"]


def test_a_step_made_to_hand_on_runs_where_the_authors_step_does():
    steps = pipeline(
        step("gen", "res = [1, 2]"), TEST, step("a", "import pandas\nres = [3]", branch(0)),
        step("use", "f(res)"), functions=FUNCTIONS,
    )  # fmt: skip
    asked = StepOptions(
        image="mine", packages=("pandas",), limits=(("memory", "2Gi"), ("nvidia.com/gpu", "1"))
    )
    steps = replace(
        steps, steps=tuple(replace(s, options=asked) if s.name == "a" else s for s in steps.steps)
    )
    analyzed = analyze(steps)
    made = analyzed.pipeline.step("if-1-1-values").options
    assert (made.image, made.packages, made.limits) == ("mine", ("pandas",), (("memory", "2Gi"),))
    assert analyzed.summary("if-1-1-values").imports == ("pandas",)


def out_of_sight(within):
    """A step in a loop or branch that may call what sets a variable of the shared code."""
    shared = "count = 0\ndef bump():\n    global count\n    count += 1\n"
    decides = [("loop:1", "res"), ("if:1", "n")]
    return analyze(
        pipeline(
            step("gen", "res = [bump]\nn = 0", decides=decides),
            step("use", "y = res[0].method(1)", within),
            step("end", "print(count)"),
            functions=shared,
        )
    )


def test_what_a_call_in_a_loop_may_set_out_of_sight_is_guarded():
    analyzed = out_of_sight(XS)
    assert analyzed.summary("use").unchanged == (("count", "end"),)
    assert wires(analyzed) == ["count maybe: gen > end", "res: gen > use"]


def test_what_a_call_in_a_branch_may_set_out_of_sight_travels():
    found = wires(out_of_sight(branch(0, decider="gen")))
    assert "count? maybe: use+if-1-1-values > end" in found


def test_what_a_step_in_a_loop_may_change_is_guarded():
    analyzed = analyze(
        pipeline(
            GEN,
            step("model", "model = make()"),
            step("use", "y = model.predict(x)", XS),
            step("report", "print(model)"),
            functions="import lib\ndef make():\n    return lib.Model()\n",
        )
    )
    assert analyzed.summary("use").unchanged == (("model", "loop:1"),)
    assert "model: model > report" in wires(analyzed)


@pytest.mark.parametrize(
    ("steps", "codes"),
    [
        pytest.param(
            [GEN, step("k", "k = 0"), step("use", "k = f(k, x)", XS), step("end", "print(k)")],
            {"KALE745", "KALE746"},
            id="an accumulator",
        ),
        pytest.param(
            [GEN, step("k", "k = []"), step("use", "k.append(x)", XS), step("end", "print(k)")],
            {"KALE745"},
            id="a list that each item changes",
        ),
        pytest.param(
            [GEN, step("use", "y = f(x)", XS), step("end", "print(y)")],
            {"KALE746"},
            id="a loop's name after it",
        ),
        pytest.param(
            [GEN, step("use", "y = f(x, tottl)", XS)],
            {"KALE301"},
            id="a name that nobody defines",
        ),
    ],
)
def test_refusals(steps, codes):
    found = examine(pipeline(*steps, functions=FUNCTIONS))
    assert {error.code for error in found.errors} == codes
    assert all(isinstance(e.at.cell, int) for e in found.errors)


def test_an_error_in_a_loop_names_its_line():
    with pytest.raises(KaleError) as caught:
        analyze(pipeline(GEN, step("use", "y = f(x)\nz = tottl", XS), functions=FUNCTIONS))
    assert str(caught.value.at) == "nb.ipynb: cell 11 (use), line 2"
