"""Lays pandas objects out as the columns of an Arrow file, over their own memory."""

from __future__ import annotations

import base64
import contextlib
import json
import struct
from typing import Any

#: The key of the file's metadata that tells what becomes of its columns.
METADATA = b"kale.pandas"

#: Bytes that may be copied to bring columns into one piece; pickle takes them in any order.
_MOST_COPIED = 16 << 20

#: What stands for a missing text in an array of objects: the names of the types.
_MISSING = {"NoneType", "float", "NAType", "NaTType"}

_INDEXES = "@ Range@ Multi@ Categorical@ Interval@ Datetime@ Timedelta@ Period@"

#: The attributes that a frame or a series has itself, in any version of pandas.
_OWN = set("_mgr _attrs _flags _name _typ _metadata _item_cache _is_copy _cacher".split())

_NAN = struct.pack("d", float("nan"))


class InexactError(Exception):
    """Arrow would not give the object back as it is."""


def demand(condition: object) -> None:
    """Raise :class:`InexactError` unless the condition holds."""
    if not condition:
        raise InexactError


class Writer:
    """Collects the columns of a file, and says in JSON what becomes of them.

    All methods raise :class:`InexactError`, or what pyarrow and JSON raise, for what would not
    come back as it is. With ``no_pickle`` more is taken that is slow.
    """

    def __init__(self, no_pickle: bool) -> None:
        self.no_pickle = no_pickle
        self.columns: list[Any] = []
        self.names: list[str] = []
        self.copied = 0
        #: Lists and dictionaries; one that is there twice would come back as two.
        self.seen: set[int] = set()

    def batch(self, spec: Any) -> tuple[Any, Any]:
        """The schema and the record batch of the file."""
        import pyarrow as pa

        demand(self.no_pickle or self.copied <= _MOST_COPIED)
        fields, taken = [], set()
        for i, (name, column) in enumerate(zip(self.names, self.columns, strict=True)):
            unique = f"{name}.{i}" if name in taken else name
            taken.add(unique)
            fields.append(pa.field(unique, column.type))
        schema = pa.schema(fields, {METADATA: json.dumps(spec)})
        return schema, pa.RecordBatch.from_arrays(self.columns, schema=schema)

    def data(self, obj: Any) -> dict[str, Any]:
        """A frame or a series."""
        # What somebody set as an attribute would be lost, in a pickle too.
        demand(vars(obj).keys() <= _OWN)
        attrs, unique = self.plain(obj.attrs), not obj.flags.allows_duplicate_labels
        spec: dict[str, Any] = {"attrs": attrs, "unique": unique}
        if obj.ndim == 1:
            spec["name"] = self.plain(obj.name)
            spec["array"] = self.array(obj._values, obj.name)  # noqa: SLF001
        else:
            spec["columns"] = self.nested(obj.columns)
            spec["blocks"] = self.blocks(obj)
        return spec | {"index": self.index(obj.index)}

    def blocks(self, frame: Any) -> list[Any]:
        """The blocks of a frame: which of its columns they are, and what they are made of."""
        specs, labels = [], frame.columns.tolist()
        for block in sorted(frame._mgr.blocks, key=lambda block: block.mgr_locs.as_array[0]):  # noqa: SLF001
            values, places = block.values, block.mgr_locs.as_array.tolist()
            flat = values.ndim == 1
            # Which way the memory runs decides in which order NumPy sums.
            by_row = not flat and _is_by_row(getattr(values, "_ndarray", values))
            rows = [values] if flat else values
            kinds = [self.array(row, labels[at]) for row, at in zip(rows, places, strict=True)]
            kinds = kinds[:1] if all(kind == kinds[0] for kind in kinds) else kinds
            specs.append({"at": places, "flat": flat, "by_row": by_row, "arrays": kinds})
        return specs

    def index(self, index: Any) -> dict[str, Any]:
        """An index of any kind, and its names."""
        import pandas as pd

        kind = type(index).__name__
        demand(type(index) in indexes())
        spec: dict[str, Any] = {"kind": kind, "names": [self.plain(name) for name in index.names]}
        names = [f"__index_{i}__" if name is None else name for i, name in enumerate(index.names)]
        if kind == "RangeIndex":
            return spec | {"range": [index.start, index.stop, index.step]}
        if kind == "MultiIndex":
            triples = zip(index.levels, index.codes, names, strict=True)
            return spec | {"levels": [self.level(*t) for t in triples], "order": index.sortorder}
        freq = index.freq if kind in ("DatetimeIndex", "TimedeltaIndex") else None
        if freq is not None:
            back = pd.tseries.frequencies.to_offset(freq.freqstr)
            demand(type(back) is type(freq) and back == freq)
            spec["freq"] = freq.freqstr
        return spec | {"array": self.array(index._values, names[0], labels=True)}  # noqa: SLF001

    def nested(self, index: Any) -> str:
        """An index as a file of its own, in base64: it has another length than this file."""
        import pyarrow as pa

        inner = Writer(self.no_pickle)
        schema, batch = inner.batch(inner.index(index) | {"rows": len(index)})
        file = pa.BufferOutputStream()
        with pa.ipc.new_file(file, schema) as out:
            out.write_batch(batch)
        return base64.b64encode(file.getvalue()).decode()

    def array(self, values: Any, name: Any, *, labels: bool = False) -> Any:
        """A column of the values; ``labels`` may be objects of some more kinds."""
        import pandas as pd

        if type(values) is pd.Categorical:
            spec = self.level(values.categories, values.codes, name)
            return spec | {"ordered": values.ordered}
        column, spec = self.encode(values, labels)
        self.add(column, name)
        return spec

    def add(self, column: Any, name: Any) -> None:
        """Put a column after the others."""
        self.columns.append(column)
        self.names.append(str(name).encode("utf-8", "backslashreplace").decode())

    def level(self, level: Any, codes: Any, name: Any) -> dict[str, Any]:
        """A column of the numbers of values in an index, negative where there is none."""
        import pyarrow as pa

        inner = Writer(self.no_pickle)
        spec = inner.index(level)
        values = inner.columns[0] if inner.columns else pa.array(level.to_numpy())
        numbers = self.raw(codes, codes < 0)
        if pa.types.is_dictionary(values.type):  # Arrow's files have none in another
            self.add(numbers, name)
            return {"codes": codes.dtype.str, "file": self.nested(level)}
        self.add(pa.DictionaryArray.from_arrays(numbers, values, safe=False), name)
        return {"codes": codes.dtype.str, "level": spec}

    def encode(self, values: Any, labels: bool) -> tuple[Any, Any]:
        """The Arrow array for a one-dimensional array of NumPy or pandas, and what it is."""
        import numpy as np
        import pandas as pd
        import pyarrow as pa

        kind, dtype, arrays = type(values), values.dtype, pd.arrays
        spec: dict[str, Any] = {"dtype": str(dtype)}
        if kind is np.ndarray and dtype.hasobject:
            return self.objects(values, labels)
        if isinstance(dtype, pd.StringDtype):
            spec = {"text": dtype.storage, "nan": dtype.na_value is not pd.NA}
            back = text_dtype(spec)
            demand(back == dtype and repr(back) == repr(dtype))
            demand(back.construct_array_type() is kind)
            if kind is not arrays.ArrowStringArray:
                return self.objects(values._ndarray, False)[0], spec  # noqa: SLF001
        if kind in (arrays.ArrowStringArray, arrays.ArrowExtensionArray):
            column = values._pa_array  # noqa: SLF001
            # Reading the types of others might run code; no dictionary can be in another.
            text = str(column.type)
            demand("extension<" not in text and text.count("dictionary<") < 2)
            if column.num_chunks == 1:
                column = column.chunk(0)
            else:
                self.copied += column.nbytes
                column = column.combine_chunks()
            demand(isinstance(column, pa.Array))
            return column, spec if "text" in spec else {"arrow": str(column.type)}
        if kind is arrays.IntervalArray:
            sides = [self.encode(side, True) for side in (values._left, values._right)]  # noqa: SLF001
            columns, specs = zip(*sides, strict=True)
            column = pa.StructArray.from_arrays(columns, ["left", "right"])
            return column, {"sides": specs, "closed": dtype.closed}
        back = pd.api.types.pandas_dtype(spec["dtype"])
        zones = [getattr(dtype, "tz", None) for dtype in (back, dtype)]
        demand(type(back) is type(dtype) and back == dtype and type(zones[0]) is type(zones[1]))
        if kind in (arrays.IntegerArray, arrays.FloatingArray, arrays.BooleanArray):
            return self.raw(values._data, values._mask), spec  # noqa: SLF001
        if kind in (arrays.DatetimeArray, arrays.TimedeltaArray, arrays.PeriodArray):
            values = values._ndarray  # noqa: SLF001
        demand(type(values) is np.ndarray and (labels or values.flags.writeable))
        missing = np.isnat(values) if values.dtype.kind in "mM" else None
        return self.raw(values, missing, str(zones[0] or "")), spec

    def raw(self, values: Any, missing: Any = None, zone: str = "") -> Any:
        """An Arrow array over the memory of an array of NumPy."""
        import numpy as np
        import pyarrow as pa

        kind = arrow_type(values.dtype, zone)
        if not values.flags.c_contiguous:
            self.copied += values.nbytes
            values = np.ascontiguousarray(values)
        bits = None
        if missing is not None and missing.any():
            bits = pa.py_buffer(np.packbits(~missing, bitorder="little"))
        data = pa.py_buffer(values.view(np.uint8))
        return pa.Array.from_buffers(kind, len(values), [bits, data])

    def objects(self, values: Any, labels: bool) -> tuple[Any, Any]:
        """Texts, of which some are missing; other objects as JSON where that has to be."""
        import pyarrow as pa

        kinds = set(map(type, values)) - {str}
        names = {kind.__name__ for kind in kinds}
        if len(kinds) <= 1 and names <= _MISSING:
            if float in kinds:
                demand(all(map(_is_plain_nan, [v for v in values if type(v) is float])))
            # Half a surrogate pair is no text for Arrow.
            with contextlib.suppress(UnicodeError):
                column = pa.array(values, pa.large_string(), from_pandas=True)
                return column, {"missing": names.pop() if names else "NoneType"}
        demand(labels or self.no_pickle)
        texts = [json.dumps(self.plain(value)) for value in values]
        return pa.array(texts, pa.large_string()), {"json": True}

    def plain(self, value: Any) -> Any:
        """The value as JSON holds it, and of which kind it is where JSON does not tell."""
        import numpy as np

        kind = type(value)
        if kind is int:
            demand(value.bit_length() < 14_000)  # Python does not read more digits unasked
        elif kind is float:
            demand(value == value or _is_plain_nan(value))
        elif kind in (list, tuple, dict):
            if kind is not tuple:
                demand(id(value) not in self.seen)
                self.seen.add(id(value))
            items = value.items() if kind is dict else value
            return {kind.__name__: [self.plain(item) for item in items]}
        elif isinstance(value, np.generic) and value.dtype.kind in "biuf":
            back = np.frombuffer(value.tobytes(), value.dtype.str)
            demand(type(back[0]) is kind and value.itemsize < 9)
            return {"scalar": [value.dtype.str, value.tobytes().hex()]}
        else:
            demand(value is None or kind in (str, bool))
        return value


