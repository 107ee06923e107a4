"""The process that steps' processes are forked from: ``python -m … FD``, with papermill in it.

Requests are those of :mod:`kale.runners.engines.shell.fork_server`: ``job``, the file, and the
step's environment; descriptors for events, the log, and the shell's socket and process, if any.
"""

from __future__ import annotations

import os
import signal
import sys

import nbformat

from kale.runners.engines.choice import choose
from kale.runners.engines.kernel import prepare_to_start
from kale.runners.engines.local_papermill import import_papermill
from kale.runners.engines.shell.fork_server import ForkServer, connection_of
from kale.runners.engines.step_process import run_step


def _warm_up() -> None:
    """Have the libraries do what they do once: compile schemas, look for kernels and plug-ins."""
    import_papermill()
    import papermill

    import kale.runners.engines.fast_engine
    import kale.runners.engines.kernel_engine
    import kale.runners.engines.kernel_link  # noqa: F401 - so that no step has to

    cells = [nbformat.v4.new_code_cell("a = 1", metadata={"tags": ["parameters"]})]
    notebook = nbformat.v4.new_notebook(cells=cells)
    for minor in (4, 5):
        notebook.nbformat_minor = minor
        if minor == 4:
            del notebook.cells[0]["id"]
        else:
            notebook.cells[0]["id"] = "a"
        nbformat.validate(notebook)
    papermill.execute_notebook(
        notebook,
        None,
        parameters={"a": 2},
        kernel_name="python3",
        language="python",
        prepare_only=True,
        progress_bar=False,
    )
    prepare_to_start()
    choose("python3")


def main(descriptor: str) -> None:
    """Serve until the run is over."""
    _warm_up()
    request = ForkServer(connection_of(descriptor), farewell=signal.SIGTERM).serve()
    events, log, *shell = request.descriptors
    for number in (1, 2):
        os.dup2(log, number)
    os.close(log)
    environment = request.content["environment"]
    for key in os.environ.keys() - environment.keys():
        del os.environ[key]
    os.environ.update(environment)
    run_step(request.content["job"], events, shell)


if __name__ == "__main__":
    main(sys.argv[1])
