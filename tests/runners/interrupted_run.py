"""A run to be stopped from outside: ``python interrupted_run.py FOLDER``."""

from __future__ import annotations

import json
import sys
from pathlib import Path, PurePosixPath

from runners.plans import plan, task

from kale.runners import RunInterrupted, RunOptions, run

FORKS = """import os, subprocess, sys
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])"""

SLEEPS = """import time
open("forks.ready", "w").close(); time.sleep(300)"""

STUBBORN = """import time
while True:
    try:
        open("stubborn.ready", "w").close()
        time.sleep(300)
    except KeyboardInterrupt:
        pass"""


def main(folder: Path) -> None:
    pipeline = plan(
        task("forks", FORKS, SLEEPS),
        task("stubborn", STUBBORN),
        task("waits", "1", after=["forks"]),
    )
    try:
        run(
            pipeline,
            runtime={PurePosixPath("kale_runtime/__init__.py"): b""},
            run_dir=folder / "run",
            cwd=folder,
            options=RunOptions(jobs=2),
        )
    except RunInterrupted as interrupt:
        sys.stdout.write(json.dumps(interrupt.result.as_json()))
        sys.exit(130)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
