"""Tiny builders: analysed pipelines by hand, and packages as parsed YAML."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import yaml

from kale.codegen import emit_package, emit_script, make_plan
from kale.errors import KaleError, Location
from kale.ir import (
    AnalyzedPipeline,
    Parameter,
    Pipeline,
    Plan,
    Source,
    Step,
    StepOptions,
    StepSummary,
    Wire,
)

PATH = "iris.ipynb"


def source(code: str, cell: int, *, line: int = 1, cell_id: str | None = None) -> Source:
    return Source(code, Location(PATH, cell, line, cell_id=cell_id), code)


def parameter(name: str, default: Any, type_: str | None = None) -> Parameter:
    kind: Any = type_ or type(default).__name__
    literal = repr(default).replace("inf", "1e999")  # no literal of Python reads `inf`
    return Parameter(name, kind, literal, Location(PATH, 1, 1))


def analyzed(
    *steps: str | tuple[str, str],
    wires: Iterable[tuple[str, str, str]] = (),
    after: Iterable[tuple[str, str]] = (),
    parameters: Iterable[Parameter] = (),
    reads: Mapping[str, Iterable[str]] | None = None,
    metrics: tuple[str, Iterable[str]] | None = None,
    metrics_code: str = "",
    imports: Iterable[str] = (),
    functions: Iterable[str] = (),
    carried: Mapping[str, Iterable[Source]] | None = None,
    unchanged: Mapping[str, Mapping[str, str]] | None = None,
    options: Mapping[str, StepOptions] | None = None,
    **pipeline: Any,
) -> AnalyzedPipeline:
    """Steps are names or (name, code), in cells from 10 on; imports from 3, functions from 5.

    ``wires`` are (variable, producers joined by ``;``, consumer), ``after`` (step, the one it
    waits for), ``reads`` maps steps to parameters, ``metrics`` is the step and the names.
    """
    pairs = [(step, "pass") if isinstance(step, str) else step for step in steps]
    owner, reported = metrics or (None, ())
    made = Pipeline(
        **{"name": "iris", "title": "Iris", "path": PATH} | pipeline,
        parameters=tuple(parameters),
        imports=tuple(source(code, n) for n, code in enumerate(imports, start=3)),
        functions=tuple(source(code, n) for n, code in enumerate(functions, start=5)),
        steps=tuple(
            Step(
                name,
                (source(code, cell),),
                (),
                (options or {}).get(name, StepOptions()),
                Location(PATH, cell, 1, step=name),
            )
            for cell, (name, code) in enumerate(pairs, start=10)
        ),
        metrics=(source(metrics_code, 99),) if metrics_code else (),
    )
    waits: dict[str, tuple[str, ...]] = {name: () for name, _ in pairs}
    for step, before in after:
        waits[step] += (before,)
    return AnalyzedPipeline(
        made,
        tuple(
            StepSummary(
                name,
                parameters=tuple((reads or {}).get(name, ())),
                carried=tuple((carried or {}).get(name, ())),
                unchanged=tuple((unchanged or {}).get(name, {}).items()),
            )
            for name, _ in pairs
        ),
        tuple(
            Wire(name, tuple(producers.split(";")), consumer, Location(PATH, 10, 1))
            for name, producers, consumer in wires
        ),
        waits,
        tuple(reported),
        owner,
    )


def plan(*steps: str | tuple[str, str], **rest: Any) -> Plan:
    return make_plan(analyzed(*steps, **rest))


def one(options: StepOptions, **rest: Any) -> Plan:
    """A plan of one step, ``train``, with these options."""
    return plan("train", options={"train": options}, **rest)


def package(made: Plan) -> list[Any]:
    """The documents of the package."""
    return list(yaml.safe_load_all(emit_package(made)))


def container(made: Plan, key: str = "train") -> dict[str, Any]:
    """The container of a task in the package, without the numbers of its cells."""
    found: dict[str, Any] = package(made)[0]["deploymentSpec"]["executors"][f"exec-{key}"]
    return without_cell_numbers(found["container"])


def without_cell_numbers(container: dict[str, Any]) -> dict[str, Any]:
    """A container but for the variable ``KALE_CELLS``, which all have and one test is about."""
    env = [variable for variable in container["env"] if variable["name"] != "KALE_CELLS"]
    rest = {key: value for key, value in container.items() if key != "env"}
    return {**rest, "env": env} if env else rest


def task(made: Plan, key: str = "train") -> dict[str, Any]:
    """A task in the package's graph."""
    found: dict[str, Any] = package(made)[0]["root"]["dag"]["tasks"][key]
    return found


def pod(made: Plan) -> dict[str, Any]:
    """What the platform specification says of step ``train``."""
    platform = package(made)[1]["platforms"]["kubernetes"]
    found: dict[str, Any] = platform["deploymentSpec"]["executors"]["exec-train"]
    return found


def compiled(made: Plan) -> list[Any]:
    """The documents that the plan's script makes with the official compiler."""
    return officially_compiled(emit_script(made))


def officially_compiled(script: bytes) -> list[Any]:
    """The documents that a script makes with the official compiler."""
    names: dict[str, Any] = {"__name__": "script"}
    with warnings.catch_warnings():
        # The SDK warns about Python versions and about annotations that it will drop.
        warnings.simplefilter("ignore")
        exec(compile(script, "script.py", "exec", dont_inherit=True), names)
        return list(yaml.safe_load_all(names["package"]()))


def without_version(documents: list[Any]) -> list[Any]:
    """The documents without the version of the SDK that wrote them."""
    spec, *platform = documents
    return [{key: value for key, value in spec.items() if key != "sdkVersion"}, *platform]


def errors_of(error: KaleError) -> list[tuple[str, str, str, str]]:
    """Code, place, message and hint of each part."""
    return [(part.code, str(part.at), part.message, part.hint) for part in error.parts()]


def refused(made: Plan) -> list[tuple[str, str, str, str]]:
    """The parts of the error with which both the package and the script are refused."""
    with pytest.raises(KaleError) as caught:
        emit_package(made)
    with pytest.raises(KaleError) as again:
        emit_script(made)
    assert errors_of(caught.value) == errors_of(again.value)
    return errors_of(caught.value)
