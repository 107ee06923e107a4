"""Makes pandas objects of an Arrow file, over its memory."""

from __future__ import annotations

import base64
import json
from itertools import pairwise
from typing import Any

from .pandas_write import METADATA, arrow_type, demand, text_dtype


class Reader:
    """Takes the columns of a file in the order in which :class:`.pandas_write.Writer` put them.

    ``memory`` is that of the file; arrays of NumPy are views of it. All methods raise some
    exception when the file is not what a writer wrote.
    """

    def __init__(self, memory: Any) -> None:
        import pyarrow as pa

        buffer = pa.py_buffer(memory)
        self.memory, self.start = memory, buffer.address
        file = pa.ipc.open_file(buffer)
        demand(file.num_record_batches == 1)
        batch = file.get_batch(0)
        batch.validate()
        self.spec = json.loads(file.schema.metadata[METADATA])
        self.rows = self.spec["rows"]
        self.columns = batch.columns[::-1]
        demand(not self.columns or batch.num_rows == self.rows)

    def frame(self) -> Any:
        """A frame."""
        import numpy as np

        columns = _nested(self.spec["columns"])
        blocks = [(self.block(spec), np.array(spec["at"], np.intp)) for spec in self.spec["blocks"]]
        places = [at for _, block in blocks for at in block.tolist()]
        demand(sorted(places) == list(range(len(columns))))
        index = self.axis(self.spec["index"])
        try:
            from pandas.api.internals import create_dataframe_from_blocks as make
        except ImportError:  # before pandas 3
            make = _frame_of_blocks
        return self.complete(make(blocks, index, columns))

    def series(self) -> Any:
        """A series."""
        import pandas as pd

        values = self.array(self.spec["array"])
        index, name = self.axis(self.spec["index"]), value_of(self.spec["name"])
        return self.complete(pd.Series(values, index, values.dtype, name, copy=False))

    def complete(self, obj: Any) -> Any:
        """The object with its attributes and flags."""
        demand(not self.columns and len(obj) == self.rows)
        obj.attrs = value_of(self.spec["attrs"])
        obj.flags.allows_duplicate_labels = not self.spec["unique"]
        return obj

    def index(self) -> Any:
        """An index."""
        made = self.axis(self.spec)
        demand(not self.columns and len(made) == self.rows)
        return made

    def axis(self, spec: Any) -> Any:
        """The index that ``spec`` tells of."""
        import pandas as pd

        if "range" in spec:
            made = pd.RangeIndex(*spec["range"])
        elif "levels" in spec:
            codes, levels = zip(*map(self.level, spec["levels"]), strict=True)
            made = pd.MultiIndex(levels, codes, spec["order"], verify_integrity=False)
        else:
            values = self.array(spec["array"])
            made = pd.Index(values, dtype=values.dtype, copy=False)
            if "freq" in spec:
                made.freq = spec["freq"]
        demand(type(made).__name__ == spec["kind"])
        made.names = [value_of(name) for name in spec["names"]]
        return made

    def level(self, spec: Any) -> tuple[Any, Any]:
        """Codes, and the index that they are numbers in."""
        import numpy as np

        column, dtype = self.columns.pop(), np.dtype(spec["codes"])
        if "file" in spec:
            codes, level = self.raw(column, dtype), _nested(spec["file"])
        else:
            codes = self.raw(column.indices, dtype)
            if "range" not in spec["level"]:
                self.columns.append(column.dictionary)
            level = self.axis(spec["level"])
        demand(not codes.size or -1 <= codes.min() <= codes.max() < len(level))
        return codes, level

    def block(self, spec: Any) -> Any:
        """The values of a block, in two dimensions where pandas has them so."""
        import numpy as np

        count, kinds = len(spec["at"]), spec["arrays"]
        rows = [self.array(kind) for kind in (kinds * count if len(kinds) == 1 else kinds)]
        demand(len(rows) == count and (count == 1 or not spec["flat"]))
        if spec["flat"]:
            return rows[0]
        raw = [getattr(row, "_ndarray", row) for row in rows]
        first, size = raw[0], raw[0].nbytes
        starts = [row.__array_interface__["data"][0] for row in raw]
        steps = {b - a for a, b in pairwise(starts)} or {size}
        # Columns have equal distances in the file, unless Arrow was told where values are missing.
        if len(steps) == 1 and min(steps) >= size > 0 and not first.dtype.hasobject:
            shape, strides = (count, len(first)), (*steps, first.itemsize)
            block = np.ndarray(shape, first.dtype, self.memory, starts[0] - self.start, strides)
        else:
            block = np.stack(raw)
        if spec["by_row"]:
            block = np.asfortranarray(block)
        own = rows[0] is not first
        return type(rows[0])._simple_new(block, dtype=rows[0].dtype) if own else block  # noqa: SLF001

    def array(self, spec: Any) -> Any:
        """The array of NumPy or pandas that ``spec`` tells of."""
        if "ordered" not in spec:
            return self.decode(self.columns.pop(), spec)
        import pandas as pd

        codes, level = self.level(spec)
        dtype = pd.CategoricalDtype(level, spec["ordered"])
        return pd.Categorical.from_codes(codes, dtype=dtype)

    def decode(self, column: Any, spec: Any) -> Any:
        """The array of NumPy or pandas for an Arrow array."""
        import numpy as np
        import pandas as pd

        if "json" in spec or "missing" in spec:
            return _objects(column, spec)
        if "text" in spec:
            return text_dtype(spec).__from_arrow__(column)
        if "arrow" in spec:
            demand(str(column.type) == spec["arrow"])
            return pd.ArrowDtype(column.type).__from_arrow__(column)
        if "sides" in spec:
            pairs = zip(column.flatten(), spec["sides"], strict=True)
            sides = [self.decode(side, kind) for side, kind in pairs]
            return pd.arrays.IntervalArray.from_arrays(*sides, closed=spec["closed"])
        dtype = pd.api.types.pandas_dtype(spec["dtype"])
        if isinstance(dtype, np.dtype):
            return self.raw(column, dtype)
        make = dtype.construct_array_type()
        if hasattr(dtype, "numpy_dtype"):
            missing = np.array(column.is_null(), bool)
            return make(self.raw(column, dtype.numpy_dtype), missing)
        inner = np.dtype(f"M8[{dtype.unit}]" if hasattr(dtype, "tz") else np.int64)
        values = self.raw(column, inner, str(getattr(dtype, "tz", "")))
        return make._simple_new(values, dtype=dtype)  # noqa: SLF001 -- checked by nobody else

    def raw(self, column: Any, dtype: Any, zone: str = "") -> Any:
        """The memory of an Arrow array as an array of NumPy."""
        import numpy as np

        demand(column.type == arrow_type(dtype, zone) and column.offset == 0)
        if not len(column):
            return np.empty(0, dtype)
        offset = column.buffers()[1].address - self.start
        return np.ndarray(len(column), dtype, self.memory, offset)


