"""The process of one step: ``python -m kale.runners.engines.step_process JOB`` runs one notebook.

JOB is a JSON file: ``notebook``, ``output``, ``cwd``, ``parameters``, ``connection_file``,
``parent`` (the process that must live on), ``events`` (an open socket), ``engine`` (``auto``,
``fast`` or ``kernel``), ``probes``, ``hold``, and ``shell``, the descriptors of a shell that was
forked for it.

To ``events`` it writes lines of JSON: ``{"kernel": pid}``, ``{"cell": k, "of": n}`` as cell k of n
begins, and last ``{"done": …}`` with ``kernel``, the name of the kernel used, ``engine``, what ran
it, ``probes``, what they found, and ``error``: ``null``, ``"cell"`` (the executed notebook tells
more), ``"kernel died"`` with its ``status``, ``"no kernel"``, or ``"papermill"`` with ``type`` and
``message``. With ``hold`` it prepares all that it can and waits for a line on ``events``.

SIGTERM interrupts the running cell and, when that does not end the step in
:data:`GRACE` seconds, kills the kernel. The kernel's own children end with the step.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from kale.runners.engines.choice import NoFastEngine, choose
from kale.runners.engines.kernel import die_with_parent
from kale.runners.engines.local_papermill import import_papermill

#: Seconds that an interrupted cell has to end.
GRACE = 2.0


class _Kernel:
    """The kernel's process as far as it is known, and how it is stopped."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send
        self._pid: int | None = None
        self._stopped = False
        #: Called before the process ends without a word.
        self.save: Callable[[], None] = lambda: None

    def started(self, pid: int) -> None:
        self._pid = pid
        self._send({"kernel": pid})

    def signal(self, signum: signal.Signals) -> None:
        """Signal the kernel and its children, as a terminal would."""
        if self._pid is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signum)

    def stop(self, signum: int, frame: FrameType | None) -> None:
        """Interrupt at the first signal, kill at the next or when the time is up."""
        signal.signal(signal.SIGTERM, self.kill)
        signal.signal(signal.SIGALRM, self.kill)
        self._stopped = True
        if self._pid is None:
            self.kill(signum, frame)
        signal.setitimer(signal.ITIMER_REAL, GRACE)
        self.signal(signal.SIGINT)

    def begin_cell(self, cell: int, of: int) -> None:
        """Tell of a cell that begins; after a stop, which came between two cells, none does."""
        if self._stopped:
            self.kill(signal.SIGTERM, None)
        self._send({"cell": cell, "of": of})

    def kill(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.signal(signal.SIGKILL)
        try:
            self.save()
        finally:
            # Nothing may run on: not papermill, which would go to the next cell.
            os._exit(128 + signum)


def main(job_file: str) -> None:
    """Run one step notebook as ``job_file`` says; see the module."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    if os.getppid() == job["parent"]:
        run_step(job_file, int(job["events"]), job.get("shell") or ())


def run_step(job_file: str, events: int, shell: Sequence[int]) -> None:
    """Run one step notebook; ``shell`` are the descriptors of a shell's socket and process."""
    parent = os.getppid()
    for descriptor in (events, *shell):
        os.set_inheritable(descriptor, False)

    def send(event: dict[str, Any]) -> None:
        os.write(events, json.dumps(event).encode() + b"\n")

    kernel = _Kernel(send)
    signal.signal(signal.SIGTERM, kernel.stop)
    die_with_parent(signal.SIGTERM)()
    if os.getppid() != parent:
        return
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))

    def wait_for_go() -> None:
        if job.get("hold") and not os.read(events, 16):
            kernel.kill(0, None)

    # User text of any kind goes to the log, whatever the locale says.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        done = _execute(job, kernel, shell, wait_for_go)
    finally:
        kernel.signal(signal.SIGKILL)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    send({"done": done})
    # All is written; an interpreter with papermill in it takes a while to be taken apart.
    os._exit(0)


