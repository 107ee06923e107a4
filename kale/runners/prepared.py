"""The step that comes next, with its interpreter ready by the time that its producers are done."""

from __future__ import annotations

from kale.ir import Task
from kale.runners.engines.child import Child
from kale.runners.launch import Launcher


class Prepared:
    """At most one step's process, started but told to wait."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._held: tuple[str, Child] | None = None

    def prepare(self, task: Task) -> None:
        """Start the process of a step that cannot run yet, unless one waits already."""
        if self._held is not None:
            return
        try:
            self._held = task.name, self._launcher.launch(task, hold=True)
        except (OSError, ValueError):
            return  # whatever it is, it will be told when the step is to start

    def take(self, task: Task) -> Child | None:
        """The process that was prepared for a step, set going; ``None`` if there is none."""
        if self._held is None or self._held[0] != task.name:
            return None
        _, child = self._held
        self._held = None
        child.go()
        return child

    def drop(self, step: str | None = None) -> None:
        """End the process that waits, if it is that step's, or anybody's."""
        if self._held is not None and step in {None, self._held[0]}:
            _, child = self._held
            self._held = None
            child.kill()
            child.close()
