"""NumPy: arrays and scalars as ``.npy``, mapped into memory; arrays that overlap, in pickles.

Known gaps: an array of a subclass of ``ndarray`` that overlaps another comes back apart from it,
and so does one that lies in the memory of a ``bytearray`` or another object that is no array.
"""

from __future__ import annotations

import io
import json
import mmap
from pathlib import Path
from typing import Any

from ..describe import describe
from ..digest import whole
from ..files import buffer_digest, write_buffer
from ..pickling import Rules, reduce
from ..resources import resource_load, resource_save

#: Arrays of that many bytes are mapped into memory; smaller ones are read.
_LARGE = 1 << 20

_SCALARS = (
    r"numpy\.(bool_?|u?int\d+|u?(byte|short|intc|long|longlong)|float\d+|complex\d+|c?longdouble"
    r"|str_|bytes_|datetime64|timedelta64)"
)


#: Attributes of masked arrays that their own reduction keeps, and those that are mostly empty.
_OF_MASKED = set("_data _mask _fill_value _hardmask _sharedmask _isfield _baseclass".split())
_EMPTY = {"_optinfo", "_basedict"}


@resource_save.register(r"numpy\.ndarray", safe=True)
def save_array(array: Any, path: str, **_: Any) -> Any:
    """Save an array as ``path.npy``, without pickle; ``path.readonly.npy`` if it is read-only."""
    import numpy as np

    npy, dtype = np.lib.format, array.dtype
    try:
        # Annotated types, and some layouts of records, do not survive the format's header.
        kept = npy.descr_to_dtype(npy.dtype_to_descr(dtype))
        same = kept == dtype and (kept.char, repr(kept)) == (dtype.char, repr(dtype))
        exact = same and not dtype.hasobject
    except (TypeError, ValueError):
        exact = False
    if not exact or dtype.metadata or kept.isalignedstruct != dtype.isalignedstruct:
        return NotImplemented
    uri = path + (".npy" if array.flags.writeable else ".readonly.npy")
    if not array.size or not array.itemsize or not array.flags.forc:
        with Path(uri).open("wb") as file:
            npy.write_array(file, array, allow_pickle=False)
        return uri
    write_buffer(Path(uri), *_npy(array))
    return uri


def _npy(array: Any) -> tuple[Any, bytes]:
    """The bytes of an array in one piece, as they lie in memory, and its header.

    ``np.save`` would copy the array, piece by piece.
    """
    import numpy as np

    npy = np.lib.format
    header, head = npy.header_data_from_array_1_0(array), io.BytesIO()
    try:
        npy.write_array_header_1_0(head, header)
    except ValueError:  # too long for the first version of the format
        head = io.BytesIO()
        npy.write_array_header_2_0(head, header)
    flat = array.T if header["fortran_order"] else array
    return flat.reshape(-1).view(np.uint8), head.getvalue()


@whole.register(r"numpy\.ndarray")
def array_digest(array: Any) -> Any:
    """The digest of a large array: that of its file, so that its bytes are hashed once."""
    dtype = array.dtype
    plain = dtype.kind in "?biufcmMSU" and dtype.char not in "gG" and dtype.metadata is None
    if array.nbytes < _LARGE or not plain:
        return NotImplemented
    # One that is not in one piece comes back in one, by rows.
    piece = array if array.flags.forc else array.copy("C")
    digest = buffer_digest(memory_owner(piece), *_npy(piece))
    return digest + ("" if array.flags.writeable else ":readonly")


@resource_load.register(r".*\.npy", safe=True)
def load_array(uri: str, **_: Any) -> Any:
    """The array (or scalar) in an ``.npy`` file; a large one is mapped, copied when written to."""
    import numpy as np

    file = Path(uri)
    if file.stat().st_size < _LARGE or uri.endswith(".scalar.npy"):
        array = np.load(file, allow_pickle=False)
    else:
        with file.open("rb") as opened:
            memory = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY)
            version = np.lib.format.read_magic(opened)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }.get(version)
            if read is None or (header := read(opened)) is None:
                return np.load(file, allow_pickle=False)
            shape, fortran, dtype = header
            array = np.ndarray(shape, dtype, memory, opened.tell(), order="F" if fortran else "C")
    if uri.endswith(".readonly.npy"):
        array.flags.writeable = False
    return array[()] if uri.endswith(".scalar.npy") else array


@resource_save.register(_SCALARS, safe=True)
def save_scalar(scalar: Any, path: str, **_: Any) -> Any:
    """Save a NumPy scalar as an array without dimensions, ``path.scalar.npy``."""
    import numpy as np

    array = np.array(scalar)
    back = array[()]
    # Texts lose the zeros at their end.
    shorter = isinstance(scalar, str | bytes) and len(back) != len(scalar)
    if type(back) is not type(scalar) or shorter:
        return NotImplemented
    return save_array(array, f"{path}.scalar")


@resource_save.register(r"numpy\.ma\.(core\.)?MaskedArray", safe=True)
def save_masked(array: Any, path: str, **_: Any) -> Any:
    """Save a masked array: data, mask and fill value as arrays, the rest as ``path.ma.json``."""
    import numpy as np

    parts = {"data": array.data, "mask": array.mask, "fill": np.array(array._fill_value)}  # noqa: SLF001
    odd = vars(array).keys() - _OF_MASKED - _EMPTY or any(map(vars(array).get, _EMPTY))
    if odd or array.dtype.names or array.baseclass is not np.ndarray or array._isfield:  # noqa: SLF001
        return NotImplemented
    if array._fill_value is None:  # noqa: SLF001 -- not the same as the default one
        del parts["fill"]
    if array.mask is np.ma.nomask:
        del parts["mask"]
    files = {}
    for name, part in parts.items():
        uri = save_array(np.asarray(part), f"{path}.{name}")
        if uri is NotImplemented:
            return NotImplemented
        files[name] = uri[len(path) :]
    flags = {"hard": bool(array.hardmask), "shared": bool(array.sharedmask)}
    Path(f"{path}.ma.json").write_text(json.dumps({"files": files, **flags}))
    return f"{path}.ma.json"


