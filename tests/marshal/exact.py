"""Whether two objects are the same in all but their identity: types, values, order, sharing."""

from __future__ import annotations

import array
import collections
import functools
import math
import types
from typing import Any

import numpy as np
import pandas as pd

#: Equal ones of these types are the same.
_PLAIN = (str, bytes, bytearray, bool, type(None), range, np.dtype)

#: What some types are made of.
_PARTS = {
    array.array: lambda a: (a.typecode, a.tobytes()),
    types.CellType: lambda cell: (cell.cell_contents,),
    types.CodeType: lambda code: (code.co_code, code.co_names, code.co_consts, code.co_varnames),
    types.FunctionType: lambda f: [
        *(f.__code__, f.__qualname__, f.__defaults__, f.__kwdefaults__, f.__closure__),
        *(vars(f), f.__module__, f.__doc__, f.__annotations__),
    ],
    types.MethodType: lambda method: (method.__self__, method.__func__),
    functools.partial: lambda p: (p.func, p.args, p.keywords),
    BaseException: lambda e: (e.args, e.__cause__, e.__context__, e.__suppress_context__),
}


class _DifferenceError(Exception):
    """Where and how two objects differ."""


def difference(one: Any, other: Any) -> str:
    """Where and how the two differ; empty if they do not.

    An object that is reached twice must be reached twice in the other one, too.
    """
    try:
        _Comparison().compare(one, other, "value")
    except _DifferenceError as found:
        return str(found)
    return ""


class _Comparison:
    def __init__(self) -> None:
        #: What each mutable object stands for in the other one, and the other way round; the
        #: objects are kept so that no two of them have one id.
        self.partners: dict[int, int] = {}
        self.back: dict[int, int] = {}
        self.kept: list[Any] = []

    def compare(self, one: Any, other: Any, path: str) -> None:
        """Raise for the first difference."""
        if one is other:
            return
        if type(one) is not type(other):
            raise _DifferenceError(f"{path}: {type(one)} became {type(other)}")
        if isinstance(one, int) and type(one).__init__ is object.__init__ and not vars_of(one):
            self.check(int(one) == int(other), path, one, other)
        elif type(one) in (float, complex) or isinstance(one, np.generic):
            self.compare_number(one, other, path)
        elif type(one) in _PLAIN:
            self.check(one == other, path, one, other)
        elif self.is_new(one, other, path):
            self.compare_content(one, other, path)

    def check(self, same: Any, path: str, one: Any, other: Any) -> None:
        """Raise unless ``same``."""
        if not same:
            raise _DifferenceError(f"{path}: {one!r:.200} became {other!r:.200}")

    def is_new(self, one: Any, other: Any, path: str) -> bool:
        """Whether the two were not met yet; what was met has to have the same partner."""
        met = id(one) in self.partners or id(other) in self.back
        shared = not isinstance(one, tuple | frozenset | types.CodeType | types.FunctionType)
        if met and shared and self.partners.get(id(one)) != id(other):
            raise _DifferenceError(f"{path}: it is shared otherwise")
        if met and self.partners.get(id(one)) == id(other):
            return False
        self.partners[id(one)], self.back[id(other)] = id(other), id(one)
        self.kept += one, other
        return True

    def compare_number(self, one: Any, other: Any, path: str) -> None:
        self.check(getattr(one, "dtype", 0) == getattr(other, "dtype", 0), path, one, other)
        nan = type(one) is float and math.isnan(one) and math.isnan(other)
        self.check(nan or _bits(np.asarray(one)) == _bits(np.asarray(other)), path, one, other)

    def compare_content(self, one: Any, other: Any, path: str) -> None:
        kinds = {
            np.ndarray: self.compare_array,
            (pd.DataFrame, pd.Series, pd.Index): self.compare_pandas,
            dict: lambda a, b, at: self.compare_items(list(a.items()), list(b.items()), at),
            (list, tuple, collections.deque): self.compare_items,
            (set, frozenset): self.compare_sets,
            tuple(_PARTS): self.compare_parts,
        }
        compare = next((c for kind, c in kinds.items() if isinstance(one, kind)), self.compare_rest)
        compare(one, other, path)
        held = vars_of(one), vars_of(other)
        self.check(held[0].keys() == held[1].keys(), f"{path}.__dict__", *held)
        for name, item in held[0].items():
            self.compare(item, held[1][name], f"{path}.{name}")

    def compare_parts(self, one: Any, other: Any, path: str) -> None:
        parts = next(parts for kind, parts in _PARTS.items() if isinstance(one, kind))
        for number, (a, b) in enumerate(zip(parts(one), parts(other), strict=True)):
            self.compare(a, b, f"{path}({number})")

    def compare_rest(self, one: Any, other: Any, path: str) -> None:
        if type(one).__eq__ is not object.__eq__ and not vars_of(one):
            shown = type(one).__repr__ is object.__repr__ or repr(one) == repr(other)
            self.check(one == other and shown, path, one, other)
        elif not vars_of(one) and type(one).__reduce__ is not object.__reduce__:
            self.compare(one.__reduce__(), other.__reduce__(), f"{path}.__reduce__()")

    def compare_items(self, one: list[Any], other: list[Any], path: str) -> None:
        self.check(len(one) == len(other), path, one, other)
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            self.compare(a, b, f"{path}[{index}]")

    def compare_sets(self, one: Any, other: Any, path: str) -> None:
        self.check(len(one) == len(other), path, one, other)
        # NaN and instances have no order; texts of what they hold do.
        for a, b in zip(sorted(one, key=_order), sorted(other, key=_order), strict=True):
            self.compare(a, b, f"{path}{{}}")

    def compare_array(self, one: Any, other: Any, path: str) -> None:
        self.check(one.shape == other.shape, f"{path}.shape", one, other)
        self.check(
            str_of(one.dtype) == str_of(other.dtype), f"{path}.dtype", one.dtype, other.dtype
        )
        self.check(one.flags.writeable == other.flags.writeable, f"{path}.writeable", one, other)
        order = [(a.flags.c_contiguous, a.flags.f_contiguous) for a in (one, other)]
        # An array with gaps may come back without them.
        self.check(order[0] == order[1] or not any(order[0]), f"{path}.order", *order)
        if one.dtype.hasobject:
            self.compare(one.tolist(), other.tolist(), path)
        else:
            self.check(_bits(one) == _bits(other), path, one, other)
        if isinstance(one, np.ma.MaskedArray):
            for name in "mask fill_value _fill_value _hardmask".split():
                self.compare(getattr(one, name), getattr(other, name), f"{path}.{name}")

    def compare_pandas(self, one: Any, other: Any, path: str) -> None:
        names = {pd.DataFrame: "frame", pd.Series: "series", pd.Index: "index"}
        name = next(name for kind, name in names.items() if isinstance(one, kind))
        checks = {"check_freq": True, "check_flags": True, "check_index_type": True}
        try:
            getattr(pd.testing, f"assert_{name}_equal")(
                one, other, check_exact=True, **({"exact": True} if name == "index" else checks)
            )
        except AssertionError as error:
            raise _DifferenceError(f"{path}: {error}") from None
        if name != "index":
            self.compare(one.attrs, other.attrs, f"{path}.attrs")
            self.compare(one.index, other.index, f"{path}.index")
        self.compare(getattr(one, "freqstr", None), getattr(other, "freqstr", None), f"{path}.freq")
        dtypes = [x.dtypes.tolist() if name == "frame" else [x.dtype] for x in (one, other)]
        self.check(dtypes[0] == dtypes[1], f"{path}.dtypes", *dtypes)


