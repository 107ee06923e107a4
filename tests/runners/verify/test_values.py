"""Values at the end of a step, compared with those of the notebook at that place."""

from __future__ import annotations

import pytest

from kale.errors import Location
from kale.ir import AnalyzedPipeline, Pipeline, StepSummary
from kale.runners.verify.instrument import SHARED, ActiveCell, Stretch
from kale.runners.verify.values import Snapshot, Value, compare_step

AT = Location("nb.ipynb", 1, 1)


def snapshot(shared=(), **values):
    """Values as ``type:content``; a ``?`` for content that cannot be told, ``+`` if just bound."""
    names = {}
    for name, text in values.items():
        kind, _, content = text.rstrip("+").partition(":")
        names[name] = Value(kind, None if content == "?" else content, content, text.endswith("+"))
    return Snapshot(names, frozenset(shared))


def stretch(owner, code):
    return Stretch(frozenset(owner.split()), (ActiveCell(1, code),))


def checks(here, stretches, *runs, uses=(), defs=(), certain=()):
    summary = StepSummary(
        "s", defs=dict.fromkeys(defs, AT), uses=dict.fromkeys(uses, AT), certain=frozenset(certain)
    )
    pipeline = Pipeline("p", "p", "nb.ipynb")
    analyzed = AnalyzedPipeline(pipeline, (summary,), (), {})
    return {
        check.name: check.verdict.value
        for check in compare_step(analyzed, "s", here, stretches, runs)
    }


ONE = [stretch("s", "x = 1")]


@pytest.mark.parametrize(
    ("here", "runs", "expected"),
    [
        pytest.param("int:1", ["int:1"], "same", id="the same value"),
        pytest.param("int:1", ["int:2"], "different", id="other content"),
        pytest.param("int:1", ["bool:1"], "different", id="another type"),
        pytest.param("int:3", ["int:1", "int:1"], "different", id="other content than in two runs"),
        pytest.param("int:3", ["int:1", "int:2"], "not repeatable", id="new in each run"),
        pytest.param("str:3", ["int:1", "int:2"], "different", id="new in each run, but always a number"),
        pytest.param("int:2", ["int:1", "int:2"], "not repeatable", id="as in another run"),
        pytest.param("lock:?", ["lock:?"], "cannot be compared", id="content that nobody can tell"),
        pytest.param("lock:1", ["lock:?"], "cannot be compared", id="content told in the pipeline only"),
        pytest.param("lock:?", ["lock:1"], "cannot be compared", id="content told in the notebook only"),
        pytest.param("lock:?", ["file:?"], "different", id="two types whose content nobody can tell"),
    ],
)  # fmt: skip
def test_a_value_that_the_step_binds(here, runs, expected):
    found = checks(snapshot(x=here), ONE, *[[snapshot(x=run)] for run in runs], defs=["x"])
    assert found == {"x": expected}


@pytest.mark.parametrize(
    ("here", "there", "facts", "expected"),
    [
        pytest.param({}, {"x": "int:1"}, {}, {}, id="a name of other steps is none of this one's"),
        pytest.param({}, {"x": "int:1+"}, {}, {"x": "different"}, id="a name that its cells bound is missing"),
        pytest.param(
            {}, {"x": "int:1"}, {"defs": ["x"], "certain": ["x"]}, {"x": "different"},
            id="a name that its cells bind to the same number again is missing",
        ),
        pytest.param(
            {}, {"x": "int:1"}, {"defs": ["x"]}, {}, id="a name that its cells may bind, and have not"
        ),
        pytest.param({"x": "int:1"}, {}, {"uses": ["x"]}, {"x": "different"}, id="a name the notebook has not"),
        pytest.param({"x": "int:1"}, {}, {}, {"x": "different"}, id="a name that the notebook never has"),
    ],
)  # fmt: skip
def test_a_name_that_only_one_of_the_two_has(here, there, facts, expected):
    assert checks(snapshot(**here), ONE, [snapshot(**there)], **facts) == expected


SHARED_FIRST = [stretch(SHARED, "x = 1"), stretch("other", "x = 2"), stretch("s", "y = 1")]


@pytest.mark.parametrize(
    ("here", "uses", "expected"),
    [
        pytest.param("int:1", [], "not used here", id="an older version that it does not look at"),
        pytest.param("int:1", ["x"], "different", id="an older version that it reads"),
        pytest.param("int:3", [], "different", id="a version that the notebook never had"),
        pytest.param("int:2", ["x"], "same", id="the version that it should see"),
    ],
)
def test_a_value_that_another_step_has_changed_before(here, uses, expected):
    run = [snapshot(x="int:1+"), snapshot(x="int:2+"), snapshot(x="int:2", y="int:1+")]
    found = checks(snapshot(x=here, y="int:1"), SHARED_FIRST, run, uses=uses, defs=["y"])
    assert found == {"x": expected, "y": "same"}


@pytest.mark.parametrize(
    ("here", "last", "expected"),
    [
        pytest.param("int:1", "z = 1", "same", id="as it was when the step last looked"),
        pytest.param("int:2", "z = 1", "same", id="as the other step made it"),
        pytest.param("int:1", "z = x", "different", id="old though the step looks again"),
        pytest.param(
            "int:1", "z = ax", "same", id="as it was, with a longer name in the last cell"
        ),
        pytest.param("int:3", "z = 1", "different", id="as it never was"),
    ],
)
def test_cells_of_another_step_that_stand_between(here, last, expected):
    parts = [stretch("s", "y = x"), stretch("other", "x = 2"), stretch("s", last)]
    run = [snapshot(x="int:1"), snapshot(x="int:2+"), snapshot(x="int:2")]
    assert checks(snapshot(x=here), parts, run, uses=["x"]) == {"x": expected}


@pytest.mark.parametrize(
    ("here", "there", "expected"),
    [
        pytest.param([("x", "y")], [("x", "y")], False, id="both share it"),
        pytest.param([], [], False, id="neither shares it"),
        pytest.param([], [("x", "y")], True, id="the notebook alone shares it"),
        pytest.param([("x", "y")], [], True, id="the pipeline alone shares it"),
        pytest.param([], [("x", "q")], False, id="the notebook shares it with a name of others"),
    ],
)
def test_names_that_share_an_object(here, there, expected):
    values = {"x": "list:1", "y": "list:1"}
    run = [snapshot(there, **values, q="list:1")]
    found = checks(snapshot(here, **values), ONE, run, uses=["x", "y"])
    assert found == {"x": "same", "y": "same"} | ({"x, y": "sharing"} if expected else {})
