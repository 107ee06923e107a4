"""The cells of ``pipeline-parameters``: assignments of literals, and nothing else."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from kale.errors import KaleError, Location, NotebookError
from kale.ir import Parameter, ParameterType, Source
from kale.nbparser.syntax import parse_quietly

_TYPES: dict[str, ParameterType] = {
    "str": "str", "int": "int", "float": "float", "bool": "bool", "list": "list", "dict": "dict",
    "List": "list", "Dict": "dict",
}  # fmt: skip


def parse_parameters(
    sources: Iterable[Source],
) -> tuple[tuple[Parameter, ...], tuple[KaleError, ...]]:
    """The parameters that the cells assign, in their order, and what is wrong with the cells.

    Errors: KALE113, a statement that assigns no literal; KALE114, a value that JSON would
    change; KALE115, a parameter assigned twice; KALE116, a type that is none of a parameter.
    """
    parameters: dict[str, Parameter] = {}
    errors: list[KaleError] = []
    for source in sources:
        for statement in _statements(source, errors):
            at = _place(source, statement)
            try:
                assigned = list(_assignments(statement, at))
            except NotebookError as error:
                errors.append(error)
                continue
            for parameter in assigned:
                first = parameters.setdefault(parameter.name, parameter)
                if first is not parameter:
                    errors.append(_twice(first, parameter))
    return tuple(parameters.values()), tuple(errors)


def _statements(source: Source, errors: list[KaleError]) -> list[ast.stmt]:
    pairs = zip(source.code.split("\n"), source.python.split("\n"), strict=False)
    for number, (code, python) in enumerate(pairs):
        # Leading blanks and prompts are IPython's to remove; they make no command.
        if re.sub(r"^\s*(>>>|\.\.\.|In \[\d+\]:)?", "", code).strip() != python.strip():
            line = (source.at.line or 1) + number
            errors.append(_no_literal(f"`{code.strip()}`", replace(source.at, line=line)))
            return []
    tree = parse_quietly(source.python)
    return tree.body if tree is not None else []


def _place(source: Source, node: ast.stmt | ast.expr) -> Location:
    return replace(source.at, line=(source.at.line or 1) + node.lineno - 1)


def _assignments(statement: ast.stmt, at: Location) -> Iterator[Parameter]:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant(value=str())):
            return
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=None):
            raise _no_literal(f"`{name}: {ast.unparse(annotation)}` gives `{name}` no value;", at)
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            assert value is not None
            yield _parameter(name, value, _declared(name, annotation, at), at)
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _unpack(target, value, at, shared=len(targets) > 1)
        case _:
            raise _no_literal(f"`{_first_line(statement)}`", at)


def _unpack(
    target: ast.expr, value: ast.expr, at: Location, *, shared: bool
) -> Iterator[Parameter]:
    match target, value:
        case ast.Name(id=name), _:
            if shared and isinstance(value, ast.List | ast.Dict):
                raise _no_literal(f"several names for one {ast.unparse(value)}", at)
            yield _parameter(name, value, None, at)
        case ast.Tuple(elts=names) | ast.List(elts=names), ast.Tuple(elts=values) | ast.List(
            elts=values
        ) if len(names) == len(values):
            for one, its in zip(names, values, strict=True):
                yield from _unpack(one, its, at, shared=shared)
        case _:
            raise _no_literal(f"`{ast.unparse(target)} = {ast.unparse(value)}`", at)


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).split("\n")[0]


def _no_literal(what: str, at: Location) -> NotebookError:
    return NotebookError(
        "KALE113",
        f"{what} does not belong among pipeline parameters, which are assignments of literals",
        at=at,
        hint="move it to a cell of its own, tagged `block:NAME`, `imports` or `functions`",
    )


def _twice(first: Parameter, second: Parameter) -> NotebookError:
    return NotebookError(
        "KALE115",
        f"the parameter `{second.name}` is assigned twice, first in cell {first.at.cell},"
        f" line {first.at.line}",
        at=second.at,
        hint="keep one of the two assignments",
    )


def _parameter(
    name: str, node: ast.expr, declared: ParameterType | None, at: Location
) -> Parameter:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError):
        raise _no_literal(f"`{name} = {_first_line(node)}`", at) from None
    problem = _json_problem(value)
    if problem:
        raise NotebookError(
            "KALE114",
            f"the value of the parameter `{name}` cannot travel as JSON: {problem}",
            at=at,
            hint="use text, numbers, booleans, lists, and dicts whose keys are text, or compute"
            " the value in a step",
        )
    return Parameter(name, _type(name, value, declared, at), repr(value), at)


def _json_problem(value: object) -> str | None:
    """What JSON would lose of a literal, or ``None``."""
    problem = None
    match value:
        case None | int():  # the largest too: JSON sets no bound, and later stages know theirs
            pass
        case str():
            if any("\ud800" <= c <= "\udfff" for c in value):
                problem = "it holds half of a character (a lone surrogate)"
        case float():
            if not math.isfinite(value):
                problem = f"JSON has no `{value}`"
        case list():
            problem = next(filter(None, map(_json_problem, value)), None)
        case dict():
            odd = next((key for key in value if not isinstance(key, str)), None)
            if odd is not None or None in value:
                problem = f"the key `{odd!r}` of a dict is not text"
            else:
                inside = (_json_problem(part) for pair in value.items() for part in pair)
                problem = next(filter(None, inside), None)
        case _:
            problem = f"JSON has no `{type(value).__name__}`"
    return problem


def _type(name: str, value: object, declared: ParameterType | None, at: Location) -> ParameterType:
    actual = _TYPES[type(value).__name__] if value is not None else None
    if declared is None:
        return actual or "str"
    if actual in {None, declared} or (declared == "float" and actual == "int"):
        return declared
    raise NotebookError(
        "KALE116",
        f"the parameter `{name}` is declared `{declared}`, but its value is of type `{actual}`",
        at=at,
        hint=f"declare it `{actual}`, or change the value",
    )


def _declared(name: str, annotation: ast.expr, at: Location) -> ParameterType:
    found = _annotated(annotation)
    if found is None:
        raise NotebookError(
            "KALE116",
            f"the parameter `{name}` is declared `{ast.unparse(annotation)}`, which is no type of"
            " a parameter",
            at=at,
            hint="use `str`, `int`, `float`, `bool`, `list` or `dict`",
        )
    return found


def _annotated(node: ast.expr) -> ParameterType | None:
    """The parameter type that an annotation names; ``X | None`` names that of ``X``."""
    match node:
        case ast.Constant(value=str(text)):
            tree = parse_quietly(text.strip())
            match tree.body if tree is not None else []:
                case [ast.Expr(value=inner)]:
                    return _annotated(inner)
        case ast.Name(id=word) | ast.Attribute(value=ast.Name(id="typing" | "t"), attr=word):
            return _TYPES.get(word)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _either([left, right])
        case ast.Subscript(value=outer, slice=inner):
            match outer:
                case ast.Name(id=word) | ast.Attribute(value=ast.Name(), attr=word):
                    if word == "Optional":
                        return _annotated(inner)
                    if word == "Union" and isinstance(inner, ast.Tuple):
                        return _either(inner.elts)
                    return found if (found := _TYPES.get(word)) in {"list", "dict"} else None
    return None


def _either(nodes: list[ast.expr]) -> ParameterType | None:
    """The type of a union with ``None``; any other union names no single type."""
    others = [n for n in nodes if not (isinstance(n, ast.Constant) and n.value is None)]
    return _annotated(others[0]) if len(others) == 1 else None
