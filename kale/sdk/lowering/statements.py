"""The statements of a pipeline's body, each lowered to what it stands for, or refused."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from kale.sdk.lowering.body import Body, Refused, Replacements
from kale.sdk.lowering.calls import Result, lower_call
from kale.sdk.lowering.conditions import lower_if
from kale.sdk.lowering.constants import lower_constant
from kale.sdk.lowering.expressions import calls_steps, is_step_call, lower, lowered_text, not_a_step
from kale.sdk.lowering.fan_in import lower_append, lower_list, start_list
from kale.sdk.lowering.global_names import bound_names
from kale.sdk.lowering.handlers import lower_with
from kale.sdk.lowering.loops import lower_for
from kale.sdk.lowering.scope import Kind, Variable

_ALLOWED = (
    "a pipeline holds calls of steps, assignments, `for`, `if` and `with exit_handler(step):`; put"
    " other code into a step"
)

#: What is told of statements that cannot stand in a body.
_REFUSED: dict[type[ast.stmt], tuple[str, str]] = {
    ast.While: ("`while`", "loop with `for` over a list, or put the loop into a step"),
    ast.Try: (
        "`try`",
        (
            "write `with exit_handler(step):` for what has to run at the end, `retry_count=` for"
            " further attempts, or put the `try` into a step"
        ),
    ),
    ast.Break: (
        "`break`",
        "all items are worked on side by side: let a step choose the items before the loop",
    ),
    ast.Continue: ("`continue`", "all items are worked on side by side: write an `if`"),
    ast.Import: ("`import`", "put it at the top of the file"),
    ast.ImportFrom: ("`import`", "put it at the top of the file"),
    ast.FunctionDef: ("a function", "put it at the top level of the file"),
    ast.ClassDef: ("a class", "put it at the top level of the file"),
}


def lower_block(body: Body, statements: Iterable[ast.stmt]) -> None:
    """Lower statements; one that cannot be is noted in ``body.errors``, and the others go on."""
    for statement in statements:
        try:
            lower_statement(body, statement)
        except Refused:
            # What it should have bound has a value all the same: one error is enough.
            for name in bound_names(statement):
                called = body.called.setdefault(name, name)
                body.bind(name, Variable(called, Kind.VALUE, statement.lineno))


def lower_statement(body: Body, statement: ast.stmt) -> None:
    """Lower one statement.

    Raises:
        Refused: it, or something in it, is not allowed.
    """
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()) | ast.AnnAssign(value=None):
            pass
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="append", value=ast.Name())) as call):
            lower_append(body, statement, call)
        case ast.Expr(value=value):
            _lower_expression(body, statement, value)
        case ast.Assign(targets=targets, value=value):
            _lower_assignment(body, statement, targets, value)
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            _lower_assignment(body, statement, [target], value)
        case ast.AugAssign(target=target, value=value):
            _lower_augmented(body, statement, target, value)
        case ast.For():
            lower_for(body, statement, lower_block)
        case ast.If():
            lower_if(body, statement, lower_block)
        case ast.With():
            lower_with(body, statement, lower_block)
        case ast.Return(value=value):
            _lower_return(body, statement, value)
        case _:
            raise _not_allowed(body, statement)


def _not_allowed(body: Body, statement: ast.stmt) -> Refused:
    if isinstance(statement, ast.Delete):
        _target_names(body, statement.targets)
    what, hint = _REFUSED.get(type(statement), ("", _ALLOWED))
    if not what:
        first = ast.unparse(statement).split("\n")[0].removesuffix(":")
        what = f"`{first}`"
    return body.refuse("KALE709", statement, f"{what} in the body of a pipeline", hint)


def _lower_expression(body: Body, statement: ast.stmt, value: ast.expr) -> None:
    if is_step_call(body, value):
        assert isinstance(value, ast.Call)
        # The semicolon keeps IPython from showing the result, which plain Python does not.
        lower_call(body, value, statement, lambda new: f"{body.script.text(value, new)};", Result)
    elif isinstance(value, ast.ListComp) and calls_steps(body, value):
        lower(body, value, {})
    elif isinstance(value, ast.Call):
        raise not_a_step(body, value)
    else:
        raise _not_allowed(body, statement)


def _lower_assignment(
    body: Body, statement: ast.stmt, targets: Sequence[ast.expr], value: ast.expr
) -> None:
    names = _target_names(body, targets)
    single = names[0] if len(targets) == 1 and isinstance(targets[0], ast.Name) else None
    if single is not None and start_list(body, single, value):
        return
    if isinstance(value, ast.ListComp) and calls_steps(body, value) and single is not None:
        lower_list(body, single, value)
        return
    if lower_constant(body, statement, targets, value):
        return
    bound: Replacements = {}

    def code(new: Replacements) -> str:
        if isinstance(statement, ast.AnnAssign):  # whose annotation Python does not evaluate here
            text = body.script.text(value, new)
            text = f"({text})" if "\n" in text else text
            return f"{body.script.text(statement.target, bound)} = {text}"
        return body.script.text(statement, {**new, **bound})

    if is_step_call(body, value):
        assert isinstance(value, ast.Call)

        def result() -> Result:
            bound.update(_renamed_targets(body, targets))
            return Result(tuple(body.called[name] for name in names), _unpacked(targets))

        draft = lower_call(body, value, statement, code, result)
    else:
        new: Replacements = {}
        lower(body, value, new)
        bound.update(_renamed_targets(body, targets))
        own = [body.called[name] for name in names]
        draft = body.derive(names[0] if names else "value", code(new), statement, own)
    for name in names:
        body.bind(name, body.value_of(draft, body.called[name]))


def _target_names(body: Body, targets: Sequence[ast.expr]) -> list[str]:
    for target in targets:
        for node in ast.walk(target):
            if isinstance(node, ast.Attribute | ast.Subscript):
                loop = _looped_over(body, node)
                raise body.refuse(
                    "KALE726" if loop else "KALE709",
                    node,
                    f"the loop over `{loop}` changes it"
                    if loop
                    else f"`{ast.unparse(node)} = …` changes a value in the body of a pipeline",
                    "let a step make the changed value, and return it",
                )
    return [name for target in targets for name in bound_names(target)]


def _looped_over(body: Body, node: ast.expr) -> str | None:
    """The variable that a target belongs to, if a loop around goes over it."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) and node.id in body.looping else None


