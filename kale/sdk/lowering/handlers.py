"""``with exit_handler(step):`` a step that runs after a group, whatever has become of that."""

from __future__ import annotations

import ast

from kale.sdk.lowering.body import Body
from kale.sdk.lowering.calls import Result, lower_call
from kale.sdk.lowering.drafts import HandlerDraft
from kale.sdk.lowering.expressions import calls_steps, lowered_text
from kale.sdk.lowering.loops import Block
from kale.sdk.lowering.scope import Kind
from kale.sdk.lowering.sites import below


def lower_with(body: Body, node: ast.With, block: Block) -> None:
    """Lower a group with an exit step.

    Raises:
        Refused: it is another ``with``, or the exit step cannot be one.
    """
    call = _handler(body, node)
    if body.within:
        raise body.refuse(
            "KALE723",
            node,
            "an exit handler in a loop, a condition or another handler",
            "write it at the level of the function's body",
        )
    handler = HandlerDraft(f"exit:{body.number('exit')}", body.place(node))
    exit_call, code = _exit_call(body, call)
    scope = dict(body.scope)
    path, body.path = body.path, below(body.path, node)
    body.within = (handler,)
    block(body, node.body)
    body.within, body.path = (), path
    after, body.scope = body.scope, scope  # its arguments are those of the line of `with`
    handler.exit_step = lower_call(body, exit_call, node, lambda _: code, Result)
    body.scope = after


def _handler(body: Body, node: ast.With) -> ast.Call:
    match node.items:
        case [ast.withitem(context_expr=ast.Call(func=called) as call, optional_vars=None)] if (
            body.module.sdk.called(called) == "exit_handler"
        ):
            return call
    first = node.items[0].context_expr
    raise body.refuse(
        "KALE723" if "exit_handler" in ast.unparse(first) else "KALE709",
        first,
        f"`with {ast.unparse(node.items[0])}:` in the body of a pipeline",
        "write `with exit_handler(step):`, or put the `with` into a step",
    )


def _exit_call(body: Body, call: ast.Call) -> tuple[ast.Call, str]:
    """The call of the exit step that an exit handler stands for, and its text."""
    match call.args:
        case [ast.Name(id=name) as function, *arguments] if name in body.steps:
            pass
        case _:
            raise body.refuse(
                "KALE723",
                call,
                f"`{ast.unparse(call)}` names no step that runs at the end",
                "write `with exit_handler(step):`, and behind the step what it is called with",
            )
    given = [*arguments, *(keyword.value for keyword in call.keywords)]
    for argument in given:
        _check_known(body, argument)
    texts = [lowered_text(body, one) for one in arguments]
    texts += [f"{k.arg}={lowered_text(body, k.value)}" for k in call.keywords]
    made = ast.copy_location(ast.Call(function, arguments, call.keywords), call)
    return made, f"{name}({', '.join(texts)});"


def _check_known(body: Body, argument: ast.expr) -> None:
    """Refuse what is known only when a step has run: that may have failed."""
    for node in ast.walk(argument):
        variable = body.scope.get(node.id) if isinstance(node, ast.Name) else None
        made = variable is not None and variable.kind not in {Kind.PARAMETER, Kind.CONSTANT}
        if made or calls_steps(body, node):
            assert isinstance(node, ast.expr)
            raise body.refuse(
                "KALE723",
                node,
                f"the exit step is given `{ast.unparse(node)}`, which a step makes; it runs also"
                " when that has failed",
                "give it parameters of the pipeline and literals alone",
            )
