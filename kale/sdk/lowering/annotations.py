"""The annotations of a step: types to check when it runs, and literals that disagree already."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from kale.control import TypeCheck
from kale.errors import KaleError, Location, NotebookError
from kale.sdk.lowering.script import Script
from kale.sdk.lowering.signature import Argument

#: Types that Kubeflow Pipelines has parameters of, by the names that annotations use.
_SHOWN = {
    **{name: name for name in ("int", "float", "str", "bool", "list", "dict")},
    "List": "list",
    "Dict": "dict",
}

#: What a literal of each of them is, as `type(value)`; booleans are numbers to Python.
_TAKES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


def shown_type(annotation: ast.expr | None) -> str | None:
    """The type of a Kubeflow Pipelines parameter that an annotation names, if it does."""
    match _unquoted(annotation):
        case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="typing" | "t"), attr=name):
            return _SHOWN.get(name)
        case ast.Subscript(value=outer):
            return found if (found := shown_type(outer)) in {"list", "dict"} else None
    return None


def literal_errors(script: Script, step: str, arguments: Sequence[Argument]) -> list[KaleError]:
    """KALE713 for each literal argument that is not of the type that its parameter declares."""
    errors: list[KaleError] = []
    for argument in arguments:
        declared = shown_type(argument.parameter.annotation)
        if declared is None:
            continue
        try:
            value = ast.literal_eval(argument.value)
        except (ValueError, TypeError, RecursionError, MemoryError):
            continue
        if isinstance(value, _TAKES[declared]) or (value is None and argument.optional):
            continue
        name = argument.parameter.arg
        errors.append(
            NotebookError(
                "KALE713",
                f"`{step}` is given `{script.text(argument.value)}` for `{name}`, which is"
                f" declared `{ast.unparse(argument.parameter.annotation or argument.value)}`",
                at=script.at(argument.value),
                hint="correct the value, or the annotation",
            )
        )
    return errors


def argument_checks(
    step: str, arguments: Sequence[Argument], names: dict[str, str], at: Location
) -> list[TypeCheck]:
    """The types of arguments that are variables; ``names`` maps those to what they are called."""
    return [
        TypeCheck(
            names.get(argument.value.id, argument.value.id),
            _declared(argument),
            f"argument `{argument.parameter.arg}` of `{step}`",
            at,
        )
        for argument in arguments
        if isinstance(argument.value, ast.Name) and argument.parameter.annotation is not None
    ]


def result_types(returns: ast.expr | None, count: int | None) -> list[ast.expr | None]:
    """The annotation of each name that a result is unpacked to, of one name if not unpacked."""
    if count is None:
        return [returns]
    match _unquoted(returns):
        case ast.Subscript(
            value=ast.Name(id="tuple" | "Tuple") | ast.Attribute(attr="Tuple"),
            slice=ast.Tuple(elts=parts),
        ) if len(parts) == count and not any(_is_dots(part) for part in parts):
            return list(parts)
    return [None] * count


def result_check(step: str, name: str, annotation: ast.expr, at: Location) -> TypeCheck:
    """The type that a name must have when a step ends."""
    return TypeCheck(name, _text(annotation), f"result of `{step}`", at, result=True)


def _declared(argument: Argument) -> str:
    """The type of an argument; a default of ``None`` is one of its values."""
    text = _text(argument.parameter.annotation)
    known = re.search(r"\b(None|Optional|Any|object)\b", text)
    return text if known or not argument.optional else f"{text} | None"


def _is_dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _text(annotation: ast.expr | None) -> str:
    unquoted = _unquoted(annotation)
    return ast.unparse(unquoted) if unquoted is not None else ""


def _unquoted(annotation: ast.expr | None) -> ast.expr | None:
    """The annotation, which may be written as text."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return ast.parse(annotation.value.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return annotation
    return annotation
