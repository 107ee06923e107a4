"""The shell of one step: an IPython kernel that talks through one socket.

From the step's process come requests of the Jupyter protocol and notes: ``{"probes": …, "host":
text}``, ``{"call": moment}`` and ``{"end": true}``. It is sent what a kernel sends, and notes:
``{"ready": …}``, ``{"probes": …}``, ``{"ended": true}``. The process then ends as a kernel's does.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import io
import json
import os
import random
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from contextvars import copy_context
from typing import Any, NoReturn

import zmq
from ipykernel.kernelbase import Kernel
from tornado import ioloop

from .boot import forget
from .children import end_trackers, end_workers
from .fork_server import ForkServer, Request, connection_of, end_with_parent
from .frames import CHUNK, KALE, Unpacker, note
from .kernel_app import ShellApp
from .preload import preload


def main(role: str, descriptor: str, parent: str = "") -> None:
    """Be a server that forks shells (``role`` is ``server``), or one shell of ``parent``."""
    before = dict(os.environ)
    app = ShellApp.instance()
    app.prepare()
    added = {key: value for key, value in os.environ.items() if before.get(key) != value}
    if role == "shell":
        end_with_parent(int(parent))
        run_shell(app, connection_of(descriptor), os.dup(1))
        return
    request = _serve(connection_of(descriptor), added)
    _set_environment(request.content, added)
    connection, original_output = request.descriptors
    run_shell(app, connection_of(str(connection)), original_output)


def _serve(connection: socket.socket, added: dict[str, str]) -> Request:
    """Fork on request; what one of the forked processes that are to be shells was asked for.

    ``added`` gets the variables that imports set.
    """
    request = ForkServer(connection).serve()
    while request.content["role"] == "template":
        connection = connection_of(str(request.descriptors[0]))
        before = dict(os.environ)
        # As the kernel sets it before the notebook's code can import matplotlib.
        os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        refused = _preload(request.content)
        if "MPLBACKEND" not in before:
            del os.environ["MPLBACKEND"]
        added |= {key: value for key, value in os.environ.items() if before.get(key) != value}
        connection.send(json.dumps(refused).encode())
        request = ForkServer(connection).serve()
    return request


def _preload(content: dict[str, Any]) -> dict[str, str]:
    """Import modules, in a fork of this process, in which this returns: what must not be and why.

    Nothing can be unimported: a process that has imported one that must not be is given up.
    """
    modules, refused = content["modules"], dict[str, str]()
    while True:
        read, write = os.pipe()
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            end_with_parent(parent)
            os.close(read)
            wanted = [module for module in modules if module not in refused]
            verdict = preload(wanted, content["local"], content["own"])
            os.write(write, json.dumps(verdict).encode())
            os.close(write)
            if verdict:
                os._exit(0)
            return refused
        os.close(write)
        with open(read, "rb") as pipe:  # noqa: PTH123 - a descriptor
            said = pipe.read()
        if said == b"{}":
            os.waitpid(pid, 0)
            os._exit(0)
        os.waitpid(pid, 0)
        # Whichever it was that brought the process down.
        refused |= json.loads(said) if said else dict.fromkeys(modules, "it ended the process")


def _set_environment(content: dict[str, Any], added: dict[str, str]) -> None:
    """Have this process be as one that was started for the step."""
    zone = os.environ.get("TZ")
    wanted = {**content["environment"], **added}
    for key in os.environ.keys() - wanted.keys():
        del os.environ[key]
    for key, value in wanted.items():
        if os.environ.get(key) != value:
            os.environ[key] = value
    if os.environ.get("TZ") != zone:
        time.tzset()
    os.chdir(content["cwd"])
    _reseed()


def _reseed() -> None:
    """Give this process random numbers of its own, as far as nobody has asked for certain ones."""
    random.seed()
    module = sys.modules.get("numpy.random")
    if module is not None:
        module.seed()


def run_shell(app: ShellApp, connection: socket.socket, original: int) -> None:
    """Run what the step's process sends until it says that all is done."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    app.adopt(connection, original)
    # What the notebook's code forks has no business with the step's process.
    os.register_at_fork(after_in_child=connection.close)
    app.complete()
    forget()
    loop = ioloop.IOLoop.current()
    shell = _Shell(app, connection, loop)
    loop.add_callback(shell.begin)
    while not shell.ended:
        try:
            loop.start()
        except KeyboardInterrupt:
            continue
    app.sender.put(note(ended=True))
    leave(app)


