"""The graph of a run's report: boxes and arrows with places, or a square a step if it is large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kale.runners.result import StepResult
from kale.runners.view.graph_layout import lay_out
from kale.runners.view.levels import Levels
from kale.runners.view.progress import outcome
from kale.runners.view.step_words import counts_of, state_of, time_of

#: The instances of a step: itself alone, or one for each item of a loop; at least one.
Steps = Sequence[StepResult]

#: Of the states of a loop's items, the first of these is the one of their box.
_TELLING = ("failed", "interrupted", "succeeded", "cached", "skipped")

#: Pixels of a box's text: of a letter at its size, and beside the text. And a box's limits.
_LETTER, _BESIDE_TEXT, _LEAST_BOX, _MOST_BOX = 7.6, 26, 118, 230


def drawn(
    levels: Levels, steps: Mapping[str, Steps], rows: Mapping[str, str]
) -> dict[str, Any] | None:
    """The graph as the template takes it; ``None`` if nobody could follow its arrows.

    ``steps`` has all instances of each step, ``rows`` the ids of their rows in the page's table.
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
            **_mark(box.name, steps[box.name], rows),
            "x": round(box.x, 1),
            "y": round(box.y, 1),
            "name": _shortened(box.name, room),
            "words": _words(steps[box.name]),
        }
        for box in picture.boxes
    ]
    arrows = [
        {"path": arrow.path, "idle": all(s.status == "skipped" for s in steps[arrow.end])}
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
    levels: Levels, steps: Mapping[str, Steps], rows: Mapping[str, str]
) -> list[list[dict[str, str]]]:
    """The steps level by level, for a graph that is too large to be drawn."""
    if len(steps) < 2:
        return []
    return [[_mark(name, steps[name], rows) for name in row] for row in levels.rows]


def _mark(name: str, steps: Steps, rows: Mapping[str, str]) -> dict[str, str]:
    """A box or a square; that of a step in a loop stands for all its items."""
    telling = _telling(steps)
    tip = outcome(telling) if _is_one(steps) else counts_of(steps)
    return {"row": rows[telling.name], "state": state_of(telling), "tip": f"{name}: {tip}"}


def _words(steps: Steps) -> str:
    if _is_one(steps):
        return time_of(steps[0]) or state_of(steps[0])
    state = state_of(_telling(steps))
    such = sum(state_of(step) == state for step in steps)
    if such < len(steps):
        return f"{such} of {len(steps)}"
    return f"{such} items" if such > 1 else "1 item"


def _telling(steps: Steps) -> StepResult:
    """The one whose state is that of the box."""
    return min(steps, key=lambda step: _TELLING.index(state_of(step)))


def _is_one(steps: Steps) -> bool:
    return len(steps) == 1 and not steps[0].index


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
