"""pandas: frames, series and indexes as Arrow files, whose columns are mapped into memory.

The blocks of a frame come back as they were: columns of one block lie side by side in the file,
so that they are a block again without being copied. What Arrow cannot hold (axes, names, flags)
is JSON in the file's metadata; what neither can hold exactly is left to pickle.

Known gap: an object in a column of a frame that another variable holds too comes back apart.
"""

from __future__ import annotations

import functools
import io
import itertools
import mmap
import pickle
from pathlib import Path
from typing import Any

from ..describe import describe
from ..files import HashedFile
from ..manifest import MarshalError
from ..pickling import Inside, Rules, pickler_with, reduce
from ..resources import resource_load, resource_save
from ._content import attributes_set
from .pandas_read import Reader
from .pandas_write import InexactError, Writer, indexes
from .tables import COLUMNS, ROWS, cell_text, count_text, size_text, table_text

_TYPES = r"pandas\.(core\.(frame|series|indexes\.\w+)\.)?(DataFrame|Series|\w*Index)"


@resource_save.register(_TYPES, safe=True)
def save_pandas(obj: Any, path: str, *, no_pickle: bool = False, **_: Any) -> Any:
    """Save a frame, series or index as ``path.frame.arrow``, …; decline what would change.

    Where nothing may be pickled, builtin values of any kind are taken in cells, and columns are
    copied that are not in one piece; pickle is faster with both.
    """
    try:
        import pandas as pd
        import pyarrow as pa
    except ImportError:
        return NotImplemented
    kinds = {pd.DataFrame: "frame", pd.Series: "series", **dict.fromkeys(indexes(), "index")}
    if type(obj) not in kinds:
        return NotImplemented
    kind, writer = kinds[type(obj)], Writer(no_pickle)
    try:
        spec = writer.index(obj) if kind == "index" else writer.data(obj)
        schema, batch = writer.batch(spec | {"rows": len(obj)})
    except (InexactError, pa.ArrowException, ValueError, TypeError, RecursionError):
        return NotImplemented
    uri = f"{path}.{kind}.arrow"
    with HashedFile(Path(uri)) as file, pa.ipc.new_file(file, schema) as out:
        out.write_batch(batch)
    return uri


@resource_load.register(r".*\.(frame|series|index)\.arrow", safe=True)
def load_pandas(uri: str, **_: Any) -> Any:
    """What :func:`save_pandas` wrote; what is written to is copied from the file then.

    Raises:
        MarshalError: it is not such a file.
    """
    try:
        with Path(uri).open("rb") as file:
            memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        return getattr(Reader(memory), uri.split(".")[-2])()
    except Exception as error:  # noqa: BLE001 -- a file of another origin fails in many ways
        raise MarshalError(
            f"{uri} is no pandas object that this version of Kale saved ({error!r}); save it again"
        ) from None


@reduce.register(r"pandas\.(core\.(generic\.NDFrame|indexes\.base\.Index)|Index)", subclasses=True)
def reduce_pandas(obj: Any, pickler: Rules) -> Any:
    """A pickle inside this one: the arrays in it are the object's alone, so nothing is held twice.

    Attributes that somebody has set, which pandas forgets, are beside it.
    """
    nested = io.BytesIO()
    buffers: list[Any] = []
    inner = pickler_with(Inside)(nested, callback=buffers.append)
    inner.dump(obj)
    pickler.classes |= inner.classes
    attributes = attributes_set(obj)
    make = functools.partial(pickle.loads, buffers=buffers)
    return make, (nested.getvalue(),), attributes or None, None, None, set_attributes


def set_attributes(obj: Any, attributes: dict[str, Any]) -> None:
    """Give an object attributes that its own reduction forgets."""
    vars(obj).update(attributes)


@describe.register(_TYPES)
def describe_pandas(obj: Any) -> tuple[str, str]:
    """Rows, columns and dtypes; the first rows."""
    if not hasattr(obj, "iloc"):
        first = list(itertools.islice(obj, ROWS))
        kinds = f"{obj.nlevels} levels" if obj.nlevels > 1 else _dtype_text(obj.dtype)
        return f"{count_text(len(obj), 'label')}, {kinds}", table_text([""], [first])
    names = list(obj.columns[:COLUMNS]) if obj.ndim > 1 else [obj.name]
    columns = [obj.iloc[:, i] if obj.ndim > 1 else obj for i in range(len(names))]
    dtypes = [_dtype_text(column.dtype) for column in columns]
    if obj.ndim > 1:
        line = size_text(len(obj), obj.shape[1], zip(names, dtypes, strict=True))
    else:
        line = f"{count_text(len(obj), 'row')}, {dtypes[0]}"
    shown = [_first_cells(column) for column in columns]
    return line, table_text(["", *names], [obj.index[:ROWS], *shown])


def _dtype_text(dtype: Any) -> str:
    """A dtype of NumPy or pandas as it is written; another's by the name of its type."""
    own = type(dtype).__module__.partition(".")[0] in ("numpy", "pandas")
    return str(dtype) if own else type(dtype).__name__


def _first_cells(column: Any) -> list[Any]:
    own = type(column.array).__module__.partition(".")[0] == "pandas"
    return list(column.iloc[:ROWS]) if own else [cell_text(column.array)] * min(len(column), ROWS)
