"""The entry of a step's pod, which travels as text: what comes before the step and around it.

Standard library only: nothing is installed yet.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

from .home import use_home
from .install import install
from .ports import Ports


def main(executor_input: str, step: str, notebook: str = "", *words: str) -> int:
    """Run a step; the exit status of its container: 0, or 1 when it failed, 143 when stopped.

    ``executor_input`` is KFP's JSON, ``notebook`` the step notebook as zlib and base64, ``words``
    are as :func:`kale.pod.install.install` takes them. Without a notebook the task has nothing to
    do but to hand on the runtime.
    """

    def stop(*_: object) -> None:
        # Not by `sys.stderr`, which may be in the middle of a line.
        os.write(2, f"\nkale: step {step}: stopped, for its pod is to end\n".encode())
        sys.exit(143)  # who waits for pip or a kernel ends it on this one's way out

    signal.signal(signal.SIGTERM, stop)
    ports = Ports(executor_input)
    with tempfile.TemporaryDirectory(prefix="kale-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        use_home(folder)
        if notebook:
            if not install(step, words, folder):
                return 1
            from .driver import run

            if not run(ports, step, notebook, folder):
                return 1
    from . import BUNDLE

    ports.write("kale_runtime", BUNDLE)
    ports.finish()
    return 0
