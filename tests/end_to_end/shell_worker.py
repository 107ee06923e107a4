"""Runs notebooks both ways, one a line, for a session of tests; ``shells.py`` does the work.

Standard input has ``[name, notebook JSON text]`` a line, standard output the outcome of each.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

import shells


def main(work: Path) -> None:
    shells._new_shell()  # noqa: SLF001 -- made before the forks, each of which gets it so
    os.fsync = lambda _: None  # these files need not outlive a power cut, and waiting adds up
    # What a cell lets a program print must not mix with the outcomes.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for line in sys.stdin:
        name, text = json.loads(line)
        try:
            outcome = shells.compare(name, text, work)
        except Exception:  # noqa: BLE001 -- a fault of ours is that notebook's outcome
            outcome = {"crashed": traceback.format_exc()}
        print(json.dumps(outcome), file=answers, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
