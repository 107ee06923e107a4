"""A step of a script: its function, its name, its options and what can be seen of its results."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import replace

from kale.dataclass import dataclass
from kale.errors import KaleError, Location, NotebookError
from kale.ir import METRICS_STEP, Source, StepOptions
from kale.nbparser.names import kubernetes_name
from kale.nbparser.options import merge_options
from kale.nbparser.tag_kinds import OptionTag
from kale.sdk.lowering.containers import Container, read_container
from kale.sdk.lowering.global_names import own_scope
from kale.sdk.lowering.module import Decorated, Module
from kale.sdk.lowering.options import STEP_OPTIONS, read_options, step_name, step_tags
from kale.sdk.lowering.script import Script


@dataclass(frozen=True, slots=True)
class StepFunction:
    """A function with the decorator ``step``.

    ``function`` is its name in the file, ``step`` that of the step. Where it has other decorators
    too, ``signature`` and ``returns`` are ``None``: those may change both. ``results`` are what it
    returns, ``None`` for nothing. A ``container`` is run in the place of Python code. ``source`` is
    code that each call needs a copy of; ``None`` where all steps have it.
    """

    function: str
    step: str
    options: StepOptions
    at: Location
    signature: ast.arguments | None
    returns: ast.expr | None
    results: tuple[ast.expr | None, ...] = ()
    container: Container | None = None
    source: Source | None = None


def read_steps(
    module: Module, defaults: tuple[OptionTag, ...], errors: list[KaleError]
) -> tuple[dict[str, StepFunction], list[tuple[str, Location]]]:
    """The steps of a module by the names of their functions; options that nothing acts on.

    Errors: those of options; KALE105, a name of Kale's own; KALE707, a generator; KALE708, two
    steps of one name.
    """
    found: dict[str, StepFunction] = {}
    idle: list[tuple[str, Location]] = []
    for function, decorated in module.steps.items():
        one = _read(function, decorated, defaults, idle, errors)
        found[function] = replace(one, source=module.own.get(function))
    for variable, call in module.containers.items():
        found[variable] = _read_container(module.script, variable, call, defaults, idle, errors)
    errors.extend(_wrong_names(found))
    return found, idle


def _read(
    function: str,
    decorated: Decorated,
    defaults: tuple[OptionTag, ...],
    idle: list[tuple[str, Location]],
    errors: list[KaleError],
) -> StepFunction:
    node, script = decorated.node, decorated.script
    at = script.at(decorated.decorator)
    options = read_options(script, decorated.decorator, STEP_OPTIONS, errors)
    step, wrong = step_name(options, function, at)
    tags, without_effect, wrong_tags = step_tags(options, step)
    merged, contradictions = merge_options(step, at, tags, defaults)
    errors += [*wrong, *wrong_tags, *contradictions]
    idle += [(key, options[key][1]) for key in without_effect]
    results = []
    for one in _body_scope(node):
        if isinstance(one, ast.Yield | ast.YieldFrom):
            errors.append(_generator(script, node, one))
            break
        if isinstance(one, ast.Return):
            results.append(one.value)
    return StepFunction(
        function,
        step,
        merged,
        at,
        None if decorated.others else node.args,
        None if decorated.others else node.returns,
        () if decorated.others else tuple(results) or (None,),
    )


def _body_scope(function: ast.FunctionDef) -> Iterable[ast.AST]:
    return (one for statement in function.body for one in own_scope(statement))


def _generator(script: Script, function: ast.FunctionDef, at: ast.expr) -> KaleError:
    return NotebookError(
        "KALE707",
        f"the step `{function.name}` is a generator, whose values no other step could be given",
        at=script.at(at),
        hint="collect the values in a list, and return that",
    )


def _wrong_names(steps: Mapping[str, StepFunction]) -> Iterable[KaleError]:
    first: dict[str, StepFunction] = {}
    for one in steps.values():
        if one.step == METRICS_STEP:
            yield NotebookError(
                "KALE105",
                f"no step can be called `{METRICS_STEP}`, which is a name of Kale's own",
                at=one.at,
                hint="rename the step",
            )
        other = first.setdefault(kubernetes_name(one.step), one)
        if other is not one:
            yield NotebookError(
                "KALE708",
                f"the functions `{other.function}` (line {other.at.line}) and `{one.function}` are"
                f" both the step `{one.step}`",
                at=one.at,
                hint="give one of them another name: `@step(name=…)`",
            )


def _read_container(
    script: Script,
    variable: str,
    call: ast.Call,
    defaults: tuple[OptionTag, ...],
    idle: list[tuple[str, Location]],
    errors: list[KaleError],
) -> StepFunction:
    at = script.at(call)
    container, options, wrong = read_container(script, variable, call)
    step, wrong_name = step_name(options, variable, at)
    tags, without_effect, wrong_tags = step_tags(options, step)
    merged, contradictions = merge_options(step, at, tags, defaults)
    errors += [*wrong, *wrong_name, *wrong_tags, *contradictions]
    idle += [(key, options[key][1]) for key in without_effect]
    types = container.inputs.items()
    inputs = [ast.arg(name, ast.Name(kind, ast.Load())) for name, kind in types]
    signature = ast.arguments([], inputs, None, [], [], None, [])
    return StepFunction(variable, step, merged, at, signature, None, (), container)
