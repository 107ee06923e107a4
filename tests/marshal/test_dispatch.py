"""Which function is called: by the type's full name, or by the whole of a text."""

from __future__ import annotations

import doctest
import re

import numpy as np
import pytest

from kale.marshal import MarshalError, PatternDispatcher, TypeDispatcher, dispatch

HERE = re.escape(__name__)


class Base:
    pass


class Middle(Base):
    pass


class Leaf(Middle):
    class Inner:
        pass


def registering(dispatcher, *patterns, **how):
    """Register functions that return the pattern they were registered with."""
    for pattern in patterns:
        dispatcher.register(pattern, **how)(lambda *_, _pattern=pattern, **__: _pattern)
    return dispatcher


@pytest.mark.parametrize(
    ("patterns", "text", "expected"),
    [
        pytest.param(["a", "a.*"], "a", "a.*", id="the later one"),
        pytest.param(["a.*", "a"], "a", "a", id="the later one, which is narrower"),
        pytest.param(["a", "b"], "a", "a", id="the one that matches"),
        pytest.param([r".*\.npy"], "x/y.npy", r".*\.npy", id="an ending"),
        pytest.param(["(?s).*"], "a\nb", "(?s).*", id="all"),
    ],
)
def test_a_pattern_finds_its_function(patterns, text, expected):
    assert registering(PatternDispatcher("load"), *patterns)(text) == expected


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        pytest.param("npy", "a.npy", id="an end"),
        pytest.param("a", "a.npy", id="a beginning"),
        pytest.param(r".*\.npy", "a.npy.pkl", id="a middle"),
        pytest.param(r".*\.npy", "a.NPY", id="another case"),
        pytest.param(r".*\.npy", "a.npy\n", id="a line's end"),
        pytest.param("a|ab", "abc", id="a choice"),
    ],
)
def test_a_pattern_matches_the_whole_or_nothing(pattern, text):
    with pytest.raises(MarshalError, match=r"^nothing is registered to load"):
        registering(PatternDispatcher("load"), pattern)(text)


@pytest.mark.parametrize(
    ("patterns", "obj", "expected"),
    [
        pytest.param([f"{HERE}.Leaf"], Leaf(), f"{HERE}.Leaf", id="the full name"),
        pytest.param(
            [f"{HERE}.Leaf.Inner"], Leaf.Inner(), f"{HERE}.Leaf.Inner", id="a nested class"
        ),
        pytest.param([r"numpy\..*"], np.float64(1), r"numpy\..*", id="a module"),
        pytest.param([r"numpy\.ndarray"], np.zeros(1), r"numpy\.ndarray", id="an array"),
        pytest.param(
            [r"builtins\.bool", r"builtins\.int"], True, r"builtins\.bool", id="the exact type"
        ),
        pytest.param([".*", f"{HERE}.Leaf"], Leaf(), f"{HERE}.Leaf", id="the later one"),
        pytest.param([f"{HERE}.Leaf", ".*"], Leaf(), ".*", id="the later one, of all types"),
    ],
)
def test_a_type_finds_its_function(patterns, obj, expected):
    assert registering(TypeDispatcher("save"), *patterns)(obj) == expected


@pytest.mark.parametrize(
    ("exact", "derived", "obj", "expected"),
    [
        pytest.param([], ["Base"], Leaf(), "Base", id="a base's function"),
        pytest.param([], ["Base", "Middle"], Leaf(), "Middle", id="the nearer base"),
        pytest.param(
            [], ["Middle", "Base"], Leaf(), "Middle", id="the nearer base, though earlier"
        ),
        pytest.param(["Leaf"], ["Base", "Middle"], Leaf(), "Leaf", id="the type itself"),
        pytest.param(["Middle"], ["Base"], Leaf(), "Base", id="a base that keeps no subclasses"),
        pytest.param(["Base"], [], Leaf(), None, id="only a base that keeps none"),
        pytest.param([], ["Leaf"], Base(), None, id="not the other way round"),
        pytest.param([], ["Base"], Leaf.Inner(), None, id="not what is inside"),
    ],
)
def test_subclasses_find_the_function_of_a_base_that_keeps_them(exact, derived, obj, expected):
    dispatcher = TypeDispatcher("save")
    registering(dispatcher, *[f"{HERE}.{name}" for name in exact])
    registering(dispatcher, *[f"{HERE}.{name}" for name in derived], subclasses=True)
    if expected is None:
        with pytest.raises(MarshalError, match=f"^nothing is registered to save a {HERE}"):
            dispatcher(obj)
    else:
        assert dispatcher(obj) == f"{HERE}.{expected}"


def test_a_function_that_declines_leaves_its_object_to_the_next():
    asked = []

    def decline(name):
        return lambda *_: asked.append(name) or NotImplemented

    dispatcher = registering(TypeDispatcher("save"), f"{HERE}.Leaf")
    dispatcher.register(f"{HERE}.Base", subclasses=True)(decline("base"))
    dispatcher.register(f"{HERE}.Leaf")(decline("earlier"))
    dispatcher.register(".*")(decline("later"))
    assert dispatcher(Leaf()) == f"{HERE}.Leaf"
    assert asked == ["later", "earlier"]
    with pytest.raises(
        MarshalError,
        match=rf"^nothing is registered to save a {HERE}\.Middle; register a function for it$",
    ):
        dispatcher(Middle())
    assert asked[2:] == ["later", "base"]


def test_a_registered_function_stays_what_it_was():
    def save(obj, path):
        return path

    assert TypeDispatcher("save").register("nothing at all")(save) is save


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(dispatch).failed == 0
    assert doctest.testmod(dispatch).attempted >= 4
