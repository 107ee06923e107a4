"""Papermill's engine for steps: its own, but for a kernel that ends at once when it is done.

Imported by the step's process alone: it costs the import of papermill.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.log import logger

from kale.runners.engines.kernel import kernel_manager

#: Seconds to wait for what a cell printed, after the cell is done; nbclient's own 4 are
#: too few for some 100 MB.
OUTPUT_TIMEOUT = 600

#: Seconds for a kernel to start, on a machine that may be busy with others.
START_TIMEOUT = 180

ENGINE = "kale-step"

#: At its end ipykernel 7 may wait for a thread that is gone, ten seconds for each stream, until
#: it is killed with its exit handlers not run. Nothing is printed any more by then.
_DO_NOT_LINGER = """exec('''
try:
    from ipykernel.iostream import OutStream
    OutStream.flush_timeout = 0.1
except ImportError:
    pass
''', {})"""


# papermill has no types.
class _StepClient(PapermillNotebookClient):  # type: ignore[misc]
    def papermill_execute_cells(self) -> None:
        super().papermill_execute_cells()
        self.wait_for_reply(self.kc.execute(_DO_NOT_LINGER, silent=True, store_history=False))


class StepEngine(Engine):  # type: ignore[misc]
    """Runs a notebook's cells in a kernel of their own; see :func:`register_engine`."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        connection_file: Path,
        kernel_started: Callable[[int, Callable[[], int | None]], None],
        cell_started: Callable[[int], None],
        output: TextIO,
        **_: Any,
    ) -> None:
        """Execute what papermill has prepared.

        ``kernel_started`` is as in :func:`kale.runners.engines.kernel.kernel_manager`;
        ``cell_started`` gets the number of each cell, from 1, as it begins; ``output`` what
        the cells print.
        """
        _StepClient(
            nb_man,
            kernel_name=kernel_name,
            kernel_manager_class=kernel_manager(connection_file, kernel_started),
            on_cell_start=lambda cell_index, **_: cell_started(cell_index + 1),
            startup_timeout=START_TIMEOUT,
            iopub_timeout=OUTPUT_TIMEOUT,
            stdout_file=output,
            stderr_file=output,
            log=logger,
        ).execute()


def register_engine() -> None:
    """Make papermill know the engine by the name :data:`ENGINE`."""
    papermill_engines.register(ENGINE, StepEngine)
