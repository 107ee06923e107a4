"""The tagged notebooks that the engines are measured on; their cells cost nothing themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

#: A cell: its tags and its source.
Cell = tuple[str, str]


def write(path: Path, cells: Iterable[Cell], *, steps_as: str = "block") -> Path:
    """Write a notebook of tagged cells; ``steps_as`` is the word that tags a step's cell."""
    document = {
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{number}",
                "metadata": {"tags": tags.replace("block:", f"{steps_as}:").split()},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for number, (tags, source) in enumerate(cells)
        ],
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def chain(steps: int) -> list[Cell]:
    """Each step adds to the number that the one before has made."""
    cells = [("block:s0", "x0 = 1")]
    for number in range(1, steps):
        before = number - 1
        cells.append((f"block:s{number} prev:s{before}", f"x{number} = x{before} + 1"))
    return cells


def long_step(cells: int) -> list[Cell]:
    """One step of so many cells."""
    first, *more = [f"x{number} = {number}" for number in range(cells)]
    return [("block:only", first), *(("", source) for source in more)]


def sleepers(steps: int, seconds: float) -> list[Cell]:
    """Independent steps that do nothing but wait."""
    return [(f"block:s{n}", f"import time; time.sleep({seconds})") for n in range(steps)]


def idle(steps: int, wide: int = 10) -> list[Cell]:
    """Steps of one cell that does nothing, in ``wide`` chains beside each other."""
    return [
        (f"block:s{n}" + (f" prev:s{n - wide}" if n >= wide else ""), "pass") for n in range(steps)
    ]


def three() -> list[Cell]:
    """What both this Kale and kubeflow-kale can make a pipeline of: load, fit, show."""
    return [
        ("imports", "import json"),
        ("block:load", "x = [1, 2, 3]"),
        ("block:fit prev:load", "y = sum(x)"),
        ("block:show prev:fit", "print(y)"),
    ]