def vars_of(obj: Any) -> dict[str, Any]:
    """Attributes of an instance, those in slots as well; not of pandas, which holds blocks."""
    if isinstance(
        obj, pd.DataFrame | pd.Series | pd.Index | np.ma.MaskedArray | types.FunctionType
    ):
        return {}
    found = dict(getattr(obj, "__dict__", {})) if not isinstance(obj, type) else {}
    for kind in type(obj).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if name not in ("__weakref__", "__dict__") and hasattr(obj, name):
                found[name] = getattr(obj, name)
    found.pop("_cache", None)  # of pandas
    return found


def str_of(dtype: Any) -> str:
    """All that a dtype is, as text."""
    return f"{dtype!r} {dtype.str} {dtype.metadata} {dtype.isalignedstruct} {dtype.fields}"


def _bits(values: Any) -> Any:
    """The bytes of an array; text, where some of the bytes mean nothing."""
    return str(values.tolist()) if values.dtype.char in "gG" else values.tobytes()


def _order(item: Any) -> str:
    return f"{type(item)} {item!r}"


def change(value: Any) -> None:
    """Change a value in place and take it back, as later steps may.

    Raises:
        Exception: it cannot be changed.
    """
    if isinstance(value, np.ndarray) and value.flags.writeable and value.size:
        value.flat[0] = value.flat[0]
    elif isinstance(value, pd.DataFrame) and len(value):
        value["a new column"] = 1
        value.iloc[0, 0] = value.iloc[0, 0]
        del value["a new column"]
    elif isinstance(value, pd.Series) and len(value) and not hasattr(value, "sparse"):
        value.iloc[0] = value.iloc[0]
    elif isinstance(value, bytearray | array.array | list | collections.deque):
        if value:
            value.append(value[0])
            value.pop()
    elif isinstance(value, set):
        value.add("new")
        value.remove("new")
    elif isinstance(value, dict) and type(value) is not collections.Counter:
        value["new"] = 1
        del value["new"]
