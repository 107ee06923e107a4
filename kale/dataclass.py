"""Dataclasses with slots whose methods cost nothing until they are called.

The standard library compiles six functions for each class when a module is imported, 0.6 ms; a
hundred classes would take longer than it takes to compile a notebook.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Mapping
from copy import copy
from operator import attrgetter
from typing import Any, Literal, NoReturn, TypeVar, dataclass_transform

_T = TypeVar("_T")
_Values = Callable[[Any], tuple[Any, ...]]
_Maker = Callable[[], Any]

#: So many instances are made without a compiled ``__init__``: most classes have no more.
_FEW = 5


@dataclass_transform(field_specifiers=(dataclasses.field,))
def dataclass(*, slots: Literal[True], frozen: bool = False) -> Callable[[type[_T]], type[_T]]:
    """What :func:`dataclasses.dataclass` makes of these words; ``replace`` and others know it.

    Left out is what nobody here uses: fields of a base, ``ClassVar``, ``InitVar``,
    ``__post_init__``, and the words of ``field`` but ``default`` and ``default_factory``.
    """
    assert slots
    return functools.partial(_made, frozen=frozen)


def _made(plain: type[_T], *, frozen: bool) -> type[_T]:
    body = dict(vars(plain))
    names = tuple(body.get("__annotations__", ()))
    makers = {name: _maker(body[name]) for name in names if name in body}
    for name in ("__dict__", "__weakref__", *makers):
        body.pop(name, None)
    methods = _methods(_reader(names), frozen=frozen)
    more = {
        "__dataclass_fields__": _Fields(names, makers),
        "__match_args__": names,
        "__qualname__": plain.__qualname__,
        "__slots__": names,
    }
    meta: Any = type(plain)
    made: Any = meta(plain.__name__, plain.__bases__, methods | body | more)
    few = itertools.repeat(None, _FEW)

    def first(self: Any, /, *values: Any, **named: Any) -> None:
        for _ in few:
            given = dict(zip(names, values, strict=False)) | named
            if len(given) < len(values) + len(named):
                break
            given |= {name: make() for name, make in makers.items() if name not in given}
            if given.keys() != {*names}:
                break
            for name, value in given.items():
                object.__setattr__(self, name, value)
            return
        made.__init__ = _initializer(made, makers)
        made.__init__(self, *values, **named)

    made.__init__ = first
    return made  # type: ignore[no-any-return]  # what `type` says of it


def _maker(default: Any) -> _Maker:
    """What gives a field's value where there is none."""
    if not isinstance(default, dataclasses.Field):
        return _Constant(default)
    if default.default_factory is dataclasses.MISSING:
        return _Constant(default.default)
    return default.default_factory


class _Constant:
    """A function of nothing."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self) -> Any:
        return self.value


def _reader(names: tuple[str, ...]) -> _Values:
    """What gives the values of the fields as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)


def _methods(values: _Values, *, frozen: bool) -> dict[str, Any]:
    def __eq__(self: Any, other: object) -> bool:  # noqa: N807 - methods of the class to be made
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    def __getstate__(self: Any) -> tuple[Any, ...]:  # noqa: N807
        return values(self)

    methods = {
        "__eq__": __eq__,
        "__getstate__": __getstate__,
        "__hash__": __hash__ if frozen else None,
        "__repr__": _shown,
        "__setstate__": _restore,
    }
    return methods | {"__delattr__": _refuse, "__setattr__": _refuse} if frozen else methods


def _shown(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({shown})"


def _refuse(_: Any, name: str, *__: Any) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _restore(self: Any, state: tuple[Any, ...]) -> None:
    for name, value in zip(self.__match_args__, state, strict=True):
        object.__setattr__(self, name, value)


def _initializer(made: Any, makers: Mapping[str, _Maker]) -> Callable[..., None]:
    """The class's ``__init__``, compiled as the standard library does it."""
    known: dict[str, Any] = {"_unset": object()}
    words, lines = ["self"], []
    for name in made.__match_args__:
        known[f"_set_{name}"] = vars(made)[name].__set__
        known[f"_made_{name}"] = made_value = makers.get(name)
        word = value = name
        if isinstance(made_value, _Constant):
            known[f"_made_{name}"] = made_value.value
            word = f"{name}=_made_{name}"
        elif made_value is not None:
            word = f"{name}=_unset"
            value = f"_made_{name}() if {name} is _unset else {name}"
        words.append(word)
        lines.append(f" _set_{name}(self, {value})\n")
    code = f"def __init__({', '.join(words)}):\n{''.join(lines) or ' pass'}"
    exec(code, known)  # noqa: S102 - the names of fields, which stand in Kale's own code
    function: Callable[..., None] = known["__init__"]
    function.__qualname__ = f"{made.__qualname__}.__init__"
    return function


@dataclasses.dataclass
class _Sample:
    field: Any


class _Fields:
    """``__dataclass_fields__``, made when somebody asks for it."""

    def __init__(self, names: tuple[str, ...], makers: Mapping[str, _Maker]) -> None:
        self._names, self._makers = names, makers

    def __get__(self, _: object, owner: Any) -> dict[str, dataclasses.Field[Any]]:
        (sample,) = dataclasses.fields(_Sample)
        found = {name: copy(sample) for name in self._names}
        for name, field in found.items():
            field.name, field.type = name, owner.__annotations__[name]
            maker = self._makers.get(name)
            if isinstance(maker, _Constant):
                field.default = maker.value
            elif maker is not None:
                field.default_factory = maker
        owner.__dataclass_fields__ = found
        return found