def value_of(data: Any) -> Any:
    """The value that ``Writer.plain`` wrote."""
    import numpy as np

    if not isinstance(data, dict):
        # Tuples with the one NaN that everybody uses are equal, with others they are not.
        return data if data == data else np.nan
    ((kind, items),) = data.items()
    if kind == "scalar":
        return np.frombuffer(bytes.fromhex(items[1]), items[0])[0]
    return {"list": list, "tuple": tuple, "dict": dict}[kind](map(value_of, items))


def _nested(text: str) -> Any:
    return Reader(bytearray(base64.b64decode(text))).index()


def _objects(column: Any, spec: Any) -> Any:
    import numpy as np
    import pandas as pd

    missing = {"NoneType": None, "float": np.nan, "NAType": pd.NA, "NaTType": pd.NaT}
    demand(str(column.type) == "large_string")
    values = column.to_numpy(zero_copy_only=False).astype(object, copy=False)
    if "json" in spec:
        for i, text in enumerate(values.tolist()):
            values[i] = value_of(json.loads(text))
    elif spec["missing"] != "NoneType":
        values[np.array(column.is_null(), bool)] = missing[spec["missing"]]
    return values


def _frame_of_blocks(blocks: Any, index: Any, columns: Any) -> Any:
    import pandas as pd
    from pandas.core.internals import BlockManager, make_block

    made = [make_block(values, placement=at, ndim=2) for values, at in blocks]
    manager = BlockManager(made, [columns, index])
    return pd.DataFrame._from_mgr(manager, manager.axes)  # noqa: SLF001 -- its way for others
