"""The notebook of one step: the bytes that every runner executes through papermill."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from kale.codegen.json_text import indented
from kale.codegen.parameters import json_default
from kale.codegen.step_cells import Cell, loops_around, step_cells
from kale.ir import AnalyzedPipeline, Parameter, Port, PortKind, Step


def step_notebook(
    analyzed: AnalyzedPipeline,
    name: str,
    *,
    inputs: Iterable[Port],
    outputs: Iterable[Port],
    metrics: tuple[str, ...] = (),
) -> bytes:
    """The notebook of step ``name``: nbformat 4.5 as UTF-8 JSON, the same bytes each time.

    Its cells are those of :func:`step_cells`. ``metadata.kale`` of a cell says its role and, where
    it is the author's, the cell and line it comes from and the lines that only install packages of
    the step; that of the notebook maps variables to port keys, says how values are saved where that
    is not the default, and names as ``single`` the variables that come in and go out and that all
    who read them hence take from here alone. ``metrics`` are the names that the step reports.

    Where there is something to say, it names as ``index`` the parameters with the numbers of the
    items that a step in loops works on, as ``collected`` the inputs that are lists of the values of
    all items, and has what the step ``decides`` and what is ``shown`` of it. The keys of a variable
    that comes from one of several branches are one: that of the first port.
    """
    step, ports = analyzed.pipeline.step(name), tuple(inputs)
    keys: dict[str, list[str]] = {}
    for port in ports:
        if port.kind is PortKind.ARTIFACT and not (port.choice and port.name in keys):
            keys.setdefault(port.name, []).append(port.key)
    saved = {port.name: port.key for port in outputs}
    known = {parameter.name: parameter for parameter in analyzed.pipeline.parameters}
    index = [loop.index for loop in loops_around(step)]
    known |= {loop.index: Parameter(loop.index, "int", "0", loop.at) for loop in loops_around(step)}
    given = {p.key: known[p.name] for p in ports if p.kind is PortKind.PARAMETER}
    cells = step_cells(
        analyzed,
        step,
        parameters=given.values(),
        loaded=tuple(keys),
        saved=tuple(saved),
        metrics=metrics,
    )
    kale: dict[str, Any] = {
        "step": name,
        "inputs": keys,
        "outputs": saved,
        "parameters": {p.name: _parameter(p, key) for key, p in given.items()},
        "metrics": list(metrics),
    }
    collected = list(dict.fromkeys(port.name for port in ports if port.collected))
    single = [
        n for n in keys if n in saved and n not in collected and _is_single(analyzed, step, n)
    ]
    more = {
        "single": single,
        "marshal": analyzed.pipeline.pickling.as_json(),
        "index": index,
        "collected": collected,
        "decides": dict(step.decides),
        "shown": dict(step.shown),
    }
    kale |= {key: value for key, value in more.items() if value}
    return notebook_bytes(analyzed.pipeline.kernel, kale, cells)


def _is_single(analyzed: AnalyzedPipeline, step: Step, variable: str) -> bool:
    """Whether no reader of the step's ``variable`` has another candidate version of it.

    In a loop the versions of all items are kept apart, by what is said in their own folders.
    """
    return not loops_around(step) and all(
        wire.producers == (step.name,)
        for wire in analyzed.wires
        if (wire.inside or wire.name) == variable and step.name in wire.producers
    )


def notebook_bytes(kernel: str, kale: dict[str, Any], cells: Iterable[Cell]) -> bytes:
    """A notebook with that kernel, ``metadata.kale`` and cells, as bytes.

    Keys are sorted, so the bytes depend on the values only.
    """
    document = {
        "cells": [step_cell(number, *cell) for number, cell in enumerate(cells, start=1)],
        "metadata": {
            "kale": kale,
            "kernelspec": {"display_name": kernel, "language": "python", "name": kernel},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return notebook_json(document)


def notebook_json(document: dict[str, Any]) -> bytes:
    """A notebook as the bytes of its file, keys sorted.

    Text that UTF-8 cannot hold (half of a surrogate pair) makes the whole notebook ASCII, with
    JSON's escapes.
    """
    try:
        return f"{indented(document, ensure_ascii=False)}\n".encode()
    except UnicodeEncodeError:
        return f"{indented(document, ensure_ascii=True)}\n".encode("ascii")


def step_cell(number: int, kale: dict[str, Any], code: str) -> dict[str, Any]:
    """A code cell with that ``metadata.kale``, the ``number``-th of its notebook from 1."""
    metadata: dict[str, Any] = {"kale": kale}
    if kale["role"] == "parameters":
        metadata["tags"] = ["parameters"]
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"{number}-{kale['role']}",
        "metadata": metadata,
        "outputs": [],
        "source": lines_of(code),
    }


def lines_of(code: str) -> list[str]:
    """The lines of ``code``, ends kept, as nbformat stores them; only a newline ends a line."""
    return re.findall(r"[^\n]*\n|[^\n]+", code)


def _parameter(parameter: Parameter, key: str) -> dict[str, Any]:
    entry = {"type": parameter.type, "default": json_default(parameter)}
    return entry if key == parameter.name else {**entry, "key": key}
