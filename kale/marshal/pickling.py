"""Pickle protocol 5 with cloudpickle's reach, the notebook's own classes, and arrays that overlap.

Three rules stand before cloudpickle's: classes and functions of the notebook go through
:mod:`.notebook_objects`; pandas objects are pickled on their own, because the arrays inside
them are theirs alone (copy on write); NumPy arrays that are views of one memory are saved as
views of it, and share it again when they are loaded.

Known gaps: an array of a subclass of ``ndarray`` that overlaps another array comes back apart
from it, and so does an object in a column of a frame that another variable holds too.
"""

from __future__ import annotations

import contextlib
import functools
import io
import pickle
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

from . import notebook_objects as notebook

#: Rules by the qualified name of the exact type. Files and memoryviews cloudpickle would save
#: as something else.
_RULES = {
    "builtins.function": "reduce_function",
    "functools._lru_cache_wrapper": "reduce_cached",
    "numpy.ndarray": "reduce_array",
    "_io.TextIOWrapper": "refuse",
    "builtins.memoryview": "refuse",
}

#: The rule of every type met so far.
_known: dict[type, str | None] = {}

#: The classes of picklers made so far, by their rules.
_picklers: dict[type[Rules], type[Rules]] = {}


class Rules(pickle.Pickler):
    """Kale's reductions, before those of the next pickler in the MRO.

    ``classes`` collects the notebook's classes that were saved by name, ``roots`` maps the id
    of each memory that exact NumPy arrays lie in to the array that spans it and how many were
    seen. Arrays in a memory whose id is in ``views`` are saved as views of it.
    """

    def __init__(
        self, file: Any, callback: Callable[[Any], object], views: frozenset[int] = frozenset()
    ) -> None:
        super().__init__(file, protocol=5, buffer_callback=callback)
        self.views = views
        self.classes: dict[tuple[str, str], type] = {}
        self.roots: dict[int, tuple[Any, int]] = {}
        self.memories: dict[int, Any] = {}

    def reducer_override(self, obj: Any) -> Any:
        """The reduction of any object but the builtin containers and scalars."""
        kind = type(obj)
        rule = _known[kind] if kind in _known else rule_for(kind)
        # cloudpickle itself overrides classes and functions only; this runs for every object.
        return getattr(self, rule)(obj) if rule else NotImplemented

    def reduce_class(self, cls: Any) -> Any:
        """A class of the notebook by name; the definition travels beside the value."""
        if not notebook.is_notebook_class(cls):
            return self.reduce_other(cls)
        key = notebook.class_key(cls)
        self.classes[key] = cls
        return notebook.load_class, key

    def reduce_function(self, function: types.FunctionType) -> Any:
        """A function of the notebook by value, with the loading notebook's global names."""
        by_value = self.reduce_other(function)
        if by_value is NotImplemented or not notebook.is_notebook_function(function):
            return by_value
        return notebook.reduce_function(function, by_value)

    def reduce_cached(self, function: Any) -> Any:
        """A function with a cache, which starts empty: pickle would only save its name."""
        return load_cached, (function.cache_parameters(), function.__wrapped__)

    def reduce_pandas(self, obj: Any, /) -> Any:
        """Apart from the rest of this pickle, its arrays out of band with the others'."""
        nested, buffers = io.BytesIO(), list[Any]()
        inner = new_pickler(_Inside, nested, buffers.append)
        inner.dump(obj)
        self.classes |= inner.classes
        return load_apart, (nested.getvalue(), buffers)

    def reduce_array(self, array: Any, /) -> Any:
        """An exact NumPy array."""
        root, base = array, array.base
        while base is not None:
            if type(base) is type(array):
                root = base
            base = getattr(base, "base", None)
        key = id(root)
        self.roots[key] = root, self.roots.get(key, (root, 0))[1] + 1
        if key in self.views:
            memory = self.memories.setdefault(key, root.ravel(order="K"))
            # A root that is not in one piece was copied by ravel; NumPy makes none such itself.
            if array is not memory and _address(memory) == _address(root):
                offset = _address(array) - _address(memory)
                return load_view, (memory, array.dtype, array.shape, array.strides, offset)
        return self.reduce_other(array)

    def refuse(self, obj: Any) -> Any:
        """What cloudpickle would save as something else; the standard streams go by name."""
        if obj is sys.stdout or obj is sys.stderr:
            return self.reduce_other(obj)
        raise pickle.PicklingError(f"cannot pickle {qualified_type(obj)}")

    def reduce_other(self, obj: Any, /) -> Any:
        """What the next pickler makes of it."""
        parent = getattr(super(), "reducer_override", None)
        return parent(obj) if parent else NotImplemented


