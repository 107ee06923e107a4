"""The kernel of a step: its process, private sockets, and a life that ends with the step's process.

Imported by the step's process alone: it costs the import of jupyter_client.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import zmq
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from jupyter_client.manager import KernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory

from kale.runners.engines.processes import OwnProcess

#: The longest path of a Unix socket that all systems take (104 bytes on macOS, 108 on Linux).
_SOCKET_PATH_BYTES = 100

#: Option number of prctl(2): the signal to get when the parent ends. Linux alone has it.
_PR_SET_PDEATHSIG = 1

#: nbclient's own: no kernel of a step writes to the user's history.
_NO_HISTORY = "--HistoryManager.hist_file=:memory:"


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


def prepare_to_start() -> None:
    """Do once what the start of each kernel does again: for a process that forks others."""
    installed_kernels()
    KernelProvisionerFactory.instance()


class StartedKernel:
    """A kernel's process, started by the constructor; nothing has been said to it yet.

    ``sockets`` are the files that it will listen at, if these are files.
    """

    def __init__(self, name: str, connection_file: Path, *, cwd: Path) -> None:
        """Start the kernel ``name`` in ``cwd``, with this process's environment.

        Raises:
            OSError: it cannot be started.
            NoSuchKernel: there is none of that name.
            RuntimeError: it is started by other means than a process of this machine.
        """
        self.context = zmq.Context()
        self.context.setsockopt(zmq.LINGER, 0)
        # A kernel throws away what it has no place for; at this end there is always some.
        self.context.setsockopt(zmq.RCVHWM, 0)
        self.manager = KernelManager(kernel_name=name, context=self.context)
        self.manager.connection_file = str(connection_file)
        # Sockets in a private folder: no other user can connect, no two kernels pick one port.
        private = len(os.fsencode(connection_file)) + len("-ipc-00") <= _SOCKET_PATH_BYTES
        if private and os.name == "posix":
            self.manager.transport = "ipc"
        try:
            self.process = OwnProcess(self._start(cwd))
        except BaseException:
            self._clean_up()
            raise

    def _start(self, cwd: Path) -> subprocess.Popen[bytes]:
        manager = self.manager
        manager.start_kernel(
            cwd=str(cwd),
            extra_arguments=[_NO_HISTORY] if manager.ipykernel else [],
            stdin=subprocess.DEVNULL,
            # ipykernel looks for its parent once a second, but not while native code holds
            # the interpreter's lock; the system does it at once.
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        process = getattr(manager.provisioner, "process", None)
        if not isinstance(process, subprocess.Popen):
            manager.shutdown_kernel(now=True)
            message = f"kernel `{manager.kernel_name}` is no process of this machine"
            raise RuntimeError(message)  # noqa: TRY004 - of the user's kernel, not of an argument
        return process

    @property
    def sockets(self) -> list[Path]:
        """The files of the sockets that are spoken through; none when they are no files."""
        manager = self.manager
        if manager.transport != "ipc":
            return []
        ports = (manager.shell_port, manager.iopub_port, manager.control_port)
        return [Path(f"{manager.ip}-{port}") for port in ports]

    def close(self) -> int | None:
        """Kill the kernel, and its children that are of its group; its exit status if known."""
        status = self.process.close()
        self._clean_up()
        return status

    def _clean_up(self) -> None:
        self.manager.cleanup_resources()
        self.context.destroy(linger=0)
