"""pyarrow: tables, record batches and arrays as Arrow files, mapped into memory.

Known gap: a table whose columns are in different pieces comes back with more, smaller pieces.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pickle import PickleBuffer
from typing import Any

from ..describe import describe
from ..digest import content
from ..manifest import MarshalError
from ..resources import resource_load, resource_save
from .tables import COLUMNS, ROWS, count_text, size_text, table_text

_TYPES = r"pyarrow\.lib\.(Table|RecordBatch|ChunkedArray|\w*Array)"

#: What an array is called as the only column of a file.
_NAME = "value"


@resource_save.register(_TYPES, safe=True)
def save_arrow(obj: Any, path: str, **_: Any) -> Any:
    """Save as ``path.table.arrow``, …; in Arrow's stream format where only that will do."""
    import pyarrow as pa

    if isinstance(obj, pa.Array | pa.ChunkedArray):
        kind = "array" if isinstance(obj, pa.Array) else "chunks"
        chunks = [obj] if isinstance(obj, pa.Array) else obj.chunks
        schema = pa.schema([pa.field(_NAME, obj.type)])
        batches = [pa.RecordBatch.from_arrays([chunk], schema=schema) for chunk in chunks]
    else:
        kind = "table" if isinstance(obj, pa.Table) else "batch"
        schema, batches = obj.schema, obj.to_batches() if isinstance(obj, pa.Table) else [obj]
    types = [inner for kind in schema.types for inner in _inside(kind)]
    # Others' types run code; the format has no dictionary in another.
    if any(isinstance(t, pa.ExtensionType) or _is_nested(t) for t in types):
        return NotImplemented
    # Its pieces may differ in the dictionary, which a file that is no stream has only once.
    stream = len(batches) > 1 and any(map(pa.types.is_dictionary, types))
    uri = f"{path}.{kind}.arrow" + "s" * stream
    make = pa.ipc.new_stream if stream else pa.ipc.new_file
    with pa.OSFile(uri, "wb") as file, make(file, schema) as out:
        for batch in batches:
            out.write_batch(batch)
    return uri


@resource_load.register(r".*\.(table|batch|array|chunks)\.arrows?", safe=True)
def load_arrow(uri: str, **_: Any) -> Any:
    """What :func:`save_arrow` wrote; the file is its memory.

    Raises:
        MarshalError: it is not such a file.
    """
    import pyarrow as pa

    kind = uri.split(".")[-2]
    try:
        file = pa.memory_map(uri)
        opened = pa.ipc.open_stream(file) if uri.endswith("s") else pa.ipc.open_file(file)
        table = opened.read_all()
        table.validate()
        if kind == "table":
            return table
        if kind == "chunks":
            (column,) = table.columns
            return column
        (batch,) = table.to_batches() or [pa.RecordBatch.from_pylist([], table.schema)]
        if kind == "batch":
            return batch
        (column,) = batch.columns
    except (pa.ArrowException, OSError, ValueError) as error:
        raise MarshalError(
            f"{uri} is no {kind} that this version of Kale saved ({error!r}); save it again"
        ) from None
    return column


def _inside(kind: Any) -> Iterator[Any]:
    """A type, and those that it is made of."""
    yield kind
    below = [kind.field(i).type for i in range(kind.num_fields)]
    below += [getattr(kind, name) for name in ("value_type", "storage_type") if hasattr(kind, name)]
    yield from itertools.chain.from_iterable(map(_inside, below))


def _is_nested(kind: Any) -> bool:
    import pyarrow as pa

    is_dictionary = pa.types.is_dictionary
    return is_dictionary(kind) and any(map(is_dictionary, _inside(kind.value_type)))


@describe.register(_TYPES)
def describe_arrow(obj: Any) -> tuple[str, str]:
    """Rows, columns and types; the first rows."""
    import pyarrow as pa

    if isinstance(obj, pa.Array | pa.ChunkedArray):
        return f"{count_text(len(obj), 'value')}, {obj.type}", table_text([""], [_first(obj)])
    names = obj.schema.names[:COLUMNS]
    kinds = zip(names, map(str, obj.schema.types), strict=False)
    columns = [_first(obj.column(i)) for i in range(len(names))]
    return size_text(obj.num_rows, obj.num_columns, kinds), table_text(names, columns)


def _first(column: Any) -> list[Any]:
    import pyarrow as pa

    if any(isinstance(kind, pa.ExtensionType) for kind in _inside(column.type)):
        return [str(column.type)[:9]] * min(ROWS, len(column))
    return list(column.slice(0, ROWS).to_pylist())


@content.register(r"pyarrow\.lib\.(Table|RecordBatch)")
def table_content(table: Any) -> Any:
    """The schema with all notes, and the columns in whatever pieces they are."""
    return table.schema.serialize().to_pybytes(), table.num_rows, list(table.columns)


@content.register(r"pyarrow\.lib\.ChunkedArray")
def chunks_content(column: Any) -> Any:
    """The values, in one piece where they fit into one."""
    import pyarrow as pa

    if not column.num_chunks:
        return [pa.array([], column.type)]
    return [column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()]


@content.register(r"pyarrow\.lib\.(?!Chunked)\w*Array")
def array_content(array: Any) -> Any:
    """Type and length; which values are missing; the others, without what surrounds them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind, types, size = array.type, pa.types, len(array)
    named = pa.schema([pa.field("", kind)]).serialize().to_pybytes(), size
    if isinstance(kind, pa.BaseExtensionType):
        return *named, array.storage
    if types.is_run_end_encoded(kind):
        return *named, pc.run_end_decode(array)
    if types.is_string_view(kind) or types.is_binary_view(kind) or types.is_map(kind):
        return *named, array.cast(_common_type(kind))
    if types.is_null(kind):
        return named
    if array.null_count:
        return *named, array.is_valid().cast(pa.uint8()), array.drop_null()
    if types.is_boolean(kind):
        return *named, array.cast(pa.uint8())
    if types.is_dictionary(kind):
        return *named, array.indices, array.dictionary
    if hasattr(array, "flatten"):
        lengths = array.value_lengths() if hasattr(array, "value_lengths") else None
        return *named, lengths, array.flatten()
    if types.is_string(kind) or types.is_binary(kind):
        return *named, _text(array, 4)
    if types.is_large_string(kind) or types.is_large_binary(kind):
        return *named, _text(array, 8)
    try:
        width = kind.bit_width // 8
    except ValueError:
        return NotImplemented
    return *named, _window(array.buffers()[1], array.offset * width, size * width)


def _common_type(kind: Any) -> Any:
    """The type for the same values that more of Arrow's functions know."""
    import pyarrow as pa

    if pa.types.is_map(kind):
        return pa.list_(pa.struct([kind.key_field, kind.item_field]))
    return pa.large_string() if pa.types.is_string_view(kind) else pa.large_binary()


def _text(array: Any, width: int) -> Any:
    """Where the texts begin, from 0 on, and all of them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    _, offsets, data = array.buffers()
    if not len(array):
        return b""
    kind = pa.int32() if width == 4 else pa.int64()
    begins = pa.Array.from_buffers(kind, len(array) + 1, [None, offsets], offset=array.offset)
    first, last = begins[0].as_py(), begins[-1].as_py()
    return pc.subtract(begins, first), _window(data, first, last - first)


def _window(buffer: Any, offset: int, size: int) -> Any:
    return PickleBuffer(buffer.slice(offset, size)) if buffer is not None and size else b""
