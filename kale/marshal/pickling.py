"""Pickle protocol 5 with cloudpickle's reach, the notebook's own classes, and libraries' rules.

Classes and functions of the notebook go through :mod:`.notebook_objects`; objects of libraries
through what :mod:`.backends` registered with :data:`reduce`; all others as cloudpickle has them.
"""

from __future__ import annotations

import functools
import inspect
import pickle
import sys
import types
from collections.abc import Callable
from typing import Any

from . import notebook_objects as notebook
from .dispatch import TypeDispatcher, full_name
from .files import forget_buffers

#: Reductions of library objects: ``function(obj, pickler)`` returns what ``__reduce__`` would,
#: or ``NotImplemented``.
reduce = TypeDispatcher("pickle")

#: Rules by the qualified name of the exact type. Files and memoryviews cloudpickle would save
#: as something else.
_RULES = {
    "builtins.function": "reduce_function",
    "builtins.method": "reduce_method",
    "functools._lru_cache_wrapper": "reduce_cached",
    "_io.TextIOWrapper": "refuse",
    "builtins.memoryview": "refuse",
}


class Rules(pickle.Pickler):
    """Kale's reductions, before those of the next pickler in the MRO.

    ``classes`` collects the notebook's classes that were saved by name. ``roots`` maps the id of
    each memory that arrays lie in to what owns it and how many were seen; those whose id is in
    ``views`` are saved as views of one memory.
    """

    def __init__(
        self,
        file: Any,
        views: frozenset[int] = frozenset(),
        callback: Callable[[Any], object] | None = None,
    ) -> None:
        super().__init__(file, 5, buffer_callback=callback)
        self.views = views
        self.classes: dict[tuple[str, str], type] = {}
        self.roots: dict[int, tuple[Any, int]] = {}
        self.memories: dict[int, Any] = {}

    def reducer_override(self, obj: Any) -> Any:
        """The reduction of any object but the builtin containers and scalars."""
        rule, functions, hooked = rule_for(type(obj))  # type: ignore[arg-type]  # types have a hash
        if hooked:
            forget_buffers()
        # cloudpickle itself overrides classes and functions only; this runs for every object.
        if rule:
            return getattr(self, rule)(obj)
        for function in functions:
            reduced = self.reduce_library(function, obj)
            if reduced is not NotImplemented:
                return reduced
        return NotImplemented

    def reduce_library(self, function: Any, obj: Any) -> Any:
        """An object of a library, by a registered function."""
        return function(obj, self)

    def reduce_class(self, cls: Any) -> Any:
        """A class of the notebook by name; the definition travels beside the value."""
        if not notebook.is_our_class(cls):
            return self.reduce_other(cls)
        key = notebook.class_key(cls)
        self.classes[key] = cls
        return notebook.load_class, key

    def reduce_function(self, function: Any) -> Any:
        """A function of the notebook by value, with the loading notebook's global names."""
        by_value = self.reduce_other(function)
        return by_value if by_value is NotImplemented else self.reduce_code(function, by_value)

    def reduce_code(self, function: Any, by_value: Any) -> Any:
        """A function that goes by value."""
        if not notebook.is_our_function(function):
            return by_value
        make, (code, _, *arguments), state, *_, fill = by_value
        name, defaults = function.__qualname__, notebook.defaults_text(function)
        new = (sys.version_info[:2], name, defaults, make, code, arguments)
        return notebook.make_function, new, (fill, state), None, None, notebook.fill_function

    def reduce_method(self, method: Any) -> Any:
        """A method of a class of the notebook by its name, as its class goes by name."""
        owner, function = method.__self__, method.__func__
        found = inspect.getattr_static(owner, function.__name__, None)
        if function not in (found, getattr(found, "__func__", None)):
            return NotImplemented
        ours = notebook.is_our_function(function)
        return (getattr, (owner, function.__name__)) if ours else NotImplemented

    def reduce_cached(self, function: Any) -> Any:
        """A function with a cache, which starts empty: pickle would only save its name."""
        copied = *functools.WRAPPER_ASSIGNMENTS, "__wrapped__"
        own = {name: value for name, value in vars(function).items() if name not in copied}
        name = function.__qualname__
        parts = function.cache_parameters(), function.__wrapped__, name
        return load_cached, parts, own or None

    def reduce_exception(self, error: Any) -> Any:
        """An exception with the ones it came from, which its own reduction forgets."""
        made = error.__reduce_ex__(5)
        if made[2:] == ({},):
            # Attributes that somebody has looked for, and there are none.
            made = made[:2]
        if type(error).__module__ == "__main__" and made[0] is type(error):
            # Its own ``__init__`` may not take the arguments that its builtin base was given.
            made = notebook.make_error, made[:2], *made[2:]
        names = "__cause__", "__context__", "__suppress_context__", "name"
        kept = {name: value for name in names if (value := getattr(error, name, None))}
        if not kept or len(made) > 3:
            return made
        function, arguments, state = (*made, None)[:3]
        return function, arguments, (state, kept), None, None, set_error_state

    def refuse(self, obj: Any) -> Any:
        """What cloudpickle would save as something else."""
        raise pickle.PicklingError(f"cannot pickle {full_name(type(obj))}")

    def reduce_other(self, obj: Any, /) -> Any:
        """What the next pickler makes of it."""
        parent = getattr(super(), "reducer_override", None)
        return parent(obj) if parent else NotImplemented


