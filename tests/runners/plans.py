"""Builders of plans: step notebooks by hand, as the planner would make them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from kale.errors import Location
from kale.ir import Parameter, Pipeline, Plan, Port, PortKind, StepOptions, Task

PATH = "iris.ipynb"


def cell(source: str, role: str = "step", *, at: int | None = None, line: int = 1) -> dict:
    """A cell of a step notebook; ``at`` is the author's cell, ``line`` its first line there."""
    kale: dict[str, Any] = {"role": role}
    if at is not None:
        kale |= {"cell": at, "line": line}
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"kale": kale, "tags": ["parameters"] if role == "parameters" else []},
        "outputs": [],
        "source": source,
    }


def notebook(cells: Iterable[dict], *, kernel: str = "python3") -> bytes:
    content = {
        "cells": [{**cell, "id": f"c{number}"} for number, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"name": kernel, "display_name": kernel, "language": "python"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(content).encode()


def task(
    name: str,
    *cells: dict | str,
    after: Iterable[str] = (),
    loads: Mapping[str, str] = {},
    saves: Iterable[str] = (),
    takes: Mapping[str, str] = {},
    metrics: Iterable[str] = (),
    kernel: str = "python3",
    **options: Any,
) -> Task:
    """A task; ``loads`` maps variables to producers, ``takes`` parameters to their literals.

    Cells given as text are the author's cells 7, 8, …
    """
    own = [cell(c, at=n) if isinstance(c, str) else c for n, c in enumerate(cells, 7)]
    head = [cell("\n".join(f"{k} = {v}" for k, v in takes.items()), "parameters")] if takes else []
    if loads:
        head.append(cell(f"__import__('kale_runtime').load_inputs(globals(), {[*loads]})", "load"))
    tail = []
    if saves:
        save = f"__import__('kale_runtime').save_outputs(globals(), {[*saves]})"
        tail.append(cell(save, "save"))
    if metrics:
        record = f"__import__('kale_runtime').record_metrics(globals(), {[*metrics]})"
        tail.append(cell(record, "record"))
    return Task(
        name=name,
        key=name,
        inputs=(
            *(Port(p, PortKind.PARAMETER, p, ("", p)) for p in takes),
            *(Port(v, PortKind.ARTIFACT, f"in_{v}", (s, f"out_{v}")) for v, s in loads.items()),
        ),
        outputs=tuple(Port(v, PortKind.ARTIFACT, f"out_{v}") for v in saves),
        after=(*after, *dict.fromkeys(s for s in loads.values() if s not in after)),
        notebook=notebook([*head, *own, *tail], kernel=kernel),
        options=StepOptions(**options),
        metrics=tuple(metrics),
    )


def plan(*tasks: Task, parameters: Iterable[Parameter] = (), kernel: str = "python3") -> Plan:
    return Plan(Pipeline("iris", "Iris", PATH, parameters=tuple(parameters), kernel=kernel), tasks)


def parameter(name: str, type: str, literal: str) -> Parameter:  # noqa: A002
    return Parameter(name, type, literal, Location(PATH, 1, 1))  # type: ignore[arg-type]
