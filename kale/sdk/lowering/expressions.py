"""Expressions of a pipeline's body: calls of steps in them become steps, the rest stays as text.

Python evaluates from left to right. What stands before a call of a step and could be another value
after it gets a step of its own, too; a call that Python may leave out (behind ``and``) is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from kale.sdk.lowering.body import Body, Replacements
from kale.sdk.lowering.global_names import bound_names
from kale.sdk.lowering.scope import Kind, Variable

#: Builtin functions that only look at what they are given.
PURE = frozenset(
    "abs all any bool dict divmod enumerate float frozenset int isinstance len list max min pow"
    " range reversed round set sorted str sum tuple zip".split()
)

#: Methods of dictionaries that a loop may go over.
VIEWS = frozenset({"items", "keys", "values"})

_ALLOWED = "write literals, variables, arithmetic, comparisons, `x[…]` and `x.name`; put other code"
_ALLOWED += " into a step"


def is_step_call(body: Body, node: ast.AST) -> bool:
    """Whether a node calls a step or a container step."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name in body.steps
    return False


def calls_steps(body: Body, node: ast.AST) -> bool:
    """Whether a step is called somewhere in a node."""
    return any(is_step_call(body, one) for one in ast.walk(node))


def lowered_text(body: Body, node: ast.expr) -> str:
    """An expression as steps have it; calls of steps in it have become steps.

    Raises:
        Refused: something in it is not allowed.
    """
    new: Replacements = {}
    lower(body, node, new)
    text = body.script.text(node, new)
    return f"({text})" if "\n" in text else text


def lower(body: Body, node: ast.expr, new: Replacements) -> None:  # noqa: C901 - one case a kind
    """Find what of an expression is to be replaced, and by which text; steps are made on the way.

    Raises:
        Refused: something in it is not allowed.
    """
    match node:
        case ast.Constant():
            pass
        case ast.Name():
            name = body.read(node)
            if name != node.id:
                new[node] = name
        case ast.Call():
            _lower_call(body, node, new)
        case ast.ListComp() if calls_steps(body, node):
            from kale.sdk.lowering.fan_in import lower_comprehension  # which holds expressions

            new[node] = lower_comprehension(body, node, body.names.fresh("results"))
        case ast.Attribute(value=value) | ast.UnaryOp(operand=value) | ast.Starred(value=value):
            lower(body, value, new)
        case ast.Subscript(value=value, slice=index):
            _lower_all(body, (value, index), new)
        case ast.Slice(lower=first, upper=last, step=by):
            _lower_all(body, [one for one in (first, last, by) if one is not None], new)
        case ast.BinOp(left=left, right=right):
            _lower_all(body, (left, right), new)
        case ast.BoolOp(values=[first, *others]):
            _lower_lazily(body, [first], others, new)
        case ast.Compare(left=left, comparators=[right, *others]):
            _lower_lazily(body, [left, right], others, new)
        case ast.IfExp(test=test, body=then, orelse=otherwise):
            _lower_lazily(body, [test], [then, otherwise], new)
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            _lower_all(body, elements, new)
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            _lower_all(body, [one for pair in pairs for one in pair if one is not None], new)
        case ast.JoinedStr():
            _lower_text(body, node, new)
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp() if (
            not calls_steps(body, node)
        ):
            _lower_plain_comprehension(body, node, new)
        case ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            raise body.refuse(
                "KALE724",
                node,
                f"`{ast.unparse(node)}` calls steps, and is no list",
                "write `[step(x) for x in xs]`, and make other things of the list in a step",
            )
        case _:
            raise body.refuse("KALE724", node, f"{_kind(node)} in the body of a pipeline", _ALLOWED)


def _lower_call(body: Body, node: ast.Call, new: Replacements) -> None:
    if is_step_call(body, node):
        from kale.sdk.lowering.calls import lower_nested_call  # whose arguments are expressions

        new[node] = lower_nested_call(body, node)
        return
    match node.func:
        case ast.Name() as name if body.builtin(name) in PURE:
            arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
            _lower_all(body, arguments, new)
        case ast.Attribute(value=value, attr=view) if view in VIEWS and not (
            node.args or node.keywords
        ):
            lower(body, value, new)
        case _:
            raise not_a_step(body, node)


