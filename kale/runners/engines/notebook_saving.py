"""A papermill engine whose notebook is saved now and then, whole or not at all.

papermill's own saves and validates the notebook before and after each cell, in place.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from papermill.engines import Engine, NotebookExecutionManager

#: Seconds between two saves of a notebook whose cells run, and how many times as long as the last
#: save took.
_EVERY, _TIMES = 1.0, 10


# papermill has no types.
class RareSaves(NotebookExecutionManager):  # type: ignore[misc]
    """Keeps the notebook as papermill's manager does; saves it rarely, at a failure, at the end."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._due = 0.0

    def save(self, **_: Any) -> None:
        """Save the notebook unless that was done a moment ago."""
        if time.monotonic() >= self._due:
            self.save_now()

    def save_now(self) -> None:
        """Save the notebook."""
        began = time.monotonic()
        if self.output_path is None:
            return
        if "://" in self.output_path or self.output_path == "-":
            super().save()  # nowhere that a file could be replaced
        else:
            write_notebook(self.nb, Path(self.output_path))
        now = time.monotonic()
        self._due = now + max(_EVERY, _TIMES * (now - began))

    def autosave_cell(self) -> None:
        """Save what the running cell has put out so far, unless that was done a moment ago."""
        self.save()

    def cell_exception(self, cell: Any, cell_index: int | None = None, **options: Any) -> None:
        """Note a failure, and save the notebook once the cell is complete."""
        super().cell_exception(cell, cell_index, **options)
        self._due = 0.0

    def notebook_complete(self, **options: Any) -> None:
        """Note the end, and save the notebook."""
        self._due = 0.0
        super().notebook_complete(**options)


class SavingEngine(Engine):  # type: ignore[misc]
    """An engine of papermill that saves by :class:`RareSaves`.

    Its option ``link`` leads to what runs the cells; ``wait_for_go`` is called when that is ready,
    and returns when the first cell may run; ``managed`` gets the notebook's manager.
    """

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: Any = True,
        log_output: bool = False,
        autosave_cell_every: int = 30,  # noqa: ARG003 - papermill's; this one saves more often
        *,
        wait_for_go: Callable[[], None] = lambda: None,
        managed: Callable[[RareSaves], None] = lambda _: None,
        **options: Any,
    ) -> Any:
        """Execute ``nb`` and return it; the other arguments are papermill's."""
        if (link := options.get("link")) is not None:
            link.await_ready()
        wait_for_go()
        manager = RareSaves(
            nb, output_path=output_path, progress_bar=progress_bar, log_output=log_output
        )
        managed(manager)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, log_output=log_output, **options)
        finally:
            manager.cleanup_pbar()
            manager.notebook_complete()
        return manager.nb


def write_notebook(notebook: Any, path: Path) -> None:
    """Write a notebook so that a reader finds the old one or the new one, and no part of either.

    Raises:
        OSError: the file cannot be written; nothing is left behind.
    """
    text = nbformat.v4.writes_json(notebook)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        # Half a surrogate pair, which a cell may print, has no bytes of its own.
        temporary.write_text(text + "\n", encoding="utf-8", errors="surrogatepass")
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
