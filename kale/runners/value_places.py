"""Where a run keeps each value that a step saves: a folder a variable, below that of the step."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kale.ir import Plan
from kale.runners.run_directory import RunDirectory

#: Longest name of a folder made from a variable, in bytes; file systems end at 255.
_NAME_BYTES = 120


class ValuePlaces:
    """The folder of each saved value, by step and key of the output.

    A step may be one of the plan, or an instance of one for an item of a loop (``fit.0``).
    """

    def __init__(self, plan: Plan, directory: RunDirectory) -> None:
        self._directory = directory
        self._folders: dict[tuple[str, str], str] = {}
        for task in plan.tasks:
            folders = value_folders(port.name for port in task.outputs)
            for port in task.outputs:
                self._folders[task.name, port.key] = folders[port.name]

    def __getitem__(self, place: tuple[str, str]) -> Path:
        step, key = place
        folder = self._folders.get(place)
        if folder is None:
            # Names of steps have no dots.
            folder = self._folders[step.partition(".")[0], key]
        return self._directory.values(step) / folder


def value_folders(names: Iterable[str]) -> dict[str, str]:
    """A folder name for each variable: the variable's own, wherever a file system allows.

    Names that a file system might hold for equal (``x`` and ``X``) or that are too long get
    a number; the result depends on ``names`` and their order alone.
    """
    folders: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        short = name.encode()[:_NAME_BYTES].decode(errors="ignore")
        folder, number = short, 2
        while folder.casefold() in taken:
            folder, number = f"{short}~{number}", number + 1
        taken.add(folder.casefold())
        folders[name] = folder
    return folders
