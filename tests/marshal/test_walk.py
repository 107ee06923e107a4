"""The parts of an object: what is plain, what pickling takes apart, and walks that always end."""

from __future__ import annotations

import io
import math
import pickle
import types

import pytest

from kale.marshal.pickling import Rules, pickler_with
from kale.marshal.walk import is_flat, is_mutable, plain_containers, reduction, traverse


class Point:
    def __init__(self, x: object) -> None:
        self.x = x


class Listed(list):
    pass


@pytest.mark.parametrize(
    ("value", "flat", "containers"),
    [
        pytest.param(1, False, None, id="an atom"),
        pytest.param([], True, 1, id="an empty list"),
        pytest.param([1, "a", None, 1.5, b"", True, 1j, ...], True, 1, id="atoms of all kinds"),
        pytest.param((1, 2), True, 0, id="a tuple, which cannot change"),
        pytest.param({1, "a"}, True, None, id="a set, whose order is no content"),
        pytest.param({"a": 1}, True, 1, id="a dictionary of atoms"),
        pytest.param({"a": [1]}, False, 2, id="a list in a dictionary"),
        pytest.param({(1, 2): 1}, False, 1, id="a tuple as a key"),
        pytest.param([{"a": (1, [2])}], False, 3, id="records"),
        pytest.param([[[[1]]]], False, 4, id="as deep as it looks"),
        pytest.param([[[[[1]]]]], False, None, id="deeper than it looks"),
        pytest.param([{1}], False, None, id="a set in a list"),
        pytest.param(Listed(), False, None, id="a subclass"),
        pytest.param([Listed()], False, None, id="a subclass in a list"),
        pytest.param([Point(1)], False, None, id="an object in a list"),
        pytest.param({"a": math.sin}, False, None, id="a function in a dictionary"),
        pytest.param((x := [1], x), False, 2, id="one list twice"),
    ],
)
def test_plain_values_are_told_from_others(value, flat, containers):
    assert is_flat(value) is flat
    found = plain_containers(value)
    assert (None if found is None else len(found)) == containers


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(math.sin, id="a builtin function"),
        pytest.param(Point, id="a class of a module"),
        pytest.param(pickle.dumps, id="a function of a module"),
        pytest.param(io.BytesIO.read, id="a method of a class"),
    ],
)
def test_what_is_found_by_its_name_has_no_parts(value):
    pickler = pickler_with(Rules)(io.BytesIO())
    made = reduction(value, pickler)
    assert made is None or made[0] is getattr


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(Point([1]), id="an object"),
        pytest.param(Listed([1, 2]), id="items"),
        pytest.param(types.SimpleNamespace(a=1), id="a namespace"),
        pytest.param(lambda a: a, id="a function without a name"),
    ],
)
def test_a_reduction_has_six_parts(value):
    function, arguments, state, items, pairs, setter = reduction(
        value, pickler_with(Rules)(io.BytesIO())
    )
    assert callable(function)
    assert isinstance(arguments, tuple)
    assert (items, pairs) == (list(value) if isinstance(value, list) else [], [])
    assert state or setter or items


def test_parts_are_visited_depth_first_in_their_order():
    met = []

    def visit(part):
        met.append(part)
        return iter(part) if isinstance(part, list) else None

    traverse(visit, [[1, [2]], 3])
    assert met == [[[1, [2]], 3], [1, [2]], 1, [2], 2, 3]


def test_a_walk_without_end_ends():
    with pytest.raises(RecursionError):
        traverse(lambda part: iter([part]), 1)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        pytest.param(list, True, id="lists"),
        pytest.param(Point, True, id="objects"),
        pytest.param(bytearray, True, id="bytes that can change"),
        pytest.param(str, False, id="texts"),
        pytest.param(tuple, False, id="tuples"),
        pytest.param(types.FunctionType, False, id="functions"),
        pytest.param(type(Point), False, id="classes"),
    ],
)
def test_what_can_change_is_told_by_the_type(kind, expected):
    assert is_mutable(kind) is expected
