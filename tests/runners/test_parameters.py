"""Values given on the command line: by declared type, or refused with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runners.plans import parameter, plan, task

from kale.errors import KaleError
from kale.runners import read_parameters
from kale.runners.parameters import inherited_parameters, task_parameters

PIPELINE = plan(
    parameters=[
        parameter("title", "str", "'iris'"),
        parameter("trees", "int", "10"),
        parameter("alpha", "float", "0.1"),
        parameter("fast", "bool", "True"),
        parameter("columns", "list", "['a']"),
        parameter("options", "dict", "{}"),
        parameter("limit", "int", "None"),
        parameter("note", "str", "None"),
    ]
).pipeline


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        pytest.param("title=", "", id="an empty string"),
        pytest.param("title=a=b", "a=b", id="an equals sign in the value"),
        pytest.param('title="x"', '"x"', id="a string keeps its quotes"),
        pytest.param("title= 3 ", " 3 ", id="a string keeps its spaces and its type"),
        pytest.param("title=null", "null", id="null is text where the default is text"),
        pytest.param("title={{x}} \u2028 🙂 '''", "{{x}} \u2028 🙂 '''", id="any text"),
        pytest.param("trees=-3", -3, id="an int"),
        pytest.param("trees= 3", 3, id="spaces around JSON"),
        pytest.param(" trees =3", 3, id="spaces around the name"),
        pytest.param("alpha=0.5", 0.5, id="a float"),
        pytest.param("alpha=1", 1.0, id="a whole number for a float becomes one"),
        pytest.param("alpha=1e-3", 0.001, id="a float with an exponent"),
        pytest.param("fast=false", False, id="a bool"),
        pytest.param('columns=["a", 1, null]', ["a", 1, None], id="a list"),
        pytest.param('options={"a": {"b": 1.0}}', {"a": {"b": 1.0}}, id="a dict"),
        pytest.param("limit=null", None, id="null for an optional int"),
        pytest.param("note=null", None, id="null for an optional string"),
        pytest.param("limit=3", 3, id="a value for an optional int"),
    ],
)
def test_read(assignment, expected):
    (value,) = read_parameters(PIPELINE, [assignment]).values()
    assert value == expected
    assert type(value) is type(expected)


def test_no_assignment_gives_no_value():
    assert read_parameters(PIPELINE, []) == {}


@pytest.mark.parametrize(
    ("assignment", "code", "message", "hint"),
    [
        pytest.param(
            "trees=1.5",
            "KALE503",
            "parameter `trees` is of type int; `1.5` is not",
            "give a whole number, like `3`",
            id="a fraction is no int",
        ),
        pytest.param(
            "trees=true",
            "KALE503",
            "parameter `trees` is of type int; `true` is not",
            "give a whole number, like `3`",
            id="a bool is no int",
        ),
        pytest.param(
            "alpha=NaN",
            "KALE503",
            "parameter `alpha` is of type float; `NaN` is not",
            "give a number, like `0.5`",
            id="JSON has no NaN",
        ),
        pytest.param(
            "alpha=1" + "0" * 400,
            "KALE503",
            "parameter `alpha` is of type float; `1" + "0" * 56 + "...` is not",
            "give a number, like `0.5`",
            id="a number too large for a float",
        ),
        pytest.param(
            "fast=1",
            "KALE503",
            "parameter `fast` is of type bool; `1` is not",
            "give `true` or `false`",
            id="a number is no bool",
        ),
        pytest.param(
            "fast=True",
            "KALE503",
            "parameter `fast` is of type bool; `True` is not",
            "give `true` or `false`",
            id="Python's spelling of a bool",
        ),
        pytest.param(
            "columns=['a']",
            "KALE503",
            "parameter `columns` is of type list; `['a']` is not",
            'give a JSON list, like `[1, "a"]`',
            id="Python's spelling of a list",
        ),
        pytest.param(
            "options=[]",
            "KALE503",
            "parameter `options` is of type dict; `[]` is not",
            'give a JSON object, like `{"a": 1}`',
            id="a list is no dict",
        ),
        pytest.param(
            "columns=" + "[" * 100_000,
            "KALE503",
            "parameter `columns` is of type list; `" + "[" * 57 + "...` is not",
            'give a JSON list, like `[1, "a"]`',
            id="nested beyond reason",
        ),
        pytest.param(
            "limit=x",
            "KALE503",
            "parameter `limit` is of type int; `x` is not",
            "give a whole number, like `3`, or `null`",
            id="an optional parameter says so",
        ),
        pytest.param(
            "title=\udc80",
            "KALE503",
            "parameter `title` is of type str; `\\udc80` is not",
            "the value is not valid UTF-8",
            id="bytes that are no text",
        ),
        pytest.param(
            "tree=3",
            "KALE501",
            "there is no pipeline parameter `tree`",
            "did you mean `trees`?",
            id="a misspelt name",
        ),
        pytest.param(
            "zzz=3",
            "KALE501",
            "there is no pipeline parameter `zzz`",
            "it has `title`, `trees`, `alpha`, `fast`, `columns`, `options`, `limit`, `note`",
            id="an unknown name",
        ),
        pytest.param(
            "trees",
            "KALE502",
            "`trees` is not of the form `NAME=VALUE`",
            "write it like `-p alpha=0.5`",
            id="no equals sign",
        ),
        pytest.param(
            "=3",
            "KALE502",
            "`=3` is not of the form `NAME=VALUE`",
            "write it like `-p alpha=0.5`",
            id="no name",
        ),
    ],
)
def test_refused(assignment, code, message, hint):
    with pytest.raises(KaleError) as caught:
        read_parameters(PIPELINE, [assignment])
    error = caught.value
    assert (error.code, error.message, error.hint) == (code, message, hint)
    assert error.exit_code == 2


def test_a_name_given_twice_is_refused():
    with pytest.raises(KaleError, match="parameter `trees` is given twice"):
        read_parameters(PIPELINE, ["trees=1", "trees=2"])


def test_a_notebook_without_parameters_says_how_to_have_one():
    with pytest.raises(KaleError) as caught:
        read_parameters(plan().pipeline, ["trees=1"])
    assert caught.value.hint == "tag the cell that assigns it `pipeline-parameters`"


def test_all_errors_are_told_together():
    with pytest.raises(KaleError) as caught:
        read_parameters(PIPELINE, ["trees=x", "fast=1", "title=ok", "alhpa=1"])
    assert [error.code for error in caught.value.parts()] == ["KALE501", "KALE503", "KALE503"]


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_arrives_as_it_was(text):
    assert read_parameters(PIPELINE, [f"title={text}"]) == {"title": text}


def test_a_task_gets_the_parameters_that_it_takes_and_that_were_given():
    fit = task("fit", takes={"alpha": "0.1", "trees": "10"})
    assert task_parameters(fit, {"alpha": 0.5, "title": "x"}) == {"alpha": 0.5}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, {}, id="none were given"),
        pytest.param({"trees": 3, "title": "x"}, {"trees": 3, "title": "x"}, id="as they are"),
        pytest.param({"gone": 1}, {}, id="a parameter that the notebook has no more"),
        pytest.param({"trees": "3", "fast": 1, "title": 2}, {}, id="of another type by now"),
        pytest.param({"trees": True}, {}, id="a bool is no int"),
        pytest.param({"limit": None, "note": None}, {"limit": None, "note": None}, id="null"),
        pytest.param({"trees": None}, {}, id="null where there is none by now"),
    ],
)
def test_what_a_run_takes_over_from_an_earlier_one(values, expected):
    assert inherited_parameters(PIPELINE, values) == expected
