"""What the shape of a statement says about the paths through it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

#: Context managers that let an exception pass, so that what follows them follows their whole body.
_TRANSPARENT = frozenset(
    "open no_grad inference_mode errstate catch_warnings ZipFile TemporaryDirectory "
    "NamedTemporaryFile option_context rc_context style_context closing nullcontext".split()
)

#: Calls that keep the functions they are given, or look at them, and call none.
_PUTTING_AWAY = frozenset(
    "append callable dict id insert isinstance issubclass list partial setdefault tuple "
    "type update".split()
)


def pattern_names(node: ast.AST) -> Iterable[str]:
    """The name that a node of a pattern captures, if it does."""
    name = getattr(node, "name", None) or getattr(node, "rest", None)
    return (name,) if isinstance(name, str) else ()


def matches_all(pattern: ast.pattern) -> bool:
    """Whether a pattern cannot fail to match."""
    if isinstance(pattern, ast.MatchOr):
        return any(matches_all(p) for p in pattern.patterns)
    return isinstance(pattern, ast.MatchAs) and (
        pattern.pattern is None or matches_all(pattern.pattern)
    )


def truth(test: ast.expr) -> bool | None:
    """Whether a condition holds wherever it stands; ``None`` if that depends on a value.

    ``if __name__ == "__main__":`` holds in a notebook, as ``if True:`` does anywhere.
    """
    match test:
        case ast.Constant(value=value):
            return bool(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            holds = truth(operand)
            return None if holds is None else not holds
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            return True if _is_main_guard(left, right) or _is_main_guard(right, left) else None
        case _:
            return None


def _is_main_guard(name: ast.expr, text: ast.expr) -> bool:
    match name, text:
        case ast.Name(id="__name__"), ast.Constant(value="__main__"):
            return True
        case _:
            return False


def only_mentioned(expression: ast.expr) -> Iterator[ast.AST]:
    """The names and lambdas in an expression that it puts somewhere for later use."""
    pending = [expression]
    while pending:
        match pending.pop():
            case ast.Name() | ast.Lambda() as node:
                yield node
            case ast.Tuple(elts=values) | ast.List(elts=values) | ast.Set(elts=values):
                pending += values
            case ast.Dict(keys=keys, values=values):
                pending += [*values, *(key for key in keys if key is not None)]
            case ast.Starred(value=value) | ast.NamedExpr(value=value):
                pending.append(value)
            case ast.IfExp(body=body, orelse=orelse):
                pending += [body, orelse]
            case ast.Call(args=args, keywords=keywords) as call if _puts_away(call):
                pending += [*args, *(keyword.value for keyword in keywords)]


def _puts_away(call: ast.Call) -> bool:
    """Whether a call does nothing with a function that it is given but keep it or look at it."""
    function = call.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return name in _PUTTING_AWAY


def is_transparent(expression: ast.expr) -> bool:
    """Whether a context manager is known to let exceptions pass."""
    if not isinstance(expression, ast.Call):
        return False
    function = expression.func
    name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
    return name in _TRANSPARENT


def catches_name_error(handler: ast.ExceptHandler) -> bool:
    """Whether the code above a handler may ask for a name that is not there."""
    if handler.type is None:
        return True
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(map(_is_name_error, kinds))


def suppresses_name_error(expression: ast.expr) -> bool:
    """Whether a context manager lets its body ask for a name that is not there."""
    match expression:
        case ast.Call(func=ast.Name(id="suppress") | ast.Attribute(attr="suppress"), args=kinds):
            return any(map(_is_name_error, kinds))
        case _:
            return False


def _is_name_error(kind: ast.expr) -> bool:
    name = kind.attr if isinstance(kind, ast.Attribute) else getattr(kind, "id", "")
    return name in {"NameError", "Exception", "BaseException"}


def is_for_type_checkers(test: ast.expr) -> bool:
    """Whether a condition holds for type checkers only, never when the code runs."""
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return bool(name == "TYPE_CHECKING")
