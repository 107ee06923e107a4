"""Pipeline parameters given on the command line, read by their declared types."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from kale.diagnostics import nearest
from kale.errors import KaleError, UsageError, raise_all
from kale.ir import Parameter, Pipeline, PortKind, Task
from kale.runners.expansion import index_of, loops_of

#: What a value of each type looks like, for messages.
_LOOKS = {
    "str": "text",
    "int": "a whole number, like `3`",
    "float": "a number, like `0.5`",
    "bool": "`true` or `false`",
    "list": 'a JSON list, like `[1, "a"]`',
    "dict": 'a JSON object, like `{"a": 1}`',
}

#: What JSON makes of each type; ``bool`` is no ``int`` here.
_KINDS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


def read_parameters(pipeline: Pipeline, assignments: Iterable[str]) -> dict[str, Any]:
    """The values of ``NAME=VALUE`` assignments, by name.

    A ``str`` takes VALUE as it is, any other type reads it as JSON; a ``float`` takes a whole
    number too. A parameter whose default is ``None`` takes ``null``. All errors are
    collected.

    Raises:
        UsageError: a parameter that does not exist (KALE501), an assignment without ``=`` or a
            second one of a name (KALE502), a value of another type (KALE503).
        RefusedError: several of these.
    """
    values: dict[str, Any] = {}
    errors: list[KaleError] = []
    known = {parameter.name: parameter for parameter in pipeline.parameters}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = name.strip()
        if not equals or not name:
            problem = f"`{_printable(assignment)}` is not of the form `NAME=VALUE`"
            errors.append(UsageError("KALE502", problem, hint="write it like `-p alpha=0.5`"))
        elif name in values:
            problem = f"parameter `{name}` is given twice"
            errors.append(UsageError("KALE502", problem, hint="give each parameter once"))
        else:
            try:
                check_names(pipeline, [name])
                values[name] = _read(known[name], text)
            except UsageError as error:
                errors.append(error)
    raise_all(errors)
    return values


def check_names(pipeline: Pipeline, names: Iterable[str]) -> None:
    """See that all ``names`` are parameters of the pipeline.

    Raises:
        UsageError: one is not (KALE501).
        RefusedError: several are not.
    """
    known = [parameter.name for parameter in pipeline.parameters]
    errors: list[KaleError] = []
    for name in names:
        if name in known:
            continue
        close = nearest(name, known)
        if close:
            hint = f"did you mean `{close}`?"
        elif known:
            hint = "it has " + ", ".join(f"`{other}`" for other in known)
        else:
            hint = "tag the cell that assigns it `pipeline-parameters`"
        errors.append(UsageError("KALE501", f"there is no pipeline parameter `{name}`", hint=hint))
    raise_all(errors)


def inherited_parameters(pipeline: Pipeline, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of an earlier run's ``values`` that the pipeline takes as it is now.

    A parameter that is gone, or that has become one of another type, is left out.
    """
    known = {parameter.name: parameter for parameter in pipeline.parameters}
    return {
        name: value
        for name, value in values.items()
        if name in known
        and (
            type(value) in _KINDS.get(known[name].type, (str,))
            or (value is None and known[name].default is None)
        )
    }


def task_parameters(task: Task, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``values`` that a task takes as parameters, by the name of its variable.

    An instance of a task in loops also takes the numbers of the items that it works on.
    """
    numbers = dict(zip((loop.key for loop in loops_of(task)), index_of(task), strict=False))
    given = {
        port.name: values[port.source[1]]
        for port in task.inputs
        if port.kind is PortKind.PARAMETER
        and port.source is not None
        and port.source[0] == ""
        and port.source[1] in values
    }
    for port in task.inputs:
        if port.source is not None and port.source[0] in numbers:
            given[port.name] = numbers[port.source[0]]
    return given


def _read(parameter: Parameter, text: str) -> Any:
    if parameter.default is None and text.strip() == "null":
        return None
    if parameter.type == "str":
        try:
            text.encode()
        except UnicodeEncodeError:
            _refuse(parameter, text, "the value is not valid UTF-8")
        return text
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        _refuse(parameter, text)
    if type(value) not in _KINDS[parameter.type]:
        _refuse(parameter, text)
    try:
        return float(value) if parameter.type == "float" else value
    except OverflowError:
        _refuse(parameter, text)


def _no_constant(name: str) -> NoReturn:
    """Refuse ``NaN`` and ``Infinity``, which Python reads and JSON does not have."""
    raise ValueError(name)


def _refuse(parameter: Parameter, text: str, why: str = "") -> NoReturn:
    looks = _LOOKS[parameter.type]
    if parameter.default is None:
        looks += ", or `null`"
    raise UsageError(
        "KALE503",
        f"parameter `{parameter.name}` is of type {parameter.type}; `{_printable(text)}` is not",
        at=parameter.at,
        hint=why or f"give {looks}",
    )


def _printable(text: str) -> str:
    """``text`` short enough for a message, and such that any terminal can show it."""
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    return shown.encode(errors="backslashreplace").decode()
