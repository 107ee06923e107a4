"""Runs steps in forks of a process that has IPython: ``python step_server.py``, a JSON line each.

It stands in for an engine: the cells of a notebook by IPython's own shell, with the probe as engines
run it. A line is a job: ``notebook``, ``cwd``, ``env``, ``parameters``, ``probe``, ``output``, ``log``.
The answer is ``{"error": text or null, "probe": …}``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

shell: InteractiveShell


def main() -> None:
    global shell
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    for line in sys.stdin:
        job = json.loads(line)
        ours, theirs = os.pipe()
        child = os.fork()
        if not child:
            os.close(ours)
            os.write(theirs, json.dumps(run(job)).encode())
            os._exit(0)
        os.close(theirs)
        with os.fdopen(ours, "rb") as answer:
            text = answer.read()
        os.waitpid(child, 0)
        sys.stdout.write((text or b'{"error": "gone", "probe": null}').decode() + "\n")
        sys.stdout.flush()


def run(job: dict) -> dict:
    log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(job["env"])
    os.chdir(job["cwd"])
    sys.path[:] = ["", *os.environ["PYTHONPATH"].split(os.pathsep), *sys.path[1:]]
    probe: dict = {"__name__": "kale_probe_files"}
    exec(job["probe"]["source"], probe)
    probe["start"](**job["probe"]["arguments"])
    error = None
    notebook = json.loads(Path(job["notebook"]).read_text())
    for cell in notebook["cells"]:
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        if cell["metadata"]["kale"]["role"] == "parameters":
            source += "\n" + "\n".join(f"{k} = {v!r}" for k, v in job["parameters"].items())
        result = shell.run_cell(source, store_history=True)
        if not result.success:
            error = repr(result.error_in_exec or result.error_before_exec)
            break
    told = probe["end"]()
    Path(job["output"]).write_text(json.dumps(notebook))
    return {"error": error, "probe": {"end": told}}


if __name__ == "__main__":
    main()
