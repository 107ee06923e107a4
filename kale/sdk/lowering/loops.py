"""``for`` loops: their steps run once for each item, side by side."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager

from kale.sdk.lowering.body import Body, Replacements
from kale.sdk.lowering.drafts import LoopDraft, StepDraft
from kale.sdk.lowering.global_names import bound_names
from kale.sdk.lowering.items import parallelism_of, set_items
from kale.sdk.lowering.scope import Kind, Variable
from kale.sdk.lowering.sites import below

#: Lowers the statements of a block.
Block = Callable[[Body, Iterable[ast.stmt]], None]


def lower_for(body: Body, node: ast.For, block: Block) -> None:
    """Lower a loop.

    Raises:
        Refused: the loop itself is not allowed.
    """
    if node.orelse:
        raise body.refuse(
            "KALE719", node.orelse[0], "`else` of a loop", "write what follows below the loop"
        )
    names = {name: body.called[name] for name in bound_names(node.target)}
    changed = {*bound_names(node), *names}
    loop = start_loop(body, node.target, node.iter, names, changed)
    before = len(body.drafts)
    path, looping = body.path, body.looping
    body.path = below(path, node)
    body.looping |= {n.id for n in ast.walk(node.iter) if isinstance(n, ast.Name)}
    with inside_loop(body, loop, changed, names):
        block(body, node.body)
    body.path, body.looping = path, looping
    if len(body.drafts) == before:
        _forget(loop)
    _end(body, loop, changed, names, node)


def start_loop(
    body: Body,
    target: ast.expr,
    iterable: ast.expr,
    names: dict[str, str],
    changed: Container[str] = (),
) -> LoopDraft:
    """A loop whose items are known, or told by a step; nothing stands in it yet.

    ``names`` maps the variables of its target to what steps call them, ``changed`` are those that
    stand for something else in it.

    Raises:
        Refused: a loop cannot go over ``iterable``, or sets other things than variables.
    """
    for node in ast.walk(target):
        if isinstance(node, ast.Attribute | ast.Subscript):
            raise body.refuse(
                "KALE719", node, f"a loop that sets `{ast.unparse(node)}`", "loop with a variable"
            )
    items, parallelism = parallelism_of(body, iterable)
    number = body.number("loop")
    renamed: Replacements = {
        n: names[n.id] for n in ast.walk(target) if isinstance(n, ast.Name) and n.id in names
    }
    loop = LoopDraft(
        f"loop:{number}",
        body.script.text(target, renamed),
        "",
        body.names.fresh(f"kale_index_{number}"),
        body.script.at(target),
        parallelism=parallelism,
    )
    set_items(body, loop, items, changed)
    loop.at = body.place(target)
    return loop


@contextmanager
def inside_loop(
    body: Body, loop: LoopDraft, changed: Iterable[str], names: dict[str, str]
) -> Iterator[None]:
    """Lower what stands in a loop that binds the variables ``changed``, and ``names`` to items."""
    outside = body.within
    body.within = (*outside, loop)
    line = loop.at.line or 0
    for name in changed:
        body.bind(name, Variable(body.called[name], Kind.EARLIER_ITEM, line, loop=loop))
    for name, called in names.items():
        body.bind(name, Variable(called, Kind.ITEM, line, within=body.within, loop=loop))
    yield
    body.within = outside


def _end(
    body: Body, loop: LoopDraft, changed: Iterable[str], names: dict[str, str], node: ast.For
) -> None:
    """Say what the variables that a loop binds are after it."""
    within, line = body.within, loop.at.line or 0
    for name in changed:
        body.bind(name, Variable(body.called[name], Kind.AFTER_LOOP, line, loop=loop))
    for name, variable in body.scope.items():
        if variable.kind is Kind.FILLING and variable.loop is loop:  # it is whole now
            body.bind(name, Variable(variable.name, Kind.VALUE, line, within=within))
    make = body.derive_here_later(node.target)

    def last() -> StepDraft:
        """The step that binds the last item, behind the loop."""
        rest = body.names.fresh("kale_rest")
        target = loop.target if loop.target.isidentifier() else f"({loop.target})"
        code = f"*{rest}, {target} = {loop.items}"
        return make(next(iter(names)), code, names.values())

    for name in names:
        variable = body.scope[name]
        variable.last = lambda called=body.called[name]: Variable(
            called, Kind.VALUE, line, last(), within
        )


def _forget(loop: LoopDraft) -> None:
    """Take back what a loop without steps has asked for."""
    if loop.decider is not None:
        del loop.decider.decides[loop.key]