def not_a_step(body: Body, node: ast.Call) -> Exception:
    """Note that what is called is no step, and give the exception that ends the statement."""
    name = ast.unparse(node.func)
    called = body.module.sdk.called(node.func)
    if isinstance(node.func, ast.Name) and name in body.module.pipelines:
        again = name == body.function.name
        return body.refuse(
            "KALE711",
            node,
            f"the pipeline `{name}` calls itself"
            if again
            else f"`{name}` is a pipeline, and pipelines do not nest",
            "use a `for` loop" if again else "call its steps here",
        )
    if called == "parallel":
        return body.refuse(
            "KALE719",
            node,
            "`parallel(…)` is for what a loop goes over",
            "write `for x in parallel(xs, 4):`",
        )
    if called == "exit_handler":
        return body.refuse(
            "KALE723",
            node,
            "`exit_handler(…)` stands outside of `with`",
            "write `with exit_handler(step):`",
        )
    if isinstance(node.func, ast.Attribute) and node.func.attr in {"add", "extend", "insert"}:
        return body.refuse(
            "KALE722",
            node,
            f"`{ast.unparse(node)}` changes a value in the body of a pipeline",
            "append what a step makes to a list, `results.append(step(x))`; join lists in a step",
        )
    looped = node.func.value if isinstance(node.func, ast.Attribute) else None
    if isinstance(looped, ast.Name) and looped.id in body.looping:
        return body.refuse(
            "KALE726",
            node,
            f"`{name}(…)` in the loop over `{looped.id}`",
            "let a step make the changed value before the loop",
        )
    if isinstance(node.func, ast.Name) and name in body.called:
        hint = "a variable hides it; rename the variable" if name in body.module.names.bound else ""
    else:
        near = body.nearest_step(name)
        hint = f"did you mean `{near}`?" if near else ""
    return body.refuse(
        "KALE710",
        node,
        f"`{name}` is no step",
        hint or "put the call into a function with the decorator `@step`, and call that",
    )


def _lower_all(body: Body, nodes: Sequence[ast.expr], new: Replacements) -> None:
    """Lower what is evaluated one after the other."""
    last = max((n for n, one in enumerate(nodes) if calls_steps(body, one)), default=-1)
    for number, node in enumerate(nodes):
        if number < last and not _stable(node) and not is_step_call(body, node):
            new[node] = aside(body, node)
        else:
            lower(body, node, new)


def aside(body: Body, node: ast.expr) -> str:
    """The name of a value that is taken before the steps that follow."""
    if isinstance(node, ast.Starred):
        return f"*{aside(body, node.value)}"
    text = lowered_text(body, node)
    name = body.names.fresh("value")
    body.derive(name, f"{name} = {text}", node, [name])
    return name


def _stable(node: ast.expr) -> bool:
    """Whether a value is the same object before and after steps that stand behind it."""
    match node:
        case ast.Constant() | ast.Name():
            return True
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return all(map(_stable, elements))
    return False


def _lower_lazily(
    body: Body, sure: Sequence[ast.expr], perhaps: Iterable[ast.expr], new: Replacements
) -> None:
    """Lower what is always evaluated, and what may be left out."""
    for node in (perhaps := list(perhaps)):
        if calls_steps(body, node):
            call = next(one for one in ast.walk(node) if is_step_call(body, one))
            assert isinstance(call, ast.Call)
            raise body.refuse(
                "KALE724",
                call,
                f"whether `{ast.unparse(call.func)}` is called depends on what stands before it",
                "call it in an `if` statement, or in a line above",
            )
    _lower_all(body, [*sure, *perhaps], new)


def _lower_text(body: Body, node: ast.JoinedStr, new: Replacements) -> None:
    """Lower an f-string, in which Python 3.11 does not tell where things are."""
    inner: Replacements = {}
    for part in ast.walk(node):
        if isinstance(part, ast.FormattedValue):
            if calls_steps(body, part.value):
                raise body.refuse(
                    "KALE724", node, "a step is called in an f-string", "call it in a line above"
                )
            lower(body, part.value, inner)
    if inner:
        names = {one.id: name for one, name in inner.items() if isinstance(one, ast.Name)}
        new[node] = ast.unparse(_Renamed(names).visit(ast.parse(ast.unparse(node))))


def _lower_plain_comprehension(
    body: Body,
    node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp,
    new: Replacements,
) -> None:
    """Lower a comprehension without steps, whose variables are its own."""
    first, *_ = node.generators
    lower(body, first.iter, new)
    inside: list[ast.expr] = []
    own: list[str] = []
    for generator in node.generators:
        own += bound_names(generator.target)
        inside += [generator.iter, *generator.ifs]
    inside += [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
    outside = body.scope, body.called
    body.called = {**body.called, **{name: name for name in own}}
    body.scope = {**body.scope, **{n: Variable(n, Kind.ITEM, node.lineno) for n in own}}
    for part in inside[1:]:
        lower(body, part, new)
    body.scope, body.called = outside


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.names.get(node.id, node.id), node.ctx)


def _kind(node: ast.expr) -> str:
    match node:
        case ast.Lambda():
            return "a `lambda`"
        case ast.NamedExpr():
            return "`:=`"
        case ast.Await() | ast.Yield() | ast.YieldFrom():
            return f"`{type(node).__name__.lower().removesuffix('from')}`"
    return f"`{ast.unparse(node)}`"
