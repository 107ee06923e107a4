"""Tiny notebooks by (owner, code), analysed, and run both ways: top to bottom and as a pipeline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import notebook_json

from kale import core
from kale.errors import KaleError
from kale.ir import AnalyzedPipeline

HERE = Path(__file__).parent
_TAGS = {"metrics": "pipeline-metrics", "parameters": "pipeline-parameters"}
_NO_STEPS = {"imports", "functions", "parameters", "metrics", "skip"}


@dataclass(frozen=True, slots=True)
class Both:
    """What became of a notebook: its own metrics, and the pipeline's or why there are none.

    ``errors`` are the words that refuse it, ``stopped`` those of the step that failed.
    """

    notebook: Any
    pipeline: Any
    errors: tuple[str, ...]
    stopped: str | None
    analyzed: AnalyzedPipeline | None

    @property
    def same(self) -> bool:
        """Whether the pipeline reports what the notebook reports; 1, 1.0 and True differ."""
        return self.pipeline is not None and repr(self.pipeline) == repr(self.notebook)


def wires(analyzed: AnalyzedPipeline) -> set[str]:
    """Each wire as ``name: producers -> consumer``."""
    return {f"{w.name}: {'+'.join(w.producers)} -> {w.consumer}" for w in analyzed.wires}


def codes(analyzed: AnalyzedPipeline) -> list[str]:
    """The findings as ``CODE cell:line``, in their order."""
    return [f"{d.code} {d.at.cell}:{d.at.line}" for d in analyzed.diagnostics]


def row(sentence, *cells, after=None, wires=None, gap=""):
    """A row of a table: cells and ``after`` as in :func:`tagged`, and all the wires, if given.

    ``gap`` says why the notebook does not compute the same yet.
    """
    marks = pytest.mark.xfail(reason=gap) if gap else ()
    return pytest.param(cells, after, wires, id=sentence, marks=marks)


#: The arguments of a test whose table is made of :func:`row`.
ROW = ("cells", "after", "expected")


class Shells:
    """A process that runs notebooks both ways, one after the other."""

    def __init__(self, work: Path) -> None:
        path = os.pathsep.join([str(HERE), str(HERE / "end_to_end")])
        self.process = subprocess.Popen(
            [sys.executable, HERE / "end_to_end" / "shell_worker.py", work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            text=True,
        )
        self.asked = 0

    def run(self, text: str) -> dict[str, Any]:
        """The outcome of a notebook, as ``shells.compare`` gives it."""
        self.asked += 1
        self.process.stdin.write(json.dumps([f"n{self.asked}", text]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()


def run_both_ways(shells: Shells, folder: Path, cells, after=None) -> Both:
    """Run a notebook both ways; ``folder`` is for its file, cells are as in :func:`tagged`."""
    outcome = shells.run(tagged(cells, after))
    assert not outcome.keys() & {"notebook_error", "crashed"}, outcome
    analyzed, errors = None, ()
    try:
        analyzed = check(folder, cells, after)
    except KaleError as error:
        errors = tuple(_words(one) for one in error.parts())
    return Both(
        outcome["notebook"], outcome.get("pipeline"), errors, outcome.get("stopped"), analyzed
    )


def check(folder: Path, cells, after=None) -> AnalyzedPipeline:
    """Analyse a notebook; cells as in :func:`tagged`."""
    path = folder / "nb.ipynb"
    path.write_text(tagged(cells, after), encoding="utf-8")
    return core.check(path)


def refusals_of(folder: Path, cells, after=None) -> tuple[str, ...]:
    """All the words that refuse a notebook; cells as in :func:`tagged`."""
    try:
        check(folder, cells, after)
    except KaleError as error:
        return tuple(_words(one) for one in error.parts())
    return ()


def _words(error: KaleError) -> str:
    return f"{error.code} cell {error.at.cell}, line {error.at.line}: {error}; {error.hint}"


def tagged(cells, after=None) -> str:
    """The notebook as JSON text; cells are (owner, code), and ``r`` is what it reports.

    An owner is a step's name (``a;b`` for two steps), ``imports``, ``functions``, ``parameters``,
    ``metrics`` or ``skip``. Each step comes after the one before it, unless ``after`` maps a
    step to its predecessors.
    """
    steps = list(dict.fromkeys(step for owner, _ in cells for step in _steps_of(owner)))
    if after is None:
        after = {step: (before,) for before, step in pairwise(steps)}
    if not any(owner == "metrics" for owner, _ in cells):
        cells = (*cells, ("metrics", "print(r)"))
    found, seen = [], set()
    for owner, code in cells:
        own = _steps_of(owner)
        tags = [f"block:{owner}"] if own else [_TAGS.get(owner, owner)]
        for step in own:
            if step not in seen:
                seen.add(step)
                tags += [f"prev:{one}" for one in after.get(step, ()) if one not in own]
        found.append((tags, code))
    return notebook_json(*found)


def _steps_of(owner: str) -> list[str]:
    return [] if owner in _NO_STEPS else owner.split(";")
