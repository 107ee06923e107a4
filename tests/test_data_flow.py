"""What each step is given, why, and what it hands on, in words."""

import pytest
from pipelines import chain, pipeline

from kale.data_flow import describe
from kale.static_analysis import analyze


def flow(read):
    return describe(analyze(read))


def given(read, step):
    """What a step is given: {name: (kind, producers, why)}."""
    (found,) = (one for one in flow(read).steps if one.name == step)
    return {
        one.source.name: (one.source.kind.value, one.producers, one.why) for one in found.inputs
    }


def handed(read, step):
    (found,) = (one for one in flow(read).steps if one.name == step)
    return {one.name: one.consumers for one in found.outputs}


LOAD = ("load", "x = [1]")
BOUND = "`load` binds it in cell 1, line 1"
IN_PLACE = "`load` binds it in cell 1, line 1; `clean` changes it in place in cell 2, line 1"
NOTHING = [
    pytest.param(chain(LOAD, ("use", "y = 1")), id="a step that reads nothing"),
    pytest.param(chain(LOAD, ("use", "print([x for x in 'ab'])")), id="a comprehension's own name"),
    pytest.param(chain(LOAD, ("use", "x = 2\nprint(x)")), id="a name that it binds first"),
    pytest.param(
        pipeline(("parameters", {"a": 1}), ("load", "print(a)"), ("use", "y = 1")),
        id="a parameter that another step reads",
    ),
]


@pytest.mark.parametrize("read", NOTHING)
def test_a_step_that_is_given_nothing(read):
    assert given(read, "use") == {}