@resource_load.register(r".*\.ma\.json", safe=True)
def load_masked(uri: str, **_: Any) -> Any:
    """The masked array that :func:`save_masked` wrote."""
    import numpy as np

    path, found = uri.removesuffix(".ma.json"), json.loads(Path(uri).read_text())
    parts = {name: load_array(path + ending) for name, ending in found["files"].items()}
    array: Any = np.ma.MaskedArray(parts["data"], parts.get("mask", np.ma.nomask), copy=False)
    array._hardmask, array._sharedmask = found["hard"], found["shared"]  # noqa: SLF001
    if "fill" in parts:
        array._fill_value = parts["fill"]  # noqa: SLF001
    return array


@describe.register(r"numpy\.ndarray|numpy\.ma\..*|" + _SCALARS)
def describe_array(array: Any) -> tuple[str, str]:
    """Shape and dtype, and the array with most of it left out."""
    import numpy as np

    if array.dtype.hasobject:  # of which showing the items would run any code
        return f"shape {array.shape}, {array.dtype}", ""
    text = np.array2string(array, threshold=20, edgeitems=3) if array.ndim < 4 else ""
    return f"shape {array.shape}, {array.dtype}" if array.ndim else str(array.dtype), text


def memory_owner(array: Any) -> Any:
    """The array whose memory another one is a view of."""
    root, base = array, array.base
    while base is not None:
        if type(base) is type(array):
            root = base
        base = getattr(base, "base", None)
    return root


@reduce.register(r"numpy\.ndarray")
def reduce_array(array: Any, pickler: Rules) -> Any:
    """An array as a view of its memory, where others lie in the same."""
    root = memory_owner(array)
    key = id(root)
    pickler.roots[key] = root, pickler.roots.get(key, (root, 0))[1] + 1
    if key in pickler.views:
        memory = pickler.memories.setdefault(key, root.ravel(order="K"))
        # A root that is not in one piece was copied by ravel; NumPy makes none such itself.
        if array is not memory and memory.ctypes.data == root.ctypes.data:
            offset = array.ctypes.data - memory.ctypes.data
            flag = bool(array.flags.writeable)
            return load_view, (memory, array.dtype, array.shape, array.strides, offset, flag)
    return NotImplemented


def load_view(
    memory: Any, dtype: Any, shape: Any, strides: Any, offset: int, writeable: bool
) -> Any:
    """An array that is a view of ``memory``, ``offset`` bytes after its first element."""
    import numpy as np

    if dtype.hasobject:
        start = memory[offset // memory.itemsize :]
        array = np.lib.stride_tricks.as_strided(start, shape, strides)
    else:
        array = np.ndarray(shape, dtype, memory.view(np.uint8), offset, strides)
    if array.flags.writeable != writeable:
        array.flags.writeable = writeable
    return array


@reduce.register(r"numpy\.(ndarray|ma\.(core\.)?MaskedArray)", subclasses=True)
def reduce_subclass(array: Any, pickler: Rules) -> Any:  # noqa: ARG001 -- as all of these functions
    """An array with the attributes that NumPy's own reductions forget."""
    import numpy as np

    known: tuple[Any, ...] = np.ndarray.__reduce__, np.ma.MaskedArray.__reduce__
    if type(array).__reduce__ not in known:
        return NotImplemented
    if not (kept := attributes_kept(array)):
        return NotImplemented
    make, arguments, state = array.__reduce__()
    return make, arguments, (state, kept), None, None, set_attributes


def attributes_kept(array: Any) -> dict[str, Any]:
    """The attributes of an array of a subclass that are no part of its array, and not empty."""
    attributes = getattr(array, "__dict__", {}).items()
    return {k: v for k, v in attributes if k not in _OF_MASKED and (v or k not in _EMPTY)}


def set_attributes(array: Any, state: Any) -> None:
    """Give an array of a subclass its content and its attributes."""
    content, attributes = state
    array.__setstate__(content)
    vars(array).update(attributes)


@reduce.register(r"numpy\.(str_|bytes_|u?longlong)")
def reduce_scalar(scalar: Any, pickler: Rules) -> Any:  # noqa: ARG001
    """A scalar that NumPy would bring back shorter, or as another type."""
    if isinstance(scalar, str):
        return type(scalar), ("".join(scalar),)  # ``str(scalar)`` would be shorter, too
    return type(scalar), (bytes(scalar) if isinstance(scalar, bytes) else int(scalar),)


@reduce.register(r"numpy\.random\.mtrand\.RandomState")
def reduce_random(state: Any, pickler: Rules) -> Any:  # noqa: ARG001 -- as all of these functions
    """NumPy's global state is, wherever it is loaded, that of the process."""
    return (shared_state, ()) if state is shared_state() else NotImplemented


def shared_state() -> Any:
    """NumPy's global random state."""
    from numpy.random import mtrand

    return mtrand._rand  # noqa: SLF001 -- it has no other name
