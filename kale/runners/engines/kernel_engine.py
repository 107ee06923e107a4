"""Papermill's engine for steps that run in a real kernel.

Imported by the step's process alone: it costs the import of papermill.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from papermill.log import logger

from kale.runners.engines.fast_engine import ShellClient
from kale.runners.engines.kernel_link import KernelLink
from kale.runners.engines.notebook_saving import SavingEngine

#: The name that papermill knows the engine by.
ENGINE = "kale-kernel"

#: What a kernel is told to do otherwise. Its socket throws messages away while a thousand wait, and
#: on a busy machine they do wait. At its end ipykernel 7 may wait for a thread that is gone, ten
#: seconds for each stream, and for children that ended but were not collected half a minute, until
#: it is killed with its exit handlers not run. Nothing is printed any more by then, and the step
#: ends its children itself.
_MANNERS = """
def start():
    import sys
    thread = getattr(sys.stdout, "pub_thread", None)
    if thread is None:
        return
    def keep_all():
        import zmq
        # Takes effect at once, unlike most options. 0 is: no limit.
        thread.socket.setsockopt(zmq.SNDHWM, 0)
    # A socket is its thread's alone.
    thread.schedule(keep_all)

def end():
    try:
        from ipykernel.iostream import OutStream
        from ipykernel.kernelbase import Kernel
    except ImportError:
        return
    async def leave(kernel):
        pass
    OutStream.flush_timeout = 0.1
    Kernel._progressively_terminate_all_children = leave
"""
_MANNERS_PROBE = "kernel's manners"


class KernelEngine(SavingEngine):
    """Runs a notebook's cells in a kernel that was started for it."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,  # noqa: ARG003 - the link leads to it
        *,
        link: KernelLink,
        probes: Mapping[str, Any] | None = None,
        found: Callable[[dict[str, Any]], None] = lambda _: None,
        cell_started: Callable[[int], None] = lambda _: None,
        **options: Any,
    ) -> None:
        """Execute what papermill has prepared.

        ``link`` leads to the kernel; ``found`` gets the findings of the ``probes``;
        ``cell_started`` the index of each cell as it begins.
        """
        known = {"log_output", "stdout_file", "stderr_file", "timeout"}
        client = ShellClient(
            nb_man,
            link,
            probes={**(probes or {}), _MANNERS_PROBE: {"source": _MANNERS}},
            cell_started=cell_started,
            log=logger,
            **{key: value for key, value in options.items() if key in known},
        )
        try:
            client.execute()
            link.begin_end()
        finally:
            client.findings.pop(_MANNERS_PROBE, None)
            found(client.findings)
