"""The types of annotations, which values are held against.

Only the steps of pipelines whose functions have annotations carry this module.
"""

from __future__ import annotations

import ast
import builtins
import numbers
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .dispatch import full_name

#: What the builtin types take beside their own instances, as NumPy's numbers.
_ALSO: dict[object, tuple[type, ...]] = {
    int: (numbers.Integral,),
    float: (numbers.Real,),
    complex: (numbers.Complex,),
}


def check_types(scope: Mapping[str, Any], checks: Iterable[Sequence[str]]) -> None:
    """Hold values against the types of annotations: of each a name, its type, and words for it.

    Types are read as text and never evaluated. Of what they do not tell here (a type variable, a
    name that stands for no class) nothing is said, nor of a variable without a value.

    Raises:
        TypeError: values are not of their types; the message names all of them.
    """
    wrong = []
    for name, kind, what in checks:
        if name in scope and not _is(scope[name], _parsed(kind), scope):
            found = _named(scope[name])
            wrong.append(f"{what} is annotated as `{kind}`, but is `{found}`; correct one of them")
    if wrong:
        raise TypeError("\n".join(wrong))


def _named(value: Any) -> str:
    """The type of a value as an annotation has it, of builtin containers with what they hold."""
    kind = full_name(type(value)).removeprefix("builtins.")
    if type(value) is dict and value:
        return f"{kind}[{_either(value)}, {_either(value.values())}]"
    if type(value) in (list, tuple, set, frozenset) and value:
        return f"{kind}[{_either(value)}{', ...' * (kind == 'tuple')}]"
    return kind


def _either(items: Iterable[Any]) -> str:
    return " | ".join(sorted({full_name(type(i)).removeprefix("builtins.") for i in items}))


def _parsed(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return ast.Constant(...)


def _is(value: Any, kind: ast.expr, scope: Mapping[str, Any]) -> bool:
    """Whether ``value`` is of the type; true if that cannot be told."""
    match kind:
        case ast.Constant(value=str(text)):
            return _is(value, _parsed(text), scope)
        case ast.BinOp(left, ast.BitOr(), right):
            return _is(value, left, scope) or _is(value, right, scope)
        case ast.Subscript(base, inner):
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return _is_generic(value, _resolved(base, scope), parts, scope)
    return _is_instance(value, _resolved(kind, scope))


def _resolved(kind: ast.expr, scope: Mapping[str, Any]) -> Any:
    """What a dotted name, or ``None``, stands for in the step; else ``Any``."""
    match kind:
        case ast.Constant(value=None):
            return None
        case ast.Name(name):
            return scope.get(name, getattr(builtins, name, Any))
        case ast.Attribute(inner, name):
            owner = _resolved(inner, scope)
            return getattr(owner, name, Any) if isinstance(owner, types.ModuleType | type) else Any
    return Any


def _is_instance(value: Any, kind: Any) -> bool:
    if kind is None:
        return value is None
    if kind is bool and full_name(type(value)) in ("numpy.bool", "numpy.bool_"):
        return True
    kind = typing.get_origin(kind) or kind
    try:
        return isinstance(value, (kind, *_ALSO.get(kind, ())))
    except TypeError:  # no class, or one that cannot be asked
        return True


def _is_generic(value: Any, base: Any, parts: Sequence[ast.expr], scope: Mapping[str, Any]) -> bool:
    """Whether ``value`` is of the type ``base[parts]``."""
    if base in (typing.Union, typing.Optional):
        found = any(_is(value, part, scope) for part in parts)
        return found or (base is typing.Optional and value is None)
    if base is typing.Annotated:
        return _is(value, parts[0], scope)
    if not _is_instance(value, base):
        return False
    kind = typing.get_origin(base) or base
    if kind is dict and len(parts) == 2:
        keys, values = parts
        return all(_is(k, keys, scope) and _is(v, values, scope) for k, v in value.items())
    if kind is tuple:
        return _is_tuple(value, parts, scope)
    if kind in (list, set, frozenset):
        return all(_is(item, parts[0], scope) for item in value)
    return True


def _is_tuple(value: Sequence[Any], parts: Sequence[ast.expr], scope: Mapping[str, Any]) -> bool:
    match parts:
        case [part, ast.Constant(value=builtins.Ellipsis)]:
            return all(_is(item, part, scope) for item in value)
        case [ast.Tuple(elts=[])]:
            return not value
    same = len(value) == len(parts)
    return same and all(_is(item, part, scope) for item, part in zip(value, parts, strict=True))