def _renamed_targets(body: Body, targets: Sequence[ast.expr]) -> Replacements:
    return {
        node: body.called[node.id]
        for target in targets
        for node in ast.walk(target)
        if isinstance(node, ast.Name) and body.called[node.id] != node.id
    }


def _unpacked(targets: Sequence[ast.expr]) -> int | None:
    match targets:
        case [ast.Tuple(elts=parts) | ast.List(elts=parts)] if all(
            isinstance(part, ast.Name) for part in parts
        ):
            return len(parts)
    return None


def _lower_augmented(body: Body, statement: ast.stmt, target: ast.expr, value: ast.expr) -> None:
    (name,) = _target_names(body, [target])
    assert isinstance(target, ast.Name)
    own = body.read(ast.Name(name, ast.Load(), lineno=target.lineno, col_offset=target.col_offset))
    new: Replacements = {}
    lower(body, value, new)
    if own != body.called[name]:  # one of several constants
        called, operator = body.called[name], ast.unparse(statement).removeprefix(name)
        operator = operator.partition("=")[0].strip()
        code = f"{called} = {own}; {called} {operator}= ({body.script.text(value, new)})"
    else:
        code = body.script.text(statement, {**new, **_renamed_targets(body, [target])})
    draft = body.derive(name, code, statement, [body.called[name]])
    body.bind(name, body.value_of(draft, body.called[name]))


def _lower_return(body: Body, statement: ast.stmt, value: ast.expr | None) -> None:
    """Lower the end of a body; what plain Python gives to the caller, a pipeline drops."""
    if body.within or statement is not body.function.body[-1]:
        raise body.refuse(
            "KALE718",
            statement,
            "`return` before the end of a pipeline",
            "write an `if` around what follows",
        )
    parts = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
    for part in parts:
        if part is None or isinstance(part, ast.Name | ast.ListComp):
            continue
        if isinstance(part, ast.Constant) and part.value is None:
            continue
        if not is_step_call(body, part):
            raise body.refuse(
                "KALE718",
                part,
                f"a pipeline returns `{ast.unparse(part)}`",
                "return results of steps by their names, or nothing",
            )
    for part in parts:
        if part is not None and is_step_call(body, part):
            _lower_expression(body, statement, part)
        elif part is not None:
            lowered_text(body, part)
