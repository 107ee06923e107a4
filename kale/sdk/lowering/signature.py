"""A call of a step against the signature of its function: which argument goes where."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from kale.dataclass import dataclass
from kale.diagnostics import nearest
from kale.errors import KaleError, NotebookError
from kale.sdk.lowering.script import Script


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a call and the parameter that it goes to, which ``None`` may be default of."""

    parameter: ast.arg
    value: ast.expr
    optional: bool = False


def bind(
    script: Script, step: str, function: ast.arguments, call: ast.Call
) -> tuple[list[Argument], list[KaleError]]:
    """The arguments of a call by the parameters of its function, and what does not fit.

    Errors: KALE712. Arguments that the function takes by ``*args`` and ``**kwargs`` are left out.
    """
    try:
        positional, named = list(_positional(call)), list(_named(call))
    except _Unfit as unfit:
        return [], [_error(script, unfit)]
    try:
        return list(_bind(step, function, call, positional, named)), []
    except _Unfit as unfit:
        return [], [_error(script, unfit)]


class _Unfit(Exception):  # noqa: N818 - it never leaves this module
    def __init__(self, node: ast.expr | ast.keyword, message: str, hint: str) -> None:
        super().__init__(message)
        self.node, self.message, self.hint = node, message, hint


def _error(script: Script, unfit: _Unfit) -> KaleError:
    return NotebookError("KALE712", unfit.message, at=script.at(unfit.node), hint=unfit.hint)


def _positional(call: ast.Call) -> Iterator[ast.expr]:
    for argument in call.args:
        match argument:
            case ast.Starred(value=ast.List(elts=elements) | ast.Tuple(elts=elements)) if not any(
                isinstance(e, ast.Starred) for e in elements
            ):
                yield from elements
            case ast.Starred(value=value):
                raise _Unfit(
                    argument,
                    f"`*{ast.unparse(value)}` is no literal; how many arguments it gives is known"
                    " only when the pipeline runs",
                    "name each argument",
                )
            case _:
                yield argument


def _named(call: ast.Call) -> Iterator[tuple[str, ast.expr, ast.expr | ast.keyword]]:
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg, keyword.value, keyword
            continue
        keys = keyword.value.keys if isinstance(keyword.value, ast.Dict) else [None]
        for key, value in zip(keys, getattr(keyword.value, "values", [None]), strict=True):
            if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
                raise _Unfit(
                    keyword,
                    f"`**{ast.unparse(keyword.value)}` is no literal; which arguments it gives is"
                    " known only when the pipeline runs",
                    "name each argument",
                )
            yield key.value, value, key


def _bind(
    step: str,
    function: ast.arguments,
    call: ast.Call,
    positional: Sequence[ast.expr],
    named: Sequence[tuple[str, ast.expr, ast.expr | ast.keyword]],
) -> Iterator[Argument]:
    ordered = [*function.posonlyargs, *function.args]
    by_name = {a.arg: a for a in (*function.args, *function.kwonlyargs)}
    if len(positional) > len(ordered) and function.vararg is None:
        raise _Unfit(
            positional[len(ordered)],
            f"`{step}` takes {_count(len(ordered))}, and is given {len(positional)}",
            f"it is defined as `{_signature(step, function)}`",
        )
    given: set[str] = set()
    optional = {parameter.arg for parameter in _with_default_none(function)}
    for parameter, value in zip(ordered, positional, strict=False):
        given.add(parameter.arg)
        yield Argument(parameter, value, parameter.arg in optional)
    for name, value, node in named:
        if name in given and name in by_name:
            raise _Unfit(node, f"`{step}` is given `{name}` twice", "keep one of the two arguments")
        if name in by_name:
            given.add(name)
            yield Argument(by_name[name], value, name in optional)
        elif function.kwarg is None:
            near = nearest(name, by_name)
            defined = f"it is defined as `{_signature(step, function)}`"
            raise _Unfit(
                node,
                f"`{step}` has no argument `{name}`",
                f"did you mean `{near}`? {defined[0].upper()}{defined[1:]}" if near else defined,
            )
    first_default = len(ordered) - len(function.defaults)
    required = [a.arg for a in ordered[:first_default]] + [
        a.arg
        for a, default in zip(function.kwonlyargs, function.kw_defaults, strict=True)
        if default is None
    ]
    missing = [f"`{name}`" for name in required if name not in given]
    if missing:
        raise _Unfit(
            call,
            f"the call of `{step}` lacks {' and '.join(missing)}",
            f"it is defined as `{_signature(step, function)}`",
        )


def _with_default_none(function: ast.arguments) -> Iterator[ast.arg]:
    ordered = [*function.posonlyargs, *function.args]
    pairs = [
        *zip(reversed(ordered), reversed(function.defaults), strict=False),
        *zip(function.kwonlyargs, function.kw_defaults, strict=True),
    ]
    for parameter, default in pairs:
        if isinstance(default, ast.Constant) and default.value is None:
            yield parameter


def _count(number: int) -> str:
    return f"{number} argument{'' if number == 1 else 's'}" if number else "no arguments"


def _signature(step: str, function: ast.arguments) -> str:
    return f"def {step}({ast.unparse(function)})"
