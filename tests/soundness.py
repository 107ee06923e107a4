"""Whether Kale keeps its promise on a random notebook; a notebook on which it fails, made small."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from random_notebooks import Notebook, random_notebook
from stepwise import Outcome, run_cells, run_steps
from valid_notebooks import is_valid


@dataclass(frozen=True, slots=True)
class Fault:
    """A broken promise: its kind, the notebook, and what was seen of it."""

    kind: str
    notebook: Notebook
    seen: str

    def __str__(self) -> str:
        return f"{self.kind}\n{self.notebook}\n{self.seen}"


def find_fault(notebook: Notebook) -> Fault | None:
    """The broken promise on this notebook, which runs top to bottom without an error."""
    expected = run_cells(notebook.codes())
    outcome = run_steps(notebook.codes(), dict(notebook.after))
    if outcome.printed == expected:
        return None
    if outcome.printed is not None:
        return Fault("wrong", notebook, _difference(expected, outcome.printed))
    if outcome.refused:
        return _refusal(notebook, outcome)
    step, error = outcome.failed or ("", Exception())
    seen = f"step {step}: {type(error).__name__}: {error}"
    if not outcome.stopped:
        return Fault("crashed", notebook, seen)
    must_run = not notebook.hidden and is_valid(notebook)
    return Fault("valid, and stopped", notebook, seen) if must_run else None


def _refusal(notebook: Notebook, outcome: Outcome) -> Fault | None:
    seen = "\n".join(f"{e.at}: {e.code}: {e.message}" for e in outcome.refused)
    if any(e.at is None or e.at.cell is None or e.at.line is None for e in outcome.refused):
        return Fault("refused without a place", notebook, seen)
    # An edge that only a hidden change calls for is not there to order two writers.
    unsure = notebook.hidden and all(e.code == "KALE210" for e in outcome.refused)
    must_run = not unsure and is_valid(notebook)
    return Fault("valid, and refused", notebook, seen) if must_run else None


def _difference(expected: dict[str, str], found: dict[str, str]) -> str:
    return "\n".join(
        f"step {step} printed {found.get(step)!r}, the notebook {text!r}"
        for step, text in expected.items()
        if found.get(step) != text
    )


def smallest(fault: Fault) -> Fault:
    """The same kind of fault on a notebook from which nothing more can be taken away."""
    while True:
        for candidate in _smaller(fault.notebook):
            try:
                found = find_fault(candidate)
            except Exception:  # noqa: BLE001 -- what was left does not run
                continue
            if found is not None and found.kind == fault.kind:
                fault = found
                break
        else:
            return fault


def _smaller(notebook: Notebook) -> Iterator[Notebook]:
    """The notebook without one cell, statement or edge."""
    cells = notebook.cells
    for index, cell in enumerate(cells):
        yield replace(notebook, cells=(*cells[:index], *cells[index + 1 :]))
        for position in range(len(cell.statements)):
            left = (*cell.statements[:position], *cell.statements[position + 1 :])
            if left:
                less = replace(cell, statements=left)
                yield replace(notebook, cells=(*cells[:index], less, *cells[index + 1 :]))
    for step, before in notebook.after.items():
        for one in before:
            left = tuple(other for other in before if other != one)
            yield replace(notebook, after={**notebook.after, step: left})


def notebooks(seed: int, count: int, shape: str) -> Iterator[Notebook]:
    """The first notebooks of a shape that a seed gives, always the same."""
    for number in range(count):
        yield random_notebook(Random(f"{seed} {shape} {number}"), shape)
