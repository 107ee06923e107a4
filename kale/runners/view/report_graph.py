"""The graph of a run's report: boxes and arrows with places, or a square a step if it is large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kale.runners.result import StepResult
from kale.runners.view.graph_layout import lay_out
from kale.runners.view.levels import Levels
from kale.runners.view.progress import outcome
from kale.runners.view.step_words import state_of, time_of

#: Pixels of a box's text: of a letter at its size, and beside the text. And a box's limits.
_LETTER, _BESIDE_TEXT, _LEAST_BOX, _MOST_BOX = 7.6, 26, 118, 230


def drawn(
    levels: Levels, steps: Mapping[str, StepResult], rows: Mapping[str, str]
) -> dict[str, Any] | None:
    """The graph as the template takes it; ``None`` if nobody could follow its arrows.

    ``rows`` are the ids of the steps' rows in the page's table.
    """
    if len(steps) < 2:
        return None
    widest = max(map(_letters, steps)) * _LETTER + _BESIDE_TEXT
    width = min(max(widest, _LEAST_BOX), _MOST_BOX)
    picture = lay_out(levels, width)
    if picture is None:
        return None
    room = int((width - _BESIDE_TEXT) / _LETTER)
    boxes = [
        {
            **_mark(steps[box.name], rows),
            "x": round(box.x, 1),
            "y": round(box.y, 1),
            "name": _shortened(box.name, room),
            "words": time_of(steps[box.name]) or state_of(steps[box.name]),
        }
        for box in picture.boxes
    ]
    arrows = [
        {"path": arrow.path, "idle": steps[arrow.end].status == "skipped"}
        for arrow in picture.arrows
    ]
    return {
        "width": round(picture.width),
        "height": round(picture.height),
        "box_width": round(picture.box_width, 1),
        "box_height": picture.box_height,
        "boxes": boxes,
        "arrows": arrows,
        "alt": _described(levels),
    }


def in_squares(
    levels: Levels, steps: Mapping[str, StepResult], rows: Mapping[str, str]
) -> list[list[dict[str, str]]]:
    """The steps level by level, for a graph that is too large to be drawn."""
    if len(steps) < 2:
        return []
    return [[_mark(steps[name], rows) for name in row] for row in levels.rows]


def _mark(step: StepResult, rows: Mapping[str, str]) -> dict[str, str]:
    return {
        "row": rows[step.name],
        "state": state_of(step),
        "tip": f"{step.name}: {outcome(step)}",
    }


def _letters(name: str) -> int:
    """The room of a name in letters; a letter of a wide script takes nearly two."""
    return sum(1 if char < "\u1100" else 2 for char in name)


def _shortened(name: str, room: int) -> str:
    if _letters(name) <= room:
        return name
    while _letters(name) > room - 1:
        name = name[:-1]
    return f"{name}…"


def _described(levels: Levels) -> str:
    """The graph in words, for who cannot see it."""
    parts = [
        f"{name} after {' and '.join(before)}" if before else name
        for name, before in levels.producers.items()
    ]
    return f"Steps: {'; '.join(parts)}."
