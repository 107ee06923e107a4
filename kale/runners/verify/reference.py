"""The runs that a pipeline with loops, or of a Python file, is held against: marked programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kale.ir import Plan
from kale.runners.result import StepError
from kale.runners.run_directory import RunDirectory
from kale.runners.verify.comparison import executed_notebook
from kale.runners.verify.instrument import WHOLE, author_cell, one_step_plan
from kale.runners.verify.logged_metrics import LoggedValues, logged_values
from kale.runners.verify.outputs import Shown, shown, text_of
from kale.runners.verify.values import Snapshot, read_snapshot

#: A place in a run: a line or a cell, and the numbers of the items of the loops around it.
Key = tuple[int, ...]

#: Stands around the keys in what the reference prints; nothing else prints it.
TOKEN = "\x1ekale\x1f"  # noqa: S105 - no secret

_MARK = re.compile(f"{TOKEN}([-0-9.]+){TOKEN}")


@dataclass(frozen=True, slots=True)
class Reference:
    """One run of the program: what it left and showed at each place, and how it failed."""

    values: Mapping[Key, Snapshot | None]
    shown: Mapping[Key, Shown]
    error: StepError | None
    metrics: LoggedValues


def script_plan(
    plan: Plan, parameters: Mapping[str, Any], folder: Path, env: Mapping[str, str]
) -> Plan:
    """A plan of one step, which runs the pipeline's function as plain Python, marked by lines."""
    pipeline = plan.pipeline
    names = {port.name for task in plan.tasks for port in (*task.inputs, *task.outputs)}
    line = next(s.sources[-1].at.shown_line or 0 for s in pipeline.steps if s.sources)
    known = {parameter.name for parameter in pipeline.parameters}
    given = {name: value for name, value in parameters.items() if name in known}
    calls = (
        f"begin({str(folder)!r}, {TOKEN!r}, {sorted(names | _without_number(names))!r})",
        f"run_function({Path(pipeline.path).name!r}, {line}, {given!r}, globals())",
    )
    cells = [author_cell(1, f'__import__("kale_plain").{call}') for call in calls]
    return one_step_plan(plan, cells, env)


def _without_number(names: Iterable[str]) -> set[str]:
    """The author's names of variables that the pipeline numbers."""
    return {author_name(name) for name in names}


def author_name(name: str) -> str:
    """``x`` for ``x_1``: what a variable may be called in the file, if not by its own name."""
    return re.sub(r"_\d+$", "", name)


def read_reference(directory: RunDirectory, folder: Path, error: StepError | None) -> Reference:
    """What a run of such a plan has left."""
    values: dict[Key, Snapshot | None] = {}
    for file in folder.glob("*.json"):
        values[_key(file.stem)] = read_snapshot(file)
    cells = executed_notebook(directory, WHOLE).get("cells", ())
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    found: dict[Key, list[Mapping[str, Any]]] = {}
    for key, output in (*_by_mark(outputs, "stdout"), *_by_mark(outputs, "stderr")):
        found.setdefault(key, []).append(output)
    metrics = logged_values(directory.logged(WHOLE))
    return Reference(values, {key: shown(parts) for key, parts in found.items()}, error, metrics)


def _by_mark(
    outputs: Iterable[Mapping[str, Any]], stream: str
) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    """The outputs of a stream, and with standard output the displays, each with the next key."""
    waiting: list[Mapping[str, Any]] = []
    for output in outputs:
        if output.get("output_type") != "stream":
            waiting += [output] if stream == "stdout" else []
            continue
        if output.get("name") != stream:
            continue
        *parts, rest = _MARK.split(text_of(output.get("text", "")))
        for text, key in zip(parts[::2], parts[1::2], strict=True):
            waiting += [{**output, "text": text}] if text else []
            yield from ((_key(key), one) for one in waiting)
            waiting = []
        waiting += [{**output, "text": rest}] if rest else []


def _key(text: str) -> Key:
    return tuple(int(number) for number in text.split("."))
