"""Notebooks run twice without a kernel: top to bottom, and step by step as a pipeline.

The step notebooks, their runtime and the saved values are the real ones; only the kernel is
replaced, by an IPython shell in a forked process, which starts a hundred times as fast. Each
pipeline runs in two orders: the plan's own, and one that takes the last ready step first.

Run as a program, it reads ``{name: notebook JSON text}`` from the file that it is given, works
in that file's folder, and writes ``{name: outcome}``, see :func:`compare`, to the second file.
"""

from __future__ import annotations

import io
import json
import math
import os
import sys
import traceback
import types
import warnings
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import IPython.core.interactiveshell

# Loaded before the forks, so that they need not load them each.
import matplotlib.pyplot as plt  # noqa: F401
import nbformat
import numpy as np
import pandas as pd  # noqa: F401
import sklearn.model_selection
import sklearn.pipeline  # noqa: F401
from reference import _printed_names, _with_kinds
from traitlets.config import Config

from kale import core
from kale.codegen import emit_runtime
from kale.errors import KaleError
from kale.ir import Plan
from kale.runners.contexts import StepContexts
from kale.runners.run_directory import RunDirectory, create_run_directory


def compare(name: str, text: str, work: Path) -> dict[str, Any]:
    """Run one notebook both ways in new folders below ``work``.

    The outcome has ``notebook``, the metrics of the reference run (or ``notebook_error``), and
    one of: ``refused``, Kale's codes and words; ``stopped``, the words of the step that failed;
    ``pipeline``, the metrics of the pipeline run, those of the two orders if they differ. ``codes``
    are those of the warnings.
    """
    outcome: dict[str, Any] = {"codes": []}
    folder = work / name / "notebook"
    path = _write(folder, text)
    done = _forked(lambda: _reference(path), folder, {})
    outcome["notebook_error" if "error" in done else "notebook"] = (
        done.get("error") or done["value"]
    )
    runs = []
    for order in ("first", "last"):
        folder = work / name / order
        try:
            plan = core.plan(_write(folder, text))
        except KaleError as error:
            outcome["refused"] = {one.code: str(one) for one in error.parts()}
            return outcome
        outcome["codes"] = sorted({found.code for found in plan.diagnostics})
        run = _pipeline(plan, folder, last_first=order == "last")
        if isinstance(run, str):
            outcome["stopped"] = run
            return outcome
        runs.append(run)
        if all(set(t.after) >= {before.name} for before, t in pairwise(plan.tasks)):
            break  # a chain has one order
    outcome["pipeline"] = runs[0] if runs[0] == runs[-1] else {"orders differ": runs}
    return outcome


def _write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True)
    path = folder / "nb.ipynb"
    path.write_text(text, encoding="utf-8")
    return path


def _reference(path: Path) -> dict[str, Any]:
    """The metrics of the notebook's active cells, run in this process."""
    notebook = nbformat.read(path, as_version=4)
    shell, metrics = _shell(), {}
    for cell, kind in _with_kinds(notebook):
        if kind in {None, "skip"}:
            continue
        _run(shell, [cell.source])
        if kind == "metrics":
            names = _printed_names(cell.source)
            metrics.update({name: _reported(shell.user_ns[name]) for name in names})
    return metrics


def _reported(value: Any) -> Any:
    """A metric as Kale reports it: numbers and text as they are, the rest as its ``repr``."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return value if isinstance(value, bool | int | float | str) else repr(value)[:200]


def _pipeline(plan: Plan, folder: Path, *, last_first: bool) -> dict[str, Any] | str:
    """The metrics of the pipeline, or why it stopped."""
    directory = create_run_directory(folder / "run")
    for relative, content in emit_runtime(plan.backends).items():
        target = directory.runtime / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    left = list(plan.tasks)
    done: set[str] = set()
    metrics: dict[str, Any] = {}
    while left:
        ready = [task for task in left if done.issuperset(task.after)]
        task = ready[-1 if last_first else 0]
        left.remove(task)
        context = directory.context(task.name)
        context.write_text(json.dumps(StepContexts(plan, directory).of(task)), encoding="utf-8")
        cells = ["".join(cell["source"]) for cell in json.loads(task.notebook)["cells"]]
        environment = {"KALE_STEP_CONTEXT": str(context), **dict(task.options.env)}
        run = _forked(lambda cells=cells: _step(directory, cells), folder, environment)
        if "error" in run:
            return f"{task.name}: {run['error']}"
        done.add(task.name)
        if task.metrics:
            metrics |= json.loads(directory.metrics_of(task.name).read_text(encoding="utf-8"))
    return metrics


def _step(directory: RunDirectory, cells: Iterable[str]) -> None:
    sys.path.insert(0, str(directory.runtime))
    _run(_shell(), cells)


def _shell() -> Any:
    """The IPython shell of this process; its cells run in ``__main__``, as a kernel's do."""
    shell = _new_shell()
    sys.path.insert(0, "")
    sys.modules["__main__"] = shell.user_module
    return shell


@cache
def _new_shell() -> Any:
    """A shell that has run nothing; made before the forks, each of which gets it so."""
    config = Config({"HistoryManager": {"enabled": False}})
    return IPython.core.interactiveshell.InteractiveShell.instance(
        config=config, user_module=types.ModuleType("__main__")
    )


def _run(shell: Any, cells: Iterable[str]) -> None:
    for code in cells:
        result = shell.run_cell(code, store_history=True)
        result.raise_error()


def _forked(work: Callable[[], Any], folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """Call ``work`` in a child process; ``{"value": …}``, or ``{"error": …}`` if it raised."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(receiving)
            os.chdir(folder)
            os.environ.update(environment)
            warnings.simplefilter("default")
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                try:
                    answer = {"value": work()}
                except BaseException as error:  # noqa: BLE001 -- a cell may raise anything
                    answer = {"error": f"{type(error).__name__}: {error}"}
            with os.fdopen(sending, "w", encoding="utf-8") as file:
                json.dump(answer, file)
        except BaseException:  # noqa: BLE001 -- nothing may escape into the parent's code
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(sending)
    with os.fdopen(receiving, encoding="utf-8") as file:
        answer = file.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else {"error": "the process ended"}


def main(given: Path, found: Path) -> None:
    _new_shell()
    os.fsync = lambda _: None  # these files need not outlive a power cut, and waiting adds up
    notebooks = json.loads(given.read_text(encoding="utf-8"))
    outcomes = {name: compare(name, text, given.parent) for name, text in notebooks.items()}
    found.write_text(json.dumps(outcomes), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
