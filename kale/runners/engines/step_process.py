"""The process of one step: ``python -m kale.runners.engines.step_process JOB`` runs one notebook.

JOB is a JSON file: ``notebook``, ``output``, ``cwd``, ``parameters``, ``connection_file``,
``parent`` (the process that must live on) and ``events`` (an open file descriptor). To that it
writes lines of JSON: ``{"kernel": pid}``, ``{"cell": k, "of": n}`` as cell k of n begins, and
last ``{"done": …}`` with ``kernel``, the name of the kernel used, and ``error``: ``null``,
``"cell"`` (the executed notebook tells more), ``"kernel died"`` with its ``status``, ``"no
kernel"``, or ``"papermill"`` with ``type`` and ``message``.

SIGTERM interrupts the running cell and, when that does not end the step in
:data:`GRACE` seconds, kills the kernel. The kernel's own children end with the step.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from kale.runners.engines.kernel import choose_kernel, die_with_parent, installed_kernels

#: Seconds that an interrupted cell has to end.
GRACE = 2.0


class _Kernel:
    """The kernel's process as far as it is known, and how it is stopped."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send
        self._pid: int | None = None
        self.poll: Callable[[], int | None] = lambda: None

    def started(self, pid: int, poll: Callable[[], int | None]) -> None:
        self._pid, self.poll = pid, poll
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
        if self._pid is None:
            self.kill(signum, frame)
        signal.setitimer(signal.ITIMER_REAL, GRACE)
        self.signal(signal.SIGINT)

    def kill(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self.signal(signal.SIGKILL)
        # Nothing may run on: not papermill, which would go to the next cell.
        os._exit(128 + signum)


def main(job_file: str) -> None:
    """Run one step notebook as ``job_file`` says; see the module."""
    job = json.loads(Path(job_file).read_text(encoding="utf-8"))
    events = int(job["events"])
    os.set_inheritable(events, False)

    def send(event: dict[str, Any]) -> None:
        os.write(events, json.dumps(event).encode() + b"\n")

    kernel = _Kernel(send)
    signal.signal(signal.SIGTERM, kernel.stop)
    die_with_parent(signal.SIGTERM)()
    if os.getppid() != job["parent"]:
        return
    # User text of any kind goes to the log, whatever the locale says.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        send({"done": _execute(job, kernel, send)})
    finally:
        kernel.signal(signal.SIGKILL)


def _execute(
    job: dict[str, Any], kernel: _Kernel, send: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from kale.runners.engines.kernel_engine import ENGINE, register_engine

    register_engine()
    notebook = json.loads(Path(job["notebook"]).read_text(encoding="utf-8"))
    wanted = notebook.get("metadata", {}).get("kernelspec", {}).get("name", "")
    name = choose_kernel(wanted, installed_kernels())
    if name is None:
        return {"kernel": None, "error": "no kernel"}
    of = len(notebook["cells"])
    done: dict[str, Any] = {"kernel": name, "error": None}
    try:
        executed = papermill.execute_notebook(
            _literal_path(job["notebook"]),
            _literal_path(job["output"]),
            parameters=job["parameters"],
            kernel_name=name,
            language="python",
            cwd=job["cwd"],
            progress_bar=False,
            engine_name=ENGINE,
            connection_file=Path(job["connection_file"]),
            kernel_started=kernel.started,
            cell_started=lambda cell: send({"cell": cell, "of": of}),
            output=sys.stdout,
        )
    except PapermillExecutionError:
        done["error"] = "cell"
    except DeadKernelError:
        done.update(error="kernel died", status=kernel.poll())
    except Exception as error:  # noqa: BLE001 - whatever papermill meets, the run must tell it
        done.update(error="papermill", type=type(error).__name__, message=str(error))
    else:
        # papermill takes `sys.exit()` for success, though the cells after it did not run.
        if any(cell.metadata.get("papermill", {}).get("exception") for cell in executed.cells):
            done["error"] = "cell"
    return done


def _literal_path(path: str) -> str:
    """``path``, with braces doubled: papermill fills parameters into single ones."""
    return path.replace("{", "{{").replace("}", "}}")


if __name__ == "__main__":
    main(sys.argv[1])
