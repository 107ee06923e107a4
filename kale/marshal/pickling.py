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
import copyreg
import functools
import io
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import notebook_objects as notebook

#: Rules by the qualified name of the exact type. Files and memoryviews cloudpickle would save
#: as something else.
_RULES = {
    "builtins.function": "reduce_function",
    "functools._lru_cache_wrapper": "reduce_cached",
    "numpy.ndarray": "reduce_array",
    "numpy.random.mtrand.RandomState": "reduce_random",
    "_io.TextIOWrapper": "refuse",
    "builtins.memoryview": "refuse",
}


class Rules(pickle.Pickler):
    """Kale's reductions, before those of the next pickler in the MRO.

    ``classes`` collects the notebook's classes that were saved by name, ``roots`` maps the id
    of each memory that exact NumPy arrays lie in to the array that spans it and how many were
    seen. Arrays in a memory whose id is in ``views`` are saved as views of it.
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
        rule = rule_for(type(obj))  # type: ignore[arg-type]  # types have a hash
        # cloudpickle itself overrides classes and functions only; this runs for every object.
        return getattr(self, rule)(obj) if rule else NotImplemented

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
        new = (sys.version_info[:2], function.__qualname__, make, code, arguments)
        return notebook.make_function, new, (fill, state), None, None, notebook.fill_function

    def reduce_cached(self, function: Any) -> Any:
        """A function with a cache, which starts empty: pickle would only save its name."""
        return load_cached, (function.cache_parameters(), function.__wrapped__)

    def reduce_exception(self, error: Any) -> Any:
        """An exception of the notebook; its ``__init__`` may not take the ``args`` it has."""
        return copyreg.__newobj__, (type(error), *error.args), vars(error)  # type: ignore[attr-defined]

    def reduce_pandas(self, obj: Any, /) -> Any:
        """A pickle inside this one, with the arrays beside it, so that nothing is held twice."""
        nested = io.BytesIO()
        buffers: list[Any] = []
        inner = pickler_with(_Inside)(nested, callback=buffers.append)
        inner.dump(obj)
        self.classes |= inner.classes
        return functools.partial(pickle.loads, buffers=buffers), (nested.getvalue(),)

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
            if array is not memory and memory.ctypes.data == root.ctypes.data:
                offset = array.ctypes.data - memory.ctypes.data
                return load_view, (memory, array.dtype, array.shape, array.strides, offset)
        return self.reduce_other(array)

    def reduce_random(self, state: Any) -> Any:
        """NumPy's global state is, wherever it is loaded, that of the process."""
        own = state is not _shared()
        return self.reduce_other(state) if own else (_shared, ())

    def refuse(self, obj: Any) -> Any:
        """What cloudpickle would save as something else."""
        raise pickle.PicklingError(f"cannot pickle {full_name(type(obj))}")

    def reduce_other(self, obj: Any, /) -> Any:
        """What the next pickler makes of it."""
        parent = getattr(super(), "reducer_override", None)
        return parent(obj) if parent else NotImplemented

    reduce_extension = reduce_other


class _Inside(Rules):
    """What is inside a pandas object is saved as pandas and NumPy have it."""

    reduce_pandas = reduce_array = Rules.reduce_other


class _Definitions(_Inside):
    """Classes of the notebook by value."""

    def reduce_class(self, cls: type) -> Any:
        by_value = self.reduce_other(cls)
        if not notebook.is_our_class(cls):
            return by_value
        make, arguments, state, *_, fill = by_value
        key = notebook.class_key(cls)
        new = notebook.make_class, (key, make, arguments)
        return *new, (key, fill, state), None, None, notebook.fill_class


@functools.cache
def rule_for(kind: Any) -> str | None:
    """The name of the rule for objects whose type is ``kind``, if there is one."""
    if issubclass(kind, type):
        return "reduce_class"
    if kind.__module__ == "__main__" and kind.__reduce__ is BaseException.__reduce__:
        return "reduce_exception"
    bases = {base.__name__ for base in kind.__mro__ if base.__module__.startswith("pandas.")}
    if bases & {"NDFrame", "Index"}:
        return "reduce_pandas"
    parts = bases & {"ExtensionArray", "ExtensionDtype"}
    return "reduce_extension" if parts else _RULES.get(full_name(kind))


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


def dump(value: object, folder: Path) -> None:
    """Pickle ``value`` into ``value.pkl``, the classes it needs into ``classes.pkl``.

    Raises:
        Exception: whatever pickling the value raises.
    """
    views: frozenset[int] = frozenset()
    while True:
        with (folder / "value.pkl").open("wb") as file:
            pickler = pickler_with(Rules)(file, views)
            pickler.dump(as_variable(value))
        overlapping = {key for key, (_, count) in pickler.roots.items() if count > 1}
        if overlapping <= views:
            break
        # The arrays have to be written again, as views, to share their memory when loaded.
        views |= overlapping
    if pickler.classes:
        with (folder / "classes.pkl").open("wb") as file:
            pickle.dump(list(pickler.classes), file)
            # Reducers of any library run here, and few steps will need what they make.
            with contextlib.suppress(Exception):
                nested = io.BytesIO()
                pickler_with(_Definitions)(nested).dump(list(pickler.classes.values()))
                file.write(nested.getvalue())


def load(folder: Path) -> Any:
    """What :func:`dump` wrote.

    Raises:
        Exception: whatever unpickling it raises.
    """
    definitions = folder / "classes.pkl"
    # Where they could not be saved, loading the class will say so.
    with contextlib.suppress(FileNotFoundError, EOFError), definitions.open("rb") as file:
        keys = pickle.load(file)  # noqa: S301 -- its digest was checked, as of all files
        if None in map(notebook.resolve, keys):
            pickle.load(file)  # noqa: S301
    with (folder / "value.pkl").open("rb") as file:
        return pickle.load(file)  # noqa: S301


def load_view(memory: Any, dtype: Any, shape: Any, strides: Any, offset: int) -> Any:
    """An array that is a view of ``memory``, ``offset`` bytes after its first element."""
    import numpy as np

    if dtype.hasobject:
        start = memory[offset // memory.itemsize :]
        return np.lib.stride_tricks.as_strided(start, shape, strides)
    return np.ndarray(shape, dtype, memory.view(np.uint8), offset, strides)


def _shared() -> Any:
    from numpy.random import mtrand

    return mtrand._rand  # noqa: SLF001 -- it has no other name


def load_cached(parameters: dict[str, Any], function: Any) -> Any:
    """The function with a cache of its own."""
    return functools.lru_cache(**parameters)(function)


def full_name(kind: type) -> str:
    """The full name of a type, as ``numpy.ndarray``."""
    return f"{kind.__module__}.{kind.__qualname__}"
