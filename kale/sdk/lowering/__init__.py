"""From a Python file with the SDK's decorators to a :class:`kale.ir.Pipeline`.

The file is parsed, never imported and never run. The code of the module becomes the imports and
functions of the pipeline, each call of a step in the body of the ``@pipeline`` function a step
whose code is that statement. From there nothing knows which front end was used.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from kale.diagnostics import diagnose, nearest
from kale.errors import KaleError, Location, NotebookError, raise_all
from kale.ir import Pipeline, StepOptions
from kale.nbparser.metadata import parse_settings
from kale.nbparser.notebook import Notebook
from kale.nbparser.options import merge_options
from kale.sdk.lowering.body import Body
from kale.sdk.lowering.drafts import finished
from kale.sdk.lowering.module import Decorated, Module, read_module
from kale.sdk.lowering.options import (
    PIPELINE_OPTIONS,
    in_words_of_options,
    pipeline_metadata,
    read_options,
)
from kale.sdk.lowering.parameters import read_parameters
from kale.sdk.lowering.script import Script, read_script
from kale.sdk.lowering.statements import lower_block
from kale.sdk.lowering.step_function import read_steps

__all__ = ["lower"]

_NOTHING: Mapping[str, str] = MappingProxyType({})

#: Stands between a file and the name of one of its pipelines.
_NAMED = "::"


def lower(
    path: str, *, override: Mapping[str, str] = _NOTHING, default: Mapping[str, str] = _NOTHING
) -> Pipeline:
    """The pipeline of a Python file; ``FILE.py::NAME`` names the function of one of several.

    ``override`` and ``default`` hold settings by their key in the metadata of a notebook, as
    ``pipeline_name``; the first beats what ``@pipeline`` says, which beats the second. Without
    any, the pipeline has the name of its function.

    Raises:
        KaleError: all that is wrong with the file, in the order of the places; the codes are
            KALE001, KALE701 to KALE726, and those of settings, names and options of notebooks.
    """
    file, _, wanted = path.partition(_NAMED)
    script = read_script(file)
    try:
        return _lower(script, wanted, override, default)
    except RecursionError:
        raise NotebookError(
            "KALE701",
            "the file's code is nested too deeply",
            at=Location(file),
            hint="give parts of long expressions names",
        ) from None


def _lower(
    script: Script, wanted: str, override: Mapping[str, str], default: Mapping[str, str]
) -> Pipeline:
    file = script.path
    errors: list[KaleError] = []
    module = read_module(script, errors)
    chosen = _choose(module, wanted, file)
    function = chosen.node
    at = script.at(chosen.decorator)
    options = read_options(script, chosen.decorator, PIPELINE_OPTIONS, errors)
    metadata = {
        "pipeline_name": function.name,
        "pipeline_description": _summary(function),
        **pipeline_metadata(options),
    }
    notebook = Notebook(file, (), {"kubeflow_notebook": metadata}, "python3")
    settings, wrong = parse_settings(notebook, override, default)
    errors += [in_words_of_options(error, at) for error in wrong]
    defaults, wrong_defaults = merge_options("", at, (), settings.defaults)
    errors += wrong_defaults
    steps, idle = read_steps(module, settings.defaults, errors)
    parameters, wrong_parameters = read_parameters(module, function)
    errors += wrong_parameters
    body = Body(module, function, steps, _of_small_steps(defaults), parameters, errors)
    lower_block(body, function.body)
    if not body.drafts and not errors:
        errors.append(_no_step(script.at(function), function.name))
    raise_all(errors)
    return Pipeline(
        name=settings.name,
        title=settings.title,
        path=file,
        description=settings.description,
        experiment=settings.experiment,
        image=settings.image,
        service_account=settings.service_account,
        parameters=parameters,
        imports=module.imports,
        functions=(*module.functions, *body.constants),
        steps=finished(body.drafts),
        settings=settings.settings,
        pickling=settings.pickling,
        volumes=settings.volumes,
        diagnostics=(
            *settings.diagnostics,
            *(
                diagnose(
                    "KALE725",
                    f"the option `{key}` has no effect here",
                    at=place,
                    hint="remove it; Kubeflow Pipelines waits longer before each attempt by itself",
                )
                for key, place in idle
            ),
        ),
    )


def _choose(module: Module, wanted: str, path: str) -> Decorated:
    """The pipeline that is meant."""
    known = module.pipelines
    names = ", ".join(f"`{name}`" for name in known)
    if wanted in known:
        return known[wanted]
    if wanted and known:
        near = nearest(wanted, known)
        raise NotebookError(
            "KALE704",
            f"no pipeline of the file is called `{wanted}`",
            at=Location(path),
            hint=f"did you mean `{path}{_NAMED}{near}`?" if near else f"there is {names}",
        )
    if not known:
        raise NotebookError(
            "KALE703",
            "no function of the file is a pipeline",
            at=Location(path),
            hint="write `from kale.sdk import pipeline, step` at the top of the file, and"
            " `@pipeline(name=…)` above the function that calls the steps",
        )
    if len(known) > 1:
        first = next(iter(known))
        raise NotebookError(
            "KALE704",
            f"the file has several pipelines: {names}",
            at=Location(path),
            hint=f"name the one that you mean: `{path}{_NAMED}{first}`",
        )
    return next(iter(known.values()))


def _of_small_steps(defaults: StepOptions) -> StepOptions:
    """The options of steps that no function stands for: they need no accelerator."""
    limits, requests = (
        tuple((resource, quantity) for resource, quantity in asked if "/" not in resource)
        for asked in (defaults.limits, defaults.requests)
    )
    return replace(defaults, limits=limits, requests=requests)


def _summary(function: ast.FunctionDef) -> str:
    """The first paragraph of a function's docstring."""
    return " ".join((ast.get_docstring(function) or "").split("\n\n")[0].split())


def _no_step(at: Location, name: str) -> KaleError:
    return NotebookError(
        "KALE703",
        f"the pipeline `{name}` calls no step",
        at=at,
        hint="call functions with the decorator `@step` in its body",
    )
