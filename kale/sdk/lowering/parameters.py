"""The arguments of a pipeline's function: the parameters of the pipeline."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from kale.errors import KaleError, NotebookError
from kale.ir import Parameter, Source
from kale.nbparser.parameters import parse_parameters
from kale.sdk.lowering.literals import is_literal
from kale.sdk.lowering.module import Module
from kale.sdk.lowering.script import Script


def read_parameters(
    module: Module, function: ast.FunctionDef
) -> tuple[tuple[Parameter, ...], list[KaleError]]:
    """The parameters of a pipeline, and what is wrong with them.

    Errors: KALE716, no default, or none that is a literal; KALE717, the code of the file has a
    variable of that name; KALE114 and KALE116, a value or a type that no parameter can have.
    """
    script = module.script
    errors: list[KaleError] = []
    parameters: list[Parameter] = []
    for argument, default in _arguments(function.args):
        if default is None or not is_literal(default):
            errors.append(_no_default(script, argument, default))
            continue
        if argument.arg in module.names.all:
            errors.append(
                NotebookError(
                    "KALE717",
                    f"the parameter `{argument.arg}` has the name of a variable that the code of"
                    " the file reads",
                    at=script.at(argument),
                    hint="rename one of them",
                )
            )
        declared = f": {ast.unparse(argument.annotation)}" if argument.annotation else ""
        code = f"{argument.arg}{declared} = {ast.unparse(default)}"
        found, wrong = parse_parameters([Source(code, script.at(argument), code)])
        parameters += found
        errors += [
            type(one)(one.code, one.message, at=script.at(argument), hint=one.hint) for one in wrong
        ]
    errors += [
        NotebookError(
            "KALE716",
            f"the pipeline takes any arguments, by `{extra.arg}`",
            at=script.at(extra),
            hint="name each parameter, with its default",
        )
        for extra in (function.args.vararg, function.args.kwarg)
        if extra is not None
    ]
    return tuple(parameters), errors


def _arguments(arguments: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None]]:
    ordered = [*arguments.posonlyargs, *arguments.args]
    missing = [None] * (len(ordered) - len(arguments.defaults))
    yield from zip(ordered, [*missing, *arguments.defaults], strict=True)
    yield from zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)


def _no_default(script: Script, argument: ast.arg, default: ast.expr | None) -> KaleError:
    name = argument.arg
    if default is None:
        return NotebookError(
            "KALE716",
            f"the parameter `{name}` has no default",
            at=script.at(argument),
            hint=f"write `{name}=…` with a literal; a run may be given another value",
        )
    return NotebookError(
        "KALE716",
        f"the default of the parameter `{name}` is `{ast.unparse(default)}`, no literal",
        at=script.at(default),
        hint="write a text, a number, True, False, None, a list or a dict, or compute it in a step",
    )