def leave(app: ShellApp) -> NoReturn:
    """End this process as an interpreter ends, but for the taking apart of libraries.

    That takes up to a second for large ones, and nothing of it is seen from outside.
    """
    # As at the end of the interpreter: threads are waited for, then exit handlers run. One of
    # these is IPython's, which drops all that the notebook's names hold.
    end_workers()
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 - it has no public name
    atexit._run_exitfuncs()  # noqa: SLF001 - as above
    end_trackers()
    sys.last_value = sys.last_traceback = None
    gc.collect()
    for found in gc.get_objects():
        # Files that something still holds: their objects write out what they have at their end.
        if issubclass(type(found), io.IOBase):
            with suppress(Exception):  # whatever a class of the notebook's own raises: it is over
                found.flush()
    for stream in app.streams:
        with suppress(Exception):  # as above: these may have been taken apart
            stream.flush()
    app.sender.wait(lambda: None)
    os._exit(0)


class _Shell:
    """The requests to one kernel, as they come."""

    def __init__(self, app: ShellApp, connection: socket.socket, loop: ioloop.IOLoop) -> None:
        self._app, self._connection, self._loop = app, connection, loop
        self._unpacker = Unpacker()
        self._pid = os.getpid()
        self._probes: Any = None
        # One for all requests, as in a kernel: what a cell sets in it, the next one finds.
        self._context = copy_context()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ending = self.ended = False

    def begin(self) -> None:
        """Start to listen."""
        kernel = self._app.kernel
        start: Any = Kernel.start
        # Not that of IPython's kernel: it looks for a debugger.
        start(kernel)
        kernel.shell.exit_now = False
        asyncio.get_running_loop().add_reader(self._connection, self._receive)
        self._app.sender.put(note(ready=True, language_info=kernel.language_info))

    def _receive(self) -> None:
        try:
            data = self._connection.recv(CHUNK, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        if not data:
            os.killpg(0, signal.SIGKILL)
        if self._ending:
            return
        for message in self._unpacker.feed(data):
            task = asyncio.get_running_loop().create_task(
                self._handle(message), context=self._context
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _handle(self, message: list[bytes]) -> None:
        channel, *parts = message
        try:
            if channel == KALE:
                await self._obey(json.loads(parts[0]))
            else:
                await self._app.kernel.shell_main(None, [zmq.Message(part) for part in parts])
                if self._app.kernel.shell.exit_now:  # `exit` or `quit()`: a kernel ends, too
                    await self._end()
        finally:
            if os.getpid() != self._pid:
                # A process that a cell forked and that came back from it: it must not take the
                # requests meant for its parent.
                os._exit(0)

    async def _obey(self, order: dict[str, Any]) -> None:
        if "probes" in order:
            space: dict[str, Any] = {}
            exec(order["host"], space)  # noqa: S102 - Kale's own text, sent with the step
            self._probes = space["ProbeHost"](order["probes"])
            self._probes.start()
        elif "call" in order:
            if self._probes is not None:
                self._probes.call(order["call"])
                self._app.sender.put(note(probes=self._probes.results()))
        else:
            await self._end()

    async def _end(self) -> None:
        self._ending = True
        self._app.kernel.do_shutdown(restart=False)
        self.ended = True
        self._loop.add_callback(self._loop.stop)
