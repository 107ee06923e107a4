"""How a value becomes files: chosen by its exact type, never by its name.

A backend is a row of :data:`BACKENDS`. A library is imported only for one of its objects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import pickling


def choose(value: Any) -> str:
    """Name the backend for the value, by its exact type."""
    is_array = pickling.full_name(type(value)) == "numpy.ndarray"
    # Other kinds, and annotated types, do not survive the format's header.
    fits = is_array and value.dtype.kind in "?biufcmMSU" and value.dtype.metadata is None
    return "numpy" if fits else "pickle"


def save_array(value: Any, folder: Path) -> None:
    """Save a NumPy array as ``value.npy``, without pickle."""
    import numpy as np

    np.save(folder / "value.npy", value, allow_pickle=False)


def load_array(folder: Path) -> Any:
    """The array; it can be written to."""
    import numpy as np

    return np.load(folder / "value.npy")


#: How to write a value into a folder, and how to read it from its verified files there, by
#: the names that manifests hold.
BACKENDS = {"numpy": (save_array, load_array), "pickle": (pickling.dump, pickling.load)}
