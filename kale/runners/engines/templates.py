"""The processes that are started once for a run, and forked for its steps.

One holds papermill and becomes the steps' processes; one holds IPython, and what the steps import
first, and becomes their shells: a notebook's code finds none of papermill's modules. Nothing here
is needed: whoever is given no process starts one.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from kale.runners.engines.processes import ServedProcess
from kale.runners.engines.shell.boot import command
from kale.runners.engines.shell.fork_server import send_request, supported
from kale.runners.engines.shell.preload import installed_folders, local_names

#: Variables that are read when an interpreter, the C library or IPython starts, or that a module of
#: theirs reads: a shell with another value of one is started and not forked.
_EARLY = ("IPYTHON", "JPY_", "JUPYTER", "LANG", "LC_", "LD_", "MALLOC_", "PYTHON")


class Templates:
    """Forks the processes of one run's steps, which run in ``cwd``.

    ``env`` is the environment that the steps have in common. ``modules`` are what they import
    first (see :func:`kale.runners.engines.first_imports.first_imports`), ``runtime`` the folder
    that holds the step runtime, if they use it. Used by one thread.
    """

    def __init__(
        self,
        env: Mapping[str, str],
        cwd: Path,
        modules: Sequence[str] = (),
        runtime: Path | None = None,
    ) -> None:
        self._env, self._cwd, self._modules = dict(env), cwd, [*modules]
        self._own = [] if runtime is None else [str(runtime)]
        if runtime is not None:
            self._modules.append(_RUNTIME)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._steps: socket.socket | None = None
        self._shells: socket.socket | None = None
        self._loaded: socket.socket | None = None
        self._loading: ServedProcess | None = None
        self._is_loaded = False
        self._retired: list[socket.socket | ServedProcess] = []
        #: What could not be preloaded, and why.
        self.refused: dict[str, str] = {}
        if supported():
            module = [sys.executable, "-P", "-W", "ignore", "-m", _STEP_TEMPLATE]
            self._steps = self._start(module)
            self._start_shells()

    def _start(self, words: list[str]) -> socket.socket | None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        number = theirs.fileno()
        try:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [*words, str(number)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=self._env,
                cwd=self._cwd,
                pass_fds=[number],
                # Out of reach of the terminal's Ctrl-C.
                start_new_session=True,
            )
        except (OSError, ValueError):
            # The step that needs the same will meet the same error, and can tell it.
            ours.close()
            return None
        finally:
            theirs.close()
        self._processes.append(process)
        return ours

    # --------------------------------------------------------------------- shells

    def _start_shells(self) -> None:
        self._installed = _state_of_installed()
        self._shells = self._start(command("shell_process", "server"))
        self._preload()

    def _preload(self) -> None:
        """Have a fork of the bare server import the modules, and serve in turn."""
        self._stop_loaded()
        if not self._modules or self._shells is None:
            return
        path = [str(self._cwd), *self._env.get("PYTHONPATH", "").split(os.pathsep)]
        content = {
            "role": "template",
            "modules": self._modules,
            "local": sorted(local_names(folder for folder in path if folder not in self._own)),
            "own": self._own,
        }
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        life, their_life = socket.socketpair()
        with theirs, their_life:
            try:
                send_request(self._shells, content, [their_life.fileno(), theirs.fileno()])
            except OSError:
                ours.close()
                life.close()
                return
        self._loaded, self._loading = ours, ServedProcess(life)

    def _stop_loaded(self) -> None:
        self._is_loaded = False
        if self._loading is not None:
            self._loading.close()
            self._loading = None
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None

    def _retire(self) -> None:
        """Ask the shells' servers for no more; they live on for what they have forked."""
        self._retired += [s for s in (self._loaded, self._shells, self._loading) if s is not None]
        self._loaded = self._shells = self._loading = None
        self._is_loaded = False

    def _loaded_server(self) -> socket.socket | None:
        """The server that has imported the modules, once it has."""
        if self._loaded is None or self._is_loaded:
            return self._loaded
        try:
            data = self._loaded.recv(1 << 16, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        if not data:
            self._stop_loaded()
            return None
        self.refused = json.loads(data)
        self._is_loaded = True
        return self._loaded

    def shell(self, env: Mapping[str, str], log: int) -> tuple[socket.socket, ServedProcess] | None:
        """A shell with the environment ``env``: the socket to it and its process.

        ``log`` is an open file for what is printed past the notebook. ``None`` where there is none
        to be had: it has to be started.
        """
        if self._shells is None or not _expressible(env):
            return None
        differing = {k for k in {*env, *self._env} if env.get(k) != self._env.get(k)}
        if any(key.startswith(_EARLY) for key in differing):
            return None
        if self._installed != _state_of_installed():
            # Somebody, maybe a step, has installed something: what was imported is of before.
            self._retire()
            self._start_shells()
        server = self._loaded_server() if differing <= _LATE else None
        content = {"role": "shell", "environment": dict(env), "cwd": str(self._cwd)}
        ours, theirs = socket.socketpair()
        with theirs:
            process = _ask(server or self._shells, content, [theirs.fileno(), log])
        if process is None:
            ours.close()
            return None
        return ours, process

    # ---------------------------------------------------------------------- steps

    def step(
        self, arguments: Mapping[str, Any], env: Mapping[str, str], descriptors: Sequence[int]
    ) -> ServedProcess | None:
        """A step's process, given ``arguments`` and ``descriptors``, or ``None`` as above."""
        if self._steps is None or not _expressible(env):
            return None
        content = {"role": "step", "environment": dict(env), **arguments}
        return _ask(self._steps, content, [*descriptors])

    def close(self) -> None:
        """End the servers, and kill what is left of what they forked."""
        self._stop_loaded()
        for server in (self._steps, self._shells, *self._retired):
            if server is not None:
                server.close()
        self._steps = self._shells = None
        self._retired.clear()
        for process in self._processes:
            process.wait()
        self._processes.clear()


#: What a step's process is forked from.
_STEP_TEMPLATE = "kale.runners.engines.step_template"

#: The package of the step runtime.
_RUNTIME = "kale_runtime"

#: Variables that only the runtime reads, when it is called.
_LATE = {"KALE_STEP_CONTEXT"}


def _ask(
    server: socket.socket, content: dict[str, Any], descriptors: list[int]
) -> ServedProcess | None:
    life, theirs = socket.socketpair()
    with theirs:
        try:
            send_request(server, content, [theirs.fileno(), *descriptors])
        except OSError:
            life.close()
            return None
    return ServedProcess(life)


def _expressible(env: Mapping[str, str]) -> bool:
    """Whether the system can take the environment; who starts a process is told why it cannot."""
    return not any("\0" in k or "\0" in v or "=" in k or not k for k, v in env.items())


def _state_of_installed() -> list[int]:
    """Something that changes when distributions are installed or removed."""
    found = []
    for folder in installed_folders():
        with suppress(OSError):
            found.append(Path(folder).stat().st_mtime_ns)
    return found
