"""Fan-in: a list that a loop appends to, and the list of a comprehension that calls a step."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from contextlib import ExitStack

from kale.sdk.lowering.body import Body, Replacements
from kale.sdk.lowering.calls import Result, lower_call
from kale.sdk.lowering.drafts import ContextDraft, HandlerDraft, LoopDraft
from kale.sdk.lowering.expressions import is_step_call, lowered_text
from kale.sdk.lowering.global_names import bound_names
from kale.sdk.lowering.loops import inside_loop, start_loop
from kale.sdk.lowering.scope import Kind, Variable


def start_list(body: Body, name: str, value: ast.expr) -> bool:
    """Take ``name = []`` for the start of a list that a loop appends to, if one does."""
    match value:
        case ast.List(elts=[]):
            empty = True
        case ast.Call(func=called, args=[], keywords=[]):
            empty = body.builtin(called) == "list"
        case _:
            empty = False
    if not empty or name not in body.sites.appended:
        return False
    own = body.own_name(name)
    make = body.derive_here_later(value)
    body.bind(
        name,
        Variable(
            own,
            Kind.FILLING,
            value.lineno,
            within=body.within,
            start=lambda: make(name, f"{own} = []", [own]),
        ),
    )
    return True


def lower_append(body: Body, statement: ast.Expr, call: ast.Call) -> None:
    """Lower ``results.append(value)``.

    Raises:
        Refused: that is no list which a loop fills, or it is filled in another place, too.
    """
    assert isinstance(call.func, ast.Attribute)
    assert isinstance(call.func.value, ast.Name)
    name = call.func.value.id
    items = body.scope.get(name)
    hint = f"write `{name} = []` above the loop, one `{name}.append(…)` in it, and read it below"
    if items is None and name not in body.called:
        body.read(call.func.value)
    if items is None or items.kind is not Kind.FILLING or len(call.args) != 1 or call.keywords:
        raise body.refuse("KALE722", call, f"`{ast.unparse(call)}` adds to no empty list", hint)
    # An exit handler changes nothing about values.
    around = [c for c in body.within[len(items.within) :] if not isinstance(c, HandlerDraft)]
    if not any(isinstance(one, LoopDraft) for one in around):
        raise body.refuse(
            "KALE722",
            call,
            f"`{ast.unparse(call)}` stands in no loop below `{name} = []`",
            f"write `{name} = [a, b]`",
        )
    if items.filled is not None:
        raise body.refuse(
            "KALE722",
            call,
            f"`{name}` is appended to in line {items.filled} already",
            "append once for each item; make a list for each place, and join them in a step",
        )
    items.filled = call.lineno
    if not isinstance(around[0], LoopDraft) and items.start is not None:
        items.start()  # the list stays empty where the branch is not taken
    innermost = next(one for one in reversed(around) if isinstance(one, LoopDraft))
    inner = _appended(body, statement, call.args[0], innermost, items, name)
    _collect(around, inner, items)


def _appended(
    body: Body, statement: ast.stmt, value: ast.expr, loop: LoopDraft, items: Variable, name: str
) -> str:
    """The name that a step binds for each item to what is appended."""
    if isinstance(value, ast.Name):
        variable, own = body.scope.get(value.id), body.read(value)
        step = variable.step if variable is not None and variable.kind is Kind.VALUE else None
        alone = len(body.sites.bound[value.id]) == 1 and own not in loop.collected
        if step is not None and alone and body.inside(step.within):
            return own
    inner = body.names.fresh(items.name)
    _bind_value(body, statement, value, inner, name)
    return inner


def _bind_value(
    body: Body, node: ast.stmt | ast.expr, value: ast.expr, inner: str, name: str
) -> None:
    if is_step_call(body, value):
        assert isinstance(value, ast.Call)

        def code(new: Replacements) -> str:
            text = body.script.text(value, new)
            return f"{inner} = {text}"

        lower_call(body, value, node, code, lambda: Result((inner,)))
    else:
        text = lowered_text(body, value)
        body.derive(name, f"{inner} = {text}", node, [inner])


def _collect(around: Sequence[ContextDraft], inner: str, items: Variable) -> None:
    """Let the loops hand on what ``inner`` is for each item, the innermost first."""
    for loop in reversed([one for one in around if isinstance(one, LoopDraft)]):
        loop.collected[inner] = items.name
        inner = items.name
    items.loop = next(one for one in around if isinstance(one, LoopDraft))


def lower_list(body: Body, name: str, node: ast.ListComp) -> None:
    """Lower ``name = [step(x) for x in xs]``.

    Raises:
        Refused: something in it is not allowed.
    """
    own = body.own_name(name)
    lower_comprehension(body, node, own)
    body.bind(name, Variable(own, Kind.VALUE, node.lineno, within=body.within))


def lower_comprehension(body: Body, node: ast.ListComp, name: str) -> str:
    """Lower a list comprehension that calls steps; ``name`` is what steps call the list.

    Raises:
        Refused: something in it is not allowed.
    """
    outside = (body.within, dict(body.scope), dict(body.called))
    inner = body.names.fresh(name)
    items = Variable(name, Kind.FILLING, node.lineno, within=body.within)
    try:
        with ExitStack() as loops:
            for generator in node.generators:
                if generator.ifs or generator.is_async:
                    raise body.refuse(
                        "KALE719",
                        generator.ifs[0] if generator.ifs else generator.iter,
                        "a comprehension of steps that leaves items out",
                        "write a `for` loop with an `if` in it, or let a step choose the items",
                    )
                names = {n: body.names.fresh(n) for n in bound_names(generator.target)}
                loop = start_loop(body, generator.target, generator.iter, names)
                body.called.update(names)
                loops.enter_context(inside_loop(body, loop, (), names))
            around = body.within[len(outside[0]) :]
            _bind_value(body, node.elt, node.elt, inner, name)
            _collect(around, inner, items)
    finally:
        body.within, body.scope, body.called = outside
    return name