def indexes() -> list[type]:
    """The kinds of index that pandas has."""
    import pandas as pd

    return [getattr(pd, name) for name in _INDEXES.replace("@", "Index").split()]


def arrow_type(dtype: Any, zone: str = "") -> Any:
    """The type of Arrow whose values have the same bytes, or bytes of that size."""
    import numpy as np
    import pyarrow as pa

    demand(dtype.isnative and not dtype.metadata)
    if dtype.kind == "b":
        return pa.int8()  # Arrow's own type has eight in a byte
    if dtype.kind in "iuf" and dtype.itemsize < 9:
        return pa.from_numpy_dtype(dtype)
    if dtype.kind == "c" and dtype.itemsize < 17:
        return pa.binary(dtype.itemsize)
    unit, step = np.datetime_data(dtype)
    demand(step == 1)
    return pa.timestamp(unit, zone or None) if dtype.kind == "M" else pa.duration(unit)


def text_dtype(spec: Any) -> Any:
    """The dtype of texts; before pandas 3 there is only one with each storage."""
    import numpy as np
    import pandas as pd

    if spec["nan"]:
        return pd.StringDtype(spec["text"], na_value=np.nan)
    return pd.StringDtype(spec["text"])


def _is_plain_nan(value: float) -> bool:
    return struct.pack("d", value) == _NAN


def _is_by_row(values: Any) -> bool:
    to_next_column, to_next_row = map(abs, values.strides)
    return bool(min(values.shape) > 1 and to_next_column < to_next_row)
