"""Papermill's engine ``kale``: cells run in a shell, a kernel's process without a kernel's sockets.

``papermill in.ipynb out.ipynb --engine kale`` starts a shell of its own; a step's process is given
one. Imported by the step's process alone: it costs the import of papermill.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_core.utils import run_sync
from nbclient.client import timestamp
from nbclient.exceptions import CellExecutionComplete
from nbclient.util import run_hook
from papermill.clientwrap import PapermillNotebookClient
from papermill.log import logger

from kale.runners.engines.link import Link
from kale.runners.engines.notebook_saving import SavingEngine
from kale.runners.engines.shell_link import ShellLink, spawn_shell

#: The name that papermill knows the engine by.
ENGINE = "kale"

#: Seconds between two looks at whether the notebook is to be saved while a cell says nothing.
_IDLE = 1.0


class _Channel:
    """The way to the shell for comm messages."""

    def __init__(self, link: Link) -> None:
        self.send = link.send_message


class _KernelClient:
    """As much of a kernel's client as nbclient's widgets use."""

    def __init__(self, link: Link) -> None:
        self.session, self.shell_channel = link.session, _Channel(link)


# papermill has no types.
class ShellClient(PapermillNotebookClient):  # type: ignore[misc]
    """Executes a notebook's cells in the shell at the other end of ``link``.

    ``probes`` are run there; what they found is then in ``findings``. ``cell_started`` gets the
    index of each cell as it begins.
    """

    def __init__(
        self,
        nb_man: Any,
        link: Link,
        *,
        probes: Mapping[str, Any],
        cell_started: Callable[[int], None],
        **options: Any,
    ) -> None:
        super().__init__(nb_man, **options)
        self._link, self._probes, self._cell_started = link, probes, cell_started
        self.kc = _KernelClient(link)
        self.findings: dict[str, Any] = {}

    def execute(self, **_: Any) -> Any:
        """Execute all cells, up to the first that fails.

        Raises:
            DeadKernelError: the shell ended before it was told to.
        """
        self.reset_execution_trackers()
        ready = self._link.await_ready()
        if self._probes:
            self._link.start_probes(self._probes)
        self.papermill_execute_cells()
        self._call_probes("end")
        self.nb.metadata["language_info"] = ready["language_info"]
        self.set_widgets_metadata()
        return self.nb

    def execute_cell(self, cell: Any, cell_index: int, **_: Any) -> Any:
        """Execute one cell; the arguments and what is raised are nbclient's."""
        self._cell_started(cell_index)
        self._run_hook(self.on_cell_start, cell=cell, cell_index=cell_index)
        if cell.cell_type != "code" or not cell.source.strip():
            return cell
        if self.skip_cells_with_tag in cell.metadata.get("tags", []):
            return cell
        cell["metadata"]["execution"] = {}
        tagged = "raises-exception" in cell.metadata.get("tags", [])
        may_fail = not self.force_raise_errors and (self.allow_errors or tagged)
        self._run_hook(self.on_cell_execute, cell=cell, cell_index=cell_index)
        request = self._link.request(cell.source, stop_on_error=not may_fail)
        self._run_hook(self.on_cell_complete, cell=cell, cell_index=cell_index)
        self.code_cells_executed += 1
        cell.outputs = []
        self.clear_before_next_output = False
        try:
            reply = self._await_reply(request, cell, cell_index)
        finally:
            self._join_streams(cell.outputs, cell_index)
        self._run_hook(self.on_cell_executed, cell=cell, cell_index=cell_index, execute_reply=reply)
        if reply["content"]["status"] == "error":
            if not may_fail:
                self._call_probes("failure")
            run_sync(self._check_raise_for_error)(cell, cell_index, reply)
        return cell

    def _await_reply(self, request: str, cell: Any, cell_index: int) -> dict[str, Any]:
        """Take in what the shell sends until it has replied and is idle; the reply."""
        reply: dict[str, Any] | None = None
        idle = False
        while reply is None or not idle:
            while not self._link.wait(_IDLE):
                self.nb_man.save()
            for on_shell, message in self._link.receive():
                if message["parent_header"].get("msg_id") != request:
                    self._log_stray(message)
                elif on_shell:
                    reply = message
                    cell["metadata"]["execution"]["shell.execute_reply"] = timestamp(message)
                else:
                    try:
                        self.process_message(message, cell, cell_index)
                    except CellExecutionComplete:
                        idle = True
        return reply

    def _log_stray(self, message: dict[str, Any]) -> None:
        """Log text that belongs to no running cell; the notebook has no place for it."""
        if message["msg_type"] == "stream" and self.stdout_file is not None:
            self.stdout_file.write(message["content"]["text"])
            self.stdout_file.flush()

    def _call_probes(self, moment: str) -> None:
        if self._probes:
            self.findings = self._link.call_probes(moment)

    def _run_hook(self, hook: Any, **arguments: Any) -> None:
        if hook is not None:
            run_sync(run_hook)(hook, **arguments)

    def _join_streams(self, outputs: list[Any], cell_index: int) -> None:
        """Make one output of those that are one stream's and follow one another."""
        joined: list[Any] = []
        texts: list[list[str]] = []
        places: list[int] = []
        for output in outputs:
            stream = output["output_type"] == "stream"
            if stream and joined and joined[-1].get("name") == output["name"]:
                texts[-1].append(output["text"])
            else:
                joined.append(output)
                texts.append([output["text"]] if stream else [])
            places.append(len(joined) - 1)
        if len(joined) == len(outputs):
            return
        for output, parts in zip(joined, texts, strict=True):
            if parts:
                output["text"] = "".join(parts)
        outputs[:] = joined
        # nbclient finds the displays that are to be updated by their places.
        for cells in self._display_id_map.values():
            if cell_index in cells:
                cells[cell_index] = [places[place] for place in cells[cell_index]]


class FastEngine(SavingEngine):
    """Runs a notebook's cells in a shell; see the module."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,  # noqa: ARG003 - the shell is Python's own kernel, by whatever name
        *,
        link: ShellLink | None = None,
        probes: Mapping[str, Any] | None = None,
        found: Callable[[dict[str, Any]], None] = lambda _: None,
        cell_started: Callable[[int], None] = lambda _: None,
        **options: Any,
    ) -> None:
        """Execute what papermill has prepared.

        ``link`` leads to the shell, else one is started here; ``found`` gets the findings of the
        ``probes``; ``cell_started`` the index of each cell as it begins.
        """
        own = link is None
        link = link or spawn_shell(os.environ, options.get("cwd") or Path.cwd())
        known = {"log_output", "stdout_file", "stderr_file", "timeout"}
        client = ShellClient(
            nb_man,
            link,
            probes=probes or {},
            cell_started=cell_started,
            log=logger,
            **{key: value for key, value in options.items() if key in known},
        )
        try:
            client.execute()
            link.begin_end()
        finally:
            found(client.findings)
            if own:
                link.finish()
