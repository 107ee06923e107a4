"""The picture of a graph: steps in their levels, boxes that do not touch, arrows that arrive."""

from __future__ import annotations

import itertools
import random
import re

import pytest

from kale.runners.view.graph_layout import MOST_BENDS, MOST_BOXES, lay_out
from kale.runners.view.levels import levels_of

WIDTH = 100.0


def picture(after):
    return lay_out(levels_of(after), WIDTH)


def some_graph(seed: int, steps: int) -> dict[str, tuple[str, ...]]:
    dice = random.Random(seed)
    names = [f"s{number}" for number in range(steps)]
    return {
        name: tuple(dice.sample(names[max(0, n - 6) : n], k=min(n, dice.randint(0, 2))))
        for n, name in enumerate(names)
    }


def points(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", path)]


@pytest.mark.parametrize(
    "after",
    [
        pytest.param({"a": ()}, id="one step"),
        pytest.param({"a": (), "b": ("a",), "c": ("b",)}, id="a chain"),
        pytest.param({"a": (), **{f"b{n}": ("a",) for n in range(20)}}, id="a wide fan"),
        pytest.param(
            {f"s{n}": (f"s{n - 1}",) if n else () for n in range(40)}, id="a long chain, downwards"
        ),
        *(pytest.param(some_graph(seed, 40), id=f"random graph {seed}") for seed in range(8)),
    ],
)
def test_a_picture_is_readable(after):
    drawn = picture(after)
    boxes = {box.name: box for box in drawn.boxes}
    assert set(boxes) == set(after)
    for one, other in itertools.combinations(drawn.boxes, 2):
        beside = abs(one.x - other.x) >= drawn.box_width + 8
        assert beside or abs(one.y - other.y) >= drawn.box_height + 8, (one, other)
    for box in drawn.boxes:
        assert 0 <= box.x <= drawn.width - drawn.box_width
        assert 0 <= box.y <= drawn.height - drawn.box_height
    near = levels_of(after).producers
    assert {(a.start, a.end) for a in drawn.arrows} == {(p, c) for c in near for p in near[c]}
    for arrow in drawn.arrows:
        first, *_, last = points(arrow.path)
        for (x, y), box in ((first, boxes[arrow.start]), (last, boxes[arrow.end])):
            assert box.x - 7 <= x <= box.x + drawn.box_width
            assert box.y - 7 <= y <= box.y + drawn.box_height
        assert all(0 <= x <= drawn.width and 0 <= y <= drawn.height for x, y in points(arrow.path))


def test_arrows_pass_beside_the_boxes_of_levels_between():
    after = {"a": (), "b": ("a",), "c": ("b",), "d": ("c",), "e": ("d",), "x": (), "f": ("x", "e")}
    drawn = picture(after)
    (long,) = (arrow for arrow in drawn.arrows if (arrow.start, arrow.end) == ("x", "f"))
    straight = [points(part) for part in re.findall(r"[\d.]+,[\d.]+ L[\d.]+,[\d.]+", long.path)]
    assert len(straight) == 4
    for (x, y), _ in straight:
        for box in drawn.boxes:
            inside = box.x < x < box.x + drawn.box_width and box.y < y < box.y + drawn.box_height
            assert not inside


def test_arrows_do_not_cross_where_they_need_not():
    after = {"a": (), "b": (), "x": ("b",), "y": ("a",)}
    drawn = picture(after)
    at = {box.name: box.y for box in drawn.boxes}
    assert (at["a"] < at["b"]) == (at["y"] < at["x"])


def test_the_same_graph_gives_the_same_picture():
    assert picture(some_graph(1, 60)) == picture(some_graph(1, 60))


@pytest.mark.parametrize(
    "after",
    [
        pytest.param({f"s{n}": () for n in range(MOST_BOXES + 1)}, id="too many steps"),
        pytest.param(
            {
                **{f"s{n}": (f"s{n - 1}",) if n else () for n in range(40)},
                **{f"x{n}": () for n in range(20)},
                "end": ("s39", *(f"x{n}" for n in range(20))),
            },
            id="too many long arrows",
        ),
    ],
)
def test_a_graph_that_nobody_could_follow_is_not_drawn(after):
    assert MOST_BENDS < 20 * 40
    assert picture(after) is None