def _execute(
    job: dict[str, Any],
    kernel: _Kernel,
    shell: Sequence[int],
    wait_for_go: Callable[[], None],
) -> dict[str, Any]:
    import_papermill()
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    notebook = json.loads(Path(job["notebook"]).read_text(encoding="utf-8"))
    wanted = notebook.get("metadata", {}).get("kernelspec", {}).get("name", "")
    name, obstacle = choose(wanted)
    engine = job.get("engine", "auto")
    if engine == "kernel":
        obstacle = "another engine was asked for"
    if name is None:
        return {"kernel": None, "error": "no kernel", "engine": "", "probes": {}}
    chosen = "kernel" if obstacle else "fast"
    done: dict[str, Any] = {"kernel": name, "error": None, "engine": chosen, "probes": {}}
    of = len(notebook["cells"])

    def managed(manager: Any) -> None:
        kernel.save = manager.save_now

    options = {
        "engine_name": _register(chosen),
        "managed": managed,
        "cell_started": lambda index: kernel.begin_cell(index + 1, of),
        "stdout_file": sys.stdout,
        "stderr_file": sys.stdout,
        "probes": job.get("probes") or {},
        "found": lambda findings: done.update(probes=findings),
        "wait_for_go": wait_for_go,
    }
    link: Any = None
    try:
        link = _link(name, obstacle, job, shell)
        if link.process.pid is not None:
            kernel.started(link.process.pid)
        executed = papermill.execute_notebook(
            _literal_path(job["notebook"]),
            _literal_path(job["output"]),
            parameters=job["parameters"],
            kernel_name=name,
            language="python",
            cwd=job["cwd"],
            progress_bar=False,
            link=link,
            **options,
        )
    except PapermillExecutionError:
        done["error"] = "cell"
    except DeadKernelError:
        done.update(error="kernel died", status=link.process.wait(_STATUS_WAIT))
    except Exception as error:  # noqa: BLE001 - whatever papermill meets, the run must tell it
        done.update(error="papermill", type=type(error).__name__, message=str(error))
    else:
        # papermill takes `sys.exit()` for success, though the cells after it did not run.
        if any(cell.metadata.get("papermill", {}).get("exception") for cell in executed.cells):
            done["error"] = "cell"
    if link is not None:
        link.finish(sys.stdout)
    return done


#: Seconds to wait for the exit status of a process that is known to have ended.
_STATUS_WAIT = 5.0


def _link(name: str, obstacle: str, job: dict[str, Any], shell: Sequence[int]) -> Any:
    """The way to what will run the cells."""
    if not obstacle:
        return _shell_link(shell, job["cwd"])
    if job.get("engine") == "fast":
        raise NoFastEngine(obstacle)
    return _kernel_link(name, job)


def _kernel_link(name: str, job: dict[str, Any]) -> Any:
    from kale.runners.engines.kernel import StartedKernel
    from kale.runners.engines.kernel_link import KernelLink

    return KernelLink(StartedKernel(name, Path(job["connection_file"]), cwd=Path(job["cwd"])))


def _shell_link(shell: Sequence[int], cwd: str) -> Any:
    from kale.runners.engines.processes import ServedProcess
    from kale.runners.engines.shell_link import ShellLink, spawn_shell

    if shell:
        connection, life = (socket.socket(fileno=descriptor) for descriptor in shell)
        return ShellLink(connection, ServedProcess(life))
    return spawn_shell(os.environ, cwd)


def _register(chosen: str) -> str:
    """Make papermill know the chosen engine; its name there."""
    from papermill.engines import papermill_engines

    from kale.runners.engines import fast_engine, kernel_engine

    if chosen == "fast":
        name, engine = fast_engine.ENGINE, fast_engine.FastEngine
    else:
        name, engine = kernel_engine.ENGINE, kernel_engine.KernelEngine
    papermill_engines.register(name, engine)
    return name


def _literal_path(path: str) -> str:
    """``path``, with braces doubled: papermill fills parameters into single ones."""
    return path.replace("{", "{{").replace("}", "}}")


if __name__ == "__main__":
    main(sys.argv[1])
