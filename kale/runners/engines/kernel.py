"""The kernel of a step: private sockets, and a life that ends with the step's process.

Imported by the step's process alone: it costs the import of jupyter_client.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

#: The longest path of a Unix socket that all systems take (104 bytes on macOS, 108 on Linux).
_SOCKET_PATH_BYTES = 100

#: Option number of prctl(2): the signal to get when the parent ends. Linux alone has it.
_PR_SET_PDEATHSIG = 1


def die_with_parent(signum: signal.Signals) -> Callable[[], None]:
    """A function that has the calling process get ``signum`` as soon as its parent ends.

    The library is loaded here and not in the call, which may be made between fork and exec.
    Where the system knows no such thing the call does nothing.
    """
    if sys.platform != "linux":
        return lambda: None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)


def choose_kernel(wanted: str, installed: Collection[str]) -> str | None:
    """The kernel to use for a notebook that names ``wanted``: that one, or else Python's own."""
    if wanted in installed:
        return wanted
    return NATIVE_KERNEL_NAME if NATIVE_KERNEL_NAME in installed else None


def installed_kernels() -> Collection[str]:
    """The names of the kernels that can be started here."""
    names: dict[str, str] = KernelSpecManager().find_kernel_specs()
    return names.keys()


def kernel_manager(
    connection_file: Path, started: Callable[[int, Callable[[], int | None]], None]
) -> type[AsyncKernelManager]:
    """The class of a kernel manager for one kernel, as papermill wants it.

    ``started`` is called with the kernel's process id, which is its process group too, and
    a function that returns its exit status, or ``None`` while it runs.
    """
    # Sockets in a private folder: no other user can connect, no two kernels pick one port.
    sockets = len(os.fsencode(connection_file)) + len("-ipc-00") <= _SOCKET_PATH_BYTES

    class StepKernelManager(AsyncKernelManager):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.connection_file = str(connection_file)
            if sockets and os.name == "posix":
                self.transport = "ipc"

        # The class it extends makes the same method asynchronous by assignment.
        async def start_kernel(  # type: ignore[override]
            self, **options: Any
        ) -> None:
            # ipykernel looks for its parent once a second, but not while native code holds
            # the interpreter's lock; the system does it at once.
            await super().start_kernel(preexec_fn=die_with_parent(signal.SIGKILL), **options)
            process = getattr(self.provisioner, "process", None)
            if process is not None:
                started(process.pid, process.poll)

    return StepKernelManager