INPUTS = [
    pytest.param(
        chain(LOAD, ("use", "print(x)")), {"x": ("value", ("load",), BOUND)}, id="a value"
    ),
    pytest.param(
        pipeline(("parameters", {"a": 1, "b": 2}), ("use", "print(b)")),
        {"b": ("parameter", (), "declared in cell 1, line 2")},
        id="a parameter",
    ),
    pytest.param(
        pipeline(("parameters", {"a": 1}), ("imports", "b = a + 1"), ("use", "y = 1")),
        {
            "a": (
                "parameter", (),
                "is read by cells that every step runs; declared in cell 1, line 1",
            )
        },
        id="a parameter that only shared cells read",
    ),
    pytest.param(
        chain(("parameters", {"a": 1}), ("load", "a = 2"), ("use", "print(a)")),
        {"a": ("value", ("load",), "`load` binds it in cell 2, line 1")},
        id="a parameter that a step has assigned",
    ),
    pytest.param(
        chain(("load", "\ndef f():\n    return 1"), ("use", "f()")),
        {
            "f": (
                "code", ("load",),
                "`load` defines it in cell 1, line 2; its source goes along",
            )
        },
        id="a function of a step",
    ),
    pytest.param(
        chain(("load", "import math"), ("use", "math.pi")),
        {
            "math": (
                "code", ("load",),
                "`load` imports it in cell 1, line 1; its source goes along",
            )
        },
        id="an import of a step",
    ),
    pytest.param(
        chain(("load", "def deco(f):\n    return f\n@deco\ndef g():\n    return 1"), ("use", "g()")),
        {
            "deco": (
                "code", ("load",),
                "is read by code that this step is given; "
                "`load` defines it in cell 1, line 1; its source goes along",
            ),
            "g": ("code", ("load",), "`load` defines it in cell 1, line 4; its source goes along"),
        },
        id="a function with its decorator",
    ),
    pytest.param(
        pipeline(("imports", "import math\nlimit = 3"), ("use", "print(math.pi, limit)")),
        {
            "limit": ("shared value", (), "every step binds it in cell 1, line 2"),
            "math": ("code", (), "every step imports it in cell 1, line 1"),
        },
        id="what the shared cells make",
    ),
    pytest.param(
        chain(("imports", "a = []"), ("load", "a.append(1)"), ("use", "print(a)")),
        {
            "a": (
                "value", ("load",),
                "every step binds it in cell 1, line 1; "
                "`load` changes it in place in cell 2, line 1",
            )
        },
        id="a shared value that a step has changed",
    ),
    pytest.param(
        chain(LOAD, ("clean", "x.append(2)"), ("use", "print(x)")),
        {"x": ("value", ("clean",), IN_PLACE)},
        id="a value changed in place",
    ),
    pytest.param(
        chain(LOAD, ("clean", "x[0] = 2"), ("more", "x[0] = 3"), ("use", "print(x)")),
        {
            "x": (
                "value", ("more",),
                "`load` binds it in cell 1, line 1; `more` changes it in place in cell 3, line 1",
            )
        },
        id="changed twice: the step that hands it on is named",
    ),
    pytest.param(
        chain(LOAD, ("maybe", "if 1 > x[0]:\n    x = 2"), ("use", "print(x)")),
        {"x": ("value", ("maybe",), "`maybe` may bind it in cell 2, line 2")},
        id="a value bound on one path",
    ),
    pytest.param(
        chain(("load", "x = [1]\ny = x"), ("clean", "y.append(1)"), ("use", "print(x)")),
        {
            "x": (
                "value", ("clean",),
                "`load` binds it in cell 1, line 1; "
                "`clean` changes `y`, which shares its object, in cell 2, line 1",
            )
        },
        id="a value changed through another name",
    ),
    pytest.param(
        chain(("load", "x = [[1]]\ny = sorted(x)"), ("clean", "help(y)"), ("use", "print(x)")),
        {
            "x": (
                "value", ("clean",),
                "`load` binds it in cell 1, line 1; "
                "`clean` may change `y`, which may share its object, in cell 2, line 1",
            )
        },
        id="a value that may be changed through another name",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("read", "expected"), INPUTS)
def test_what_a_step_is_given_and_why(read, expected):
    assert given(read, "use") == expected


def test_a_name_that_is_loaded_for_what_it_shares():
    read = chain(("load", "x = [1]\ny = x"), ("clean", "y.append(1)"), ("use", "print(x)"))
    assert given(read, "clean")["x"] == (
        "value",
        ("load",),
        "may share an object with `y`, which this step changes; `load` binds it in cell 1, line 1",
    )


def test_a_name_that_is_handed_on():
    read = chain(LOAD, ("maybe", "if 1 > 2:\n    x = 2"), ("use", "print(x)"))
    assert given(read, "maybe")["x"] == (
        "value",
        ("load",),
        "is handed on where this step leaves it as it was; `load` binds it in cell 1, line 1",
    )


DIAMOND = pipeline(
    LOAD, ("a", "help(x)"), ("b", "\nhelp(x)"), ("use", "print(x)"),
    after={"a": ("load",), "b": ("load",), "use": ("a", "b")},
)  # fmt: skip


def test_a_diamond_of_steps_that_may_change_a_value():
    assert given(DIAMOND, "use")["x"] == (
        "value",
        ("a", "b"),
        "`load` binds it in cell 1, line 1; `a` (cell 2, line 1) and `b` (cell 3, line 2) may "
        "change it; the version that changed is taken",
    )
    assert handed(DIAMOND, "load") == {"x": ("a", "b")}
    assert handed(DIAMOND, "a") == handed(DIAMOND, "b") == {"x": ("use",)}
    assert handed(DIAMOND, "use") == {}


def test_a_value_that_has_to_stay_as_it_is():
    assert given(DIAMOND, "a")["x"][2] == (
        "`load` binds it in cell 1, line 1; "
        "has to stay as it is here, because `b` reads it at the same time"
    )


def edges(read, step):
    (found,) = (one for one in flow(read).steps if one.name == step)
    return [(edge.step, edge.kind.value, edge.names) for edge in found.after]


EDGES = [
    pytest.param(chain(LOAD), [], id="the only step waits for none"),
    pytest.param(
        pipeline(("other", "y = 1"), LOAD, after={"load": ("other",)}),
        [("other", "prev", ())],
        id="a prev: tag without a value",
    ),
    pytest.param(
        pipeline(("other", "y = 1"), ("load", "x = y"), after={"load": ("other",)}),
        [("other", "prev", ("y",))],
        id="a prev: tag and a value",
    ),
    pytest.param(
        pipeline(("other", "y = z = 1"), ("load", "x = y, z")),
        [("other", "data", ("y", "z"))],
        id="inferred from what it reads",
    ),
    pytest.param(
        pipeline(("setup", "y = 1"), ("load", "x = y"), after={"load": ("setup",)}),
        [("setup", "setup", ("y",))],
        id="the cells above the first tagged one",
    ),
]


@pytest.mark.parametrize(("read", "expected"), EDGES)
def test_why_a_step_waits(read, expected):
    assert edges(read, "load") == expected


def test_metrics_belong_to_the_step_that_ends_with_them():
    read = chain(("load", "x = 1"), ("use", "y = x"), ("metrics", "print(x)\nprint(y)"))
    steps = {one.name: one for one in flow(read).steps}
    assert (steps["load"].metrics, steps["use"].metrics) == ((), ("x", "y"))
    assert given(read, "use") == {"x": ("value", ("load",), BOUND)}


def test_metrics_in_a_step_of_their_own():
    read = pipeline(("a", "x = 1"), ("b", "y = 2"), ("metrics", "print(x)\nprint(y)"))
    last = flow(read).steps[-1]
    assert (last.name, last.metrics) == ("pipeline-metrics", ("x", "y"))
    assert edges(read, "pipeline-metrics") == [("a", "metrics", ("x",)), ("b", "metrics", ("y",))]


def test_steps_stand_in_the_order_in_which_they_can_run():
    read = pipeline(("late", "x = 1"), ("early", "y = 1"), after={"late": ("early",)})
    assert [step.name for step in flow(read).steps] == ["early", "late"]
