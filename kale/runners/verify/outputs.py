"""What a cell shows, in the pipeline and in the notebook: streams, results and displays."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kale.runners.verify.verdict import Verdict

#: What a cell shows: the text of each stream, and of each form of each display.
Shown = Mapping[str, str]

#: What differs though nothing else does: addresses in memory, the files that a kernel pretends its
#: cells are, and what scikit-learn numbers its pictures by.
_MASKED = re.compile(
    r"\b0x[0-9a-fA-F]{4,16}\b|ipykernel_\d+[\\/]\d+\.py|<ipython-input-[^>]*>"
    r"|\bsk-(?:container|estimator)-id-\d+"
)

#: A warning as Python prints it: where, what, and the line of code.
_WARNING = re.compile(r"^\S[^\n]*:\d+: \w*Warning: [^\n]*\n(?:  [^\n]*\n)?", re.MULTILINE)

#: From harmless to wrong: what cell counts as, of which parts are this and that.
_ORDER = (
    Verdict.SAME,
    Verdict.ADDRESS,
    Verdict.WARNINGS,
    Verdict.NOT_REPEATABLE,
    Verdict.DIFFERENT,
)

#: The roles of cells that stand in a step's notebook as the author wrote them.
_WHOLE_CELLS = frozenset({"imports", "functions", "step", "metrics"})

_NOTHING: Mapping[str, Any] = {}


def shown_by_cell(executed: Mapping[str, Any]) -> dict[int, Shown]:
    """What each of the author's cells that ran shows in an executed notebook, by its number.

    Without statements that a step has from the cells of another one: what they show, it shows.
    """
    found: dict[int, Shown] = {}
    for cell in executed.get("cells", ()):
        kale = cell.get("metadata", _NOTHING).get("kale", _NOTHING)
        if kale.get("role") in _WHOLE_CELLS and cell.get("execution_count") is not None:
            found[kale["cell"]] = shown(cell.get("outputs", ()))
    return found


def shown(outputs: Iterable[Mapping[str, Any]]) -> Shown:
    """What outputs, as a notebook file has them, show together."""
    parts: dict[str, str] = {}
    displays = 0
    for output in outputs:
        kind = output.get("output_type")
        if kind == "stream":
            name = str(output.get("name"))
            parts[name] = parts.get(name, "") + text_of(output.get("text", ""))
        elif kind != "error":  # a failure is told by itself
            displays += 1
            label = "result" if kind == "execute_result" else f"display {displays}"
            for media, data in output.get("data", _NOTHING).items():
                parts[f"{label} ({media})"] = text_of(data)
    return parts


def text_of(data: Any) -> str:
    """Data of an output as one text."""
    if isinstance(data, str):
        return data
    if isinstance(data, list) and all(isinstance(line, str) for line in data):
        return "".join(data)
    return json.dumps(data, sort_keys=True)


def compare_shown(here: Shown, notebook: Sequence[Shown]) -> tuple[Verdict, str]:
    """How what a cell shows in the pipeline compares with several runs of the notebook.

    The second is which part differs, and how, in words; empty where nothing does.
    """
    found = [
        (label, *_compare(label, here.get(label), [run.get(label) for run in notebook]))
        for label in sorted({*here, *notebook[0]})
    ]
    if not found:
        return Verdict.SAME, ""
    label, verdict, detail = max(found, key=lambda part: _ORDER.index(part[1]))
    if verdict is Verdict.SAME:
        return verdict, ""
    return verdict, f"{label}: {detail}" if detail else label


def _compare(label: str, here: str | None, runs: Sequence[str | None]) -> tuple[Verdict, str]:
    first = runs[0]
    if here == first:
        return Verdict.SAME, ""
    steps: list[tuple[Verdict, Callable[[str], str]]] = [(Verdict.ADDRESS, _masked)]
    if label == "stderr":
        steps.append((Verdict.WARNINGS, lambda text: _WARNING.sub("", _masked(text))))
    for verdict, essence in steps:
        if essence(here or "") == essence(first or ""):
            return verdict, ""
    essence = steps[-1][1]
    known = [essence(run or "").split("\n") for run in runs]
    return _by_line(essence(here or "").split("\n"), known)


def _by_line(here: list[str], runs: list[list[str]]) -> tuple[Verdict, str]:
    """Compare lines where they are the same in all runs of the notebook."""
    if len({len(run) for run in runs}) > 1:
        return Verdict.NOT_REPEATABLE, ""
    if len(here) != len(runs[0]):
        at = next((k for k, (a, b) in enumerate(zip(here, runs[0], strict=False)) if a != b), None)
        detail = f"{len(here)} lines, in the notebook {len(runs[0])}"
        return Verdict.DIFFERENT, detail if at is None else f"{detail}, from line {at + 1} on"
    for number, (line, *same) in enumerate(zip(here, *runs, strict=True), start=1):
        if len(set(same)) == 1 and line != same[0]:
            return (
                Verdict.DIFFERENT,
                f"line {number} is {_short(line)}, in the notebook {_short(same[0])}",
            )
    return Verdict.NOT_REPEATABLE, ""


def _masked(text: str) -> str:
    return _MASKED.sub("…", text)


def _short(line: str) -> str:
    return repr(line if len(line) <= 60 else f"{line[:57]}...")
