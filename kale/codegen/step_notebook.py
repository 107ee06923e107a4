"""The notebook of one step: the bytes that every runner executes through papermill."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from kale.codegen.json_text import indented
from kale.codegen.literals import python_literal
from kale.codegen.parameters import json_default
from kale.ir import METRICS_STEP, AnalyzedPipeline, Parameter, Port, PortKind, Source
from kale.random_states import RANDOM_STATES, is_random_state

#: A cell: its ``metadata.kale`` and its code.
_Cell = tuple[dict[str, Any], str]

_RUNTIME = '__import__("kale_runtime")'


def step_notebook(
    analyzed: AnalyzedPipeline,
    name: str,
    *,
    inputs: Iterable[Port],
    outputs: Iterable[Port],
    metrics: tuple[str, ...] = (),
) -> bytes:
    """The notebook of step ``name``: nbformat 4.5 as UTF-8 JSON, the same bytes each time.

    Its cells are, each part only where there is something in it: the parameters; imports;
    functions; definitions carried from other steps; the load of ``inputs``; the step's own
    cells, one for one; the save of ``outputs``; the metrics. ``metadata.kale`` of a cell says
    its role and, where it is the author's, the cell and line it comes from and the lines that
    only install packages of the step; that of the notebook maps variables to port keys, says
    how values are saved where that is not the default, and names as ``single`` the variables that
    come in and go out and that all who read them hence take from here alone.
    ``metrics`` are the names that the step reports.
    """
    ports = tuple(inputs)
    keys: dict[str, list[str]] = {}
    for port in ports:
        if port.kind is PortKind.ARTIFACT:
            keys.setdefault(port.name, []).append(port.key)
    saved = {port.name: port.key for port in outputs}
    by_name = {parameter.name: parameter for parameter in analyzed.pipeline.parameters}
    given = {p.key: by_name[p.name] for p in ports if p.kind is PortKind.PARAMETER}
    cells = _cells(analyzed, name, tuple(given.values()), tuple(keys), tuple(saved), metrics)
    kale = {
        "step": name,
        "inputs": keys,
        "outputs": saved,
        "parameters": {p.name: _parameter(p, key) for key, p in given.items()},
        "metrics": list(metrics),
    }
    if single := [n for n in keys if n in saved and _is_single(analyzed, name, n)]:
        kale["single"] = single
    if asked := analyzed.pipeline.pickling.as_json():
        kale["marshal"] = asked
    return notebook_bytes(analyzed.pipeline.kernel, kale, cells)


def _is_single(analyzed: AnalyzedPipeline, step: str, variable: str) -> bool:
    """Whether no reader of the step's ``variable`` has another candidate version of it."""
    return all(
        wire.producers == (step,)
        for wire in analyzed.wires
        if wire.name == variable and step in wire.producers
    )


def notebook_bytes(kernel: str, kale: dict[str, Any], cells: Iterable[_Cell]) -> bytes:
    """A notebook with that kernel, ``metadata.kale`` and cells, as bytes.

    Keys are sorted, so the bytes depend on the values only.
    """
    document = {
        "cells": [_cell(number, *cell) for number, cell in enumerate(cells, start=1)],
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


def _cell(number: int, kale: dict[str, Any], code: str) -> dict[str, Any]:
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


def _cells(
    analyzed: AnalyzedPipeline,
    name: str,
    parameters: tuple[Parameter, ...],
    loaded: tuple[str, ...],
    saved: tuple[str, ...],
    metrics: tuple[str, ...],
) -> Iterator[_Cell]:
    pipeline, summary = analyzed.pipeline, analyzed.summary(name)
    if parameters:
        code = "\n".join(f"{p.name} = {python_literal(p.default)}" for p in parameters)
        yield {"role": "parameters"}, code
    yield from _written("imports", pipeline.imports)
    yield from _written("functions", pipeline.functions)
    yield from _written("definition", summary.carried)
    # What a shared cell makes and this step may change is compared with how it was before.
    fresh = summary.mutations.keys() & set(saved) - summary.defs.keys()
    fresh = {name for name in fresh if not is_random_state(name)}
    if loaded or fresh or summary.unchanged:
        unchanged = dict(summary.unchanged)
        guards = f", unchanged={python_literal(unchanged)}" if unchanged else ""
        names = python_literal(list(loaded))
        load = f"{_RUNTIME}.load_inputs(globals(), {names}{guards})"
        yield {"role": "load"}, "\n".join([load, *_set_random_states(loaded)])
    if name != METRICS_STEP:
        yield from _written("step", pipeline.step(name).sources)
    if saved or summary.unchanged:
        names = python_literal(list(saved))
        save = f"{_RUNTIME}.save_outputs(globals(), {names})"
        yield {"role": "save"}, "\n".join([*_get_random_states(saved), save])
    if name == analyzed.metrics_step:
        yield from _written("metrics", pipeline.metrics)
        if metrics:
            names = python_literal(list(metrics))
            yield {"role": "record"}, f"{_RUNTIME}.record_metrics(globals(), {names})"


def _set_random_states(loaded: tuple[str, ...]) -> Iterator[str]:
    """What puts the loaded random states in force."""
    for state in RANDOM_STATES:
        if state.name in loaded:
            yield f"{state.set}(globals().pop({python_literal(state.name)}))"


def _get_random_states(saved: tuple[str, ...]) -> Iterator[str]:
    """What makes values of the random states that are to be saved."""
    for state in RANDOM_STATES:
        if state.name in saved:
            yield f"globals()[{python_literal(state.name)}] = {state.get}()"


def _written(role: str, sources: Iterable[Source]) -> Iterator[_Cell]:
    for source in sources:
        at = source.at
        place = {"cell": at.cell, "line": at.line, "cell_id": at.cell_id}
        known: dict[str, Any] = {k: value for k, value in place.items() if value is not None}
        if source.installs:
            known["installs"] = [list(lines) for lines in source.installs]
        yield {"role": role, **known}, source.code
