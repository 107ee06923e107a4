"""Calls of steps: each becomes a step whose code is the statement that calls it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from kale.control import ContainerSpec
from kale.dataclass import dataclass
from kale.sdk.lowering.annotations import (
    argument_checks,
    literal_errors,
    result_check,
    result_types,
    shown_type,
)
from kale.sdk.lowering.body import Body, Refused, Replacements
from kale.sdk.lowering.containers import Container
from kale.sdk.lowering.drafts import StepDraft
from kale.sdk.lowering.expressions import aside, lower
from kale.sdk.lowering.literals import is_literal
from kale.sdk.lowering.script import Placed
from kale.sdk.lowering.signature import Argument, bind
from kale.sdk.lowering.step_function import StepFunction


@dataclass(frozen=True, slots=True)
class Result:
    """What becomes of the result of a call: the ``names`` that steps give it.

    ``unpacked`` is to how many names it is unpacked, ``None`` where it is one value. Without names
    it is thrown away, or goes into something of which nothing can be told.
    """

    names: tuple[str, ...] = ()
    unpacked: int | None = None


def lower_call(
    body: Body,
    call: ast.Call,
    node: ast.stmt | ast.expr,
    code: Callable[[Replacements], str],
    result: Callable[[], Result],
) -> StepDraft:
    """The step of a call that stands in ``node``; ``code`` makes its text.

    ``result`` binds the names of the result, once the arguments have been read.

    Raises:
        Refused: the call, or something in it, is not right.
    """
    assert isinstance(call.func, ast.Name)
    function = body.steps[call.func.id]
    _check_defined(body, function, call)
    arguments = _arguments(body, function, call)
    new: Replacements = {}
    if function.container is not None:
        _set_aside(body, arguments, new)
    _lower_arguments(body, call, new)
    checked = {a.value.id: body.read(a.value) for a in arguments if isinstance(a.value, ast.Name)}
    found = result()
    _check_unpacking(body, function, call, found.unpacked)
    text = code(new)
    own = [body.copied(function.source)] if function.source is not None else []
    source = body.source(text, node)
    draft = StepDraft(
        body.step_names.of_call(function.step),
        [*own, source],
        body.within,
        function.options,
        source.at,
        frozenset(found.names),
        types=argument_checks(function.function, arguments, checked, source.at),
    )
    if function.container is not None:
        _make_container(body, draft, function.container, arguments, new, found, call)
    _add_result_types(draft, function, found)
    body.drafts.append(draft)
    return draft


def lower_nested_call(body: Body, call: ast.Call) -> str:
    """A call in an expression: the name of a variable that holds its result."""
    assert isinstance(call.func, ast.Name)
    name = body.names.fresh(f"{call.func.id}_result")

    def code(new: Replacements) -> str:
        return f"{name} = {body.script.text(call, new)}"

    lower_call(body, call, call, code, lambda: Result((name,)))
    return name


def _lower_arguments(body: Body, call: ast.Call, new: Replacements) -> None:
    given = [*call.args, *(k.value for k in call.keywords)]
    lower(body, ast.Tuple([one for one in given if one not in new], ast.Load()), new)


def _set_aside(body: Body, arguments: Sequence[Argument], new: Replacements) -> None:
    """Give what a container is to get a name, unless it is a variable or a literal."""
    for argument in arguments:
        value = argument.value
        if not isinstance(value, ast.Name) and not is_literal(value):
            new[value] = aside(body, value)


def _arguments(body: Body, function: StepFunction, call: ast.Call) -> Sequence[Argument]:
    if function.signature is None:
        return ()
    arguments, errors = bind(body.script, function.function, function.signature, call)
    errors = errors or literal_errors(body.script, function.function, arguments)
    if errors:
        body.errors += errors
        raise Refused
    return arguments


def _check_defined(body: Body, function: StepFunction, call: ast.Call) -> None:
    guard, line = body.module.guard, function.at.line or 0
    if function.function in body.called:
        raise body.refuse(
            "KALE715",
            call.func,
            f"`{function.function}` is a variable of the pipeline, and hides the step of that name",
            "rename the variable",
        )
    if guard is not None and line > guard and function.at.path == body.script.path:
        raise body.refuse(
            "KALE715",
            call.func,
            f"the step `{function.function}` is defined in line {line}, after the pipeline is"
            f" called in line {guard}",
            'put `if __name__ == "__main__":` at the end of the file',
        )


def _check_unpacking(
    body: Body, function: StepFunction, node: Placed, unpacked: int | None
) -> None:
    """Refuse to unpack what surely has another number of values."""
    if unpacked is None or not function.results:
        return
    counts = {_count(value) for value in function.results}
    if counts in ({unpacked}, {None}) or None in counts or unpacked in counts:
        return
    gives = counts.pop()
    what = "nothing" if gives == 0 else f"{gives} values"
    raise body.refuse(
        "KALE714",
        node,
        f"`{function.function}` returns {what}, and its result is unpacked into {unpacked} names",
        f"write {gives} names" if gives else "let it return the values",
    )


def _count(value: ast.expr | None) -> int | None:
    """How many values a `return` gives for unpacking; ``None`` where that cannot be seen."""
    match value:
        case None | ast.Constant(value=None):
            return 0
        case ast.Tuple(elts=parts) | ast.List(elts=parts) if not any(
            isinstance(part, ast.Starred) for part in parts
        ):
            return len(parts)
    return None


def _make_container(
    body: Body,
    draft: StepDraft,
    container: Container,
    arguments: Sequence[Argument],
    new: Replacements,
    result: Result,
    call: ast.Call,
) -> None:
    """Let a container run in the place of the code of a step."""
    outputs = list(container.outputs)
    if result.names and (result.unpacked or 1) != len(outputs):
        raise body.refuse(
            "KALE714",
            call,
            f"the container step `{draft.name}` has {len(outputs)} outputs, and its result is"
            f" given to {result.unpacked or 1} name{'s' * bool(result.unpacked)}",
            "write a name for each output",
        )
    draft.container = ContainerSpec(
        container.image,
        container.command,
        container.args,
        tuple((a.parameter.arg, new.get(a.value) or ast.unparse(a.value)) for a in arguments),
        tuple(zip(outputs, result.names, strict=False)),
    )
    draft.shown.update(zip(result.names, container.outputs.values(), strict=False))


def _add_result_types(draft: StepDraft, function: StepFunction, result: Result) -> None:
    if not result.names or (result.unpacked or 1) != len(result.names):
        return
    annotations = result_types(function.returns, result.unpacked)
    for name, annotation in zip(result.names, annotations, strict=True):
        if annotation is None:
            continue
        draft.types.append(result_check(function.function, name, annotation, draft.at))
        shown = shown_type(annotation)
        if shown is not None:
            draft.shown[name] = shown
