"""The content of NumPy's, pandas' and a few other objects, for digests: without what they cache."""

from __future__ import annotations

from pickle import PickleBuffer
from typing import Any

from ..digest import Window, content
from ..files import buffer_digest
from .numpy import attributes_kept, memory_owner

#: Buffers of that many bytes are hashed by themselves, once for the content and for a file.
_LARGE = 1 << 20


@content.register(r"numpy\.ndarray")
def array_content(array: Any) -> Any:
    """Where it lies, whether it can be written to, type, shape, order and items.

    An array that is in one piece neither by rows nor by columns counts as one by rows: so it
    comes back.
    """
    root = memory_owner(array)
    offset = array.ctypes.data - root.ctypes.data if root is not array else 0
    spread = [step for step, size in zip(array.strides, array.shape, strict=True) if size > 1]
    return Window(root, offset, spread), bool(array.flags.writeable), *_items(array)


@content.register(r"numpy\.c?longdouble")
def long_content(scalar: Any) -> Any:
    """A scalar as an array, for the bytes of it that mean nothing."""
    import numpy as np

    return _items(np.asarray(scalar))


@content.register(r"numpy\.ma\.(core\.)?MaskedArray")
def masked_content(array: Any) -> Any:
    """Data and mask; the fill value may be made when it is first asked for."""
    import numpy as np

    fill = array._fill_value  # noqa: SLF001 -- its property would make one
    if fill is None:
        fill = np.ma.default_fill_value(array) if not array.dtype.names else ()
    parts = array.data, np.ma.getmaskarray(array), array.hardmask, np.asarray(fill).tolist()
    return *parts, attributes_kept(array)


def _items(array: Any) -> tuple[Any, ...]:
    import numpy as np

    dtype, by_columns = array.dtype, array.flags.fnc
    flat = array.T if by_columns else array
    data: Any
    if dtype.hasobject or dtype.kind == "T":
        data = flat.ravel().tolist()
    elif dtype.names is not None:  # between fields may lie bytes that mean nothing
        data = [_items(np.ascontiguousarray(flat[name])) for name in dtype.names]
    elif not array.nbytes:
        data = b""
    else:
        raw = np.ascontiguousarray(flat).reshape(-1).view(np.uint8)
        if dtype.char in "gG" and np.finfo(dtype).nmant == 63:  # 80 of 128 bits
            raw = np.ascontiguousarray(raw.reshape(-1, 16)[:, :10])
        large = raw.nbytes >= _LARGE
        data = buffer_digest(memory_owner(raw), raw) if large else PickleBuffer(raw)
    simple = dtype.names is None and dtype.metadata is None and dtype.kind in "?biufcmMSU"
    return dtype.str if simple else dtype, array.shape, by_columns, data


def attributes_set(obj: Any) -> dict[str, Any]:
    """The attributes of an object of pandas that somebody has set, and that pandas forgets."""
    own = getattr(type(obj), "_metadata", ())
    return {k: v for k, v in vars(obj).items() if k[0] != "_" and k not in own}


@content.register(r"pandas\.core\.generic\.NDFrame", subclasses=True)
def frame_content(obj: Any) -> Any:
    """By column: reading a frame may rearrange the blocks inside it."""
    columns = [obj.iloc[:, i] for i in range(obj.shape[1])] if obj.ndim > 1 else [obj]
    own = [getattr(obj, name, None) for name in obj._metadata]  # noqa: SLF001 -- its hook
    axes = [index_content(axis) for axis in obj.axes]
    parts = [column_content(column.array) for column in columns]
    return axes, obj.attrs, obj.flags.allows_duplicate_labels, own, parts, attributes_set(obj)


@content.register(r"pandas\.(core\.indexes\.base\.)?Index", subclasses=True)
def index_content(index: Any) -> Any:
    """Labels and names."""
    import pandas as pd

    parts: Any
    if isinstance(index, pd.MultiIndex):
        codes = [_items(code) for code in index.codes]
        parts = [index_content(level) for level in index.levels], codes
    elif isinstance(index, pd.RangeIndex):
        parts = index.start, index.stop, index.step
    else:
        parts = column_content(index.array)
    return type(index), tuple(index.names), _frequency(index), parts, attributes_set(index)


@content.register(r"pandas\.core\.arrays\.base\.ExtensionArray", subclasses=True)
def column_content(array: Any) -> Any:
    """An array of pandas, without what it keeps at hand once somebody has read it."""
    dtype = array.dtype
    kind = [getattr(dtype, name, None) for name in ("storage", "ordered", "tz")]
    kind += [str(dtype), type(getattr(dtype, "na_value", None)), _frequency(array)]
    if hasattr(dtype, "categories"):
        kind.append(index_content(array.categories))
    if hasattr(array, "_pa_array"):
        parts = _arrow(array._pa_array)  # noqa: SLF001 -- without a copy
    elif hasattr(array, "_mask"):
        mask = array._mask  # noqa: SLF001 -- what lies behind it means nothing
        parts = _items(mask), _items(array._data[~mask])  # noqa: SLF001
    elif hasattr(array, "_ndarray"):
        parts = _items(array._ndarray)  # noqa: SLF001
    elif hasattr(array, "sp_index"):
        where = _items(array.sp_index.indices)
        parts = len(array), array.fill_value, where, _items(array.sp_values)
    else:
        kept = {k: v for k, v in vars(array).items() if k not in ("_cache", "_readonly")}
        parts = tuple(sorted(kept.items()))
    return type(array), kind, parts


def _frequency(obj: Any) -> Any:
    freq: Any = getattr(obj, "freq", None)
    if not hasattr(freq, "kwds"):
        return None
    own = {name: value for name, value in freq.kwds.items() if name != "calendar"}
    return type(freq), freq.n, freq.normalize, sorted(own.items())


def _arrow(chunks: Any) -> Any:
    """Items of Arrow, however they are cut into pieces and whatever lies behind the nulls."""
    import numpy as np
    import pyarrow as pa

    types, kind = pa.types, chunks.type
    text = types.is_large_string(kind) or types.is_large_binary(kind)
    number = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    if not len(chunks) or not (text or number):
        return chunks.to_pylist()
    array = chunks.combine_chunks()
    nulls = _items(array.is_valid().to_numpy(zero_copy_only=False)) if array.null_count else None
    zero = pa.scalar(0, pa.int8()) if number else pa.scalar(b"", pa.large_binary())
    array = array.fill_null(zero.cast(kind)) if array.null_count else array
    if number:
        return nulls, _items(array.to_numpy(zero_copy_only=False))
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    piece = memoryview(data or b"")[ends[0] : ends[-1]]
    return nulls, _items(ends - ends[0] if ends[0] else ends), piece


@content.register(r"pandas\.(core\.(groupby|resample|window)|api\.typing)\..*")
def group_content(obj: Any) -> Any:
    """What a grouping or a window was made from."""
    if not hasattr(obj, "__dict__"):  # NaT and NA
        return NotImplemented
    return sorted((name, value) for name, value in vars(obj).items() if name != "_cache")


@content.register(r"sklearn\.neighbors\._(ball|kd)_tree\.\w+")
def tree_content(tree: Any) -> Any:
    """A search tree, without its counts of how often it was searched."""
    *parts, _, _, _, _, metric, weights = tree.__getstate__()
    return parts, metric, weights