class Inside(Rules):
    """What is inside a library's object is saved as the library has it."""

    def reduce_library(self, function: Any, obj: Any) -> Any:  # noqa: ARG002 -- not by it
        """As if nothing were registered."""
        return NotImplemented


class Definitions(Inside):
    """Classes of the notebook by value."""

    def reduce_class(self, cls: type) -> Any:
        """A class of the notebook with all that it holds, to be made where it is missing."""
        by_value = self.reduce_other(cls)
        if not notebook.is_our_class(cls):
            return by_value
        make, arguments, state, *_, fill = by_value
        key = notebook.class_key(cls)
        new = notebook.make_class, (key, make, arguments)
        return *new, (key, fill, state), None, None, notebook.fill_class


@functools.cache
def rule_for(kind: Any) -> tuple[str, tuple[Any, ...], bool]:
    """The rule for objects whose type is ``kind`` and what is registered; either may be empty.

    And whether Python code of the type itself runs when they are pickled: it may do anything.
    """
    hooks = (getattr(kind, f"__{name}__", None) for name in ("getstate", "reduce", "reduce_ex"))
    hooked = any(isinstance(hook, types.FunctionType) for hook in hooks)
    if issubclass(kind, type):
        return "reduce_class", (), hooked
    if issubclass(kind, BaseException):
        return "reduce_exception", (), hooked
    rule = _RULES.get(full_name(kind), "")
    return rule, tuple(entry.function for entry in reduce.find(kind)), hooked


@functools.cache
def pickler_with(rules: type[Rules]) -> type[Rules]:
    """A pickler with these rules in front of cloudpickle's, or of plain pickle without it."""
    try:
        from cloudpickle import Pickler
    except ImportError:
        return rules
    return type("Pickler", (rules, Pickler), {})


class _ClassValue:
    """A class that is a variable itself: steps may have changed its attributes."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls

    def __reduce__(self) -> tuple[Any, ...]:
        return notebook.update_class, (self.cls, notebook.class_data(self.cls))


def as_variable(value: object) -> object:
    """The value, or a stand-in for a class of the notebook that holds its attributes too."""
    return _ClassValue(value) if notebook.is_our_class(value) else value


def set_error_state(error: Any, state: Any) -> None:
    """Give an exception its attributes, and the exceptions that it came from."""
    own, kept = state
    if own is not None:
        error.__setstate__(own)
    for name, value in kept.items():
        setattr(error, name, value)


def load_cached(parameters: dict[str, Any], function: Any, name: str) -> Any:
    """The notebook's own function with a cache, or that function with a new one."""
    here = notebook.find(name)
    if type(here) is type(functools.cache(full_name)) and here.__wrapped__ is function:
        return here
    return functools.lru_cache(**parameters)(function)
