"""SciPy: sparse arrays and matrices as the ``.npy`` files of their parts, without pickle.

Those in ``lil`` and ``dok`` format, which hold Python objects, are pickled.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from ..describe import describe
from ..digest import content
from ..dispatch import full_name
from ..manifest import MarshalError
from ..resources import resource_load, resource_save
from .numpy import load_array, save_array

_SPARSE = r"scipy\.sparse\._(bsr|coo|csc|csr|dia)\.(\1_(?:array|matrix))"
_PLAIN = int, str, bool, type(None)

#: What SciPy notes of the arrays when somebody asks.
_NOTES = {
    "has_sorted_indices",
    "_has_sorted_indices",
    "has_canonical_format",
    "_has_canonical_format",
}


@resource_save.register(_SPARSE, safe=True)
def save_sparse(matrix: Any, path: str, **_: Any) -> Any:
    """Save its arrays as ``path.data.npy``, …, and the rest as ``path.sparse.json``."""
    import numpy as np

    plain, arrays = {}, {}
    for name, value in vars(matrix).items():
        if type(value) is np.ndarray:
            arrays[name] = value
        elif name == "coords":
            arrays |= {f"coords{axis}": part for axis, part in enumerate(value)}
        elif type(value) in _PLAIN or (type(value) is tuple and {int} >= set(map(type, value))):
            plain[name] = value
        else:
            return NotImplemented
    parts = list(arrays.values())
    apart = not any(np.may_share_memory(a, b) for i, a in enumerate(parts) for b in parts[:i])
    if not apart or any(p.dtype.hasobject or type(p) is not np.ndarray for p in parts):
        return NotImplemented
    files = {}
    for name, part in arrays.items():
        uri = save_array(part, f"{path}.{name}")
        if uri is NotImplemented:
            return NotImplemented
        files[name] = uri[len(path) :]
    content = {"class": full_name(type(matrix)), "arrays": files, "others": plain}
    Path(f"{path}.sparse.json").write_text(json.dumps(content))
    return f"{path}.sparse.json"


@resource_load.register(r".*\.sparse\.json", safe=True)
def load_sparse(uri: str, **_: Any) -> Any:
    """What :func:`save_sparse` wrote; large arrays are mapped.

    Raises:
        MarshalError: the class in it is none of SciPy's.
    """
    import scipy.sparse

    path, found = uri.removesuffix(".sparse.json"), json.loads(Path(uri).read_text())
    name = re.fullmatch(_SPARSE, found["class"])
    if not name:
        raise MarshalError(f"{uri} holds a `{found['class']}`, which is no sparse array")
    matrix = object.__new__(getattr(scipy.sparse, name[2]))
    arrays = {key: load_array(path + ending) for key, ending in found["arrays"].items()}
    coords = [arrays.pop(f"coords{i}") for i in range(len(arrays)) if f"coords{i}" in arrays]
    others = {k: tuple(v) if type(v) is list else v for k, v in found["others"].items()}
    vars(matrix).update(others | arrays)
    if coords:
        matrix.coords = tuple(coords)
    return matrix


@describe.register(r"scipy\.sparse\._\w+\.\w+_(array|matrix)")
def describe_sparse(matrix: Any) -> tuple[str, str]:
    """Shape, dtype, format, and how many elements are stored."""
    count = 0 if matrix.format == "dia" else matrix.nnz
    stored = f", {count:,} stored" if matrix.format != "dia" else ""
    return f"shape {matrix.shape}, {matrix.dtype}, {matrix.format} format{stored}", ""


@content.register(_SPARSE)
def sparse_content(matrix: Any) -> Any:
    """Its arrays and attributes, without notes on the arrays."""
    return {name: value for name, value in sorted(vars(matrix).items()) if name not in _NOTES}
