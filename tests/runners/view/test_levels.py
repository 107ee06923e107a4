"""Steps by level, and the arrows that tell something."""

from __future__ import annotations

import pytest

from kale.runners.view.levels import levels_of


@pytest.mark.parametrize(
    ("after", "rows", "producers"),
    [
        pytest.param({}, (), {}, id="no steps"),
        pytest.param({"a": (), "b": ()}, (("a", "b"),), {"a": (), "b": ()}, id="no arrows"),
        pytest.param(
            {"a": (), "b": ("a",), "c": ("a", "b")},
            (("a",), ("b",), ("c",)),
            {"a": (), "b": ("a",), "c": ("b",)},
            id="an arrow that follows from two others is left out",
        ),
        pytest.param(
            {"a": (), "b": ("a",), "c": (), "d": ("c", "b")},
            (("a", "c"), ("b",), ("d",)),
            {"a": (), "b": ("a",), "c": (), "d": ("c", "b")},
            id="a step stands below the longest way to it",
        ),
        pytest.param(
            {"a": (), "b": ("a", "a")},
            (("a",), ("b",)),
            {"a": (), "b": ("a",)},
            id="an arrow that is named twice is one",
        ),
    ],
)
def test_levels(after, rows, producers):
    levels = levels_of(after)
    assert levels.rows == rows
    assert levels.producers == producers
    assert levels.order == tuple(name for row in rows for name in row)
