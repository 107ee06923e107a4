"""What a loop goes over: known when the file is read, or told by a step when it has run."""

from __future__ import annotations

import ast
from collections.abc import Container

from kale.sdk.lowering.body import Body
from kale.sdk.lowering.calls import lower_nested_call
from kale.sdk.lowering.constants import is_fixed_name
from kale.sdk.lowering.drafts import LoopDraft, StepDraft
from kale.sdk.lowering.expressions import VIEWS, is_step_call, lowered_text
from kale.sdk.lowering.literals import is_literal
from kale.sdk.lowering.scope import Kind

#: Builtin functions whose result can be gone over only once, or cannot be saved.
_ONCE = frozenset({"enumerate", "reversed", "zip"})


def parallelism_of(body: Body, node: ast.expr) -> tuple[ast.expr, int | None]:
    """What a loop goes over, and how many items at a time, which ``parallel(items, N)`` says.

    Raises:
        Refused: the number is none.
    """
    match node:
        case ast.Call(func=called, args=arguments, keywords=keywords) if (
            body.module.sdk.called(called) == "parallel"
        ):
            given = [*arguments, *(k.value for k in keywords if k.arg == "parallelism")]
            match given:
                case [items, ast.Constant(value=int(number))] if number > 0 and not isinstance(
                    number, bool
                ):
                    return items, number
            raise body.refuse(
                "KALE719",
                node,
                f"`{ast.unparse(node)}` does not say how many items at a time",
                "write the number as a literal from 1: `for x in parallel(xs, 4):`",
            )
    return node, None


def set_items(body: Body, loop: LoopDraft, node: ast.expr, changed: Container[str]) -> None:
    """Say what a loop goes over; a step that tells how many there are is made or marked.

    ``changed`` are the variables that the loop itself binds.

    Raises:
        Refused: a loop cannot go over it.
    """
    if isinstance(node, ast.Set):
        raise body.refuse(
            "KALE719", node, "a set has no order that a loop could keep", "write a list"
        )
    static = _static(body, node)
    if static is not None and static[1]:
        loop.items, loop.count = static
        return
    if is_step_call(body, node):
        assert isinstance(node, ast.Call)
        name = lower_nested_call(body, node)
        decider: StepDraft | None = body.drafts[-1]
    elif isinstance(node, ast.Name):
        name = body.read(node)
        decider = _just_made(body, node.id) if node.id not in changed else None
    else:
        name, decider = lowered_text(body, node), None
    if decider is None or decider.container is not None:
        number = loop.key.partition(":")[2]
        items = body.names.fresh(f"kale_items_{number}")
        text = f"[*{name}]" if _only_once(body, node) else name
        decider = body.derive(f"loop-{number}-items", f"{items} = {text}", node, [items])
        name = items
    decider.decides[loop.key] = loop.items = name
    loop.decider = decider


def _just_made(body: Body, name: str) -> StepDraft | None:
    """The step that binds a variable, if nothing stands between it and this place."""
    variable = body.scope.get(name)
    step = variable.step if variable is not None and variable.kind is Kind.VALUE else None
    if step is None or variable is None or not body.drafts or body.drafts[-1] is not step:
        return None
    return step if body.inside(step.within) and variable.name in step.binds else None


def _only_once(body: Body, node: ast.expr) -> bool:
    match node:
        case ast.Call(func=ast.Attribute()):
            return True
        case ast.Call(func=called):
            return body.builtin(called) in _ONCE
    return False


def _static(body: Body, node: ast.expr) -> tuple[str, int] | None:
    """The text and the number of items that are known already."""
    match node:
        case ast.Name(id=name):
            value = _constant(body, node)
            variable = body.scope.get(name)
            if value is not None and not isinstance(value, ast.Set):
                found = _static(body, value)
                return found and (variable.name if variable else name, found[1])
        case ast.List() | ast.Tuple() | ast.Dict() | ast.Constant(value=str()) if is_literal(node):
            return ast.unparse(node), len(ast.literal_eval(node))
        case ast.Call(func=ast.Attribute(value=value, attr=view), args=[], keywords=[]):
            known = _constant(body, value) if isinstance(value, ast.Name) else value
            found = _static(body, value)
            if view in VIEWS and isinstance(known, ast.Dict) and found is not None:
                return f"[*{found[0]}.{view}()]", found[1]
        case ast.Call(func=called, args=arguments, keywords=[]):
            return _static_call(body, body.builtin(called), node, arguments)
    return None


def _static_call(
    body: Body, name: str | None, node: ast.Call, arguments: list[ast.expr]
) -> tuple[str, int] | None:
    if name == "range" and arguments and all(map(is_literal, arguments)):
        try:
            return ast.unparse(node), len(range(*map(ast.literal_eval, arguments)))
        except (TypeError, ValueError, OverflowError):
            return None
    of_items = arguments if name == "zip" else arguments[:1] if name == "enumerate" else []
    if not of_items or not all(map(is_literal, arguments[len(of_items) :])):
        return None
    found = [_static(body, one) for one in of_items]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    texts = [text for text, _ in known] + [ast.unparse(n) for n in arguments[len(of_items) :]]
    return f"[*{name}({', '.join(texts)})]", min(count for _, count in known)


def _constant(body: Body, node: ast.Name) -> ast.expr | None:
    """The literal that a name surely stands for: nothing has had a hand on it."""
    name = node.id
    variable = body.scope.get(name)
    if variable is not None:
        value = variable.literal if variable.kind is Kind.CONSTANT else None
        seen = False
    else:
        value = body.module.names.constants.get(name) if name not in body.called else None
        seen = name in body.module.names.read
    if value is None or not is_literal(value):
        return None
    only_looped = body.sites.looped[name] == len(body.sites.read[name]) and not seen
    return value if only_looped or is_fixed_name(body, node) else None