class _Inside(Rules):
    """What is inside a pandas object is saved as pandas and NumPy have it."""

    reduce_pandas = reduce_array = Rules.reduce_other


class _Definitions(_Inside):
    """Classes of the notebook by value."""

    def reduce_class(self, cls: type) -> Any:
        by_value = self.reduce_other(cls)
        if notebook.is_notebook_class(cls):
            return notebook.reduce_definition(cls, by_value)
        return by_value


def rule_for(kind: type) -> str | None:
    """The name of the rule for objects whose type is ``kind``, if there is one."""
    if kind not in _known:
        bases = {b.__name__ for b in kind.__mro__ if b.__module__.startswith("pandas.")}
        other = "reduce_pandas" if bases & {"NDFrame", "Index"} else None
        rule = _RULES.get(f"{kind.__module__}.{kind.__qualname__}", other)
        _known[kind] = "reduce_class" if issubclass(kind, type) else rule
    return _known[kind]


def new_pickler(rules: type[Rules], *args: Any) -> Rules:
    """A pickler with these rules in front of cloudpickle's, or of plain pickle without it."""
    if rules not in _picklers:
        with contextlib.suppress(ImportError):
            from cloudpickle import Pickler

            _picklers[rules] = type("Pickler", (rules, Pickler), {})
    return _picklers.get(rules, rules)(*args)


class _ClassVariable:
    """A class that is a variable itself: steps may have changed its attributes."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls

    def __reduce__(self) -> tuple[Any, ...]:
        return notebook.update_class, (self.cls, notebook.class_data(self.cls))


def as_variable(value: object) -> object:
    """The value, or a stand-in for a class of the notebook that holds its attributes too."""
    return _ClassVariable(value) if notebook.is_notebook_class(value) else value


def dump(value: object, create: Callable[[str], Any]) -> list[Any]:
    """Pickle ``value`` into ``value.pkl``, the classes it needs into ``classes.pkl``.

    ``create`` opens a file, also one that exists, for writing. The out-of-band buffers are
    the caller's to keep.

    Raises:
        Exception: whatever pickling the value raises.

    """
    views: frozenset[int] = frozenset()
    while True:
        buffers: list[Any] = []
        pickler = new_pickler(Rules, create("value.pkl"), buffers.append, views)
        pickler.dump(as_variable(value))
        overlapping = {key for key, (_, count) in pickler.roots.items() if count > 1}
        if overlapping <= views:
            break
        # The arrays have to be written again, as views, to share their memory when loaded.
        views |= overlapping
    if pickler.classes:
        definitions = pickle.dumps(list(pickler.classes))
        # Reducers of any library run here, and few steps will need what they make.
        with contextlib.suppress(Exception):
            nested = io.BytesIO()
            new_pickler(_Definitions, nested, None).dump(list(pickler.classes.values()))
            definitions += nested.getvalue()
        create("classes.pkl").write(definitions)
    return buffers


def load(file: Any, buffers: Iterable[Any], definitions: Any = None) -> Any:
    """What :func:`dump` wrote, from the open files.

    Raises:
        Exception: whatever unpickling it raises.

    """
    if definitions is not None:
        keys = pickle.load(definitions)  # noqa: S301 -- its digest was checked, as of all files
        if any(map(notebook.is_missing, keys)):
            # Where they could not be saved, loading the class will say so.
            with contextlib.suppress(EOFError):
                pickle.load(definitions)  # noqa: S301
    return pickle.load(file, buffers=buffers)  # noqa: S301


def load_view(memory: Any, dtype: Any, shape: Any, strides: Any, offset: int) -> Any:
    """An array that is a view of ``memory``, ``offset`` bytes after its first element."""
    import numpy as np

    if dtype.hasobject:
        start = memory[offset // memory.itemsize :]
        return np.lib.stride_tricks.as_strided(start, shape, strides)
    return np.ndarray(shape, dtype, memory.view(np.uint8), offset, strides)


def load_cached(parameters: dict[str, Any], function: Any) -> Any:
    """The function with a cache of its own."""
    return functools.lru_cache(**parameters)(function)


def load_apart(data: bytes, buffers: Iterable[Any]) -> Any:
    """A value that was pickled on its own inside another pickle."""
    return load(io.BytesIO(data), buffers)


def qualified_type(value: object) -> str:
    """The full name of the value's type, as ``numpy.ndarray``."""
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])
